//! HLS playlists as viewers read them (RFC 8216, and draft-pantos-hls-rfc8216bis for low latency).

/// A part of a segment.
pub struct Part {
    pub uri: String,
    pub independent: bool,
}

/// What a playlist says.
#[derive(Default)]
pub struct Playlist {
    pub target_s: f64,
    pub part_hold_back_s: f64,
    pub segments: Vec<String>,
    pub parts: Vec<Part>,
    first: u64,
    /// Parts after the last whole segment.
    open_parts: usize,
}

impl Playlist {
    /// Reads a playlist.
    pub fn read(text: &[u8]) -> Self {
        let mut list = Self::default();
        for line in String::from_utf8_lossy(text).lines() {
            let number = |name: &str| {
                let rest = &line[line.find(name)? + name.len()..];
                rest.split(',').next()?.parse::<f64>().ok()
            };
            if let Some(value) = number("#EXT-X-TARGETDURATION:") {
                list.target_s = value;
            } else if let Some(value) = number("#EXT-X-MEDIA-SEQUENCE:") {
                list.first = value as u64;
            } else if line.starts_with("#EXT-X-SERVER-CONTROL") {
                list.part_hold_back_s = number("PART-HOLD-BACK=").unwrap_or(0.0);
            } else if line.starts_with("#EXT-X-PART:") {
                let uri = line.split("URI=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
                list.parts.push(Part { uri, independent: line.contains("INDEPENDENT=YES") });
                list.open_parts += 1;
            } else if !line.starts_with('#') && !line.trim().is_empty() {
                list.segments.push(line.trim().to_owned());
                list.open_parts = 0;
            }
        }
        list
    }

    /// What to ask for next, as a query: the part after the last one.
    pub fn next(&self) -> String {
        format!("?_HLS_msn={}&_HLS_part={}", self.first + self.segments.len() as u64, self.open_parts)
    }
}
