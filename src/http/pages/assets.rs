//! The pages the program carries inside: every file of `web/`, made ready by `build.rs`.
//! A lookup and nothing else: which routes serve them, with which headers, is the HTTP door's business.

/// One file of `web/`.
#[derive(Debug)]
pub struct Asset {
    /// Where it is served, from the root: `/tv/app.js`.
    pub path: &'static str,
    /// Its media type, with the character set for texts.
    pub content_type: &'static str,
    /// The file as it is.
    pub body: &'static [u8],
    /// The file in gzip (RFC 1952), when that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// A strong entity tag in its quotes (RFC 9110, section 8.8.3), from the content.
    pub etag: &'static str,
}

/// All of them, sorted by path.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file served at `path`, if there is one. Only exact paths: nothing is resolved, so nothing can climb out.
pub fn asset(path: &str) -> Option<&'static Asset> {
    let found = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tv_page_is_inside_and_typed() {
        let page = asset("/tv/index.html").expect("the TV page is embedded");
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(page.gzip.is_some_and(|packed| packed.len() < page.body.len()));
        assert!(page.etag.starts_with('"') && page.etag.ends_with('"') && page.etag.len() == 18);
    }

    #[test]
    fn every_file_a_page_names_is_inside() {
        let page = asset("/tv/index.html").expect("the TV page is embedded");
        let text = std::str::from_utf8(page.body).expect("pages are UTF-8");
        let named: Vec<&str> = text.split('"').filter(|word| word.starts_with('/')).collect();
        assert_eq!(named.len(), 5, "an icon, the style, the players, the HLS player, and the rest: {named:?}");
        for path in named {
            assert!(asset(path).is_some(), "the TV page names {path}, which is not under web/");
        }
    }

    #[test]
    fn a_page_s_scripts_are_one_file_without_comments() {
        let page = asset("/tv/index.html").expect("the TV page is embedded");
        let text = std::str::from_utf8(page.body).expect("pages are UTF-8");
        let scripts = text.split('"').filter(|word| word.starts_with("/tv/index.") && word.ends_with(".js"));
        for (script, words) in
            scripts.zip([["Lareira.LivePlayer = ", "Lareira.player = "], ["Lareira.api = ", "Lareira.app = "]])
        {
            let script = std::str::from_utf8(asset(script).expect("it is inside").body).expect("scripts are UTF-8");
            assert!(!script.contains("\n/*") && !script.contains("\n//") && !script.contains("\n\n"));
            for word in words {
                assert!(script.contains(word), "{word}");
            }
        }
        assert!(asset("/tv/app.js").is_none(), "it is in one of them");
    }

    #[test]
    fn modules_stay_apart_without_comments_and_texts_are_made_for_each_language() {
        let script = |path: &str| {
            let asset = asset(path).unwrap_or_else(|| panic!("{path} is embedded"));
            assert_eq!(asset.content_type, "text/javascript; charset=utf-8");
            std::str::from_utf8(asset.body).expect("scripts are UTF-8")
        };
        for path in ["/go/app.js", "/go/publish/ladder.js", "/admin/app.js", "/shared/dom.js", "/shared/texts.js"] {
            let module = script(path);
            assert!(!module.contains("\n//") && !module.starts_with("//") && !module.contains("\n "), "{path}");
        }
        for (path, word) in [
            ("/go/texts/en.js", "\nback:\"Back\",\n"),
            ("/go/texts/pt.js", "\nback:\"Voltar\",\n"),
            ("/admin/texts/es.js", "\ncancel:\"Cancelar\",\n"),
        ] {
            assert!(script(path).contains(word), "{path}");
        }
    }

    #[test]
    fn only_exact_paths_are_found() {
        for path in [
            "",
            "/",
            "tv/index.html",
            "/tv/",
            "/tv/../tv/index.html",
            "/vendor/README.md",
            "/tv/index.html/",
            "/texts/tv.txt",
        ] {
            assert!(asset(path).is_none(), "{path} must not be found");
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(ASSETS.windows(2).all(|pair| pair[0].path < pair[1].path));
    }
}
