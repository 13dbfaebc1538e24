//! The receiver of all tracks of one publisher (RFC 3550): which source a track hears, in which order its packets are
//! taken, and where its timeline lies. What is in the packets is for `video` and `audio`.

mod audio;
mod video;

use std::time::Duration;

use rtcp_types::{
    Compound, Packet, PayloadFeedback, Pli, ReceiverReport, ReportBlock, RtcpPacketWriterExt as _, Sdes, SdesChunk,
    SdesItem,
};
use rtp_types::RtpPacket;

use crate::ground::frame::Frame;
use crate::ground::not_ready::NotReady;
use crate::ground::time::{Moment, Ticks90k};
use crate::wire::rtp::clock::{Reception, TrackClock};
use crate::wire::rtp::latch::{Heard, Source};
use crate::wire::rtp::reorder::{Reorder, Verdict};
use crate::wire::rtp::{Counts, Delivery, Format, Media, RtpError, h264};
use audio::AudioTrack;
use video::VideoTrack;

/// The first sound is held back until both tracks have been coming for this long: their places are known by then.
const SETTLING: Duration = Duration::from_millis(150);
/// Sound whose pictures do not come is held back for no longer than this.
const LONGEST_SETTLING: Duration = Duration::from_secs(1);
/// A sender that was asked for a key frame and sends none is asked again after this time, and then after twice as long.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// The same, at most: there are senders that never send another.
const ASK_AGAIN_MOST: Duration = Duration::from_secs(30);
/// The source number in our receiver reports. They are sent to one publisher alone, so any number serves.
const OWN_SSRC: u32 = 0x4C61_7265;

/// How the next packet that waited is got: with how many were lost before it.
type Pop = fn(&mut Reorder, Moment) -> Option<(u64, Vec<u8>)>;

/// Receives all tracks of one publisher.
#[derive(Debug)]
pub struct Receiver {
    tracks: Vec<Track>,
    /// When the first packet came: zero on the timeline.
    started: Option<Moment>,
    /// Whether sound is held back.
    holding: bool,
    counts: Counts,
    /// When the sender was last asked for a key frame.
    asked: Option<Moment>,
    /// How often that was since its last key frame.
    asked_in_vain: u32,
}

#[derive(Debug)]
struct Track {
    payload_type: u8,
    rate: u32,
    source: Source,
    /// Whether its sender said goodbye for another source than this.
    said_goodbye: bool,
    /// A report that came before the first packet: whose it is shows then.
    early: Option<Report>,
    delivery: Delivery,
    reorder: Reorder,
    clock: TrackClock,
    reception: Reception,
    codec: Codec,
    /// When its first frame came.
    begun: Option<Moment>,
}

/// What a sender report tells (RFC 3550, section 6.4.1).
#[derive(Clone, Copy, Debug)]
struct Report {
    ssrc: u32,
    ntp: u64,
    timestamp: u32,
    at: Moment,
}

#[derive(Debug)]
enum Codec {
    Video(Box<VideoTrack>),
    Audio(AudioTrack),
}

impl Receiver {
    /// A receiver for tracks described by `media`, in the order of the SDP.
    pub fn new(media: &[Media], delivery: Delivery) -> Result<Self, RtpError> {
        let tracks = media.iter().map(|media| Track::new(media, delivery)).collect::<Result<_, _>>()?;
        Ok(Self { tracks, started: None, holding: true, counts: Counts::default(), asked: None, asked_in_vain: 0 })
    }

    /// Takes one RTP packet of track `track`; frames that are complete are added to `frames`.
    pub fn rtp(&mut self, track: usize, packet: &[u8], now: Moment, frames: &mut Vec<Frame>) {
        let Some(index) = (track < self.tracks.len()).then_some(track) else { return };
        let track = &mut self.tracks[index];
        let Some(parsed) = RtpPacket::parse(packet).ok().filter(|rtp| rtp.payload_type() == track.payload_type) else {
            self.counts.malformed += 1;
            return;
        };
        match track.source.hears(parsed.ssrc(), track.delivery == Delivery::Reliable, now) {
            Heard::Same => {}
            Heard::Another => track.begin_anew(),
            Heard::Foreign => return,
        }
        if let Some(early) = track.early.take() {
            track.take_report(early);
            self.synchronize();
        }
        let track = &mut self.tracks[index];
        let begins = match &track.codec {
            Codec::Video(_) => h264::begins_key_frame(parsed.payload()),
            Codec::Audio(_) => true,
        };
        let verdict = track.reorder.push(parsed.sequence_number(), packet, begins, now);
        if verdict == Verdict::Anew {
            track.reception.count_anew();
            track.break_off();
        }
        if verdict != Verdict::Useless {
            // One that has to wait has come all the same.
            track.reception.packet(track.reorder.highest(), parsed.timestamp(), track.rate, now);
        }
        match verdict {
            Verdict::Next { lost } => self.take(index, &parsed, lost, now, frames),
            Verdict::Anew => self.take(index, &parsed, 1, now, frames),
            Verdict::Later => {}
            Verdict::Useless => return,
        }
        self.handle_timeout(now, frames);
    }

    /// The packets of track `track` come from elsewhere from now on, so they may be of another source.
    pub fn moved(&mut self, track: usize) {
        if let Some(track) = self.tracks.get_mut(track) {
            track.source.leaves();
        }
    }

    /// Gives up waiting for packets that are late, and lets go of sound that was held back long enough.
    pub fn handle_timeout(&mut self, now: Moment, frames: &mut Vec<Frame>) {
        self.give_out(Reorder::pop, now, frames);
    }

    /// Nothing comes any more: gives out what waits.
    pub fn handle_end(&mut self, now: Moment, frames: &mut Vec<Frame>) {
        self.give_out(Reorder::pop_rest, now, frames);
    }

    fn give_out(&mut self, pop: Pop, now: Moment, frames: &mut Vec<Frame>) {
        for index in 0..self.tracks.len() {
            while let Some((lost, packet)) = pop(&mut self.tracks[index].reorder, now) {
                if let Ok(parsed) = RtpPacket::parse(&packet) {
                    self.take(index, &parsed, lost, now, frames);
                }
            }
        }
        if self.holding {
            self.settle(now, frames);
        }
    }

    /// Whether a picture has begun whose end has yet to come.
    pub fn is_inside_picture(&self) -> bool {
        self.tracks.iter().any(|track| matches!(&track.codec, Codec::Video(video) if video.is_inside_picture()))
    }

    /// Whether pictures come that are of no use, up to the next key frame.
    pub fn is_dropping(&self) -> bool {
        self.tracks.iter().any(|track| matches!(&track.codec, Codec::Video(video) if video.is_dropping()))
    }

    /// Whether the source of a track said that it is leaving.
    pub fn said_goodbye(&self) -> bool {
        self.tracks.iter().any(|track| track.said_goodbye || track.source.is_gone())
    }

    /// Why no picture has come yet; `None` where one has.
    pub fn not_ready(&mut self) -> Option<NotReady> {
        let sounds = self.tracks.iter().any(|track| !track.is_video() && track.source.ssrc().is_some());
        let track = self.tracks.iter_mut().find(|track| track.is_video())?;
        match &mut track.codec {
            _ if track.begun.is_some() => None,
            Codec::Video(video) if track.source.ssrc().is_some() => Some(video.trouble()),
            _ if sounds => Some(NotReady::OnlySound),
            _ => Some(NotReady::NoMedia),
        }
    }

    /// The longest that packets of a track have waited for others of late: by as much all is later than it might be.
    pub fn held(&self, now: Moment) -> Duration {
        self.tracks.iter().map(|track| track.reorder.held(now)).max().unwrap_or_default()
    }

    /// When [`Self::handle_timeout`] is next due.
    pub fn next_timeout(&self) -> Option<Moment> {
        self.tracks.iter().filter_map(|track| track.reorder.deadline()).min()
    }

    /// Takes the packet whose turn it is.
    fn take(&mut self, index: usize, packet: &RtpPacket<'_>, lost: u64, now: Moment, frames: &mut Vec<Frame>) {
        self.counts.packets += 1;
        self.counts.lost += lost;
        let started = *self.started.get_or_insert(now);
        let track = &mut self.tracks[index];
        let timestamp = track.clock.unwrap(packet.timestamp(), now);
        if !track.clock.is_placed() {
            track.clock.place(timestamp, Ticks90k::from_duration(now.since(started)));
            self.synchronize();
        }
        let known = frames.len();
        let arrival = Ticks90k::from_duration(now.since(started));
        let Track { codec, clock, rate, begun, .. } = &mut self.tracks[index];
        let readable = match codec {
            Codec::Video(video) => {
                let readable = video.take(packet, timestamp, lost, clock, now, frames);
                for frame in &frames[known..] {
                    let Frame::Video(picture) = frame else { continue };
                    if picture.key {
                        self.asked_in_vain = 0;
                    }
                    begun.get_or_insert(now);
                    clock.arrived(picture.dts, arrival);
                }
                readable
            }
            Codec::Audio(audio) => {
                let (readable, newest) = audio.take(packet, timestamp, lost, clock, *rate, frames);
                if let Some(newest) = newest {
                    begun.get_or_insert(now);
                    clock.arrived(clock.time(newest), arrival);
                }
                readable
            }
        };
        self.counts.malformed += u64::from(!readable);
    }

    /// Takes one compound RTCP packet of track `track`; what it says of other sources than the track's means nothing, but
    /// for a goodbye where the packet came from whom the sender said it is (`is_named`): GStreamer's is not its source's.
    pub fn rtcp(&mut self, track: usize, packet: &[u8], is_named: bool, now: Moment) {
        let Some(track) = self.tracks.get_mut(track) else { return };
        let Ok(compound) = Compound::parse(packet) else {
            self.counts.malformed += 1;
            return;
        };
        for part in compound.flatten() {
            match part {
                Packet::Sr(report) => track.take_report(Report {
                    ssrc: report.ssrc(),
                    ntp: report.ntp_timestamp(),
                    timestamp: report.rtp_timestamp(),
                    at: now,
                }),
                Packet::Bye(goodbye) if goodbye.ssrcs().any(|ssrc| track.is_of(ssrc)) => track.source.leaves(),
                Packet::Bye(_) => track.said_goodbye |= is_named,
                _ => {}
            }
        }
        self.synchronize();
    }

    /// Puts the sound in step with the pictures, by reports.
    fn synchronize(&mut self) {
        let (pictures, sounds) = self.by_kind();
        let Some(pictures) = pictures else { return };
        for sound in sounds {
            sound.clock.follow_reports(&pictures.clock);
        }
    }

    /// Lets go of sound that was held back once its place is known: by reports, by arrivals, or because there are no
    /// pictures to be in step with.
    fn settle(&mut self, now: Moment, frames: &mut Vec<Frame>) {
        let (pictures, sounds) = self.by_kind();
        let mut holding = false;
        for sound in sounds {
            let Track { codec: Codec::Audio(audio), clock, begun, .. } = sound else { continue };
            if !audio.is_held() {
                continue;
            }
            let settled = pictures.as_ref().is_none_or(|pictures| {
                let both_since = pictures.begun.and_then(|begun_too| Some(begun_too.max((*begun)?)));
                clock.follow_reports(&pictures.clock)
                    || both_since.is_some_and(|since| now.since(since) >= SETTLING)
                        && clock.follow_arrivals(&pictures.clock)
                    || begun.is_some_and(|since| now.since(since) >= LONGEST_SETTLING)
            });
            if settled {
                audio.let_go(clock, frames);
            }
            holding |= !settled;
        }
        self.holding = holding;
    }

    /// The pictures' track, and the others.
    fn by_kind(&mut self) -> (Option<&mut Track>, impl Iterator<Item = &mut Track>) {
        let (pictures, sounds): (Vec<_>, Vec<_>) = self.tracks.iter_mut().partition(|track| track.is_video());
        (pictures.into_iter().next(), sounds.into_iter())
    }

    /// The receiver report for track `track` (RFC 3550, section 6.4.2), with our name (6.5); empty before its first packet.
    pub fn report(&mut self, track: usize, now: Moment) -> Vec<u8> {
        self.compound(track, false, now)
    }

    /// A request for a key frame (RFC 4585, 6.3.1), and of which track, where pictures are dropped up to the next one, or
    /// somebody else wants one: at most one a second, and ever less often where none comes.
    ///
    /// It is sent whether the sender has offered to listen to it (RFC 4585, 4) or not: what it doesn't know it passes over
    /// (RFC 3550, 6.1).
    pub fn ask_for_key_frame(&mut self, is_wanted: bool, now: Moment) -> Option<(usize, Vec<u8>)> {
        let needs = |track: &Track| match &track.codec {
            Codec::Video(video) => is_wanted || video.is_dropping(),
            Codec::Audio(_) => false,
        };
        let index = self.tracks.iter().position(needs)?;
        let again = (ASK_AGAIN * (1 << self.asked_in_vain.saturating_sub(1).min(5))).min(ASK_AGAIN_MOST);
        if self.asked.is_some_and(|asked| now.since(asked) < again) {
            return None;
        }
        let packet = self.compound(index, true, now);
        if packet.is_empty() {
            return None;
        }
        self.asked = Some(now);
        self.asked_in_vain = self.asked_in_vain.saturating_add(1);
        Some((index, packet))
    }

    /// A report, perhaps with a request for a key frame behind it.
    fn compound(&mut self, track: usize, asks: bool, now: Moment) -> Vec<u8> {
        let Some(track) = self.tracks.get_mut(track) else { return Vec::new() };
        let Some(ssrc) = track.source.ssrc() else { return Vec::new() };
        let highest = track.reorder.highest();
        let block = track.reception.block(highest, now);
        let block = ReportBlock::builder(ssrc)
            .fraction_lost(block.fraction_lost)
            .cumulative_lost(block.cumulative_lost)
            .extended_sequence_number(highest)
            .interarrival_jitter(block.jitter)
            .last_sender_report_timestamp(block.last_report)
            .delay_since_last_sender_report_timestamp(block.delay);
        let name = SdesItem::builder(SdesItem::CNAME, "lareira");
        let report = Compound::builder()
            .add_packet(ReceiverReport::builder(OWN_SSRC).add_report_block(block))
            .add_packet(Sdes::builder().add_chunk(SdesChunk::builder(OWN_SSRC).add_item(name)));
        let loss = Pli::builder();
        let request = PayloadFeedback::builder(&loss).sender_ssrc(OWN_SSRC).media_ssrc(ssrc);
        let report = if asks { report.add_packet(request) } else { report };
        let mut bytes = [0; 64];
        let length = report.write_into(&mut bytes).expect("one block, a short name and a request have 64 bytes");
        bytes[..length].to_vec()
    }

    /// What has been seen so far.
    pub fn counts(&self) -> Counts {
        let dropped = self.tracks.iter().map(|track| match &track.codec {
            Codec::Video(video) => video.dropped(),
            Codec::Audio(_) => 0,
        });
        Counts { dropped_access_units: dropped.sum(), ..self.counts }
    }
}

impl Track {
    fn new(media: &Media, delivery: Delivery) -> Result<Self, RtpError> {
        let codec = match &media.format {
            Format::H264 { parameter_sets } => Codec::Video(Box::new(VideoTrack::new(parameter_sets))),
            sound => Codec::Audio(AudioTrack::new(sound)?),
        };
        Ok(Self {
            payload_type: media.payload_type,
            rate: media.clock_rate.max(1),
            source: Source::default(),
            said_goodbye: false,
            early: None,
            delivery,
            reorder: Reorder::new(delivery),
            clock: TrackClock::new(media.clock_rate),
            reception: Reception::default(),
            codec,
            begun: None,
        })
    }

    /// Whether what is said of `ssrc` is said of this track. Where nobody else can send, it always is.
    fn is_of(&self, ssrc: u32) -> bool {
        self.delivery == Delivery::Reliable || self.source.ssrc() == Some(ssrc)
    }

    fn take_report(&mut self, report: Report) {
        if self.is_of(report.ssrc) {
            self.clock.report(report.ntp, report.timestamp, report.at);
            self.reception.sender_report(report.ntp, report.at);
        } else if self.source.ssrc().is_none() {
            self.early = Some(report);
        }
    }

    fn is_video(&self) -> bool {
        matches!(self.codec, Codec::Video(_))
    }

    /// The sender goes on under another source number (RFC 3550, 8.2): its packets are counted anew.
    fn begin_anew(&mut self) {
        self.said_goodbye = false;
        self.reorder = Reorder::new(self.delivery);
        self.reception = Reception::default();
        self.break_off();
    }

    /// Nothing is known of what lies between what came and what comes.
    fn break_off(&mut self) {
        match &mut self.codec {
            Codec::Video(video) => video.break_off(),
            Codec::Audio(audio) => audio.lost(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use rtcp_types::SenderReport;
    use rtp_types::RtpPacketBuilder;

    use crate::wire::h264::params::tests::{PPS, SPS_360};

    const VIDEO: usize = 0;
    const AUDIO: usize = 1;
    const KEY: &[u8] = &[0x65, 0x88, 1, 2, 3];
    const INTER: &[u8] = &[0x41, 0x9A, 7];
    const SOUND: &[u8] = &[0, 16, 0, 3 << 3, 1, 2, 3];

    fn media() -> Vec<Media> {
        let parameter_sets = vec![Bytes::from_static(SPS_360), Bytes::from_static(PPS)];
        let config = Bytes::from_static(&[0x11, 0x88]);
        vec![
            Media { payload_type: 96, clock_rate: 90_000, format: Format::H264 { parameter_sets } },
            Media {
                payload_type: 97,
                clock_rate: 48_000,
                format: Format::Aac { config, size_length: 13, index_length: 3, index_delta_length: 3 },
            },
        ]
    }

    fn packet(payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        RtpPacketBuilder::<&[u8], &[u8]>::new()
            .payload_type(payload_type)
            .sequence_number(sequence)
            .timestamp(timestamp)
            .ssrc(7)
            .marker_bit(true)
            .payload(payload)
            .write_vec()
            .expect("a small packet")
    }

    fn at_ms(ms: u64) -> Moment {
        Moment(ms * 1000)
    }

    fn pts(frame: &Frame) -> (&'static str, i64) {
        match frame {
            Frame::Video(frame) => ("picture", frame.pts.0),
            Frame::Audio(frame) => ("sound", frame.pts.0),
        }
    }

    #[test]
    fn tracks_share_a_timeline() {
        let mut receiver = Receiver::new(&media(), Delivery::Reliable).expect("good media");
        let mut frames = Vec::new();
        receiver.rtp(VIDEO, &packet(96, 1, 500_000, KEY), at_ms(1000), &mut frames);
        receiver.rtp(AUDIO, &packet(97, 9, 4000, SOUND), at_ms(1010), &mut frames);
        receiver.rtp(AUDIO, &packet(97, 10, 5024, SOUND), at_ms(1031), &mut frames);
        receiver.rtp(VIDEO, &packet(96, 2, 503_000, INTER), at_ms(1033), &mut frames);
        assert_eq!(frames.len(), 2, "the sound's place is not known yet");
        receiver.rtp(VIDEO, &packet(96, 3, 515_000, INTER), at_ms(1166), &mut frames);
        receiver.rtp(AUDIO, &packet(97, 11, 11_168, SOUND), at_ms(1167), &mut frames);
        let times: Vec<_> = frames.iter().map(pts).collect();
        let expected = [
            ("picture", 0),
            ("picture", 3000),
            ("picture", 15_000),
            ("sound", 930),
            ("sound", 2850),
            ("sound", 14_370),
        ];
        assert_eq!(times, expected);
        assert_eq!(receiver.counts(), Counts { packets: 6, ..Counts::default() });
    }

    /// What GStreamer's rtspclientsink sends at first: what has gathered while it connected, all at once.
    #[test]
    fn a_burst_at_the_beginning_moves_nothing() {
        let mut receiver = Receiver::new(&media(), Delivery::Reliable).expect("good media");
        let mut frames = Vec::new();
        let sound = |n: u16| packet(97, n, 1024 * u32::from(n), SOUND);
        receiver.rtp(AUDIO, &sound(0), at_ms(1000), &mut frames);
        receiver.rtp(AUDIO, &sound(1), at_ms(1040), &mut frames);
        receiver.rtp(VIDEO, &packet(96, 0, 0, KEY), at_ms(1040), &mut frames);
        receiver.rtp(VIDEO, &packet(96, 1, 3000, INTER), at_ms(1040), &mut frames);
        for n in 2..10 {
            receiver.rtp(AUDIO, &sound(n), at_ms(1000 + u64::from(n) * 64 / 3), &mut frames);
            receiver.rtp(
                VIDEO,
                &packet(96, n, 3000 * u32::from(n), INTER),
                at_ms(1000 + u64::from(n) * 100 / 3),
                &mut frames,
            );
        }
        let first = |kind: &str| frames.iter().map(pts).find(|(of, _)| *of == kind).expect("some came").1;
        assert!((first("sound") - first("picture")).abs() < 90, "to a millisecond: {}", first("sound"));
    }

    #[test]
    fn reports_let_the_sound_go_at_once() {
        let mut receiver = Receiver::new(&media(), Delivery::Reliable).expect("good media");
        let mut frames = Vec::new();
        let report = |timestamp: u32| {
            let mut bytes = [0; 28];
            let sent = SenderReport::builder(7).ntp_timestamp(100 << 32).rtp_timestamp(timestamp);
            let length = sent.write_into(&mut bytes).expect("a report without blocks has 28 bytes");
            bytes[..length].to_vec()
        };
        receiver.rtp(VIDEO, &packet(96, 1, 500_000, KEY), at_ms(1000), &mut frames);
        receiver.rtp(AUDIO, &packet(97, 1, 4000, SOUND), at_ms(1100), &mut frames);
        receiver.rtcp(VIDEO, &report(500_000), false, at_ms(1100));
        receiver.rtcp(AUDIO, &report(4000), false, at_ms(1100));
        receiver.rtp(AUDIO, &packet(97, 2, 5024, SOUND), at_ms(1110), &mut frames);
        let times: Vec<_> = frames.iter().map(pts).collect();
        assert_eq!(times, [("picture", 0), ("sound", 0), ("sound", 1920)]);
    }

    #[test]
    fn sound_in_latm_is_timed_the_same() {
        let mut media = media();
        media[1].format = Format::Latm { config: Bytes::from_static(&[0x11, 0x88]), units: 2 };
        let mut receiver = Receiver::new(&media[1..], Delivery::Reliable).expect("good media");
        let mut frames = Vec::new();
        receiver.rtp(0, &packet(97, 1, 7000, &[3, 1, 2, 3, 2, 4, 5]), at_ms(0), &mut frames);
        receiver.rtp(0, &packet(97, 2, 9048, &[1, 6]), at_ms(40), &mut frames);
        receiver.rtp(0, &packet(97, 3, 11_096, &[1, 7, 1, 8]), at_ms(80), &mut frames);
        let times: Vec<_> = frames.iter().map(pts).collect();
        assert_eq!(times, [("sound", 0), ("sound", 1920), ("sound", 7680), ("sound", 9600)]);
        assert_eq!(receiver.counts(), Counts { packets: 3, malformed: 1, ..Counts::default() });
    }

    #[test]
    fn a_payload_of_opus_is_a_packet() {
        let media = [Media { payload_type: 97, clock_rate: 48_000, format: Format::Opus }];
        let mut receiver = Receiver::new(&media, Delivery::Reliable).expect("good media");
        let mut frames = Vec::new();
        receiver.rtp(0, &packet(97, 1, 7000, &[0xFC, 1, 2]), at_ms(0), &mut frames);
        receiver.rtp(0, &packet(97, 2, 7960, &[]), at_ms(20), &mut frames);
        receiver.rtp(0, &packet(97, 3, 8920, &[0xFC, 3, 4]), at_ms(40), &mut frames);
        assert_eq!(frames.iter().map(pts).collect::<Vec<_>>(), [("sound", 0), ("sound", 3600)]);
        assert_eq!(receiver.counts(), Counts { packets: 3, malformed: 1, ..Counts::default() });
    }

    #[test]
    fn losses_are_counted_and_sound_goes_on() {
        let mut receiver = Receiver::new(&media(), Delivery::Datagrams).expect("good media");
        let mut frames = Vec::new();
        receiver.rtp(VIDEO, &packet(96, 1, 0, KEY), at_ms(0), &mut frames);
        receiver.rtp(AUDIO, &packet(97, 1, 0, SOUND), at_ms(0), &mut frames);
        receiver.rtp(VIDEO, &packet(96, 3, 6000, INTER), at_ms(66), &mut frames);
        receiver.rtp(AUDIO, &packet(97, 2, 1024, SOUND), at_ms(66), &mut frames);
        assert_eq!(frames.len(), 1, "the third picture waits for the second");
        let deadline = receiver.next_timeout().expect("a packet waits");
        receiver.handle_timeout(deadline, &mut frames);
        let pictures = frames.iter().filter(|frame| pts(frame).0 == "picture").count();
        assert_eq!(pictures, 1, "what builds on a lost picture is dropped");
        receiver.rtp(VIDEO, &packet(96, 4, 9000, KEY), at_ms(140), &mut frames);
        assert_eq!(frames.last().map(pts), Some(("picture", 9000)));
        receiver.rtp(AUDIO, &packet(97, 3, 9600, SOUND), at_ms(200), &mut frames);
        assert_eq!(frames.iter().filter(|frame| pts(frame).0 == "sound").count(), 3);
        let counts = receiver.counts();
        assert_eq!((counts.lost, counts.dropped_access_units), (1, 1));
    }

    #[test]
    fn who_sends_is_asked_for_a_key_frame_once_a_second() {
        let mut receiver = Receiver::new(&media()[..1], Delivery::Datagrams).expect("good media");
        let mut frames = Vec::new();
        assert_eq!(receiver.ask_for_key_frame(true, at_ms(0)), None, "nobody sends yet");
        receiver.rtp(VIDEO, &packet(96, 1, 0, KEY), at_ms(1000), &mut frames);
        assert_eq!(receiver.ask_for_key_frame(false, at_ms(1000)), None);
        receiver.rtp(VIDEO, &packet(96, 3, 6000, INTER), at_ms(1066), &mut frames);
        assert!(!receiver.is_dropping());
        receiver.handle_timeout(at_ms(2000), &mut frames);
        assert!(receiver.is_dropping());
        let (track, packet) = receiver.ask_for_key_frame(false, at_ms(2000)).expect("one was lost");
        assert_eq!(track, VIDEO);
        let compound = Compound::parse(&packet).expect("a compound packet");
        let request = compound.flatten().last().expect("a request");
        let Packet::PayloadFeedback(request) = request else { panic!("{request:?}") };
        assert_eq!((request.media_ssrc(), request.parse_fci::<Pli<'_>>().is_ok()), (7, true));
        assert_eq!(receiver.ask_for_key_frame(false, at_ms(2999)), None);
        assert!(receiver.ask_for_key_frame(false, at_ms(3000)).is_some());
        receiver.rtp(VIDEO, &self::packet(96, 4, 9000, KEY), at_ms(3100), &mut frames);
        assert_eq!(receiver.ask_for_key_frame(false, at_ms(4000)), None, "it has come");
        assert!(receiver.ask_for_key_frame(true, at_ms(4000)).is_some(), "for somebody else");
    }

    /// Pictures of three packets each, 30 a second in groups of 30, over a line on which each packet takes up to `jitter_ms`
    /// longer than another, and some of a thousand are lost. How many pictures are given out, how long packets were held at
    /// most, how many of them are lost, and how many pictures neither lack a part nor build on one that does.
    fn over(jitter_ms: u64, lost_per_mille: u64) -> (usize, u128, u64, usize) {
        let (mut random, mut arrivals) = (1_u64, Vec::new());
        let (mut is_good, mut good) = (true, 0);
        let mut chance = |of: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % of
        };
        for picture in 0..900_u32 {
            let number = (picture % 30 % 16) as u8;
            is_good |= picture % 30 == 0;
            let (header, kind) = if picture % 30 == 0 { (0x65, 0b1000_1000) } else { (0x41, 0b1001_1010) };
            for slice in 0..3_u32 {
                // A first slice says so; then its kind, the sets it uses and the picture's number.
                let payload = match slice {
                    0 => vec![header, kind | number >> 3, number << 5],
                    _ => vec![header, 0x40, 1, 2, 3],
                };
                let mut packet = packet(96, (picture * 3 + slice) as u16, picture * 3000, &payload);
                packet[1] = 96 | u8::from(slice == 2) << 7;
                let at = u64::from(picture) * 33_333 + u64::from(slice) * 200 + chance(jitter_ms * 1000 + 1);
                if chance(1000) >= lost_per_mille {
                    arrivals.push((Moment(at), packet));
                } else {
                    is_good = false;
                }
            }
            good += usize::from(is_good);
        }
        arrivals.sort();
        let mut receiver = Receiver::new(&media()[..1], Delivery::Datagrams).expect("good media");
        let (mut frames, mut now) = (Vec::new(), Moment(0));
        for (at, packet) in arrivals {
            while let Some(due) = receiver.next_timeout().filter(|due| *due <= at) {
                receiver.handle_timeout(due, &mut frames);
            }
            receiver.rtp(VIDEO, &packet, at, &mut frames);
            now = at;
        }
        receiver.handle_end(now, &mut frames);
        (frames.len(), receiver.held(now).as_millis(), receiver.counts().lost, good)
    }

    #[test]
    fn packets_that_come_unevenly_are_waited_for_as_long_as_they_need() {
        assert_eq!(over(0, 0), (900, 0, 0, 900), "whoever keeps the order waits for nobody");
        for jitter_ms in [20, 50, 100, 190] {
            let (pictures, held_ms, lost, _) = over(jitter_ms, 0);
            assert_eq!((pictures, lost), (900, 0), "{jitter_ms} ms");
            assert!(held_ms <= u128::from(jitter_ms) * 5 / 4 + 15, "{jitter_ms} ms: {held_ms}");
        }
        let (pictures, held_ms, ..) = over(320, 0);
        assert!(pictures >= 840 && held_ms <= 400, "it is learnt from what came too late: {pictures}, {held_ms} ms");
        // Each lost packet costs the rest of its group, and no more delay than the line's jitter.
        for lost_per_mille in [10, 50] {
            let (pictures, held_ms, lost, good) = over(50, lost_per_mille);
            assert_eq!(pictures, good);
            assert!(lost > 20 && held_ms < 80, "{lost} lost, {held_ms} ms");
        }
    }

    #[test]
    fn timestamps_that_stand_still_are_replaced() {
        let mut receiver = Receiver::new(&media()[..1], Delivery::Reliable).expect("good media");
        let mut frames = Vec::new();
        for n in 0..3 {
            receiver.rtp(VIDEO, &packet(96, n, 777, KEY), at_ms(u64::from(n) * 40), &mut frames);
        }
        assert_eq!(frames.iter().map(|frame| pts(frame).1).collect::<Vec<_>>(), [0, 3600, 7200]);
    }

    /// A datagram's sender can be anyone who knows the port.
    #[test]
    fn strangers_send_no_pictures_and_say_no_goodbyes() {
        let mut receiver = Receiver::new(&media()[..1], Delivery::Datagrams).expect("good media");
        let mut frames = Vec::new();
        let goodbye = |ssrc: u32| {
            let mut bytes = [0; 40];
            let bye = Compound::builder()
                .add_packet(ReceiverReport::builder(ssrc))
                .add_packet(rtcp_types::Bye::builder().add_source(ssrc));
            let length = bye.write_into(&mut bytes).expect("a short goodbye");
            bytes[..length].to_vec()
        };
        let by = |ssrc: u32, mut packet: Vec<u8>| {
            packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
            packet
        };
        receiver.rtp(VIDEO, &packet(96, 1, 0, KEY), at_ms(0), &mut frames);
        receiver.rtp(VIDEO, &by(9, packet(96, 2, 3000, KEY)), at_ms(10), &mut frames);
        receiver.rtcp(VIDEO, &goodbye(9), false, at_ms(20));
        assert!(!receiver.said_goodbye());
        receiver.rtp(VIDEO, &packet(96, 2, 3000, KEY), at_ms(33), &mut frames);
        assert_eq!((receiver.counts().packets, receiver.counts().lost), (2, 0), "nothing of it was taken");
        // The encoder begins anew, in silence or with a goodbye.
        receiver.rtp(VIDEO, &by(9, packet(96, 700, 90, KEY)), at_ms(1033), &mut frames);
        assert_eq!(receiver.counts().packets, 3);
        receiver.rtcp(VIDEO, &goodbye(9), false, at_ms(1040));
        assert!(receiver.said_goodbye());
        receiver.rtp(VIDEO, &by(11, packet(96, 9, 90, KEY)), at_ms(1050), &mut frames);
        assert_eq!(receiver.counts().packets, 4);
        assert!(!receiver.said_goodbye());
    }

    #[test]
    fn reports_go_back_to_the_sender() {
        let mut receiver = Receiver::new(&media(), Delivery::Reliable).expect("good media");
        assert!(receiver.report(VIDEO, at_ms(0)).is_empty());
        receiver.rtp(VIDEO, &packet(96, 1, 0, KEY), at_ms(0), &mut Vec::new());
        let report = receiver.report(VIDEO, at_ms(5000));
        let compound = Compound::parse(&report).expect("a compound packet");
        let blocks = compound.flatten().find_map(|part| match part {
            Packet::Rr(report) => report.report_blocks().next().map(|block| block.ssrc()),
            _ => None,
        });
        assert_eq!(blocks, Some(7));
    }

    #[test]
    fn who_sends_no_key_frame_is_asked_ever_less_often() {
        let mut receiver = Receiver::new(&media()[..1], Delivery::Reliable).expect("good media");
        let asked = |receiver: &mut Receiver, from_s: u64, to_s: u64| {
            let seconds = from_s..to_s;
            let asked: Vec<_> =
                seconds.filter(|s| receiver.ask_for_key_frame(true, at_ms(s * 1000)).is_some()).collect();
            asked
        };
        receiver.rtp(VIDEO, &packet(96, 1, 0, KEY), at_ms(0), &mut Vec::new());
        assert_eq!(asked(&mut receiver, 1, 130), [1, 2, 4, 8, 16, 32, 62, 92, 122]);
        receiver.rtp(VIDEO, &packet(96, 2, 90_000, KEY), at_ms(130_000), &mut Vec::new());
        assert_eq!(asked(&mut receiver, 130, 137), [130, 131, 133], "it has sent one");
    }

    fn fraction_lost(report: &[u8]) -> Option<u8> {
        Compound::parse(report).expect("a compound packet").flatten().find_map(|part| match part {
            Packet::Rr(report) => report.report_blocks().next().map(|block| block.fraction_lost()),
            _ => None,
        })
    }

    #[test]
    fn packets_that_wait_are_not_reported_as_lost() {
        let mut receiver = Receiver::new(&media()[..1], Delivery::Datagrams).expect("good media");
        let give = |receiver: &mut Receiver, sequence: u16| {
            let packet = packet(96, sequence, u32::from(sequence) * 3000, KEY);
            receiver.rtp(VIDEO, &packet, at_ms(u64::from(sequence)), &mut Vec::new());
        };
        for sequence in [1, 2, 4, 5, 6, 7, 8, 9, 10] {
            give(&mut receiver, sequence);
        }
        assert_eq!(fraction_lost(&receiver.report(VIDEO, at_ms(10))), Some(25), "one of ten");
        // The sender begins anew at a lower number.
        for sequence in [40_000, 40_001, 40_002, 100, 101, 102] {
            give(&mut receiver, sequence);
        }
        assert_eq!(fraction_lost(&receiver.report(VIDEO, at_ms(20))), Some(0));
        assert_eq!(receiver.tracks[VIDEO].reorder.highest(), 102);
    }

    #[test]
    fn sound_that_is_no_aac_is_refused() {
        let mut media = media();
        media[1].format = Format::Aac { config: Bytes::new(), size_length: 13, index_length: 3, index_delta_length: 3 };
        assert_eq!(Receiver::new(&media, Delivery::Reliable).err(), Some(RtpError::BadAudioConfig));
    }

    proptest! {
        #[test]
        fn any_packets_are_answered(
            packets: Vec<(bool, bool, bool, u16, u32, Vec<u8>)>, reliable: bool, units in 0..5u8,
        ) {
            let delivery = if reliable { Delivery::Reliable } else { Delivery::Datagrams };
            let mut media = media();
            if units == 4 {
                media[1].format = Format::Opus;
            } else if units > 0 {
                media[1].format = Format::Latm { config: Bytes::from_static(&[0x11, 0x88]), units };
            }
            let mut receiver = Receiver::new(&media, delivery).expect("good media");
            let mut frames = Vec::new();
            for (n, (audio, raw, control, sequence, timestamp, payload)) in packets.into_iter().enumerate() {
                let track = usize::from(audio);
                let bytes = if raw { payload } else { packet(96 + u8::from(audio), sequence, timestamp, &payload) };
                if control {
                    receiver.rtcp(track, &bytes, false, at_ms(n as u64));
                } else {
                    receiver.rtp(track, &bytes, at_ms(n as u64), &mut frames);
                }
                receiver.report(track, at_ms(n as u64));
            }
            let mut last = None;
            for frame in &frames {
                if let Frame::Video(frame) = frame {
                    prop_assert!(frame.dts <= frame.pts && last.is_none_or(|last| frame.dts > last));
                    last = Some(frame.dts);
                }
            }
        }
    }
}
