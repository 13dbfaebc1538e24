//! The texts of web camera and gateway: JSON objects with a `type`.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ground::frame::AudioParams;
use crate::ground::id::ShareId;
use crate::ground::not_ready::NotReady;
use crate::wire::aac::parse_config;
use crate::wire::opus;
use crate::wire::web_camera::WebCameraError;

/// The version that is spoken.
const VERSION: u64 = 1;
/// Characters of a codec's name that are told back.
const NAME_CHARS: usize = 60;
/// Base64 as browsers write it, with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a web camera says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It will send this; its times count from so many microseconds since 1970, where it says so.
    Start(Carried, Option<i64>),
    /// It is over.
    End,
}

/// What a web camera will send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    /// Pictures one by one, with this sound.
    Frames(Option<Arc<AudioParams>>),
    /// The pieces of an MP4 file, which tells itself what is in it.
    File,
}

#[derive(Deserialize)]
struct Start {
    epoch_us: Option<i64>,
    container: Option<String>,
    video: Option<Video>,
    audio: Option<Audio>,
}

#[derive(Deserialize)]
struct Video {
    codec: String,
}

#[derive(Deserialize)]
struct Audio {
    codec: String,
    channels: Option<u8>,
    description: Option<String>,
}

const NO_OBJECT: WebCameraError = WebCameraError::BadMessage("a text must be a JSON object with a type");

/// Reads a text of a web camera.
pub(super) fn read(text: &str) -> Result<Heard, WebCameraError> {
    let value: Value = serde_json::from_str(text).map_err(|_| NO_OBJECT)?;
    match value.get("type").and_then(Value::as_str).ok_or(NO_OBJECT)? {
        "start" => start(value),
        "end" => Ok(Heard::End),
        _ => Err(WebCameraError::BadMessage("this type of message is not known: a camera says start and end")),
    }
}

fn start(value: Value) -> Result<Heard, WebCameraError> {
    // Another version may look quite different: it is looked at first.
    if value.get("version").and_then(Value::as_u64) != Some(VERSION) {
        return Err(WebCameraError::UnsupportedVersion);
    }
    let start: Start = serde_json::from_value(value).map_err(|_| {
        WebCameraError::BadMessage("start needs video with its codec, and audio with its codec or null")
    })?;
    match start.container.as_deref() {
        Some("mp4") => return Ok(Heard::Start(Carried::File, start.epoch_us)),
        Some(container) => return Err(unsupported(&format!("the container {container}"))),
        None => {}
    }
    let video = start.video.ok_or(WebCameraError::BadMessage("start needs video with its codec"))?;
    if !video.codec.starts_with("avc1.") {
        return Err(unsupported(&video.codec));
    }
    let sound = start.audio.map(sound).transpose()?;
    Ok(Heard::Start(Carried::Frames(sound), start.epoch_us))
}

fn sound(audio: Audio) -> Result<Arc<AudioParams>, WebCameraError> {
    match audio.codec.as_str() {
        "mp4a.40.2" => {
            let description = audio
                .description
                .ok_or(WebCameraError::BadMessage("mp4a.40.2 needs description, its AudioSpecificConfig in base64"))?;
            let config = BASE64.decode(description).ok().and_then(|config| parse_config(&config.into()).ok());
            let params =
                config.ok_or(WebCameraError::BadMessage("the sound's description can't be read: send AAC-LC"))?;
            Ok(Arc::new(params))
        }
        "opus" => {
            // What an encoder prepends is part of its first piece, whose time is told: nothing is left out.
            let params = audio.channels.and_then(|channels| opus::params(channels, 0));
            let params = params.ok_or(WebCameraError::BadMessage("opus needs channels: 1 or 2"))?;
            Ok(Arc::new(params))
        }
        other => Err(unsupported(other)),
    }
}

fn unsupported(name: &str) -> WebCameraError {
    WebCameraError::UnsupportedCodec(name.chars().filter(|char| !char.is_control()).take(NAME_CHARS).collect())
}

/// Why the gateway ends a web camera's share, or agrees to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The web camera wanted it.
    Ended,
    /// The share was ended or deleted, or its phone was revoked.
    Withdrawn,
    /// The gateway stops.
    Stopping,
    /// No media came.
    Silent,
}

impl EndReason {
    fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Withdrawn => "withdrawn",
            Self::Stopping => "stopping",
            Self::Silent => "silent",
        }
    }

    /// The WebSocket's close code (RFC 6455, section 7.4.1).
    pub fn close_code(self) -> u16 {
        match self {
            Self::Ended => 1000,
            Self::Stopping => 1001,
            Self::Withdrawn | Self::Silent => 1008,
        }
    }
}

/// What a web camera is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// It may send.
    Started(ShareId),
    /// How far it got.
    Ack {
        /// The newest picture's time, as the web camera told it.
        timestamp_us: i64,
        /// Bytes of all binary messages so far.
        received_bytes: u64,
        /// How much longer that picture was on its way than the quickest of late, in milliseconds.
        queue_ms: u64,
        /// TVs that play now.
        viewers: usize,
    },
    /// Pictures are of no use up to the next key frame: it should make one.
    KeyFrame,
    /// Nothing of what it sends can be shown so far: why.
    NotReady(&'a NotReady),
    /// It is over.
    End(EndReason),
    /// It is sent away.
    Error(&'a WebCameraError),
}

impl Said<'_> {
    /// The message.
    pub fn text(&self) -> String {
        let value = match self {
            Self::Started(share) => json!({ "type": "started", "version": VERSION, "share_id": share.to_string() }),
            Self::Ack { timestamp_us, received_bytes, queue_ms, viewers } => json!({
                "type": "ack",
                "timestamp_us": timestamp_us,
                "received_bytes": received_bytes,
                "queue_ms": queue_ms,
                "viewers": viewers,
            }),
            Self::KeyFrame => json!({ "type": "key_frame" }),
            Self::NotReady(why) => json!({ "type": "not_ready", "code": why.word(), "message": why.to_string() }),
            Self::End(reason) => json!({ "type": "end", "reason": reason.name() }),
            Self::Error(error) => {
                let mut told = json!({ "type": "error", "code": error.code(), "message": error.to_string() });
                if let Some(reason) = error.reason() {
                    told["reason"] = reason.into();
                }
                told
            }
        };
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> &'static str {
        read(text).expect_err("refused").code()
    }

    #[test]
    fn a_start_tells_the_sound() {
        let pictures = r#"{"type":"start","version":1,"video":{"codec":"avc1.42e01f"},"colour":"blue"}"#;
        assert_eq!(read(pictures), Ok(Heard::Start(Carried::Frames(None), None)));
        let silent = r#"{"type":"start","version":1,"video":{"codec":"avc1.42e01f"},"audio":null}"#;
        assert_eq!(read(silent), Ok(Heard::Start(Carried::Frames(None), None)));
        for description in ["EYg=", "EYg"] {
            let audio =
                json!({ "codec": "mp4a.40.2", "sample_rate": 48_000, "channels": 1, "description": description });
            let start = json!({ "type": "start", "version": 1, "video": { "codec": "avc1.42e01f" }, "audio": audio });
            let Ok(Heard::Start(Carried::Frames(Some(params)), None)) = read(&start.to_string()) else {
                panic!("{start}")
            };
            assert_eq!((params.sample_rate, params.channels), (48_000, 1));
        }
        let start = |audio: Value| {
            json!({ "type": "start", "version": 1, "video": { "codec": "avc1.42e01f" }, "audio": audio }).to_string()
        };
        let Ok(Heard::Start(Carried::Frames(Some(params)), None)) =
            read(&start(json!({ "codec": "opus", "channels": 2 })))
        else {
            panic!("Opus is played")
        };
        assert_eq!((params.codec_string().as_str(), params.channels), ("opus", 2));
        assert_eq!(code(&start(json!({ "codec": "opus", "channels": 3 }))), "bad_message");
        let file = r#"{"type":"start","version":1,"container":"mp4"}"#;
        assert_eq!(read(file), Ok(Heard::Start(Carried::File, None)));
        assert_eq!(read(r#"{"type":"end"}"#), Ok(Heard::End));
    }

    #[test]
    fn what_is_not_in_the_book_is_refused() {
        for bad in ["", "end", "7", "[]", "{}", r#"{"type":7}"#, r#"{"type":"hello"}"#] {
            assert_eq!(code(bad), "bad_message", "{bad}");
        }
        for other in [r#"{"type":"start"}"#, r#"{"type":"start","version":2}"#, r#"{"type":"start","version":"1"}"#] {
            assert_eq!(code(other), "unsupported_version", "{other}");
        }
        assert_eq!(code(r#"{"type":"start","version":1}"#), "bad_message");
        assert_eq!(code(r#"{"type":"start","version":1,"video":7}"#), "bad_message");
        assert_eq!(code(r#"{"type":"start","version":1,"container":"webm"}"#), "unsupported_codec");
        let with = |video: &str, audio: Value| {
            json!({ "type": "start", "version": 1, "video": { "codec": video }, "audio": audio }).to_string()
        };
        assert_eq!(code(&with("hvc1.1.6.L93.B0", Value::Null)), "unsupported_codec");
        assert_eq!(code(&with("avc1.42e01f", json!({ "codec": "mp3" }))), "unsupported_codec");
        assert_eq!(code(&with("avc1.42e01f", json!({ "codec": "mp4a.40.2" }))), "bad_message");
        assert_eq!(code(&with("avc1.42e01f", json!({ "codec": "mp4a.40.2", "description": "?" }))), "bad_message");
    }

    #[test]
    fn a_refusal_names_the_codec_and_no_more_than_that() {
        let long = "vp09".repeat(1000);
        let start = json!({ "type": "start", "version": 1, "video": { "codec": format!("{long}\n") } }).to_string();
        let message = read(&start).expect_err("refused").to_string();
        assert!(message.starts_with("vp09vp09") && message.len() < 200, "{message}");
    }

    #[test]
    fn the_gateway_says_what_the_book_says() {
        let ack = Said::Ack { timestamp_us: -5, received_bytes: 7, queue_ms: 12, viewers: 1 };
        let ack: Value = serde_json::from_str(&ack.text()).unwrap();
        let expected = json!({ "type": "ack", "timestamp_us": -5, "received_bytes": 7, "queue_ms": 12, "viewers": 1 });
        assert_eq!(ack, expected);
        assert_eq!(Said::KeyFrame.text(), r#"{"type":"key_frame"}"#);
        let error: Value = serde_json::from_str(&Said::Error(&WebCameraError::TooLarge).text()).unwrap();
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("too_large")));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text: String, field: String) {
            let _ = read(&text);
            let _ = read(&json!({ "type": "start", "version": 1, "video": { "codec": field } }).to_string());
        }
    }
}
