//! Those who publish: the real ffmpeg and GStreamer, sending a clip at its own speed.

use std::process::Command;

use crate::clip::Clip;
use crate::gateway::PATIENCE;
use crate::program::{self, Running};

/// How the media travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Inside the RTSP connection.
    Tcp,
    /// As datagrams beside it.
    Udp,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// `ffmpeg -f rtsp`, copying the clip's streams.
pub fn ffmpeg(clip: &Clip, transport: Transport, url: &str) -> Command {
    let mut ffmpeg = program::command("ffmpeg", ["-nostdin", "-v", "warning", "-re", "-i"]);
    ffmpeg.arg(clip.file()).args(["-c", "copy", "-f", "rtsp", "-rtsp_transport", transport.name(), url]);
    ffmpeg
}

/// The same, with the sound encoded anew by `codec`.
pub fn ffmpeg_with_sound(clip: &Clip, codec: &str, transport: Transport, url: &str) -> Command {
    let mut ffmpeg = program::command("ffmpeg", ["-nostdin", "-v", "warning", "-re", "-i"]);
    ffmpeg.arg(clip.file()).args(["-c:v", "copy", "-c:a", codec, "-ar", "16000", "-ac", "1"]);
    ffmpeg.args(["-f", "rtsp", "-rtsp_transport", transport.name(), url]);
    ffmpeg
}

/// `ffmpeg -f rtsp`, copying the clip's streams over and over until it is ended.
pub fn ffmpeg_for_ever(clip: &Clip, transport: Transport, url: &str) -> Command {
    let mut ffmpeg = program::command("ffmpeg", ["-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i"]);
    ffmpeg.arg(clip.file()).args(["-c", "copy", "-f", "rtsp", "-rtsp_transport", transport.name(), url]);
    ffmpeg
}

/// GStreamer's `rtspclientsink`, with the clip's streams parsed and paced. Left alone it sends AAC as LATM.
pub fn gstreamer(clip: &Clip, transport: Transport, url: &str) -> Command {
    let mut gst = program::command("gst-launch-1.0", ["-q"]);
    gst.args(["rtspclientsink", "name=sink", &format!("location={url}"), &format!("protocols={}", transport.name())]);
    gst.args(["filesrc", &format!("location={}", clip.file().display()), "!", "qtdemux", "name=film"]);
    gst.args(["film.video_0", "!", "queue", "!", "h264parse", "!", "clocksync", "!", "sink."]);
    if clip.sound {
        let parser = if clip.opus { "opusparse" } else { "aacparse" };
        gst.args(["film.audio_0", "!", "queue", "!", parser, "!", "clocksync", "!", "sink."]);
    }
    gst
}

/// The same, made to send AAC as RFC 3640 has it.
pub fn gstreamer_without_latm(clip: &Clip, transport: Transport, url: &str) -> Command {
    let mut gst = gstreamer(clip, transport, url);
    gst.env("GST_PLUGIN_FEATURE_RANK", "rtpmp4apay:NONE");
    gst
}

/// Fails unless the publisher, whose share is over, ends well too.
#[track_caller]
pub fn has_ended(publishing: Running) {
    if publishing.what().contains("rtspclientsink") {
        // Now and then rtspclientsink 1.22 misses the end of its own stream: it has sent everything and waits for ever.
        drop(publishing);
    } else {
        publishing.wait(PATIENCE).ok();
    }
}
