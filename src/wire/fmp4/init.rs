//! The init segment of a stream: `ftyp` and `moov` (14496-12, 4.3 and 8.2), with `avcC` (14496-15, 5.3.3), `esds`
//! (14496-14, 5.6) and `dOps` (Encapsulation of Opus in ISO Base Media File Format, 4.3.2).

use bytes::Bytes;

use crate::ground::frame::{AudioCodec, AudioParams, Rotation, VideoParams};
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::{AUDIO_TRACK, BoxWriter, VIDEO_TRACK};
use crate::wire::h264::{kind, nal_type};

/// `flags` of a `tkhd`: enabled, in the movie, in the preview.
const TRACK_ENABLED: u32 = 7;

/// The time units a second of the movie header and of the pictures.
pub(super) const MOVIE_TIMESCALE: u32 = Ticks90k::PER_SECOND as u32;

/// The init segment: what a player needs before the first fragment.
pub fn init_segment(video: &VideoParams, audio: Option<&AudioParams>) -> Bytes {
    let mut out = BoxWriter::with_capacity(1200);
    file_type(&mut out);
    out.boxed(b"moov", |out| {
        movie_header(out, 0);
        let no_samples = |out: &mut BoxWriter| {
            for table in [b"stts", b"stsc", b"stco"] {
                out.full(table, 0, 0, |out| out.u32(0));
            }
            out.full(b"stsz", 0, 0, |out| out.zeros(8));
        };
        video_track(out, &[video], [0, 0], &no_samples, |_| {});
        if let Some(audio) = audio {
            audio_track(out, audio, 0, &no_samples, |_| {});
        }
        out.boxed(b"mvex", |out| {
            track_extends(out, VIDEO_TRACK);
            if audio.is_some() {
                track_extends(out, AUDIO_TRACK);
            }
        });
    });
    out.bytes.into()
}

/// `bytes` inside a `free` box (8.1.2): so a later init segment lies in a recording, and players of the plain file pass it
/// over.
pub fn free_box(bytes: &Bytes) -> Bytes {
    let size = (bytes.len() + 8) as u32;
    [&size.to_be_bytes()[..], b"free", bytes].concat().into()
}

pub(super) fn file_type(out: &mut BoxWriter) {
    out.boxed(b"ftyp", |out| {
        out.put(b"iso6");
        out.u32(0);
        out.put(b"iso6iso5mp41avc1");
    });
}

/// `duration` in ticks; 0 for a stream that grows.
pub(super) fn movie_header(out: &mut BoxWriter, duration: u64) {
    out.full(b"mvhd", 1, 0, |out| {
        out.zeros(16);
        out.u32(MOVIE_TIMESCALE);
        out.u64(duration);
        out.u32(0x0001_0000);
        out.u16(0x0100);
        out.zeros(10);
        matrix(out, Rotation::None, 0, 0);
        out.zeros(24);
        out.u32(AUDIO_TRACK + 1);
    });
}

/// How pictures of this size are turned, and moved back to where they were (14496-12, 6.2.2).
fn matrix(out: &mut BoxWriter, rotation: Rotation, width: u32, height: u32) {
    let turn = rotation.matrix();
    let [back_x, back_y] = [[turn[0], turn[2]], [turn[1], turn[3]]]
        .map(|[of_x, of_y]| (if of_x < 0 { width } else { 0 }) + if of_y < 0 { height } else { 0 });
    for pair in turn.chunks(2) {
        pair.iter().for_each(|value| out.u32((*value << 16) as u32));
        out.u32(0);
    }
    out.u32(back_x << 16);
    out.u32(back_y << 16);
    out.u32(0x4000_0000);
}

/// `picture` are the pictures' parameters, where the track has any.
fn track_header(out: &mut BoxWriter, id: u32, duration: u64, volume: u16, picture: Option<&VideoParams>) {
    let (width, height) = picture.map_or((0, 0), |params| (params.width, params.height));
    out.full(b"tkhd", 1, TRACK_ENABLED, |out| {
        out.zeros(16);
        out.u32(id);
        out.u32(0);
        out.u64(duration);
        out.zeros(8);
        out.u16(0);
        out.u16(0);
        out.u16(volume);
        out.u16(0);
        matrix(out, picture.map_or(Rotation::None, |params| params.rotation), width, height);
        out.u32(width << 16);
        out.u32(height << 16);
    });
}

/// `mdhd` and `hdlr`; durations in `timescale` units.
fn media_header(out: &mut BoxWriter, timescale: u32, duration: u64, handler: &[u8; 4], name: &[u8]) {
    out.full(b"mdhd", 1, 0, |out| {
        out.zeros(16);
        out.u32(timescale);
        out.u64(duration);
        out.u16(0x55C4);
        out.u16(0);
    });
    out.full(b"hdlr", 0, 0, |out| {
        out.u32(0);
        out.put(handler);
        out.zeros(12);
        out.put(name);
        out.u8(0);
    });
}

fn data_information(out: &mut BoxWriter) {
    out.boxed(b"dinf", |out| {
        out.full(b"dref", 0, 0, |out| {
            out.u32(1);
            out.full(b"url ", 0, 1, |_| {});
        });
    });
}

/// The track of the pictures: a sample description for each of `all`; `tables` writes the sample tables, `edits` what
/// stands between header and media. How long its media are, and how long they are shown, in ticks.
pub(super) fn video_track(
    out: &mut BoxWriter,
    all: &[&VideoParams],
    [duration, shown]: [u64; 2],
    tables: &dyn Fn(&mut BoxWriter),
    edits: impl FnOnce(&mut BoxWriter),
) {
    out.boxed(b"trak", |out| {
        track_header(out, VIDEO_TRACK, shown, 0, all.first().copied());
        edits(out);
        out.boxed(b"mdia", |out| {
            media_header(out, MOVIE_TIMESCALE, duration, b"vide", b"Pictures");
            out.boxed(b"minf", |out| {
                out.full(b"vmhd", 0, 1, |out| out.zeros(8));
                data_information(out);
                out.boxed(b"stbl", |out| {
                    out.full(b"stsd", 0, 0, |out| {
                        out.u32(all.len() as u32);
                        all.iter().for_each(|params| avc_entry(out, params));
                    });
                    tables(out);
                });
            });
        });
    });
}

/// The track of the sound; `duration` in samples.
pub(super) fn audio_track(
    out: &mut BoxWriter,
    params: &AudioParams,
    duration: u64,
    tables: &dyn Fn(&mut BoxWriter),
    edits: impl FnOnce(&mut BoxWriter),
) {
    let movie_duration = Ticks90k::from_units(duration as i64, params.sample_rate).0 as u64;
    out.boxed(b"trak", |out| {
        track_header(out, AUDIO_TRACK, movie_duration, 0x0100, None);
        edits(out);
        out.boxed(b"mdia", |out| {
            media_header(out, params.sample_rate, duration, b"soun", b"Sound");
            out.boxed(b"minf", |out| {
                out.full(b"smhd", 0, 0, |out| out.zeros(4));
                data_information(out);
                out.boxed(b"stbl", |out| {
                    out.full(b"stsd", 0, 0, |out| {
                        out.u32(1);
                        match &params.codec {
                            AudioCodec::Aac { config, .. } => aac_entry(out, params, config),
                            AudioCodec::Opus { pre_skip } => opus_entry(out, params, *pre_skip),
                        }
                    });
                    tables(out);
                });
            });
        });
    });
}

fn track_extends(out: &mut BoxWriter, id: u32) {
    out.full(b"trex", 0, 0, |out| {
        out.u32(id);
        out.u32(1);
        out.zeros(12);
    });
}

fn avc_entry(out: &mut BoxWriter, params: &VideoParams) {
    out.boxed(b"avc1", |out| {
        out.zeros(6);
        out.u16(1);
        out.zeros(16);
        out.u16(params.width as u16);
        out.u16(params.height as u16);
        out.u32(0x0048_0000);
        out.u32(0x0048_0000);
        out.u32(0);
        out.u16(1);
        out.zeros(32);
        out.u16(0x0018);
        out.u16(0xFFFF);
        out.boxed(b"avcC", |out| avc_configuration(out, params));
    });
}

fn avc_configuration(out: &mut BoxWriter, params: &VideoParams) {
    out.u8(1);
    out.put(&params.sps[1..4]);
    out.u8(0xFC | 3);
    let others = |wanted| params.others.iter().filter(move |set| set.first().is_some_and(|head| kind(*head) == wanted));
    let sps: Vec<_> = std::iter::once(&params.sps).chain(others(nal_type::SPS)).collect();
    let pps: Vec<_> = params.pps.iter().chain(others(nal_type::PPS)).collect();
    // So many can be counted here (14496-15, 5.3.3.1.2); the standard has no more ids of SPS either.
    for (sets, head, most) in [(sps, 0xE0, 31), (pps, 0, 255)] {
        out.u8(head | sets.len().min(most) as u8);
        for set in sets.into_iter().take(most) {
            out.u16(set.len() as u16);
            out.put(set);
        }
    }
    if !matches!(params.sps[1], 66 | 77 | 88) {
        // 4:2:0 with 8 bits; other High streams never get here, because they are not shown (14496-15, 5.3.3.1.2).
        out.put(&[0xFC | 1, 0xF8, 0xF8, 0]);
    }
}

/// What every sample entry of sound begins with (14496-12, 12.2.3).
fn sound_entry(out: &mut BoxWriter, params: &AudioParams) {
    out.zeros(6);
    out.u16(1);
    out.zeros(8);
    out.u16(u16::from(params.channels));
    out.u16(16);
    out.u32(0);
    out.u32(u32::from(params.sample_rate as u16) << 16);
}

fn opus_entry(out: &mut BoxWriter, params: &AudioParams, pre_skip: u16) {
    out.boxed(b"Opus", |out| {
        sound_entry(out, params);
        out.boxed(b"dOps", |out| {
            out.u8(0);
            out.u8(params.channels);
            out.u16(pre_skip);
            out.u32(params.sample_rate);
            // No gain, and the channels as they are (RFC 7845, section 5.1.1.1).
            out.u16(0);
            out.u8(0);
        });
    });
}

fn aac_entry(out: &mut BoxWriter, params: &AudioParams, config: &[u8]) {
    out.boxed(b"mp4a", |out| {
        sound_entry(out, params);
        out.full(b"esds", 0, 0, |out| {
            let length = config.len();
            descriptor(out, 3, 3 + 5 + 13 + 5 + length + 5 + 1);
            out.u16(0);
            out.u8(0);
            descriptor(out, 4, 13 + 5 + length);
            out.u8(0x40);
            out.u8(0x15);
            out.zeros(11);
            descriptor(out, 5, length);
            out.put(config);
            descriptor(out, 6, 1);
            out.u8(2);
        });
    });
}

/// A descriptor's tag and length, in the four-byte form that old players want.
fn descriptor(out: &mut BoxWriter, tag: u8, length: usize) {
    out.u8(tag);
    for shift in [21, 14, 7] {
        out.u8((length >> shift) as u8 & 0x7F | 0x80);
    }
    out.u8(length as u8 & 0x7F);
}
