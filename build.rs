//! Builds what the program carries inside: every file under `web/`, with its media type, its compressed form and
//! its ETag, as the table that `src/http/pages/assets.rs` includes. No npm, no network.
//!
//! The files are taken as they lie, but for one thing: a page that names many scripts or style sheets would have a TV ask
//! many times, so those that stand together become one, without comments and indentation, under a name that says what
//! is in it (`index.0123456789abcdef.js`): browsers keep it for good.
//!
//! It also refuses to build a slow codec by accident: without nasm, OpenH264 loses its assembly silently.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::Hasher as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    demand_nasm()?;
    embed_pages()
}

/// OpenH264 is half as fast without its x86 assembly, and its build script drops that without a word.
fn demand_nasm() -> Outcome<()> {
    println!("cargo:rerun-if-env-changed=OPENH264_NO_ASM");
    let target = env::var("CARGO_CFG_TARGET_ARCH")?;
    let wants_nasm = target == "x86_64" || target == "x86";
    if !wants_nasm || env::var_os("OPENH264_NO_ASM").is_some() {
        return Ok(());
    }
    let found = Command::new("nasm").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err("nasm is missing: without it the video codec would be built at half its speed. Install it (`apt install nasm`) \
         and then run `cargo clean -p openh264-sys2`, or build without assembly on purpose with OPENH264_NO_ASM=1"
        .into())
}

/// A file that is served: its path from the root, its media type, and what is in it.
struct Page {
    path: String,
    content_type: &'static str,
    body: Vec<u8>,
}

/// Writes `$OUT_DIR/assets.rs`: one expression, a slice of `Asset` sorted by path.
fn embed_pages() -> Outcome<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    let mut pages = Vec::new();
    for file in files {
        let Some(content_type) = content_type(&file) else { continue };
        let mut path = String::new();
        for part in file.strip_prefix(&root)?.components() {
            write!(path, "/{}", part.as_os_str().to_str().ok_or("a file name under web/ is not UTF-8")?)?;
        }
        // The phone's page has a short address: people type it.
        if let Some(rest) = path.strip_prefix("/phone/") {
            path = format!("/go/{rest}");
        }
        pages.push(Page { path, content_type, body: fs::read(&file)? });
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
                body.push_str(&without_comments(std::str::from_utf8(&file.body)?));
                bound.extend(path.starts_with(folder).then(|| path.to_string()));
            }
            let (ending, content_type) = if before.contains("<script") {
                ("js", "text/javascript; charset=utf-8")
            } else {
                ("css", "text/css; charset=utf-8")
            };
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

/// Scripts and style sheets without indentation, empty lines, and the comments that begin a line: in ES5 and in CSS such
/// a line can't be inside a text.
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
        Some("js") => "text/javascript; charset=utf-8",
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
