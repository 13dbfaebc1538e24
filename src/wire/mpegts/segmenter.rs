//! Cuts a stream without end into segments: each begins with the tables and a picture that can be decoded alone.
//!
//! One programme is kept, the first; its packets pass untouched. Where the source was lost, or its clock jumped, a
//! segment ends and the next says that it does not follow on.

use bytes::Bytes;

use crate::ground::time::Ticks90k;
use crate::wire::mpegts::packet::{self, NULL_PID, PAT_PID, Packet, PesStart, SYNC, span};
use crate::wire::mpegts::psi::{Pmt, SectionReader, pat_packet, read_pat, read_pmt};

/// A stretch of the stream that can be played by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its packets.
    pub bytes: Bytes,
    /// Its length; more than nothing.
    pub duration: Ticks90k,
    /// It does not follow on the one before.
    pub discontinuous: bool,
}

/// How long segments should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The first segments are as short as they can be from this length on, so that a picture is there soon.
    pub first: Ticks90k,
    /// Later ones end at the first good place after this length.
    pub usual: Ticks90k,
    /// A segment without a good place ends here.
    pub longest: Ticks90k,
    /// Bytes after which a segment ends at the next unit, good place or not; a quarter more and it ends at once.
    pub bytes: usize,
}

/// Segments that are cut as short as they can be.
const FIRST_SEGMENTS: u32 = 3;
/// A step of the clock that is longer is a jump.
const LONGEST_STEP: Ticks90k = Ticks90k::from_ms(10_000);
/// What a unit lasts when nothing else is known.
const ONE_UNIT: Ticks90k = Ticks90k::from_ms(40);

/// What leads: the stream in which segments begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Mpeg2(u16),
    Mpeg4(u16),
    H264(u16),
    Hevc(u16),
    Sound(u16),
}

impl Lead {
    fn of(pmt: &Pmt) -> Option<Self> {
        let find = |wanted: fn(u8, u16) -> Option<Self>| pmt.streams.iter().find_map(|(kind, pid)| wanted(*kind, *pid));
        let video = find(|kind, pid| match kind {
            0x01 | 0x02 => Some(Self::Mpeg2(pid)),
            0x10 => Some(Self::Mpeg4(pid)),
            0x1b => Some(Self::H264(pid)),
            0x24 => Some(Self::Hevc(pid)),
            _ => None,
        });
        video.or_else(|| {
            find(|kind, pid| matches!(kind, 0x03 | 0x04 | 0x06 | 0x0f | 0x11 | 0x81 | 0x87).then_some(Self::Sound(pid)))
        })
    }

    fn pid(self) -> u16 {
        match self {
            Self::Mpeg2(pid) | Self::Mpeg4(pid) | Self::H264(pid) | Self::Hevc(pid) | Self::Sound(pid) => pid,
        }
    }

    /// Whether decoding can begin at a unit whose first bytes are `content`: those with parameters at their start can.
    fn begins(self, content: &[u8]) -> bool {
        let codes = content.windows(4).filter(|window| window[..3] == [0, 0, 1]).map(|window| window[3]);
        let any = |wanted: fn(u8) -> bool| codes.clone().any(wanted);
        match self {
            Self::Mpeg2(_) => any(|code| code == 0xb3),
            Self::Mpeg4(_) => any(|code| code == 0xb0),
            Self::H264(_) => any(|code| matches!(code & 0x1f, 5 | 7)),
            Self::Hevc(_) => any(|code| matches!(code >> 1 & 0x3f, 16..=21 | 32 | 33)),
            Self::Sound(_) => true,
        }
    }
}

/// The programme that is kept.
#[derive(Debug)]
struct Programme {
    number: u16,
    pmt_pid: u16,
    pmt_reader: SectionReader,
    made_of: Option<MadeOf>,
}

#[derive(Debug, PartialEq, Eq)]
struct MadeOf {
    pmt: Pmt,
    packets: Vec<[u8; packet::BYTES]>,
    lead: Lead,
}

/// The segment under way.
#[derive(Debug)]
struct Open {
    bytes: Vec<u8>,
    length: Ticks90k,
    discontinuous: bool,
}

/// Cuts one stream.
#[derive(Debug)]
pub struct Segmenter {
    cut: Cut,
    /// The start of a packet.
    rest: Vec<u8>,
    pat: SectionReader,
    programme: Option<Programme>,
    open: Option<Open>,
    /// When the newest unit of the leading stream is decoded.
    time: Option<Ticks90k>,
    /// From the unit before to the newest.
    step: Ticks90k,
    /// How long a good place to begin at has been waited for.
    waited: Ticks90k,
    /// What comes next does not follow on what was before.
    broken: bool,
    segments: u32,
    /// Counters of our copies of the tables.
    counters: [u8; 2],
    /// Bytes thrown away since the last good packet: what comes is no transport stream.
    junk: usize,
}

impl Segmenter {
    /// A segmenter that has seen nothing.
    pub fn new(cut: Cut) -> Self {
        Self {
            cut,
            rest: Vec::new(),
            pat: SectionReader::default(),
            programme: None,
            open: None,
            time: None,
            step: ONE_UNIT,
            waited: Ticks90k(0),
            broken: false,
            segments: 0,
            counters: [0; 2],
            junk: 0,
        }
    }

    /// Bytes since the last one that was part of a packet.
    pub fn junk(&self) -> usize {
        self.junk
    }

    /// Reads on; `done` is called with each segment that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8], done: &mut impl FnMut(Segment)) {
        let mut bytes = bytes;
        let mut joined;
        if !self.rest.is_empty() {
            joined = std::mem::take(&mut self.rest);
            joined.extend_from_slice(bytes);
            bytes = &joined;
        }
        while let Some((first, after)) = bytes.split_first_chunk::<{ packet::BYTES }>() {
            let in_step = after.first().is_none_or(|next| *next == SYNC);
            match Packet::new(first).filter(|_| in_step || self.junk == 0) {
                Some(packet) => {
                    self.junk = 0;
                    self.take(packet, done);
                    bytes = after;
                }
                None => {
                    // The next byte that can be a packet's first.
                    let skip = bytes[1..].iter().position(|byte| *byte == SYNC).map_or(bytes.len(), |at| at + 1);
                    self.junk += skip;
                    bytes = &bytes[skip..];
                }
            }
        }
        self.rest = bytes.to_vec();
    }

    /// The source was lost: ends the segment under way. What comes next does not follow on.
    pub fn interrupt(&mut self, done: &mut impl FnMut(Segment)) {
        self.rest.clear();
        self.pat = SectionReader::default();
        self.programme = None;
        self.break_off(done);
    }

    fn break_off(&mut self, done: &mut impl FnMut(Segment)) {
        let last_unit = self.step;
        self.close(last_unit, done);
        self.broken = self.segments > 0;
        self.time = None;
        self.waited = Ticks90k(0);
    }

    fn take(&mut self, packet: Packet<'_>, done: &mut impl FnMut(Segment)) {
        let pid = packet.pid();
        if packet.is_broken() || pid == NULL_PID {
            return;
        }
        if pid == PAT_PID {
            if let Some(programmes) = self.pat.take(packet).and_then(|section| read_pat(&section.bytes)) {
                self.choose(&programmes, done);
            }
            return;
        }
        let Some(programme) = &mut self.programme else { return };
        if pid == programme.pmt_pid {
            let Some(section) = programme.pmt_reader.take(packet) else { return };
            let Some(pmt) = read_pmt(&section.bytes) else { return };
            if programme.made_of.as_ref().is_some_and(|known| known.pmt == pmt) {
                return;
            }
            let changed = programme.made_of.is_some();
            programme.made_of = Lead::of(&pmt).map(|lead| MadeOf { pmt, packets: section.packets, lead });
            if changed {
                self.break_off(done);
            }
            return;
        }
        let Some(MadeOf { pmt, lead, .. }) = &programme.made_of else { return };
        let lead = *lead;
        if pid != pmt.pcr_pid && !pmt.streams.iter().any(|(_, known)| *known == pid) {
            return;
        }
        if pid == lead.pid() && packet.starts_unit() {
            self.unit(packet, lead, done);
        }
        if let Some(open) = &mut self.open {
            open.bytes.extend_from_slice(packet.bytes());
            if open.bytes.len() > self.cut.bytes / 4 * 5 {
                self.break_off(done);
            }
        }
    }

    fn choose(&mut self, programmes: &[(u16, u16)], done: &mut impl FnMut(Segment)) {
        let known = self.programme.as_ref().map(|programme| (programme.number, programme.pmt_pid));
        if known.is_some_and(|known| programmes.contains(&known)) {
            return;
        }
        let Some((number, pmt_pid)) = programmes.first().copied() else { return };
        if known.is_some() {
            self.break_off(done);
        }
        self.programme = Some(Programme { number, pmt_pid, pmt_reader: SectionReader::default(), made_of: None });
    }

    /// A unit of the leading stream begins: a segment may end and another begin before it.
    fn unit(&mut self, packet: Packet<'_>, lead: Lead, done: &mut impl FnMut(Segment)) {
        let Some(pes) = PesStart::read(packet.payload()) else { return };
        if let Some(time) = pes.time {
            let step = self.time.map_or(Ticks90k(0), |last| span(last, time));
            if step < Ticks90k(0) || step > LONGEST_STEP {
                self.break_off(done);
            } else if step > Ticks90k(0) {
                self.step = step;
                self.waited += step;
                if let Some(open) = &mut self.open {
                    open.length += step;
                }
            }
            self.time = Some(time);
        }
        let good = packet.is_random_access() || lead.begins(pes.content) || self.waited >= self.cut.longest;
        match &self.open {
            None if good && self.time.is_some() => self.begin(),
            None => {}
            Some(open) => {
                let wanted = if self.segments < FIRST_SEGMENTS { self.cut.first } else { self.cut.usual };
                let over = open.bytes.len() >= self.cut.bytes || open.length >= self.cut.longest;
                if (over || good && open.length >= wanted) && open.length > Ticks90k(0) {
                    self.close(Ticks90k(0), done);
                    self.begin();
                }
            }
        }
    }

    fn begin(&mut self) {
        let Some(Programme { number, pmt_pid, made_of: Some(made_of), .. }) = &self.programme else { return };
        let mut bytes = Vec::with_capacity(packet::BYTES * 64);
        let tables = std::iter::once((0, pat_packet(*number, *pmt_pid)));
        for (counter, mut table) in tables.chain(made_of.packets.iter().map(|table| (1, *table))) {
            table[3] = table[3] & 0xf0 | self.counters[counter];
            self.counters[counter] = (self.counters[counter] + 1) & 0x0f;
            bytes.extend_from_slice(&table);
        }
        self.waited = Ticks90k(0);
        self.open = Some(Open { bytes, length: Ticks90k(0), discontinuous: std::mem::take(&mut self.broken) });
    }

    /// Ends the segment under way, which lasts `longer` than to the start of its newest unit.
    fn close(&mut self, longer: Ticks90k, done: &mut impl FnMut(Segment)) {
        let Some(mut open) = self.open.take() else { return };
        // It is kept for a while: without the room it grew into.
        open.bytes.shrink_to_fit();
        self.segments = self.segments.saturating_add(1);
        done(Segment { bytes: open.bytes.into(), duration: open.length + longer, discontinuous: open.discontinuous });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const H264: &[u8] = include_bytes!("../../../tests/captures/channel/h264.ts");
    const MPEG2: &[u8] = include_bytes!("../../../tests/captures/channel/mpeg2.ts");

    const CUT: Cut = Cut {
        first: Ticks90k::from_ms(500),
        usual: Ticks90k::from_ms(2000),
        longest: Ticks90k::from_ms(8000),
        bytes: 4 << 20,
    };

    fn cut(cut: Cut, pieces: &[&[u8]]) -> Vec<Segment> {
        let (mut segmenter, mut segments) = (Segmenter::new(cut), Vec::new());
        for piece in pieces {
            segmenter.push(piece, &mut |segment| segments.push(segment));
        }
        segmenter.interrupt(&mut |segment| segments.push(segment));
        segments
    }

    fn durations_ms(segments: &[Segment]) -> Vec<i64> {
        segments.iter().map(|segment| segment.duration.to_ms()).collect()
    }

    /// Fails unless a segment can be played alone: whole packets, the tables first, then a picture that begins.
    #[track_caller]
    fn stands_alone(segment: &Segment) {
        let packets: Vec<_> = segment.bytes.chunks(packet::BYTES).collect();
        assert!(packets.iter().all(|packet| packet.len() == packet::BYTES && packet[0] == SYNC));
        let packets: Vec<_> = packets.into_iter().map(|bytes| bytes.try_into().expect("188 bytes")).collect();
        let packet = |at: usize| Packet::new(&packets[at]).expect("a packet");
        let pat = SectionReader::default().take(packet(0)).expect("a section");
        let pmt_pid = read_pat(&pat.bytes).expect("a PAT")[0].1;
        assert_eq!(packet(1).pid(), pmt_pid);
        let pmt = SectionReader::default().take(packet(1)).expect("a section");
        let lead = Lead::of(&read_pmt(&pmt.bytes).expect("a PMT")).expect("a lead");
        assert_eq!(packet(2).pid(), lead.pid());
        let pes = PesStart::read(packet(2).payload()).expect("a unit");
        assert!(packet(2).is_random_access() || lead.begins(pes.content));
    }

    #[test]
    fn a_stream_is_cut_at_its_key_frames() {
        let segments = cut(CUT, &[H264]);
        assert_eq!(durations_ms(&segments), [1000, 1000, 1000, 2000, 1000]);
        segments.iter().for_each(stands_alone);
        assert!(segments.iter().all(|segment| !segment.discontinuous));
        let segments = cut(CUT, &[MPEG2]);
        assert_eq!(durations_ms(&segments).iter().sum::<i64>(), 4000);
        segments.iter().for_each(stands_alone);
    }

    #[test]
    fn pieces_and_dirt_change_nothing() {
        let whole = cut(CUT, &[H264]);
        let pieces: Vec<_> = H264.chunks(1000).collect();
        assert_eq!(cut(CUT, &pieces), whole);
        let dirt = [&b"GARBAGE"[..], &[0; 500]].concat();
        assert_eq!(cut(CUT, &[&dirt, H264]), whole);
        let middle = H264.len() / 2 / packet::BYTES * packet::BYTES;
        let torn = cut(CUT, &[&H264[..middle], &dirt, &H264[middle..]]);
        assert_eq!(durations_ms(&torn), durations_ms(&whole));
    }

    #[test]
    fn a_source_that_was_lost_is_said() {
        let (mut segmenter, mut segments) = (Segmenter::new(CUT), Vec::new());
        segmenter.push(&H264[..H264.len() / 2], &mut |segment| segments.push(segment));
        segmenter.interrupt(&mut |segment| segments.push(segment));
        let before = segments.len();
        segmenter.push(H264, &mut |segment| segments.push(segment));
        let marks: Vec<_> = segments.iter().map(|segment| segment.discontinuous).collect();
        assert_eq!(marks.iter().position(|mark| *mark), Some(before));
        assert_eq!(marks.iter().filter(|mark| **mark).count(), 1);
        segments.iter().for_each(stands_alone);
    }

    #[test]
    fn a_clock_that_jumps_is_said() {
        // The same again: its clock goes back by six seconds.
        let segments = cut(CUT, &[H264, H264]);
        let at: Vec<_> = segments.iter().enumerate().filter(|(_, segment)| segment.discontinuous).collect();
        assert_eq!(at.len(), 1, "{:?}", durations_ms(&segments));
        segments.iter().for_each(stands_alone);
        let total: i64 = durations_ms(&segments).iter().sum();
        assert!((11_900..=12_000).contains(&total), "{total}");
    }

    #[test]
    fn segments_have_limits() {
        let small = Cut { bytes: 8 * 1024, ..CUT };
        let segments = cut(small, &[H264]);
        assert!(segments.len() > 8);
        assert!(segments.iter().all(|segment| segment.bytes.len() <= 8 * 1024 / 4 * 5 + packet::BYTES));
        let none = Cut {
            longest: Ticks90k::from_ms(300),
            usual: Ticks90k::from_ms(60_000),
            first: Ticks90k::from_ms(60_000),
            ..CUT
        };
        assert!(cut(none, &[H264]).iter().all(|segment| segment.duration <= Ticks90k::from_ms(400)));
    }

    #[test]
    fn what_is_no_stream_gives_nothing() {
        let mut segmenter = Segmenter::new(CUT);
        segmenter.push(&[b'x'; 100_000], &mut |_| panic!("a segment of nothing"));
        assert!(segmenter.junk() > 90_000);
        assert!(segmenter.rest.len() < packet::BYTES);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, flips in proptest::collection::vec((0_usize..40_000, any::<u8>()), 0..60)) {
            cut(CUT, &[&bytes]);
            let mut damaged = H264[..40_000].to_vec();
            for (at, with) in flips {
                damaged[at] = with;
            }
            for segment in cut(CUT, &[&damaged]) {
                prop_assert!(segment.duration > Ticks90k(0));
                prop_assert_eq!(segment.bytes.len() % packet::BYTES, 0);
            }
        }
    }
}
