//! Builds what the program carries inside: every file under `web/`, with its media type, its compressed form and
//! its ETag, as the table that `src/http/pages/assets.rs` includes. No npm, no network.
//!
//! Scripts and style sheets leave without comments and indentation. A page that names many would have a TV ask many
//! times, so those that stand together become one, under a name that says what is in it (`index.0123456789abcdef.js`):
//! browsers keep it for good. Texts stand once for every page, in `web/texts/`; scripts are made of them here.
//!
//! The sizes that phones send are `web/phone/publish/ladder.js`; the gateway's own list of them is made of it.
//!
//! It also says when the codec will be slow: without nasm, OpenH264 loses its assembly silently (`build/assembly.rs`).

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::Hasher as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use std::{env, fs};

#[path = "build/assembly.rs"]
mod assembly;
#[path = "build/texts.rs"]
mod texts;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    look_for_assembly()?;
    say_when()?;
    println!("cargo:rerun-if-changed=build");
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", web.display());
    fs::write(out.join("ladder.rs"), ladder(&fs::read_to_string(web.join("phone/publish/ladder.js"))?)?)?;
    embed_pages(&web, &out)
}

/// Warns of missing assembly, or refuses to go on without.
fn look_for_assembly() -> Outcome<()> {
    let is_set = |name: &str| {
        println!("cargo:rerun-if-env-changed={name}");
        env::var_os(name).is_some()
    };
    let nasm = Command::new("nasm").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let warning = assembly::judge(assembly::Known {
        target: &env::var("CARGO_CFG_TARGET_ARCH")?,
        is_left_out: is_set(assembly::LEFT_OUT),
        is_required: is_set(assembly::REQUIRED),
        has_nasm: nasm.is_ok_and(|status| status.success()),
    })?;
    if let Some(warning) = warning {
        println!("cargo:warning={warning}");
    }
    Ok(())
}

/// The program knows when it was built: a clock that shows less is wrong. SOURCE_DATE_EPOCH makes builds the same again
/// (https://reproducible-builds.org/specs/source-date-epoch/).
fn say_when() -> Outcome<()> {
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let seconds = match env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs(),
    };
    println!("cargo:rustc-env=LAREIRA_BUILT_S={seconds}");
    Ok(())
}

/// The media type of scripts (RFC 9239).
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file that is served: its path from the root, its media type, and what is in it.
struct Page {
    path: String,
    content_type: &'static str,
    body: Vec<u8>,
}

/// The ladder as Rust: an array of (width, height, pictures a second, bits a second), from the rows
/// `{ width: 1920, height: 1080, frameRate: 30, bitsPerSecond: 4500000 },` of the script.
fn ladder(script: &str) -> Outcome<String> {
    let rows = script.split_once("LADDER = [").and_then(|(_, rest)| rest.split_once(']'));
    let (rows, _) = rows.ok_or("ladder.js has no LADDER")?;
    let mut rust = String::from("[\n");
    for row in rows.lines().filter(|row| !row.trim().is_empty()) {
        let numbers: Vec<&str> = row.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
        let names = row.split(|c: char| !c.is_alphabetic()).filter(|part| !part.is_empty());
        if numbers.len() != 4 || !names.eq(["width", "height", "frameRate", "bitsPerSecond"]) {
            return Err(format!("a rung of ladder.js is not as build.rs reads it: {row}").into());
        }
        writeln!(rust, "    ({}),", numbers.join(", "))?;
    }
    rust.push_str("]\n");
    Ok(rust)
}

/// Writes `$OUT_DIR/assets.rs`: one expression, a slice of `Asset` sorted by path.
fn embed_pages(web: &Path, out: &Path) -> Outcome<()> {
    let mut files = Vec::new();
    collect(web, &mut files)?;
    let mut pages = made_of_texts(&web.join("texts"))?;
    for file in files {
        let Some(content_type) = content_type(&file).filter(|_| !file.starts_with(web.join("texts"))) else { continue };
        let mut path = String::new();
        for part in file.strip_prefix(web)?.components() {
            write!(path, "/{}", part.as_os_str().to_str().ok_or("a file name under web/ is not UTF-8")?)?;
        }
        // The phone's page has a short address: people type it.
        if let Some(rest) = path.strip_prefix("/phone/") {
            path = format!("/go/{rest}");
        }
        let mut body = fs::read(&file)?;
        if path.ends_with(".js") && !path.starts_with("/vendor/") {
            body = without_comments(std::str::from_utf8(&body)?).into_bytes();
        }
        pages.push(Page { path, content_type, body });
    }
    bind_pages(&mut pages)?;
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    let mut table = String::from("&[\n");
    for Page { path, content_type, body } in pages {
        let file = out.join(path.trim_start_matches('/').replace('/', "-"));
        fs::write(&file, &body)?;
        let packed = gzip(&body)?;
        let gzip = if packed.len() < body.len() {
            let packed_file = out.join(format!("{}.gz", path.trim_start_matches('/').replace('/', "-")));
            fs::write(&packed_file, packed)?;
            format!("Some(include_bytes!({:?}))", packed_file.display().to_string())
        } else {
            "None".to_owned()
        };
        writeln!(
            table,
            "    Asset {{ path: {path:?}, content_type: {content_type:?}, body: include_bytes!({:?}), gzip: {gzip}, \
             etag: {:?} }},",
            file.display().to_string(),
            format!("\"{}\"", hash(&body)),
        )?;
    }
    table.push_str("]\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// The scripts that say a page's texts: one for the TV's page, which can change its language, and one for each language of
/// the others, which load their own.
fn made_of_texts(folder: &Path) -> Outcome<Vec<Page>> {
    let read = |page: &str| -> Outcome<Vec<texts::Text>> {
        let name = folder.join(format!("{page}.txt"));
        texts::read(&fs::read_to_string(&name)?).map_err(|wrong| format!("{}, {wrong}", name.display()).into())
    };
    let page = |path: String, script: String| Page { path, content_type: SCRIPT, body: script.into_bytes() };
    let mut made = vec![page("/tv/texts/all.js".to_owned(), texts::script(&read("tv")?))];
    for (name, address) in [("phone", "/go"), ("admin", "/admin")] {
        let texts = read(name)?;
        for (i, language) in texts::LANGUAGES.iter().enumerate() {
            made.push(page(format!("{address}/texts/{language}.js"), texts::module(&texts, i)));
        }
    }
    Ok(made)
}

/// Makes one file of the scripts, and one of the style sheets, that stand together in a page. What a page's own folder
/// had for it is not served by itself then.
fn bind_pages(pages: &mut Vec<Page>) -> Outcome<()> {
    let mut bound = Vec::new();
    let mut made = Vec::new();
    for page in pages.iter().filter(|page| page.path.ends_with(".html")) {
        let folder = &page.path[..=page.path.rfind('/').unwrap_or(0)];
        let mut text = String::new();
        let mut lines = std::str::from_utf8(&page.body)?.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((before, first, after)) = named_file(line) else {
                text.push_str(line);
                text.push('\n');
                continue;
            };
            let mut together = vec![first];
            while let Some((_, path, _)) =
                lines.peek().and_then(|next| named_file(next)).filter(|next| (next.0, next.2) == (before, after))
            {
                together.push(path);
                lines.next();
            }
            let mut body = String::new();
            for path in &together {
                let file = pages.iter().find(|page| page.path == *path);
                let file = file.ok_or_else(|| format!("{} names {path}, which is not there", page.path))?;
                let text = without_comments(std::str::from_utf8(&file.body)?);
                body.push_str(&if path.ends_with(".css") { without_blanks(&text) } else { text });
                bound.extend(path.starts_with(folder).then(|| path.to_string()));
            }
            let (ending, content_type) =
                if before.contains("<script") { ("js", SCRIPT) } else { ("css", "text/css; charset=utf-8") };
            let path = format!("{folder}index.{}.{ending}", hash(body.as_bytes()));
            writeln!(text, "{before}{path}{after}")?;
            made.push(Page { path, content_type, body: body.into_bytes() });
        }
        made.push(Page { path: page.path.clone(), content_type: page.content_type, body: text.into_bytes() });
        bound.push(page.path.clone());
    }
    pages.retain(|page| !bound.contains(&page.path));
    pages.extend(made);
    Ok(())
}

/// A line that names one script or style sheet and nothing else: what stands before its path, the path, and what stands
/// behind. Modules name each other, and what others wrote is left as it is: they stay.
fn named_file(line: &str) -> Option<(&str, &str, &str)> {
    let marker = if line.starts_with("<script ") && line.ends_with("></script>") && !line.contains("\"module\"") {
        "src=\""
    } else if line.starts_with("<link rel=\"stylesheet\" ") {
        "href=\""
    } else {
        return None;
    };
    let (before, rest) = line.split_at(line.find(marker)? + marker.len());
    let (path, after) = rest.split_at(rest.find('"')?);
    (!path.starts_with("/vendor/")).then_some((before, path, after))
}

/// Scripts and style sheets without indentation, empty lines, and the comments that begin a line. Such a line is never
/// inside a text: in ES5 and in CSS it can't be, and a test sees to it that no text of a module goes over lines.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines() {
        let mut line = line.trim();
        if inside || line.starts_with("/*") {
            let end = line.find("*/");
            inside = end.is_none();
            line = end.map_or("", |end| line[end + 2..].trim());
        }
        if !line.is_empty() && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// A style sheet without comments, and without the blanks and line ends that nothing needs.
fn without_blanks(sheet: &str) -> String {
    let mut sheet = sheet.replace('\n', "");
    for (long, short) in
        [(" {", "{"), ("{ ", "{"), (" }", "}"), ("} ", "}"), ("; ", ";"), (": ", ":"), (", ", ","), (";}", "}")]
    {
        sheet = sheet.replace(long, short);
    }
    sheet
}

fn hash(body: &[u8]) -> String {
    let mut hash = DefaultHasher::new();
    hash.write(body);
    format!("{:016x}", hash.finish())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The media type of a page's file by its ending; `None` for what is not served (notes to developers).
fn content_type(file: &Path) -> Option<&'static str> {
    Some(match file.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => SCRIPT,
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        Some("txt") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        _ => return None,
    })
}

fn gzip(body: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}
