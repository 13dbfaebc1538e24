//! Whether the video codec gets its assembly. OpenH264 is half as fast without it, and its build script drops it without
//! a word where nasm is missing. Whoever tries Lareira out gets a warning; packages, images and CI insist.

/// Makes missing assembly an error, whatever its value.
pub const REQUIRED: &str = "LAREIRA_REQUIRE_ASSEMBLY";
/// OpenH264's own: whether it is left out on purpose, whatever its value.
pub const LEFT_OUT: &str = "OPENH264_NO_ASM";

/// What is known when the build begins.
#[derive(Clone, Copy, Default)]
pub struct Known<'a> {
    /// The processor that is built for.
    pub target: &'a str,
    /// `OPENH264_NO_ASM` is set.
    pub is_left_out: bool,
    /// `LAREIRA_REQUIRE_ASSEMBLY` is set.
    pub is_required: bool,
    /// nasm runs here.
    pub has_nasm: bool,
}

/// What to warn of, if anything; an error if the build may not go on.
pub fn judge(known: Known<'_>) -> Result<Option<String>, String> {
    // Other processors have assembly that the C++ compiler takes.
    let is_wanted = matches!(known.target, "x86_64" | "x86");
    match known {
        _ if !is_wanted => Ok(None),
        Known { is_left_out: true, is_required: true, .. } => Err(format!(
            "{LEFT_OUT} leaves the video codec's assembly out, and {REQUIRED} requires it: set one of them"
        )),
        Known { is_left_out: true, .. } | Known { has_nasm: true, .. } => Ok(None),
        Known { is_required: true, .. } => Err(format!("nasm is missing, and {REQUIRED} is set. {MEND}")),
        _ => Ok(Some(format!(
            "nasm is missing: the video codec is built without its assembly, at half its speed. Streams that pass through \
             untouched are as fast as ever. {MEND}"
        ))),
    }
}

const MEND: &str = "To mend it, install nasm (Debian: `apt install nasm`), then `cargo clean --release -p openh264-sys2 -p \
                    lareira` and build again (without --release for a debug build)";
