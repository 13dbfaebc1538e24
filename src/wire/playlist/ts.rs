//! The playlist of a live stream in MPEG-TS segments, of which the newest are kept (RFC 8216, section 6.2.2).

use std::fmt::Write as _;

use crate::ground::time::Ticks90k;
use crate::wire::address::ChannelFile;

/// A segment in the playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number, which is in its name: `segment-{number}.ts`.
    pub number: u64,
    /// Its length.
    pub duration: Ticks90k,
    /// It does not follow on the one before.
    pub discontinuous: bool,
}

/// The playlist of `segments`, the oldest first; `discontinuities` of those before them didn't follow on.
pub fn write(segments: impl Iterator<Item = Listed> + Clone, discontinuities: u64) -> String {
    let first = segments.clone().next().map_or(0, |segment| segment.number);
    // Rounded, as the durations are compared with it (4.3.3.1).
    let longest = segments.clone().map(|segment| segment.duration.0).max().unwrap_or(0);
    let target_s = (longest + Ticks90k::PER_SECOND / 2) / Ticks90k::PER_SECOND;
    let mut out = String::with_capacity(512);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}\n",
        target_s.max(1),
    );
    for Listed { number, duration, discontinuous } in segments {
        if discontinuous {
            out.push_str("#EXT-X-DISCONTINUITY\n");
        }
        let _ = writeln!(out, "#EXTINF:{:.3},\n{}", duration.to_seconds(), ChannelFile::Segment(number));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_listed() {
        let listed = |number, ms, discontinuous| Listed { number, duration: Ticks90k::from_ms(ms), discontinuous };
        let segments = [listed(7, 2000, false), listed(8, 2600, true)];
        let expected = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:7\n\
            #EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXTINF:2.000,\nsegment-7.ts\n\
            #EXT-X-DISCONTINUITY\n#EXTINF:2.600,\nsegment-8.ts\n";
        assert_eq!(write(segments.into_iter(), 2), expected);
    }
}
