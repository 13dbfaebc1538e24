//! Reads fragmented MP4 (ISO/IEC 14496-12) as strictly as no player does: every box whole, every fragment's times
//! following on the one before.

use std::collections::BTreeMap;

/// A track of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    pub id: u32,
    /// Units a second of its times.
    pub timescale: u32,
    /// `vide` or `soun`.
    pub handler: String,
}

/// One track's run of samples in one fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub track: u32,
    /// Decode time of the first sample (`tfdt`), in the track's units.
    pub base: u64,
    /// Duration and composition offset of each sample, in the track's units.
    pub samples: Vec<(u32, i32)>,
}

impl Run {
    pub fn duration(&self) -> u64 {
        self.samples.iter().map(|(duration, _)| u64::from(*duration)).sum()
    }
}

/// What a fragmented MP4 holds.
#[derive(Clone, Debug, Default)]
pub struct Film {
    pub tracks: Vec<Track>,
    pub runs: Vec<Run>,
    /// Names of the boxes at the top, in order.
    pub names: Vec<String>,
    /// Bytes after the last whole box.
    pub left_over: usize,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The boxes in `bytes`, each name with its payload, and how many bytes they take.
fn boxes(bytes: &[u8]) -> (Vec<(String, &[u8])>, usize) {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + 8 <= bytes.len() {
        let (size, head) = match u32_at(bytes, at) {
            1 if at + 16 <= bytes.len() => (u64_at(bytes, at + 8) as usize, 16),
            size => (size as usize, 8),
        };
        if size < head || size > bytes.len() - at {
            break;
        }
        found.push((String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned(), &bytes[at + head..at + size]));
        at += size;
    }
    (found, at)
}

fn child<'a>(payload: &'a [u8], name: &str) -> Option<&'a [u8]> {
    boxes(payload).0.into_iter().find(|(known, _)| known == name).map(|(_, payload)| payload)
}

impl Film {
    /// Reads `bytes`; what is after the last whole box is counted in `left_over`.
    pub fn read(bytes: &[u8]) -> Self {
        let (top, used) = boxes(bytes);
        let mut film = Self { left_over: bytes.len() - used, ..Self::default() };
        for (name, payload) in top {
            match name.as_str() {
                "moov" => film.tracks = tracks(payload),
                "moof" => film.runs.extend(runs(payload)),
                _ => {}
            }
            film.names.push(name);
        }
        film
    }

    pub fn track(&self, handler: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.handler == handler)
    }

    /// Fails unless each track's fragments follow on one another, to within `slack_ms`.
    #[track_caller]
    pub fn has_no_gap(&self, slack_ms: u64) {
        assert_eq!(self.names.first().map(String::as_str), Some("ftyp"), "{:?}", self.names);
        assert!(!self.tracks.is_empty() && !self.runs.is_empty(), "no tracks or no fragments: {:?}", self.names);
        let mut ends: BTreeMap<u32, u64> = BTreeMap::new();
        for run in &self.runs {
            let track = self.tracks.iter().find(|track| track.id == run.track).expect("every run has its track");
            if let Some(end) = ends.insert(run.track, run.base + run.duration()) {
                let off_ms = run.base.abs_diff(end) * 1000 / u64::from(track.timescale);
                assert!(off_ms <= slack_ms, "{track:?}: a fragment starts {off_ms} ms off: {} after {end}", run.base);
            }
        }
    }

    /// Seconds from the first sample's decode time to the last one's end, of the track with `handler`.
    pub fn seconds(&self, handler: &str) -> f64 {
        let Some(track) = self.track(handler) else { return 0.0 };
        let runs: Vec<_> = self.runs.iter().filter(|run| run.track == track.id).collect();
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return 0.0 };
        (last.base + last.duration() - first.base) as f64 / f64::from(track.timescale)
    }
}

fn tracks(moov: &[u8]) -> Vec<Track> {
    let mut tracks = Vec::new();
    for (_, trak) in boxes(moov).0.into_iter().filter(|(name, _)| name == "trak") {
        let tkhd = child(trak, "tkhd").expect("a track has tkhd");
        let mdia = child(trak, "mdia").expect("a track has mdia");
        let mdhd = child(mdia, "mdhd").expect("a medium has mdhd");
        let hdlr = child(mdia, "hdlr").expect("a medium has hdlr");
        let wide = |full_box: &[u8]| usize::from(full_box[0] == 1);
        tracks.push(Track {
            id: u32_at(tkhd, 12 + 8 * wide(tkhd)),
            timescale: u32_at(mdhd, 12 + 8 * wide(mdhd)),
            handler: String::from_utf8_lossy(&hdlr[8..12]).into_owned(),
        });
    }
    tracks
}

fn runs(moof: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    for (_, traf) in boxes(moof).0.into_iter().filter(|(name, _)| name == "traf") {
        let tfhd = child(traf, "tfhd").expect("a fragment has tfhd");
        let tfdt = child(traf, "tfdt").expect("a fragment has tfdt");
        let flags = u32_at(tfhd, 0) & 0xff_ffff;
        let mut at = 8 + if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
        let mut default_duration = 0;
        if flags & 8 != 0 {
            default_duration = u32_at(tfhd, at);
            at += 4;
        }
        assert!(at <= tfhd.len(), "tfhd is shorter than its flags say");
        let base = if tfdt[0] == 1 { u64_at(tfdt, 4) } else { u64::from(u32_at(tfdt, 4)) };
        let mut run = Run { track: u32_at(tfhd, 4), base, samples: Vec::new() };
        for (_, trun) in boxes(traf).0.into_iter().filter(|(name, _)| name == "trun") {
            run.samples.extend(samples(trun, default_duration));
        }
        runs.push(run);
    }
    runs
}

fn samples(trun: &[u8], default_duration: u32) -> Vec<(u32, i32)> {
    let flags = u32_at(trun, 0) & 0xff_ffff;
    let count = u32_at(trun, 4);
    let mut at = 8 + if flags & 1 != 0 { 4 } else { 0 } + if flags & 4 != 0 { 4 } else { 0 };
    let mut samples = Vec::new();
    for _ in 0..count {
        let mut field = |bit: u32| {
            (flags & bit != 0).then(|| {
                at += 4;
                u32_at(trun, at - 4)
            })
        };
        let duration = field(0x100).unwrap_or(default_duration);
        let (_size, _flags) = (field(0x200), field(0x400));
        let composition = field(0x800).unwrap_or(0) as i32;
        samples.push((duration, composition));
    }
    samples
}
