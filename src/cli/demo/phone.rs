//! The built-in phone's life: connect, publish, connect again when the connection is lost, until told to stop.
//!
//! One thread draws, encodes and sends; a second only reads what the server says. No async: it stands for a device that
//! is not part of the gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::PhoneError;
use super::canvas::{HEIGHT, WIDTH};
use super::packet::{Packets, ntp};
use super::picture::TestPicture;
use super::rtsp::Session;
use super::timeline::{FRAME_RATE, Timeline, Unit};
use super::tone::{self, Tone};
use crate::codec::{Encoder, EncoderSettings};
use crate::ground::crypto::fill_random;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::wire::rtsp::client::Address;
use crate::wire::rtsp::interleave;

/// Bits a second of the pictures.
const BITS_PER_SECOND: u32 = 2_500_000;
/// How long after a loss the phone connects again, and how often it lets itself be refused then: the server may not have
/// noticed the loss yet.
const RETRY: Duration = Duration::from_secs(1);
const REFUSALS: u32 = 10;
/// How often reports put picture and sound on one clock (RFC 3550, section 6.2).
const REPORTS: Duration = Duration::from_secs(5);

/// Payload types and channels of the two tracks.
const VIDEO: (u8, u8) = (96, 0);
const AUDIO: (u8, u8) = (97, 2);

/// A phone that publishes the test picture. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Phone {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), PhoneError>>>,
}

impl Phone {
    /// Starts publishing to `rtsp_url`, for ever or for so many seconds from the first picture on.
    pub fn start(rtsp_url: &str, seconds: Option<u64>) -> Result<Self, PhoneError> {
        let address = Address::parse(rtsp_url).ok_or(PhoneError::BadAddress)?;
        let stop = Arc::new(AtomicBool::new(false));
        let life = Life { address, duration: seconds.map(Duration::from_secs), stop: Arc::clone(&stop) };
        let thread = thread::Builder::new().name("demo-phone".to_owned()).spawn(move || life.run());
        Ok(Self { stop, thread: Some(thread.map_err(PhoneError::lost)?) })
    }

    /// Asks the phone to end its stream in order.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Whether the phone has stopped, for whatever reason.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the phone has stopped, and says why it did if it was not asked to.
    pub fn wait(mut self) -> Result<(), PhoneError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or(Err(PhoneError::Protocol("the phone's thread panicked")))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the phone's thread was told.
struct Life {
    address: Address,
    duration: Option<Duration>,
    stop: Arc<AtomicBool>,
}

impl Life {
    fn run(self) -> Result<(), PhoneError> {
        let mut camera = Camera::new()?;
        let sdp = sdp(&camera.parameter_sets);
        let mut first_picture = None;
        let mut refusals = 0;
        while !self.is_over(first_picture) {
            let problem = match Session::open(&self.address, &sdp, 2) {
                Ok(mut session) => {
                    log::info!("demo phone: publishing");
                    refusals = 0;
                    let since = *first_picture.get_or_insert_with(Instant::now);
                    match self.publish(&mut camera, &mut session, since) {
                        Ok(()) => {
                            session.tear_down();
                            log::info!("demo phone: stopped");
                            return Ok(());
                        }
                        Err(problem) => problem,
                    }
                }
                Err(problem) => problem,
            };
            if let PhoneError::Refused { .. } = problem {
                refusals += 1;
                if first_picture.is_none() || refusals > REFUSALS {
                    return Err(problem);
                }
            }
            if matches!(problem, PhoneError::Codec(_)) {
                return Err(problem);
            }
            log::warn!("demo phone: {problem}; connecting again");
            self.wait_until(Instant::now() + RETRY);
        }
        Ok(())
    }

    fn is_over(&self, first_picture: Option<Instant>) -> bool {
        let over = |(since, duration): (Instant, Duration)| since.elapsed() >= duration;
        self.stop.load(Ordering::Relaxed) || first_picture.zip(self.duration).is_some_and(over)
    }

    /// Sleeps; true if the phone was told to stop meanwhile.
    fn wait_until(&self, moment: Instant) -> bool {
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if self.stop.load(Ordering::Relaxed) || left.is_zero() {
                return self.stop.load(Ordering::Relaxed);
            }
            thread::park_timeout(left);
        }
    }

    /// Sends pictures and sound until the phone is told to stop or its time is over.
    fn publish(&self, camera: &mut Camera, session: &mut Session, since: Instant) -> Result<(), PhoneError> {
        let mut tracks = Tracks::new();
        let start = Instant::now();
        let mut timeline = Timeline::new(unix_us());
        let mut buffer = Vec::with_capacity(64 * 1024);
        let (mut next_report, mut next_sign_of_life) = (Duration::ZERO, session.keep_alive);
        camera.encoder.force_key();
        loop {
            let (due, unit) = timeline.next(start.elapsed());
            if self.wait_until(start + due) || self.is_over(Some(since)) {
                return Ok(());
            }
            if session.is_closed() {
                return Err(PhoneError::lost(std::io::ErrorKind::ConnectionReset.into()));
            }
            buffer.clear();
            let now = start.elapsed();
            if now >= next_report {
                tracks.report(&timeline, now, &mut buffer);
                next_report = now + REPORTS;
            }
            match unit {
                Unit::Picture { timestamp } => tracks.picture(&camera.shoot()?, timestamp, &mut buffer),
                Unit::Sound { number, timestamp } => tracks.sound(camera.tone.frame(number), timestamp, &mut buffer),
            }
            session.send(&buffer)?;
            if now >= next_sign_of_life {
                session.keep_alive()?;
                next_sign_of_life = now + session.keep_alive;
            }
        }
    }
}

/// What the phone sees and hears.
struct Camera {
    picture: TestPicture,
    encoder: Encoder,
    tone: Tone,
    parameter_sets: Vec<Bytes>,
    switched_on: Instant,
}

impl Camera {
    /// Takes one picture at once: the parameter sets are needed before anything is published.
    fn new() -> Result<Self, PhoneError> {
        let settings = EncoderSettings {
            width: WIDTH,
            height: HEIGHT,
            frame_rate: FRAME_RATE as f32,
            bits_per_second: BITS_PER_SECOND,
            key_interval: FRAME_RATE,
        };
        let mut camera = Self {
            picture: TestPicture::default(),
            encoder: Encoder::new(settings).map_err(PhoneError::Codec)?,
            tone: Tone::new(),
            parameter_sets: Vec::new(),
            switched_on: Instant::now(),
        };
        let nals = camera.shoot()?;
        camera.parameter_sets = nals.into_iter().filter(|nal| matches!(nal[0] & 0x1f, 7 | 8)).collect();
        Ok(camera)
    }

    /// NAL units of the picture of this moment.
    fn shoot(&mut self) -> Result<Vec<Bytes>, PhoneError> {
        let picture = self.picture.draw(UnixMs((unix_us() / 1000) as i64));
        let pts = Ticks90k::from_duration(self.switched_on.elapsed());
        Ok(self.encoder.encode(picture, pts).map_err(PhoneError::Codec)?.nals)
    }
}

/// The two tracks of one publishing, with timestamps that start anywhere (RFC 3550, section 5.1).
struct Tracks {
    video: Packets,
    audio: Packets,
    video_offset: u32,
    audio_offset: u32,
}

impl Tracks {
    fn new() -> Self {
        let mut random = [0; 20];
        fill_random(&mut random);
        let [a, b, c, d, e] =
            std::array::from_fn(|i| u32::from_be_bytes([0, 1, 2, 3].map(|byte| random[i * 4 + byte])));
        Self {
            video: Packets::new(VIDEO.0, a, e as u16),
            audio: Packets::new(AUDIO.0, b, (e >> 16) as u16),
            video_offset: c,
            audio_offset: d,
        }
    }

    fn picture(&mut self, nals: &[Bytes], timestamp: u32, buffer: &mut Vec<u8>) {
        for packet in self.video.h264(nals, timestamp.wrapping_add(self.video_offset)) {
            interleave(VIDEO.1, &[&packet], buffer);
        }
    }

    fn sound(&mut self, frame: &[u8], timestamp: u32, buffer: &mut Vec<u8>) {
        let packet = self.audio.aac(frame, timestamp.wrapping_add(self.audio_offset));
        interleave(AUDIO.1, &[&packet], buffer);
    }

    fn report(&self, timeline: &Timeline, now: Duration, buffer: &mut Vec<u8>) {
        let ntp = ntp(timeline.date_us(now));
        let video = Timeline::picture_timestamp(now).wrapping_add(self.video_offset);
        let audio = timeline.sound_timestamp(now).wrapping_add(self.audio_offset);
        interleave(VIDEO.1 + 1, &[&self.video.sender_report(ntp, video)], buffer);
        interleave(AUDIO.1 + 1, &[&self.audio.sender_report(ntp, audio)], buffer);
    }
}

/// Microseconds since 1970 by the system's clock.
fn unix_us() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |date| date.as_micros() as u64)
}

/// The description of both tracks (RFC 4566; RFC 6184, section 8.2.1; RFC 3640, section 4.1).
fn sdp(parameter_sets: &[Bytes]) -> String {
    let sets: Vec<String> = parameter_sets.iter().map(|set| STANDARD.encode(set)).collect();
    let sps = parameter_sets.first().map_or(&[][..], |sps| sps);
    let level: String = sps.iter().skip(1).take(3).map(|byte| format!("{byte:02X}")).collect();
    let config: String = tone::CONFIG.iter().map(|byte| format!("{byte:02X}")).collect();
    let ((video, _), (audio, _), rate) = (VIDEO, AUDIO, tone::SAMPLE_RATE);
    [
        "v=0".to_owned(),
        "o=- 0 0 IN IP4 127.0.0.1".to_owned(),
        "s=Lareira demo".to_owned(),
        "c=IN IP4 0.0.0.0".to_owned(),
        "t=0 0".to_owned(),
        format!("m=video 0 RTP/AVP {video}"),
        format!("a=rtpmap:{video} H264/90000"),
        format!(
            "a=fmtp:{video} packetization-mode=1; sprop-parameter-sets={}; profile-level-id={level}",
            sets.join(",")
        ),
        "a=control:streamid=0".to_owned(),
        format!("m=audio 0 RTP/AVP {audio}"),
        format!("a=rtpmap:{audio} MPEG4-GENERIC/{rate}/1"),
        format!(
            "a=fmtp:{audio} profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config={config}"
        ),
        "a=control:streamid=1".to_owned(),
    ]
    .map(|line| line + "\r\n")
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::frame::Frame;
    use crate::ground::time::Moment;
    use crate::wire::rtp::{Delivery, Format, Media, Receiver};

    /// Takes the interleaved packets of `stream` to the receiver the gateway has.
    fn receive(receiver: &mut Receiver, stream: &[u8], now: Moment, frames: &mut Vec<Frame>) {
        let mut rest = stream;
        while let [b'$', channel, high, low, after @ ..] = rest {
            let (packet, next) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            let track = usize::from(channel / 2);
            if channel % 2 == 0 {
                receiver.rtp(track, packet, now, frames)
            } else {
                receiver.rtcp(track, packet, true, now)
            }
            rest = next;
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn the_gateway_receives_both_tracks_in_step() {
        let mut camera = Camera::new().expect("a camera");
        camera.encoder.force_key();
        let media = [
            Media { payload_type: 96, clock_rate: 90_000, format: Format::H264 { parameter_sets: Vec::new() } },
            Media {
                payload_type: 97,
                clock_rate: 48_000,
                format: Format::Aac {
                    config: Bytes::from_static(&tone::CONFIG),
                    size_length: 13,
                    index_length: 3,
                    index_delta_length: 3,
                },
            },
        ];
        let mut receiver = Receiver::new(&media, Delivery::Reliable).expect("good media");
        let (mut timeline, mut tracks) = (Timeline::new(1_767_323_045_678_901), Tracks::new());
        let (mut frames, mut buffer) = (Vec::new(), Vec::new());
        tracks.report(&timeline, Duration::ZERO, &mut buffer);
        let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
        while pictures.len() < 12 {
            let (due, unit) = timeline.next(Duration::ZERO);
            match unit {
                Unit::Picture { timestamp } => {
                    pictures.push(due);
                    tracks.picture(&camera.shoot().expect("a picture"), timestamp, &mut buffer);
                }
                Unit::Sound { number, timestamp } => {
                    sounds.push(due);
                    tracks.sound(camera.tone.frame(number), timestamp, &mut buffer);
                }
            }
            receive(&mut receiver, &buffer, Moment(0) + due, &mut frames);
            buffer.clear();
        }
        assert_eq!(receiver.counts().malformed + receiver.counts().lost, 0);
        let (mut video, mut audio) = (Vec::new(), Vec::new());
        for frame in &frames {
            match frame {
                Frame::Video(frame) => video.push((frame.pts, frame.key)),
                Frame::Audio(frame) => audio.push(frame.pts),
            }
        }
        assert!(video.len() >= 11 && video[0].1, "{video:?}");
        assert!(audio.len() >= sounds.len() - 1);
        let zero = video[0].0 - Ticks90k::from_duration(pictures[0]);
        for ((pts, _), due) in video.iter().zip(&pictures) {
            assert!(((*pts - zero) - Ticks90k::from_duration(*due)).0.abs() <= 2, "a picture at {pts:?}");
        }
        for (pts, due) in audio.iter().zip(&sounds) {
            assert!(((*pts - zero) - Ticks90k::from_duration(*due)).0.abs() <= 90, "sound at {pts:?}, due {due:?}");
        }
    }

    #[test]
    fn the_description_is_one_that_others_can_read() {
        let sets = [Bytes::from_static(&[0x67, 0x42, 0xc0, 0x1f, 1]), Bytes::from_static(&[0x68, 2])];
        let text = sdp(&sets);
        let session = sdp_types::Session::parse(text.as_bytes()).expect("an SDP");
        assert_eq!(session.medias.len(), 2);
        assert!(text.contains("sprop-parameter-sets=Z0LAHwE=,aAI=; profile-level-id=42C01F\r\n"), "{text}");
        assert!(text.contains("config=1188\r\n"), "{text}");
    }
}
