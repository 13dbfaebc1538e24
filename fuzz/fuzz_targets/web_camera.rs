//! A camera's WebSocket (RFC 6455, `docs/publish-websocket.md`): any bytes, in any portions, up to frames.
//!
//! The first byte tells how much comes at once, the second how much time passes between. The third chooses: bytes of a
//! WebSocket, or messages without one (a byte of kind, two bytes of length, the message), which get further.
#![no_main]

use lareira::ground::frame::Frame;
use lareira::ground::limits;
use lareira::ground::time::{Moment, Ticks90k};
use lareira::wire::web_camera::{Event, Session, WebCameraError};
use lareira::wire::websocket::{Codec, Message};
use libfuzzer_sys::fuzz_target;

struct Camera {
    session: Session,
    frames: Vec<Frame>,
    last: Option<Ticks90k>,
}

impl Camera {
    fn take(&mut self, message: &Message, now: Moment) -> Result<(), WebCameraError> {
        let event = match message {
            Message::Text(text) => Some(self.session.text(text)?),
            Message::Binary(bytes) => self.session.binary(bytes, now, &mut self.frames)?,
        };
        if matches!(event, Some(Event::StartFile | Event::Start(_))) {
            self.session.opened(now);
        }
        for frame in self.frames.drain(..) {
            if let Frame::Video(picture) = frame {
                assert!(picture.key || self.last.is_some(), "the first picture is no key frame");
                assert!(picture.dts <= picture.pts && self.last < Some(picture.dts), "time goes back");
                assert!(!picture.params.pps.is_empty() && picture.params.width > 0, "a picture without parameters");
                self.last = Some(picture.dts);
            }
        }
        for said in self.session.said(now, false, || 1) {
            assert!(said.text().starts_with('{'));
        }
        let _ = self.session.overdue(now);
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let [portion, pause, framed, bytes @ ..] = data else { return };
    let mut now = Moment(0);
    let mut camera = Camera { session: Session::new(now), frames: Vec::new(), last: None };
    let pass = |now: &mut Moment| now.0 += u64::from(*pause) * 1000;
    if framed & 1 == 0 {
        let mut codec = Codec::new(limits::WEB_CAMERA_MESSAGE_BYTES);
        for part in bytes.chunks(1 + usize::from(*portion)) {
            pass(&mut now);
            codec.feed(part);
            loop {
                match codec.message() {
                    Ok(Some(message)) if camera.take(&message, now).is_ok() => {}
                    Ok(None) => break,
                    Ok(Some(_)) | Err(_) => {
                        codec.close(1002);
                        assert!(codec.output().len() < 1 << 20);
                        return;
                    }
                }
            }
            codec.output().clear();
        }
        return;
    }
    let mut rest = bytes;
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (message, after) = after.split_at(length);
        rest = after;
        pass(&mut now);
        let message = match kind & 1 {
            0 => Message::Binary(message.to_vec().into()),
            _ => Message::Text(String::from_utf8_lossy(message).into_owned()),
        };
        // A real session ends at the first error; the core stands further messages all the same.
        let _ = camera.take(&message, now);
    }
});
