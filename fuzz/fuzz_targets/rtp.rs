//! Packets into frames (RFC 3550, 6184, 3640, 6416, 7587): any packets at any time, over a line that is reliable or not.
//!
//! The input is a row of packets: a byte of flags (track, RTP or RTCP), a byte of time, two bytes of length, the packet.
#![no_main]

use lareira::ground::frame::Frame;
use lareira::ground::time::{Moment, Ticks90k};
use lareira::wire::rtp::{Delivery, Format, Media, Receiver};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first() else { return };
    let delivery = if first & 1 == 0 { Delivery::Reliable } else { Delivery::Datagrams };
    let video = Media { payload_type: 96, clock_rate: 90_000, format: Format::H264 { parameter_sets: Vec::new() } };
    let config = vec![0x11, 0x88].into();
    let format = match first & 6 {
        4 => Format::Opus,
        0 => Format::Aac { config, size_length: 13, index_length: 3, index_delta_length: 3 },
        _ => Format::Latm { config, units: 1 + (first >> 6) },
    };
    let audio = Media { payload_type: 97, clock_rate: 48_000, format };
    let Ok(mut receiver) = Receiver::new(&[video, audio], delivery) else { return };

    let (mut now, mut frames, mut last_dts) = (Moment(0), Vec::new(), None::<Ticks90k>);
    while let [flags, time, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (packet, after) = after.split_at(length);
        rest = after;
        now.0 += u64::from(*time) * 500;
        if receiver.next_timeout().is_some_and(|due| due <= now) {
            receiver.handle_timeout(now, &mut frames);
        }
        let track = usize::from(flags & 1);
        match flags & 2 {
            0 => receiver.rtp(track, packet, now, &mut frames),
            _ => receiver.rtcp(track, packet, flags & 8 == 0, now),
        }
        if flags & 4 != 0 {
            receiver.report(track, now);
        }
        for frame in frames.drain(..) {
            if let Frame::Video(frame) = frame {
                assert!(frame.dts <= frame.pts, "shown before it is decoded");
                assert!(last_dts.is_none_or(|last| last < frame.dts), "decoding goes back in time");
                assert!(!frame.params.pps.is_empty() && frame.params.width > 0, "a frame without parameters");
                last_dts = Some(frame.dts);
            }
        }
    }
});
