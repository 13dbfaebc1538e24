//! Texts for people, in their language: help pages and the terms. The texts are files under `web/`; what is chosen here
//! is which.
//!
//! Languages are negotiated as RFC 9110, section 12.5.4, and RFC 4647, section 3.4 (lookup), have it.

use crate::ground::reply::Reply;
use crate::http::pages::assets;
use crate::http::route::Topic;

/// A language the house speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English: where nothing else is asked for.
    English,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
}

impl Language {
    const ALL: [Self; 3] = [Self::English, Self::Spanish, Self::Portuguese];

    /// Its tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
        }
    }

    /// The language of a tag such as `pt` or `pt-BR`, if the house speaks it.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.split('-').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(first))
    }

    /// The language that an Accept-Language field likes best.
    pub fn accepted(field: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for range in field.split(',') {
            let mut parts = range.split(';');
            let Some(language) = parts.next().and_then(Self::of_tag) else { continue };
            let weight = match parts.find_map(|part| part.trim().strip_prefix("q=")) {
                Some(weight) => (weight.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0) as u16,
                None => 1000,
            };
            if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// The terms as they are shown.
pub struct Terms {
    /// Their first line.
    pub title: &'static str,
    /// The rest, in paragraphs.
    pub text: &'static str,
}

/// Raised when the terms ask something else of people, who then agree anew.
pub const TERMS_VERSION: &str = "1";

/// The terms in a language.
pub fn terms(language: Language) -> Terms {
    let whole = text(&format!("/terms/{}.txt", language.tag()));
    let (title, text) = whole.split_once('\n').unwrap_or((whole, ""));
    Terms { title: title.trim(), text: text.trim() }
}

/// What a household is called after the person who begins it.
pub fn home_of(name: &str, language: Language) -> String {
    match language {
        Language::English => format!("{name}’s home"),
        Language::Spanish | Language::Portuguese => format!("Casa de {name}"),
    }
}

/// What a help page may load and do: nothing but its own style.
const HELP_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// A help page, standing by itself.
pub fn help(topic: Topic, language: Language) -> Reply {
    let tag = language.tag();
    let main = text(&format!("/help/{tag}/{}.html", topic.name()));
    let title = main.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>")).map_or("Lareira", |(h1, _)| h1);
    let style = text("/help/help.css");
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{style}</style>\n</head>\n<body>\n<main>\n{main}</main>\n</body>\n</html>\n"
    );
    Reply::bytes(200, "text/html; charset=utf-8", page)
        .with("Content-Security-Policy", HELP_POLICY)
        .with("Content-Language", tag)
        .with("Referrer-Policy", "no-referrer")
}

/// A text that the program carries inside.
fn text(path: &str) -> &'static str {
    let body = assets::asset(path).map_or(&b""[..], |asset| asset.body);
    std::str::from_utf8(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::reply::Body;

    fn page(topic: Topic, language: Language) -> String {
        let Body::Pieces(pieces) = help(topic, language).body else { panic!("a page is in memory") };
        String::from_utf8(pieces.concat()).expect("UTF-8")
    }

    #[test]
    fn every_topic_is_written_in_every_language() {
        for language in Language::ALL {
            for topic in Topic::ALL {
                let page = page(topic, language);
                let what = format!("{} {}", language.tag(), topic.name());
                assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())), "{what}");
                assert_eq!(page.matches("<main>").count(), 1, "{what}");
                assert_eq!(page.matches("<h1>").count(), 1, "{what}");
                let main =
                    page.split("<main>").nth(1).and_then(|rest| rest.split("</main>").next()).expect("a main part");
                assert!(main.len() > 500, "{what} says something");
                for tag in main.split('<').skip(1).map(|tag| tag.split('>').next().expect("a tag ends")) {
                    let known = ["h1", "h2", "p", "ul", "li"];
                    assert!(known.contains(&tag.trim_start_matches('/')), "{what}: <{tag}>");
                }
            }
            let english = terms(Language::English);
            let terms = terms(language);
            assert!(terms.title.len() > 5 && terms.text.len() > 1000, "{}", language.tag());
            assert_eq!(terms.text.matches("\n\n").count(), english.text.matches("\n\n").count(), "{}", language.tag());
        }
    }

    #[test]
    fn the_best_language_is_chosen() {
        use Language::{English, Portuguese, Spanish};
        for (field, expected) in [
            ("pt-BR,pt;q=0.9,en;q=0.8", Some(Portuguese)),
            ("de-DE,de;q=0.9,es;q=0.5,en;q=0.4", Some(Spanish)),
            ("en;q=0.3, ES-419;q=0.4", Some(Spanish)),
            ("pt;q=0, en;q=0.1", Some(English)),
            ("pt;q=banana, es", Some(Spanish)),
            ("de, *;q=0.5", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(field), expected, "{field}");
        }
        assert_eq!(Language::of_tag("español"), None);
    }
}
