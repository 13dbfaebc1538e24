//! Builds what the program carries inside: every file under `web/`, with its media type, its compressed form and
//! its ETag, as the table that `src/http/assets.rs` includes. No npm, no network: the files are taken as they lie.
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

/// Writes `$OUT_DIR/assets.rs`: one expression, a slice of `Asset` sorted by path.
fn embed_pages() -> Outcome<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    let mut assets = Vec::new();
    for file in files {
        let Some(content_type) = content_type(&file) else { continue };
        let mut path = String::new();
        for part in file.strip_prefix(&root)?.components() {
            write!(path, "/{}", part.as_os_str().to_str().ok_or("a file name under web/ is not UTF-8")?)?;
        }
        assets.push((path, content_type, file));
    }
    assets.sort();
    let mut table = String::from("&[\n");
    for (path, content_type, file) in assets {
        let body = fs::read(&file)?;
        let packed = gzip(&body)?;
        let gzip = if packed.len() < body.len() {
            let packed_file = out.join(format!("{}.gz", path.trim_start_matches('/').replace('/', "-")));
            fs::write(&packed_file, packed)?;
            format!("Some(include_bytes!({:?}))", packed_file.display().to_string())
        } else {
            "None".to_owned()
        };
        let mut hash = DefaultHasher::new();
        hash.write(&body);
        writeln!(
            table,
            "    Asset {{ path: {path:?}, content_type: {content_type:?}, body: include_bytes!({:?}), gzip: {gzip}, \
             etag: {:?} }},",
            file.display().to_string(),
            format!("\"{:016x}\"", hash.finish()),
        )?;
    }
    table.push_str("]\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
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
