//! One fragment: `prft`, `moof` and `mdat` (14496-12, 8.16.5, 8.8 and 8.1.1).

use bytes::Bytes;

use crate::ground::time::UnixMs;
use crate::wire::fmp4::{AUDIO_TRACK, BoxWriter, VIDEO_TRACK};

/// `sample_flags` of a picture that needs no other (14496-12, 8.8.3.1).
pub(super) const KEY_SAMPLE: u32 = 0x0200_0000;
/// `sample_flags` of a picture that needs others.
const OTHER_SAMPLE: u32 = 0x0101_0000;
/// `tf_flags`: addresses count from the `moof`.
const BASE_IS_MOOF: u32 = 0x02_0000;
/// `tf_flags`: it is said what a sample usually takes (14496-12, 8.8.7).
pub(super) const USUAL_DURATION: u32 = 8;
/// Room for `prft`, `moof` and the `mdat` header with a picture and a few pieces of sound.
const HEADER_BYTES: usize = 256;

/// One picture of a fragment; times in ticks.
#[derive(Debug)]
pub struct VideoSample<'a> {
    /// Decoding time.
    pub decode_time: u64,
    /// How long it is shown.
    pub duration: u32,
    /// What a picture usually takes: by this it was chosen what is promised of the stream's segments, once it was.
    pub usual_duration: Option<u32>,
    /// From decoding to showing.
    pub composition_offset: u32,
    /// Whether decoding can start here.
    pub key: bool,
    /// The access unit, NAL units behind their lengths.
    pub data: &'a [u8],
}

/// Consecutive pieces of sound; times in samples.
#[derive(Debug, Default)]
pub struct AudioRun {
    /// Time of the first.
    pub decode_time: u64,
    /// Duration and bytes of each.
    pub samples: Vec<(u32, Bytes)>,
}

/// When a fragment's first sample was there: in NTP's 32.32 fixed-point seconds (RFC 5905, section 6).
#[derive(Clone, Copy, Debug)]
pub struct ReferenceTime(pub u64);

/// Seconds from NTP's epoch (1900) to Unix's (RFC 5905, figure 4).
const NTP_TO_UNIX_S: i64 = 2_208_988_800;

impl ReferenceTime {
    /// At this date.
    pub fn at(date: UnixMs) -> Self {
        let ms = (date.0 + NTP_TO_UNIX_S * 1000).max(0) as u64;
        Self(((ms / 1000) << 32) | (((ms % 1000) << 32) / 1000))
    }
}

/// Writes a fragment of at most one picture and the sound that goes with it.
pub fn fragment(sequence: u32, reference: ReferenceTime, video: Option<&VideoSample<'_>>, audio: &AudioRun) -> Bytes {
    let sound_bytes: usize = audio.samples.iter().map(|(_, data)| data.len()).sum();
    let picture_bytes = video.map_or(0, |video| video.data.len());
    let mut out = BoxWriter::with_capacity(HEADER_BYTES + 8 * audio.samples.len() + picture_bytes + sound_bytes);
    let (track, time) = video.map_or((AUDIO_TRACK, audio.decode_time), |video| (VIDEO_TRACK, video.decode_time));
    out.full(b"prft", 1, 0, |out| {
        out.u32(track);
        out.u64(reference.0);
        out.u64(time);
    });
    let moof = out.bytes.len();
    let mut offset_fields = [None, None];
    out.boxed(b"moof", |out| {
        out.full(b"mfhd", 0, 0, |out| out.u32(sequence));
        if let Some(video) = video {
            out.boxed(b"traf", |out| {
                track_fragment(out, VIDEO_TRACK, video.decode_time, video.usual_duration);
                out.full(b"trun", 0, 0x0F01, |out| {
                    out.u32(1);
                    offset_fields[0] = Some(out.bytes.len());
                    out.u32(0);
                    out.u32(video.duration);
                    out.u32(video.data.len() as u32);
                    out.u32(if video.key { KEY_SAMPLE } else { OTHER_SAMPLE });
                    out.u32(video.composition_offset);
                });
            });
        }
        if !audio.samples.is_empty() {
            out.boxed(b"traf", |out| {
                track_fragment(out, AUDIO_TRACK, audio.decode_time, None);
                out.full(b"trun", 0, 0x0301, |out| {
                    out.u32(audio.samples.len() as u32);
                    offset_fields[1] = Some(out.bytes.len());
                    out.u32(0);
                    for (duration, data) in &audio.samples {
                        out.u32(*duration);
                        out.u32(data.len() as u32);
                    }
                });
            });
        }
    });
    let data = out.bytes.len() + 8 - moof;
    for (field, offset) in offset_fields.into_iter().zip([data, data + picture_bytes]) {
        if let Some(field) = field {
            out.bytes[field..field + 4].copy_from_slice(&(offset as u32).to_be_bytes());
        }
    }
    out.boxed(b"mdat", |out| {
        if let Some(video) = video {
            out.put(video.data);
        }
        audio.samples.iter().for_each(|(_, data)| out.put(data));
    });
    out.bytes.into()
}

/// Bytes of a fragment without its media: of a picture or none, with so many pieces of sound, nothing being said of what
/// is usual.
pub fn fragment_bytes(picture: bool, sounds: usize) -> u64 {
    const PRFT_MFHD_MDAT: u64 = 32 + 8 + 16 + 8;
    const TRACK: u64 = 8 + 16 + 20;
    let sound = if sounds == 0 { 0 } else { TRACK + 20 + 8 * sounds as u64 };
    PRFT_MFHD_MDAT + if picture { TRACK + 36 } else { 0 } + sound
}

fn track_fragment(out: &mut BoxWriter, track: u32, decode_time: u64, usual_duration: Option<u32>) {
    let flags = BASE_IS_MOOF | usual_duration.map_or(0, |_| USUAL_DURATION);
    out.full(b"tfhd", 0, flags, |out| {
        out.u32(track);
        if let Some(duration) = usual_duration {
            out.u32(duration);
        }
    });
    out.full(b"tfdt", 1, 0, |out| out.u64(decode_time));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_are_as_large_as_is_said() {
        for (picture, sounds) in [(true, 0), (true, 1), (true, 7), (false, 1), (false, 50)] {
            let sample = VideoSample {
                decode_time: 1,
                duration: 3000,
                usual_duration: None,
                composition_offset: 0,
                key: true,
                data: &[1, 2, 3],
            };
            let samples = vec![(1024, Bytes::from_static(&[4, 5])); sounds];
            let run = AudioRun { decode_time: 1, samples };
            let bytes = fragment(1, ReferenceTime(0), picture.then_some(&sample), &run).len() as u64;
            assert_eq!(bytes, fragment_bytes(picture, sounds) + if picture { 3 } else { 0 } + 2 * sounds as u64);
        }
    }
}
