//! Access units (H.264, 7.4.1.2): NAL units in decoding order go in, whole pictures come out.
//!
//! What the builder is in the middle of is its `State`; whether what comes can be decoded at all is for `references` to
//! say. They change apart: a loss between two pictures spares the next one if nothing it builds on was lost, a loss inside
//! one breaks it whatever it is. Whether the marker bit (RFC 6184, 5.1) ends a picture is `Markers`.
//!
//! | call | in `State::Between` | in `State::Inside` | in `State::Broken` |
//! | --- | --- | --- | --- |
//! | a slice that begins a picture | inside | the one before ends; inside | the one before ends; inside |
//! | a further slice | broken: it has no beginning | inside | broken |
//! | what stands before a picture | between | the picture ends; between | the picture ends; between |
//! | anything with another timestamp | as it says above | the picture ends first | the picture ends first |
//! | a marker that is trusted | between | the picture ends; between | the picture ends; between |
//! | a loss | between; what stood before a picture is dropped | broken | broken |
//!
//! A NAL unit comes whole ([`AccessUnitBuilder::nal`]), or as one `nal_start` and `nal_continue` up to the last. Any other
//! NAL unit or the picture's end before that last one drops what has come of it, which is a loss.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::ground::frame::VideoParams;
use crate::ground::limits;
use crate::ground::not_ready::NotReady;
use crate::wire::h264::params::ParameterSets;
use crate::wire::h264::references::References;
use crate::wire::h264::{begins_access_unit, is_first_slice, is_picture, kind, nal_type};

/// So many bytes of a slice tell which picture it is of, and which sets it uses.
const FIRST_BYTES: usize = 12;

/// One picture, with the RTP timestamp it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// The RTP timestamp, unwrapped.
    pub timestamp: i64,
    /// Whether decoding can start here.
    pub key: bool,
    /// The parameters that hold for it.
    pub params: Arc<VideoParams>,
    /// NAL units, each behind its length in four bytes.
    pub data: Bytes,
}

/// The bits of a NAL unit's first byte that say whether others build on it (H.264, 7.4.1): none does where all are 0.
const NAL_REF_IDC: u8 = 0x60;

/// What the builder is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No slice has come since the last picture ended. What has come (parameter sets, SEI) belongs to the next one.
    Between {
        /// The timestamp of the picture before, if it was given out at its marker: a further slice of it shows that
        /// markers lie.
        given_out: Option<i64>,
    },
    /// A picture has begun, and all that came of it is there.
    Inside {
        /// Whether a slice of it is one of a key frame.
        key: bool,
    },
    /// A picture has begun of which something is missing: at its end it is dropped.
    Broken {
        /// Whether a slice of it is one of a key frame.
        key: bool,
    },
}

/// Whether a marker says that a picture is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Markers {
    /// It does, for all that is known.
    Trusted,
    /// One was set in the middle of a picture: the sender doesn't know what it means.
    Ignored,
}

/// Builds access units out of NAL units.
#[derive(Debug)]
pub struct AccessUnitBuilder {
    sets: ParameterSets,
    state: State,
    references: References,
    markers: Markers,
    /// What has come of the access unit, each NAL unit behind its length. Not empty in `State::Inside`.
    data: BytesMut,
    /// When the last NAL unit was.
    timestamp: i64,
    /// Whether the picture that comes is one from which on pictures become right again, without a key frame (D.2.8).
    recovers: bool,
    /// Pictures that are shown before this timestamp come after one they need not have: they are of no use.
    leads: Option<i64>,
    /// Where in `data` the NAL unit starts that is being put together: its length, then its bytes.
    open_nal: Option<usize>,
    dropped: u64,
    /// Whether a picture, and whether one of a key frame, has ever begun.
    begun: bool,
    key_begun: bool,
}

impl AccessUnitBuilder {
    /// A builder that knows the parameter sets of the SDP.
    pub fn new(parameter_sets: &[Bytes]) -> Self {
        let mut sets = ParameterSets::default();
        parameter_sets.iter().for_each(|nal| sets.take(nal));
        Self {
            sets,
            state: State::Between { given_out: None },
            references: References::default(),
            markers: Markers::Trusted,
            data: BytesMut::new(),
            timestamp: 0,
            recovers: false,
            leads: None,
            open_nal: None,
            dropped: 0,
            begun: false,
            key_begun: false,
        }
    }

    /// Access units dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether an access unit has begun and is not complete.
    pub fn is_inside(&self) -> bool {
        !self.data.is_empty()
    }

    /// Whether all that comes is dropped, up to the next key frame.
    pub fn is_seeking(&self) -> bool {
        self.references.are_missing()
    }

    /// Why no picture has come out since the last loss, or at all; `None` where pictures do, or none has begun.
    pub fn trouble(&mut self) -> Option<NotReady> {
        if !self.begun || !self.is_seeking() {
            return None;
        }
        Some(match self.sets.trouble() {
            Some(NotReady::Unsupported(why)) => NotReady::Unsupported(why),
            // Sets usually come with key frames: where neither has, that is what is to be waited for.
            _ if !self.key_begun => NotReady::NoKeyFrame,
            Some(why) => why,
            None => NotReady::Broken,
        })
    }

    /// The parameters as they are known now.
    pub fn params(&mut self) -> Option<Arc<VideoParams>> {
        self.sets.current()
    }

    /// So many packets between what came and what comes were lost: what builds on what was in them is of no use.
    pub fn lost(&mut self, packets: u64) {
        if let Some(start) = self.open_nal.take() {
            self.data.truncate(start);
        }
        match self.state {
            // The picture it belongs to may be lost.
            State::Between { .. } => {
                self.data.clear();
                self.recovers = false;
            }
            State::Inside { key } => self.state = State::Broken { key },
            State::Broken { .. } => {}
        }
        self.references.lost(packets);
    }

    /// Nothing is known of what lies between what came and what comes: all up to the next key frame is of no use.
    pub fn break_off(&mut self) {
        self.lost(1);
        self.references.miss();
        self.references.numbers_begin_anew();
    }

    /// A NAL unit with this header begins, at this timestamp. `first_bytes` are its first bytes, header included.
    fn begin(&mut self, timestamp: i64, first_bytes: &[u8], out: &mut Vec<AccessUnit>) {
        let kind = kind(first_bytes[0]);
        let is_slice = is_picture(kind);
        let is_first = is_slice && is_first_slice(first_bytes);
        let in_picture = !matches!(self.state, State::Between { .. });
        if in_picture && (timestamp != self.timestamp || begins_access_unit(kind) || is_first) {
            self.finish(None, out);
        }
        self.timestamp = timestamp;
        if !is_slice {
            return;
        }
        let is_key = kind == nal_type::IDR;
        self.begun = true;
        self.key_begun |= is_key;
        if is_first && is_key {
            self.sets.use_for(first_bytes);
        }
        if is_first {
            let is_reference = first_bytes[0] & NAL_REF_IDC != 0;
            self.references.begin(is_key, is_reference, self.sets.frame_num(first_bytes));
        }
        self.state = match self.state {
            State::Between { given_out } if !is_first => {
                if given_out == Some(timestamp) {
                    // What was given out was not all of it.
                    self.markers = Markers::Ignored;
                    self.references.miss();
                }
                self.references.suspect();
                State::Broken { key: is_key }
            }
            State::Between { .. } => State::Inside { key: is_key },
            State::Inside { key } => State::Inside { key: key || is_key },
            State::Broken { key } => State::Broken { key: key || is_key },
        };
    }

    /// Takes a whole NAL unit.
    pub fn nal(&mut self, timestamp: i64, nal: &[u8], out: &mut Vec<AccessUnit>) {
        if nal.is_empty() {
            return;
        }
        self.drop_open_nal();
        self.begin(timestamp, nal, out);
        self.take_sets(nal);
        if self.fits(nal.len()) {
            self.data.put_u32(nal.len() as u32);
            self.data.put_slice(nal);
        }
        self.check();
    }

    /// Takes the first fragment of a NAL unit: its rebuilt header, and the bytes behind it.
    pub fn nal_start(&mut self, timestamp: i64, header: u8, body: &[u8], out: &mut Vec<AccessUnit>) {
        self.drop_open_nal();
        let mut first_bytes = [header; FIRST_BYTES];
        for (into, byte) in first_bytes[1..].iter_mut().zip(body.iter().copied().chain(std::iter::repeat(0))) {
            *into = byte;
        }
        self.begin(timestamp, &first_bytes, out);
        if self.fits(body.len() + 1) {
            self.open_nal = Some(self.data.len());
            self.data.put_u32(0);
            self.data.put_u8(header);
            self.data.put_slice(body);
        }
        self.check();
    }

    /// Takes a further fragment of the NAL unit of this kind that was begun; `last` closes it. Where none was, its beginning
    /// is lost.
    pub fn nal_continue(&mut self, kind: u8, body: &[u8], last: bool) {
        let is_of_it = |start: &usize| self.data[start + 4] & 0x1F == kind;
        let Some(start) = self.open_nal.filter(is_of_it) else {
            // It is here, so it is none of those that are known to be lost.
            self.lost(0);
            self.references.suspect();
            if kind == nal_type::IDR {
                self.references.miss();
            }
            return;
        };
        if !self.fits(body.len()) {
            self.open_nal = None;
            return;
        }
        self.data.put_slice(body);
        if last {
            let length = (self.data.len() - start - 4) as u32;
            self.data[start..start + 4].copy_from_slice(&length.to_be_bytes());
            self.open_nal = None;
            if matches!(kind, nal_type::SPS | nal_type::PPS | nal_type::SEI) {
                let nal = self.data[start + 4..].to_vec();
                self.take_sets(&nal);
            }
        }
        self.check();
    }

    /// A marker: the picture is complete (where markers tell the truth).
    pub fn marker(&mut self, out: &mut Vec<AccessUnit>) {
        let in_picture = !matches!(self.state, State::Between { .. });
        if in_picture && self.markers == Markers::Trusted {
            self.finish(Some(self.timestamp), out);
        }
        self.check();
    }

    /// Whether so many bytes more are allowed. If not, the access unit is given up.
    fn fits(&mut self, more: usize) -> bool {
        if self.data.len() + more + 4 <= limits::ACCESS_UNIT_BYTES {
            return true;
        }
        self.data.clear();
        self.open_nal = None;
        self.lost(1);
        false
    }

    /// Drops what has come of a NAL unit whose rest does not come.
    fn drop_open_nal(&mut self) {
        if self.open_nal.is_some() {
            self.lost(1);
        }
    }

    /// Takes what this NAL unit says of the pictures that follow.
    fn take_sets(&mut self, nal: &[u8]) {
        match kind(nal[0]) {
            nal_type::SPS => {
                self.references.sets_came();
                if !self.sets.knows_sps(nal) {
                    self.references.numbers_begin_anew();
                }
            }
            nal_type::SEI => self.recovers |= is_recovery_point(nal),
            _ => {}
        }
        self.sets.take(nal);
    }

    /// The picture ends; `given_out` is its timestamp if a marker says so. It is given out if it can be decoded.
    fn finish(&mut self, given_out: Option<i64>, out: &mut Vec<AccessUnit>) {
        self.drop_open_nal();
        let ended = std::mem::replace(&mut self.state, State::Between { given_out });
        let recovers = std::mem::take(&mut self.recovers) && self.references.were_there();
        if recovers && self.references.are_missing() {
            self.leads = Some(self.timestamp);
        }
        if self.leads.is_some_and(|point| self.timestamp > point) || matches!(ended, State::Inside { key: true }) {
            self.leads = None;
        }
        let leads = self.leads.is_some_and(|point| self.timestamp < point);
        match (ended, self.sets.current()) {
            (State::Inside { key }, Some(params)) if key || (recovers || !self.references.are_missing()) && !leads => {
                self.references.given_out(key);
                out.push(AccessUnit { timestamp: self.timestamp, key, params, data: self.data.split().freeze() });
            }
            (ended, _) => {
                match ended {
                    _ if leads => self.references.left_out(),
                    State::Broken { key: true } | State::Inside { .. } => self.references.miss(),
                    _ => {}
                }
                self.data.clear();
                self.dropped += 1;
            }
        }
    }

    /// What holds between two calls.
    fn check(&self) {
        debug_assert!(!matches!(self.state, State::Inside { .. }) || !self.data.is_empty(), "a picture has slices");
        let has_header = |start: usize| start + 4 < self.data.len();
        debug_assert!(self.open_nal.is_none_or(has_header), "a NAL unit has a length and a header");
    }
}

/// Whether an SEI NAL unit says that pictures become right from here on, wherever decoding begins (H.264, D.1.8).
fn is_recovery_point(nal: &[u8]) -> bool {
    const RECOVERY_POINT: u8 = 6;
    let mut rest = nal.get(1..).unwrap_or_default();
    // Kinds and sizes of 255 and more, and what prevents emulation, are not looked for: nobody puts a note of one byte there.
    while let [kind, size, after @ ..] = rest {
        if *kind == RECOVERY_POINT {
            return true;
        }
        if *kind == 255 || *size == 255 {
            return false;
        }
        rest = after.get(usize::from(*size)..).unwrap_or_default();
    }
    false
}

/// Counts the pictures in a row of NAL units, as [`AccessUnitBuilder`] parts them where all have the same timestamp.
#[derive(Debug, Default)]
pub struct Pictures {
    count: usize,
    /// Whether the last one is still going on.
    inside: bool,
}

impl Pictures {
    /// Takes the next NAL unit, which is not empty; gives how many pictures have begun.
    pub fn take(&mut self, nal: &[u8]) -> usize {
        let kind = kind(nal[0]);
        if is_picture(kind) {
            self.count += usize::from(!self.inside || is_first_slice(nal));
            self.inside = true;
        } else if begins_access_unit(kind) {
            self.inside = false;
        }
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::h264::nal_units;
    use crate::wire::h264::params::tests::{PPS, SPS_360};
    use proptest::prelude::*;

    const KEY: &[u8] = &[0x65, 0x88, 1, 2, 3];
    const KEY_SECOND_SLICE: &[u8] = &[0x65, 0x40, 4, 5];
    const INTER: &[u8] = &[0x41, 0x9A, 7];
    const NOTE: &[u8] = &[0x06, 5, 1, 0, 0x80];

    fn builder() -> AccessUnitBuilder {
        AccessUnitBuilder::new(&[Bytes::from_static(SPS_360), Bytes::from_static(PPS)])
    }

    fn kinds(unit: &AccessUnit) -> Vec<u8> {
        nal_units(&unit.data).map(|nal| kind(nal[0])).collect()
    }

    #[test]
    fn everything_of_a_picture_stays_with_it() {
        let (mut builder, mut out) = (builder(), Vec::new());
        for nal in [SPS_360, PPS, NOTE, KEY, KEY_SECOND_SLICE] {
            builder.nal(0, nal, &mut out);
        }
        builder.marker(&mut out);
        builder.nal(3000, NOTE, &mut out);
        builder.nal(3000, INTER, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.iter().map(kinds).collect::<Vec<_>>(), [vec![7, 8, 6, 5, 5], vec![6, 1]]);
        assert_eq!((out[0].key, out[1].key), (true, false));
    }

    #[test]
    fn it_is_known_why_no_picture_comes_out() {
        let (mut bare, mut out) = (AccessUnitBuilder::new(&[]), Vec::new());
        assert_eq!(bare.trouble(), None, "nothing has come");
        bare.nal(0, NOTE, &mut out);
        assert_eq!(bare.trouble(), None, "no picture has begun");
        bare.nal(0, KEY, &mut out);
        bare.marker(&mut out);
        assert_eq!(bare.trouble(), Some(NotReady::NoParameterSets));
        bare.nal(3000, &[0x67, 0x42, 0xC0, 0x1E, 0xFF, 0xFF], &mut out);
        assert!(matches!(bare.trouble(), Some(NotReady::Unsupported(_))), "{:?}", bare.trouble());

        let mut builder = builder();
        builder.nal(0, INTER, &mut out);
        builder.marker(&mut out);
        assert_eq!(builder.trouble(), Some(NotReady::NoKeyFrame));
        builder.nal_start(3000, 0x65, &KEY[1..], &mut out);
        builder.break_off();
        builder.nal(6000, INTER, &mut out);
        assert_eq!(builder.trouble(), Some(NotReady::Broken));
        builder.nal(9000, KEY, &mut out);
        builder.marker(&mut out);
        assert_eq!((builder.trouble(), out.len()), (None, 1));
    }

    #[test]
    fn without_markers_the_next_picture_ends_the_one_before() {
        let (mut builder, mut out) = (builder(), Vec::new());
        builder.nal(0, KEY, &mut out);
        builder.nal(3000, INTER, &mut out);
        assert_eq!(out.len(), 1, "another timestamp");
        builder.nal(3000, INTER, &mut out);
        assert_eq!(out.len(), 2, "the same timestamp, but a picture's first slice");
        builder.nal(3000, NOTE, &mut out);
        assert_eq!(out.len(), 3, "SEI comes before slices");
    }

    #[test]
    fn a_lost_part_costs_all_up_to_the_next_key_frame() {
        let (mut builder, mut out) = (builder(), Vec::new());
        builder.nal(0, KEY, &mut out);
        builder.marker(&mut out);
        builder.lost(1);
        for n in 1..4 {
            builder.nal(n * 3000, INTER, &mut out);
            builder.marker(&mut out);
        }
        assert_eq!((out.len(), builder.dropped()), (1, 3));
        builder.nal(12_000, KEY, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.len(), 2);
    }

    #[test]
    fn a_loss_before_a_key_frame_spares_it() {
        let (mut builder, mut out) = (builder(), Vec::new());
        builder.nal(0, KEY, &mut out);
        builder.marker(&mut out);
        builder.nal(3000, INTER, &mut out);
        builder.lost(1);
        builder.nal(6000, KEY, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.iter().map(|unit| unit.timestamp).collect::<Vec<_>>(), [0, 6000]);
        builder.lost(1);
        builder.nal(9000, KEY, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.len(), 3, "the loss was before it");
    }

    #[test]
    fn what_stood_before_a_lost_picture_is_not_put_before_the_next() {
        const RECOVERY: &[u8] = &[0x06, 6, 1, 0xA0, 0x80];
        let (mut builder, mut out) = (builder(), Vec::new());
        builder.nal(0, KEY, &mut out);
        builder.marker(&mut out);
        builder.nal(3000, NOTE, &mut out);
        builder.lost(1);
        builder.nal(6000, KEY, &mut out);
        builder.marker(&mut out);
        // A note in fragments, of which the last is lost, as is the first of the next key frame.
        builder.nal_start(9000, 0x06, &[5, 1], &mut out);
        builder.lost(2);
        builder.nal_continue(nal_type::IDR, &[1, 2, 3], true);
        assert!(builder.is_seeking());
        builder.nal(12_000, KEY, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.iter().map(kinds).collect::<Vec<_>>(), [[5], [5], [5]]);
        // The picture from which all would be right again is lost.
        builder.break_off();
        builder.nal(15_000, RECOVERY, &mut out);
        builder.lost(1);
        builder.nal(18_000, INTER, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.len(), 3);
    }

    #[test]
    fn a_fragment_of_another_kind_is_no_part_of_what_is_open() {
        let (mut builder, mut out) = (builder(), Vec::new());
        builder.nal_start(0, 0x06, &[5, 1], &mut out);
        builder.nal_continue(nal_type::IDR, &[1, 2, 3], true);
        builder.nal(3000, KEY, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.iter().map(kinds).collect::<Vec<_>>(), [[5]]);
    }

    /// What comes of a picture in many fragments tells of one picture, however many they are.
    #[test]
    fn the_rest_of_a_broken_picture_that_nothing_builds_on_costs_no_more() {
        let (mut builder, mut out) = (builder(), Vec::new());
        let inter = |number: u8| [0x41, 0b1001_1010 | number >> 3, number << 5 | 1];
        builder.nal(0, KEY, &mut out);
        for number in 1..4 {
            builder.nal(i64::from(number) * 3000, &inter(number), &mut out);
        }
        builder.nal_start(12_000, 0x01, &inter(4)[1..], &mut out);
        builder.lost(1);
        for last in [false, false, false, false, false, true] {
            builder.nal_continue(1, &[7, 7], last);
        }
        builder.nal(15_000, &inter(4), &mut out);
        builder.marker(&mut out);
        assert_eq!((out.len(), builder.dropped()), (5, 1));
    }

    #[test]
    fn numbers_that_were_wrong_may_be_right_of_another_coder() {
        let other = {
            let mut sps = SPS_360.to_vec();
            sps[2] ^= 0x20;
            sps
        };
        let inter = |number: u8| [0x41, 0b1001_1010 | number >> 3, number << 5 | 1];
        for (sps, breaks_off, given) in [(SPS_360, false, 4), (SPS_360, true, 5), (&other[..], false, 5)] {
            let (mut builder, mut out) = (builder(), Vec::new());
            let mut time = 0;
            let mut picture = |builder: &mut AccessUnitBuilder, slice: &[u8]| {
                time += 3000;
                builder.nal(time, slice, &mut out);
                builder.marker(&mut out);
                out.len()
            };
            picture(&mut builder, KEY);
            picture(&mut builder, &inter(0));
            if breaks_off {
                builder.break_off();
            }
            builder.nal(0, sps, &mut Vec::new());
            picture(&mut builder, KEY);
            assert_eq!(picture(&mut builder, &inter(1)), 4);
            builder.lost(1);
            assert_eq!(picture(&mut builder, &inter(2)), given);
        }
    }

    #[test]
    fn a_key_frame_without_its_first_slice_is_none() {
        let (mut builder, mut out) = (builder(), Vec::new());
        builder.lost(1);
        builder.nal(0, KEY_SECOND_SLICE, &mut out);
        builder.marker(&mut out);
        assert_eq!((out.len(), builder.dropped()), (0, 1));
    }

    /// Intra refresh, and groups that begin with other than an IDR picture: no key frame ever comes again.
    #[test]
    fn after_a_loss_pictures_go_on_at_a_recovery_point() {
        const RECOVERY: &[u8] = &[0x06, 6, 1, 0xA0, 0x80];
        let (mut builder, mut out) = (builder(), Vec::new());
        let mut picture = |builder: &mut AccessUnitBuilder, time: i64, note: Option<&[u8]>, slice: &[u8]| {
            note.into_iter().for_each(|note| builder.nal(time, note, &mut out));
            builder.nal(time, slice, &mut out);
            builder.marker(&mut out);
            out.last().map(|unit| unit.timestamp)
        };
        assert_eq!(
            picture(&mut builder, 0, Some(RECOVERY), INTER),
            None,
            "nothing came before: players need a key frame"
        );
        assert_eq!(picture(&mut builder, 3000, None, KEY), Some(3000));
        builder.lost(20);
        assert_eq!(picture(&mut builder, 6000, None, INTER), Some(3000));
        assert_eq!(picture(&mut builder, 15_000, Some(RECOVERY), INTER), Some(15_000));
        assert_eq!(
            picture(&mut builder, 9000, None, INTER),
            Some(15_000),
            "it is shown before, and builds on what is lost"
        );
        assert_eq!(picture(&mut builder, 18_000, None, INTER), Some(18_000));
        assert_eq!(picture(&mut builder, 17_000, None, INTER), Some(17_000));
    }

    #[test]
    fn fragments_make_the_same_unit() {
        let (mut builder, mut out) = (builder(), Vec::new());
        builder.nal_start(0, 0x65, &[0x88, 1], &mut out);
        builder.nal_continue(nal_type::IDR, &[2], false);
        builder.nal_continue(nal_type::IDR, &[3], true);
        builder.marker(&mut out);
        assert_eq!(&out[0].data[..], [&[0, 0, 0, 5], KEY].concat());
    }

    #[test]
    fn markers_in_the_middle_of_a_picture_are_not_believed_twice() {
        let (mut builder, mut out) = (builder(), Vec::new());
        for time in [0, 3000, 6000] {
            builder.nal(time, KEY, &mut out);
            builder.marker(&mut out);
            builder.nal(time, KEY_SECOND_SLICE, &mut out);
            builder.marker(&mut out);
        }
        builder.nal(9000, INTER, &mut out);
        let whole = out.last().expect("the third picture");
        assert_eq!((whole.timestamp, kinds(whole)), (6000, vec![5, 5]));
    }

    #[test]
    fn a_unit_beyond_the_limit_is_dropped() {
        let (mut builder, mut out) = (builder(), Vec::new());
        let slice = [KEY, &vec![1; limits::ACCESS_UNIT_BYTES / 2]].concat();
        builder.nal(0, &slice, &mut out);
        builder.nal(0, &[&[0x65, 0x40][..], &slice].concat(), &mut out);
        builder.marker(&mut out);
        assert_eq!((out.len(), builder.dropped()), (0, 1));
        builder.nal(3000, KEY, &mut out);
        builder.marker(&mut out);
        assert_eq!(out.len(), 1);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Nal(i64, Vec<u8>),
        Start(i64, u8, Vec<u8>),
        Continue(Vec<u8>, bool),
        Marker,
        Lost,
    }

    fn step() -> impl Strategy<Value = Step> {
        let time = 0..5_i64;
        let bytes = proptest::collection::vec(any::<u8>(), 1..40);
        prop_oneof![
            (time.clone(), bytes.clone()).prop_map(|(time, nal)| Step::Nal(time, nal)),
            (time, any::<u8>(), bytes.clone()).prop_map(|(time, header, body)| Step::Start(time, header, body)),
            (bytes, any::<bool>()).prop_map(|(body, last)| Step::Continue(body, last)),
            Just(Step::Marker),
            Just(Step::Lost),
        ]
    }

    proptest! {
        #[test]
        fn pictures_are_counted_as_they_are_parted(
            nals in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..4), 0..12),
        ) {
            let (mut builder, mut out, mut pictures, mut count) = (builder(), Vec::new(), Pictures::default(), 0);
            for nal in &nals {
                count = pictures.take(nal);
                builder.nal(0, nal, &mut out);
            }
            builder.marker(&mut out);
            prop_assert_eq!(out.len() as u64 + builder.dropped(), count as u64);
        }

        #[test]
        fn whatever_comes_units_are_whole(steps in proptest::collection::vec(step(), 0..60)) {
            let (mut builder, mut out) = (builder(), Vec::new());
            for step in steps {
                match step {
                    Step::Nal(time, nal) => builder.nal(time, &nal, &mut out),
                    Step::Start(time, header, body) => builder.nal_start(time, header, &body, &mut out),
                    Step::Continue(body, last) => builder.nal_continue(nal_type::IDR, &body, last),
                    Step::Marker => builder.marker(&mut out),
                    Step::Lost => builder.lost(1),
                }
            }
            for unit in &out {
                let taken: usize = nal_units(&unit.data).map(|nal| nal.len() + 4).sum();
                prop_assert_eq!(taken, unit.data.len());
                prop_assert!(nal_units(&unit.data).any(|nal| is_picture(kind(nal[0]))));
            }
            if let Some(first) = out.first() {
                prop_assert!(first.key);
            }
        }
    }
}
