//! HTTP Live Streaming playlists (RFC 8216; low latency: draft-pantos-hls-rfc8216bis, 4.4.3.7 to 4.4.5.4).
//!
//! Everything since the stream's start stands in one playlist, so that one address plays live, from the start, and
//! after the end. Players that can ask for what is new alone (`_HLS_skip`) get that.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::ground::time::{Ticks90k, UnixMs};
use crate::wire::address::PlayFile;
use crate::wire::playlist::segments::{Segment, SegmentSpan, Segments};

/// Players stay this many parts behind the newest: at least two, or they run dry (4.4.3.8).
const PARTS_HELD_BACK: f64 = 2.5;
/// Parts are listed for this many target durations at the end (4.4.4.9).
const TARGETS_WITH_PARTS: i64 = 3;
/// Segments older than this many target durations may be skipped in an update (4.4.3.8: at least six).
const TARGETS_TO_SKIP: i64 = 6;

/// How a playlist is asked for (6.2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reload {
    /// `_HLS_msn`: answer when this segment is there.
    pub segment: Option<u64>,
    /// `_HLS_part`: answer when this part of it is there.
    pub part: Option<usize>,
    /// `_HLS_skip`: leave out what is old.
    pub skip: bool,
}

/// A request that makes no sense (6.2.5.2: answered with 400).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadReload;

impl Reload {
    /// Reads the directives of a query string; others are left alone.
    pub fn parse(query: &str) -> Result<Self, BadReload> {
        let mut reload = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "_HLS_msn" => reload.segment = Some(value.parse().map_err(|_| BadReload)?),
                "_HLS_part" => reload.part = Some(value.parse().map_err(|_| BadReload)?),
                "_HLS_skip" => reload.skip = matches!(value, "YES" | "v2"),
                _ => {}
            }
        }
        if reload.part.is_some() && reload.segment.is_none() { Err(BadReload) } else { Ok(reload) }
    }

    /// Whether the playlist has what is asked for; an error if that is too far ahead to wait for.
    pub fn is_met(&self, segments: &Segments) -> Result<bool, BadReload> {
        let Some(number) = self.segment else { return Ok(true) };
        let open = segments.next_number() as u64;
        if number > open + 2 {
            return Err(BadReload);
        }
        Ok(match self.part {
            Some(part) => segments.has_part(number, part),
            None => number < open,
        })
    }
}

/// What a media playlist is written from.
#[derive(Clone, Copy, Debug)]
pub struct MediaPlaylist<'a> {
    /// The stream's segments.
    pub segments: &'a Segments,
    /// The first segment that can still be had.
    pub first: usize,
    /// When the stream's timeline began.
    pub began: UnixMs,
    /// Whether the stream is over.
    pub ended: bool,
    /// The other renditions' playlists, for reports on them (4.4.5.4): URI and segments of each.
    pub others: &'a [(&'a str, &'a Segments)],
}

/// What stands in every further playlist of a stream as it is: the segments whose parts are not listed any more. Kept
/// between playlists and shared by them, so that one of a stream of many hours costs no more than the first.
#[derive(Debug, Default)]
pub struct Past {
    /// The oldest of it, in pieces that don't change.
    pieces: Vec<Bytes>,
    text: String,
    first: usize,
    until: usize,
}

/// Bytes of such a piece.
const PIECE_BYTES: usize = 32 * 1024;

impl MediaPlaylist<'_> {
    /// Writes the playlist; `past` is what was kept when the stream's last one was written.
    pub fn write(&self, past: &mut Past) -> Vec<Bytes> {
        self.keep(past);
        let mut out = self.begin();
        let _ = writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{}", self.first);
        let gone = self.segments.breaks_before(self.first);
        if gone > 0 {
            let _ = writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{gone}");
        }
        let mut pieces = Vec::with_capacity(past.pieces.len() + 2);
        if !past.pieces.is_empty() {
            pieces.push(std::mem::take(&mut out).into());
            pieces.extend_from_slice(&past.pieces);
        }
        out.push_str(&past.text);
        pieces.push(self.finish(out, past.until).into());
        pieces
    }

    /// Writes an update without what is old (4.4.5.2).
    pub fn write_update(&self) -> String {
        let horizon = self.end() - Ticks90k(self.target().0 * TARGETS_TO_SKIP);
        let kept = self.segments.first_where_not(|segment| segment.end() < horizon).max(self.first);
        let mut out = self.begin();
        let _ = writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{}", self.first);
        if kept > self.first {
            let _ = writeln!(out, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}", kept - self.first);
        }
        self.finish(out, kept)
    }

    fn target(&self) -> Ticks90k {
        Ticks90k(self.segments.target_duration_s() as i64 * Ticks90k::PER_SECOND)
    }

    /// Where the newest picture's time ends.
    fn end(&self) -> Ticks90k {
        self.segments.open().or(self.segments.last_closed()).map_or(Ticks90k(0), Segment::end)
    }

    /// Where the part of the playlist begins that lists parts.
    fn with_parts(&self) -> Ticks90k {
        self.end() - Ticks90k(self.target().0 * TARGETS_WITH_PARTS)
    }

    /// Adds to `past` what has become it. Done again and again, it costs little each time.
    pub fn keep(&self, past: &mut Past) {
        if past.first != self.first {
            *past = Past { first: self.first, until: self.first, ..Past::default() };
        }
        let with_parts = self.with_parts();
        for (number, segment) in self.segments.closed_from(past.until) {
            if !self.ended && segment.end() > with_parts {
                break;
            }
            self.write_segment(&mut past.text, number, segment);
            past.until = number + 1;
            if past.text.len() >= PIECE_BYTES {
                past.pieces.push(std::mem::take(&mut past.text).into());
            }
        }
    }

    fn begin(&self) -> String {
        let target_s = self.segments.target_duration_s();
        let mut out = String::with_capacity(4096);
        let _ = writeln!(out, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:{target_s}");
        if self.ended {
            out.push_str("#EXT-X-PLAYLIST-TYPE:VOD\n");
            return out;
        }
        let part = self.segments.part_target().to_seconds();
        let _ = writeln!(
            out,
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={}.0,HOLD-BACK={}.0,PART-HOLD-BACK={:.3}\n\
             #EXT-X-PART-INF:PART-TARGET={part:.5}",
            target_s * TARGETS_TO_SKIP as u64,
            target_s * 3,
            part * PARTS_HELD_BACK,
        );
        out
    }

    /// Writes the segments from number `from` on, with their parts, and what is about to come.
    fn finish(&self, mut out: String, from: usize) -> String {
        let with_parts = self.with_parts();
        for (number, segment) in self.segments.closed_from(from) {
            self.begin_segment(&mut out, number, segment);
            if segment.end() > with_parts {
                write_parts(&mut out, number as u64, &segment.parts);
            }
            write_extinf(&mut out, number, segment);
        }
        if self.ended {
            out.push_str("#EXT-X-ENDLIST\n");
            return out;
        }
        let number = self.segments.next_number();
        if let Some(open) = self.segments.open() {
            self.begin_segment(&mut out, number, open);
            write_parts(&mut out, number as u64, &open.parts);
        }
        let (number, part) = self.segments.next_part();
        let _ = writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}\"", PlayFile::Part(number, part as u32));
        for (uri, other) in self.others {
            let (segment, part) = last_part(other);
            let _ = writeln!(out, "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={segment},LAST-PART={part}");
        }
        out
    }

    fn write_segment(&self, out: &mut String, number: usize, segment: &Segment) {
        self.begin_segment(out, number, segment);
        write_extinf(out, number, segment);
    }

    /// What stands before a segment that does not simply go on: its init segment, and its date at the beginning.
    fn begin_segment(&self, out: &mut String, number: usize, segment: &Segment) {
        let is_first = number == self.first;
        if segment.continuous && !is_first {
            return;
        }
        if !is_first {
            out.push_str("#EXT-X-DISCONTINUITY\n");
        }
        let date = UnixMs(self.began.0 + segment.span.start.to_ms());
        let init = PlayFile::Init(segment.init_segment);
        let _ = writeln!(out, "#EXT-X-MAP:URI=\"{init}\"\n#EXT-X-PROGRAM-DATE-TIME:{date}");
    }
}

fn write_extinf(out: &mut String, number: usize, segment: &Segment) {
    let _ = writeln!(out, "#EXTINF:{:.5},\n{}", segment.span.duration.to_seconds(), PlayFile::Segment(number as u64));
}

fn write_parts(out: &mut String, number: u64, parts: &[SegmentSpan]) {
    for (index, part) in parts.iter().enumerate() {
        let independent = if part.independent { ",INDEPENDENT=YES" } else { "" };
        let duration = part.duration.to_seconds();
        let part = PlayFile::Part(number, index as u32);
        let _ = writeln!(out, "#EXT-X-PART:DURATION={duration:.5},URI=\"{part}\"{independent}");
    }
}

/// The newest part's place: segment and part number.
fn last_part(segments: &Segments) -> (u64, usize) {
    let number = segments.next_number() as u64;
    match segments.open().map_or(0, |open| open.parts.len()) {
        0 => {
            let previous = number.saturating_sub(1);
            (previous, segments.segment(previous).map_or(0, |segment| segment.parts.len().saturating_sub(1)))
        }
        parts => (number, parts - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::playlist::segments::FragmentMeta;
    use crate::wire::playlist::segments::tests::cut;

    fn playlist(segments: &Segments, ended: bool) -> MediaPlaylist<'_> {
        MediaPlaylist { segments, first: 0, began: UnixMs(1_700_000_000_000), ended, others: &[] }
    }

    fn written(playlist: MediaPlaylist<'_>, past: &mut Past) -> String {
        String::from_utf8(playlist.write(past).concat()).expect("text")
    }

    #[test]
    fn a_live_playlist_has_all_segments_and_the_newest_parts() {
        let (segments, _) = cut(30 * 5 + 7, 3000, 30);
        let text = written(playlist(&segments, false), &mut Past::default());
        assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:1\n"));
        let control = "CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.0,HOLD-BACK=3.0,PART-HOLD-BACK=0.250";
        assert!(text.contains(control), "{text}");
        assert!(text.contains("#EXT-X-PART-INF:PART-TARGET=0.10000\n"));
        assert!(text.contains("#EXT-X-MAP:URI=\"init-0.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"));
        assert_eq!(text.matches("#EXTINF:1.00000,\n").count(), 4);
        assert!(text.contains("URI=\"part-6-1.m4s\"\n") && !text.contains("part-2-0"));
        assert!(text.contains("#EXT-X-PART:DURATION=0.10000,URI=\"part-5-0.m4s\",INDEPENDENT=YES\n"));
        assert!(text.ends_with("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part-6-2.m4s\"\n"));
    }

    #[test]
    fn an_update_leaves_out_what_is_old() {
        let (segments, _) = cut(30 * 20, 3000, 30);
        let text = playlist(&segments, false).write_update();
        assert!(text.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS=14\n"), "{text}");
        assert!(!text.contains("segment-13.m4s") && text.contains("segment-14.m4s"));
        assert!(!text.contains("#EXT-X-MAP"), "it was told before");
    }

    #[test]
    fn what_is_gone_is_not_listed() {
        let (segments, _) = cut(30 * 20, 3000, 30);
        let text = written(MediaPlaylist { first: 12, ..playlist(&segments, false) }, &mut Past::default());
        assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:12\n#EXT-X-MAP"), "{text}");
        assert!(!text.contains("segment-11.m4s") && text.contains("segment-12.m4s"));
        let update = MediaPlaylist { first: 12, ..playlist(&segments, false) }.write_update();
        assert!(update.contains("SKIPPED-SEGMENTS=2\n") && !update.contains("segment-13.m4s"), "{update}");
    }

    #[test]
    fn what_was_written_before_is_not_written_anew() {
        let mut past = Past::default();
        for frames in [1, 40, 200, 333, 600] {
            let (segments, _) = cut(frames, 3000, 30);
            let fresh = written(playlist(&segments, false), &mut Past::default());
            assert_eq!(written(playlist(&segments, false), &mut past), fresh);
        }
        assert_eq!((past.first, past.until), (0, 18), "the last three seconds change still");
        let (segments, _) = cut(600, 3000, 30);
        let later = MediaPlaylist { first: 5, ..playlist(&segments, false) };
        assert_eq!(written(later, &mut past), written(later, &mut Past::default()));
    }

    #[test]
    fn playlists_of_a_long_stream_share_what_is_old() {
        let mut past = Past::default();
        let (segments, _) = cut(30 * 5000, 3000, 30);
        let before = playlist(&segments, false).write(&mut past);
        let (segments, _) = cut(30 * 5001, 3000, 30);
        let after = playlist(&segments, false).write(&mut past);
        let places =
            |pieces: &[Bytes]| pieces[1..pieces.len() - 1].iter().map(|piece| piece.as_ptr()).collect::<Vec<_>>();
        assert!(before.len() > 4, "{} pieces", before.len());
        assert_eq!(places(&before), places(&after));
        assert!(after.first().into_iter().chain(after.last()).all(|piece| piece.len() < 2 * PIECE_BYTES));
        assert_eq!(after.concat(), playlist(&segments, false).write(&mut Past::default()).concat());
    }

    #[test]
    fn a_pause_is_said_and_counted() {
        let mut segments = Segments::default();
        for number in 0..600_u64 {
            let pause = if number < 100 { 0 } else { 20 * 90_000 };
            segments.push(&FragmentMeta {
                number,
                start: Ticks90k(number as i64 * 3000 + pause),
                duration: Ticks90k(3000),
                picture: true,
                key: number % 30 == 0,
                offset: number * 100,
                size: 100,
                init_segment: 0,
            });
        }
        let text = written(playlist(&segments, false), &mut Past::default());
        let said =
            "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-0.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:43.333Z\n";
        assert!(text.contains(said), "{text}");
        assert!(text.contains("#EXT-X-TARGETDURATION:1\n"));
        let text = written(MediaPlaylist { first: 9, ..playlist(&segments, false) }, &mut Past::default());
        assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MAP"), "{text}");
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    }

    #[test]
    fn a_break_is_said_or_counted_where_it_begins_the_list() {
        let (mut segments, _) = cut(40, 3000, 30);
        segments.break_off();
        segments.push(&FragmentMeta {
            number: 40,
            start: Ticks90k(45 * 3000),
            duration: Ticks90k(3000),
            picture: true,
            key: true,
            offset: 4000,
            size: 100,
            init_segment: 0,
        });
        let text = written(playlist(&segments, false), &mut Past::default());
        assert!(text.contains("segment-2.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP"), "{text}");
        assert!(!text.contains("DISCONTINUITY-SEQUENCE"), "{text}");
        let text = written(MediaPlaylist { first: 3, ..playlist(&segments, false) }, &mut Past::default());
        assert!(text.contains("SEQUENCE:3\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MAP"), "{text}");
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    }

    #[test]
    fn an_ended_playlist_is_a_plain_one() {
        let (mut segments, _) = cut(70, 3000, 30);
        segments.finish();
        let text = written(playlist(&segments, true), &mut Past::default());
        assert!(text.ends_with("#EXTINF:0.33333,\nsegment-3.m4s\n#EXT-X-ENDLIST\n"), "{text}");
        assert!(!text.contains("PART") && !text.contains("SKIP"));
    }

    #[test]
    fn other_renditions_are_reported() {
        let (segments, _) = cut(70, 3000, 30);
        let others = [("../720p/index.m3u8", &segments)];
        let text = written(MediaPlaylist { others: &others, ..playlist(&segments, false) }, &mut Past::default());
        assert!(
            text.ends_with("#EXT-X-RENDITION-REPORT:URI=\"../720p/index.m3u8\",LAST-MSN=3,LAST-PART=2\n"),
            "{text}"
        );
    }

    #[test]
    fn reloads_wait_for_what_they_name() {
        let (segments, _) = cut(34, 3000, 30);
        let met = |query| Reload::parse(query).and_then(|reload| reload.is_met(&segments));
        assert_eq!(met(""), Ok(true));
        assert_eq!(met("_HLS_msn=1"), Ok(true));
        assert_eq!(met("_HLS_msn=2"), Ok(false));
        assert_eq!(met("_HLS_msn=2&_HLS_part=0"), Ok(true));
        assert_eq!(met("_HLS_msn=2&_HLS_part=1&_HLS_skip=YES"), Ok(false));
        for bad in ["_HLS_msn=9", "_HLS_msn=x", "_HLS_part=1", "_HLS_msn=-1"] {
            assert_eq!(met(bad), Err(BadReload), "{bad}");
        }
    }
}
