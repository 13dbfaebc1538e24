//! The pages' files. A placeholder until the build embeds them.

/// A file of the pages.
pub struct Asset {
    /// Its path, such as `/tv/app.js`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: &'static [u8],
    /// Its bytes in gzip, where that is shorter.
    pub gzip: Option<&'static [u8]>,
    /// Its entity tag, with quotes.
    pub etag: &'static str,
}

/// The file at `path`.
pub fn asset(_path: &str) -> Option<&'static Asset> {
    None
}
