//! What a publisher announces: SDP (RFC 8866) with the media of RFC 6184 (section 8.2), RFC 3640 (section 4),
//! RFC 6416 (section 7.4) and RFC 7587 (section 7).
//!
//! Only the lines that say something of the media are read (`m=` and `a=`); the others may be as odd as they like, and in
//! cameras they are. One H.264 video, and beside it one sound, AAC or Opus, are taken; what else is announced is left out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;

use crate::wire::aac::{AacError, StreamMux, parse_config};
use crate::wire::rtp::{Format, Media};

/// The announced media, in the order of the SDP.
pub type Description = Vec<Described>;

/// Media that one description can have: one video, one sound, and a camera's other tracks.
const MAX_MEDIA: usize = 8;

/// One announced medium and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// What it is.
    pub content: Content,
    /// Its `a=control` (RFC 2326, section C.1.1), where there is one.
    pub control: Option<String>,
}

/// What a medium is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its packets are taken.
    Taken(Media),
    /// It may be sent, and is left out; says what it is.
    LeftOut(String),
}

/// Why a description is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdpError {
    /// It can't be read; says why.
    Malformed(String),
    /// The video's codec is not taken; says which.
    Codec(String),
    /// There is no video.
    NoVideo,
    /// There is more than one video or sound to take, or there are very many media.
    TooMany,
}

/// Reads a description.
pub fn read(body: &[u8]) -> Result<Description, SdpError> {
    // Whatever comes in another encoding is in a line that nobody needs.
    let text = String::from_utf8_lossy(body);
    let announced = announced(&text)?;
    if announced.len() > MAX_MEDIA {
        return Err(SdpError::TooMany);
    }
    let description = announced.iter().map(described).collect::<Result<Description, _>>()?;
    let taken = || description.iter().filter_map(Described::taken);
    match (taken().filter(|media| is_video(media)).count(), taken().filter(|media| !is_video(media)).count()) {
        (0, _) => Err(SdpError::NoVideo),
        (1, 0 | 1) => Ok(description),
        _ => Err(SdpError::TooMany),
    }
}

impl Described {
    /// The medium, if it is taken.
    pub fn taken(&self) -> Option<&Media> {
        match &self.content {
            Content::Taken(media) => Some(media),
            Content::LeftOut(_) => None,
        }
    }
}

/// The lines of one medium.
struct Announced<'a> {
    /// `video`, `audio`, `application`, …
    kind: &'a str,
    protocol: &'a str,
    formats: Vec<&'a str>,
    /// `a=` lines: names and values.
    attributes: Vec<(&'a str, &'a str)>,
}

/// The media of a description. Its port (RFC 8866, section 5.14) says nothing in RTSP: it may be missing, or be none.
fn announced(text: &str) -> Result<Vec<Announced<'_>>, SdpError> {
    let mut media: Vec<Announced> = Vec::new();
    let lines = text.lines().map(|line| line.trim_matches(['\0', ' ', '\t', '\r'])).filter(|line| !line.is_empty());
    if !lines.clone().any(|line| line == "v=0" || line.starts_with("m=")) {
        return Err(malformed("it is none"));
    }
    for line in lines {
        match (line.split_once('='), media.last_mut()) {
            (Some(("m", value)), _) => {
                let mut words = value.split_ascii_whitespace().peekable();
                let kind = words.next().ok_or_else(|| malformed("a medium without a kind"))?;
                words.next_if(|word| word.starts_with(|first: char| first.is_ascii_digit() || first == '-'));
                let protocol = words.next().unwrap_or_default();
                media.push(Announced { kind, protocol, formats: words.collect(), attributes: Vec::new() });
            }
            (Some(("a", value)), Some(medium)) => {
                medium.attributes.push(value.split_once(':').unwrap_or((value, "")));
            }
            _ => {}
        }
    }
    Ok(media)
}

/// Whether `media` is pictures.
pub fn is_video(media: &Media) -> bool {
    matches!(media.format, Format::H264 { .. })
}

fn described(announced: &Announced) -> Result<Described, SdpError> {
    let control = announced.attributes.iter().find(|(name, _)| *name == "control").map(|(_, value)| value.trim());
    let content = match (taken(announced), announced.kind) {
        (Ok(media), _) => Content::Taken(media),
        (Err(SdpError::Codec(name)), kind) if kind != "video" => Content::LeftOut(name),
        (Err(SdpError::Malformed(_)), kind) if !matches!(kind, "video" | "audio") => Content::LeftOut(kind.to_owned()),
        (Err(error), _) => return Err(error),
    };
    Ok(Described { content, control: control.map(str::to_owned) })
}

fn taken(announced: &Announced) -> Result<Media, SdpError> {
    if !announced.protocol.starts_with("RTP/AVP") {
        return Err(SdpError::Codec(format!("{} over {}", announced.kind, announced.protocol)));
    }
    // A medium may list several payload types; the first that is taken counts.
    let mut first_error = None;
    for word in &announced.formats {
        match format_of(announced, word) {
            Ok(taken) => return Ok(taken),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| malformed("a medium without payload type")))
}

fn malformed(why: &str) -> SdpError {
    SdpError::Malformed(why.to_owned())
}

fn format_of(media: &Announced, word: &str) -> Result<Media, SdpError> {
    let payload_type: u8 =
        word.parse().ok().filter(|number| *number < 128).ok_or_else(|| malformed("a payload type that is none"))?;
    let Some(map) = attribute(media, "rtpmap", word) else {
        return Err(SdpError::Codec(static_name(payload_type).to_owned()));
    };
    let mut parts = map.split('/').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let parameters = Parameters(attribute(media, "fmtp", word).unwrap_or_default());
    let format = match name.to_ascii_uppercase().as_str() {
        "H264" => h264(&parameters)?,
        "MPEG4-GENERIC" => aac(&parameters)?,
        "MP4A-LATM" => latm(&parameters)?,
        "OPUS" => Format::Opus,
        _ => return Err(SdpError::Codec(name.to_owned())),
    };
    let rate = parts.next().and_then(|rate| rate.parse().ok()).filter(|rate| *rate > 0);
    let clock_rate = rate.ok_or_else(|| malformed("an rtpmap without clock rate"))?;
    Ok(Media { payload_type, clock_rate, format })
}

/// The value of `a=name:payload_type value`.
fn attribute<'a>(media: &Announced<'a>, name: &str, payload_type: &str) -> Option<&'a str> {
    media.attributes.iter().filter(|(attribute, _)| *attribute == name).find_map(|(_, value)| {
        let (number, value) = value.trim().split_once(char::is_whitespace)?;
        (number == payload_type).then(|| value.trim())
    })
}

fn h264(parameters: &Parameters) -> Result<Format, SdpError> {
    if let Some(mode) = parameters.get("packetization-mode").filter(|mode| !matches!(*mode, "0" | "1")) {
        return Err(SdpError::Codec(format!("H264 in packetization mode {mode}")));
    }
    // A set that can't be read is passed over: the stream may still bring its own.
    let sets = parameters.get("sprop-parameter-sets").unwrap_or_default().split(',');
    let parameter_sets = sets.filter_map(|set| decode_base64(set.trim())).map(Bytes::from).collect();
    Ok(Format::H264 { parameter_sets })
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

fn aac(parameters: &Parameters) -> Result<Format, SdpError> {
    if let Some(mode) = parameters.get("mode").filter(|mode| !mode.eq_ignore_ascii_case("AAC-hbr")) {
        return Err(SdpError::Codec(format!("MPEG4-GENERIC in mode {mode}")));
    }
    let config = Bytes::from(parameters.get("config").and_then(decode_hex).unwrap_or_default());
    match parse_config(&config) {
        Ok(_) => {}
        Err(AacError::ObjectType(number)) => {
            return Err(SdpError::Codec(format!("AAC of object type {number}: set AAC-LC")));
        }
        Err(AacError::Truncated | AacError::Reserved | AacError::Mux(_)) => {
            return Err(without_config("AAC", "AudioSpecificConfig"));
        }
    }
    // Section 3.3.6 of RFC 3640 fixes these for AAC-hbr; they are read all the same, as they lay out every packet.
    let bits = |name, usual, allowed: std::ops::RangeInclusive<u8>| match parameters.get(name) {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .ok()
            .filter(|bits| allowed.contains(bits))
            .ok_or_else(|| SdpError::Malformed(format!("{name}={text}"))),
    };
    Ok(Format::Aac {
        config,
        size_length: bits("sizelength", 13, 1..=16)?,
        index_length: bits("indexlength", 3, 0..=16)?,
        index_delta_length: bits("indexdeltalength", 3, 0..=16)?,
    })
}

fn latm(parameters: &Parameters) -> Result<Format, SdpError> {
    // Where nothing is said, the packets bring it (RFC 6416, section 7.3).
    if parameters.get("cpresent") != Some("0") {
        return Err(SdpError::Codec("MP4A-LATM with cpresent=1".to_owned()));
    }
    let config = parameters.get("config").and_then(decode_hex).unwrap_or_default();
    match StreamMux::parse(&config) {
        Ok(StreamMux { config, units }) => Ok(Format::Latm { config, units }),
        Err(AacError::Truncated) => Err(without_config("MP4A-LATM", "StreamMuxConfig")),
        Err(AacError::ObjectType(number)) => Err(SdpError::Codec(format!("MP4A-LATM of object type {number}"))),
        Err(AacError::Reserved) => Err(SdpError::Codec("MP4A-LATM of an unknown rate or channels".to_owned())),
        Err(AacError::Mux(what)) => Err(SdpError::Codec(format!("MP4A-LATM with {what}"))),
    }
}

/// Sound whose `config` is missing or can't be read: left out, since nothing else tells what its packets are.
fn without_config(codec: &str, what: &str) -> SdpError {
    SdpError::Codec(format!("{codec} without a readable config: set config= in the SDP's a=fmtp to its {what}, in hex"))
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_matches('"').as_bytes();
    if digits.len() > 128 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

/// The parameters of an `a=fmtp`, names in any case.
struct Parameters<'a>(&'a str);

impl<'a> Parameters<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Names of payload types that need no rtpmap (RFC 3551, section 6).
fn static_name(payload_type: u8) -> &'static str {
    match payload_type {
        0 => "PCMU",
        3 => "GSM",
        4 => "G723",
        8 => "PCMA",
        9 => "G722",
        10 | 11 => "L16",
        14 => "MPA",
        18 => "G729",
        26 => "JPEG",
        31 => "H261",
        32 => "MPV",
        33 => "MP2T",
        34 => "H263",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FFMPEG: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        a=tool:libavformat\r\nm=video 0 RTP/AVP 96\r\nb=AS:500\r\na=rtpmap:96 H264/90000\r\n\
        a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtoCgL/lwFqDAICgAAADACAAAAeB4sXU,aM48gA==; profile-level-id=42C01E\r\n\
        a=control:streamid=0\r\nm=audio 0 RTP/AVP 97\r\nb=AS:64\r\na=rtpmap:97 MPEG4-GENERIC/44100/1\r\n\
        a=fmtp:97 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3; config=1208\r\n\
        a=control:streamid=1\r\n";

    fn one(media: &str) -> Result<Description, SdpError> {
        read(format!("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{media}").as_bytes())
    }

    /// The codec for which a video is refused, or for which a medium beside it is left out.
    fn codec(media: &str) -> String {
        match one(media) {
            Err(SdpError::Codec(name)) => name,
            Ok(description) => match &description[1].content {
                Content::LeftOut(name) => name.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn media(described: &Described) -> &Media {
        described.taken().expect("one that is taken")
    }

    #[test]
    fn video_and_sound_are_read() {
        let description = read(FFMPEG.as_bytes()).unwrap();
        assert_eq!(description.len(), 2);
        assert_eq!(description[0].control.as_deref(), Some("streamid=0"));
        assert_eq!((media(&description[0]).payload_type, media(&description[0]).clock_rate), (96, 90_000));
        let Format::H264 { parameter_sets } = &media(&description[0]).format else { panic!() };
        assert_eq!(parameter_sets.iter().map(|set| set[0] & 31).collect::<Vec<_>>(), [7, 8]);
        let aac = Format::Aac {
            config: Bytes::from_static(&[0x12, 0x08]),
            size_length: 13,
            index_length: 3,
            index_delta_length: 3,
        };
        assert_eq!(*media(&description[1]), Media { payload_type: 97, clock_rate: 44_100, format: aac });
    }

    #[test]
    fn parameter_sets_may_be_missing_or_broken() {
        let sets = |fmtp: &str| match &one(&format!("m=video 0 RTP/AVP 35\r\na=rtpmap:35 h264/90000\r\n{fmtp}")) {
            Ok(description) => match &media(&description[0]).format {
                Format::H264 { parameter_sets } => parameter_sets.len(),
                other => panic!("{other:?}"),
            },
            Err(error) => panic!("{error:?}"),
        };
        assert_eq!(sets(""), 0);
        assert_eq!(sets("a=fmtp:35 packetization-mode=1\r\n"), 0);
        assert_eq!(sets("a=fmtp:35 sprop-parameter-sets=Z0LAHg==\r\n"), 1);
        assert_eq!(sets("a=fmtp:35 sprop-parameter-sets=Z0LAHg,!!,aM48gA==\r\n"), 2, "one without padding, one broken");
        assert_eq!(sets("a=fmtp:36 sprop-parameter-sets=Z0LAHg==\r\n"), 0, "of another payload type");
    }

    #[test]
    fn other_codecs_are_named() {
        assert_eq!(codec("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n"), "H265");
        assert_eq!(codec("m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"), "VP8");
        assert_eq!(codec("m=video 0 RTP/AVP 26\r\n"), "JPEG");
        assert_eq!(codec(&format!("{H264}m=audio 0 RTP/AVP 97\r\na=rtpmap:97 speex/16000\r\n")), "speex");
        assert_eq!(codec(&format!("{H264}m=audio 0 RTP/AVP 0\r\n")), "PCMU");
        assert_eq!(codec(&format!("{H264}m=application 9 UDP/DTLS/SCTP x\r\n")), "application over UDP/DTLS/SCTP");
        let lbr = "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/8000\r\na=fmtp:97 mode=CELP-cbr;config=1208\r\n";
        assert_eq!(codec(&format!("{H264}{lbr}")), "MPEG4-GENERIC in mode CELP-cbr");
        for fmtp in ["", "a=fmtp:97 cpresent=1\r\n", "a=fmtp:97 config=400024203fc0\r\n"] {
            assert_eq!(codec(&format!("{H264}{LATM}{fmtp}")), "MP4A-LATM with cpresent=1");
        }
        let latm = |config: &str| codec(&format!("{H264}{LATM}a=fmtp:97 cpresent=0; config={config}\r\n"));
        assert_eq!(latm("c00024203fc0"), "MP4A-LATM with audioMuxVersion 1");
        assert_eq!(latm("400124203fc0"), "MP4A-LATM of object type 18");
        assert_eq!(latm("400025a03fc0"), "MP4A-LATM of an unknown rate or channels");
        let mode2 = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=2\r\n";
        assert_eq!(codec(mode2), "H264 in packetization mode 2");
    }

    const H264: &str = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
    const AAC: &str = "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=fmtp:97 config=1190\r\n";

    const LATM: &str = "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/44100/2\r\n";

    #[test]
    fn latm_described_beforehand_is_read() {
        let format = |fmtp: &str| {
            one(&format!("{H264}{LATM}a=fmtp:97 {fmtp}\r\n"))
                .map(|description| media(&description[1]).format.clone())
                .expect("good")
        };
        let config = Bytes::from_static(&[0x12, 0x10]);
        // FFmpeg's line, and one of three units in an element.
        let ffmpeg = format("profile-level-id=1;cpresent=0;config=400024203fc0");
        assert_eq!(ffmpeg, Format::Latm { config: config.clone(), units: 1 });
        assert_eq!(format("config=42002420; cpresent=0"), Format::Latm { config, units: 3 });
    }

    #[test]
    fn opus_is_read() {
        // FFmpeg's lines; GStreamer writes the name in capitals.
        for name in ["opus", "OPUS"] {
            let text =
                format!("{H264}m=audio 0 RTP/AVP 97\r\na=rtpmap:97 {name}/48000/2\r\na=fmtp:97 sprop-stereo=1\r\n");
            let opus = Media { payload_type: 97, clock_rate: 48_000, format: Format::Opus };
            assert_eq!(one(&text).map(|description| media(&description[1]).clone()), Ok(opus));
        }
    }

    #[test]
    fn one_video_and_at_most_one_sound() {
        assert_eq!(one(""), Err(SdpError::NoVideo));
        assert_eq!(one(AAC), Err(SdpError::NoVideo));
        assert_eq!(
            one("m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"),
            Err(SdpError::NoVideo)
        );
        assert_eq!(one(&format!("{H264}{}", "m=application 0 RTP/AVP 107\r\n".repeat(8))), Err(SdpError::TooMany));
        assert_eq!(one(&format!("{H264}{H264}")), Err(SdpError::TooMany));
        assert_eq!(one(&format!("{H264}{AAC}{AAC}")), Err(SdpError::TooMany));
        assert_eq!(one(&format!("{AAC}{H264}")).map(|description| description.len()), Ok(2));
    }

    #[test]
    fn the_first_payload_type_that_is_taken_counts() {
        let text = "m=video 0 RTP/AVP 98 96\r\na=rtpmap:98 VP8/90000\r\na=rtpmap:96 H264/90000\r\n";
        assert_eq!(one(text).map(|description| media(&description[0]).payload_type), Ok(96));
    }

    #[test]
    fn what_is_left_out_keeps_nothing_else_out() {
        // A Hikvision camera's, with G.711 and ONVIF's metadata; FFmpeg's KLV; MPEG audio.
        let beside = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:trackID=2\r\n\
            m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=3\r\n\
            m=data 0 RTP/AVP 98\r\na=rtpmap:98 SMPTE336M/90000\r\nm=audio 0 RTP/AVP 14\r\nm=data 0 RTP/AVP *\r\n";
        let description = one(&format!("{H264}{beside}{AAC}")).expect("pictures");
        let content: Vec<_> = description
            .iter()
            .map(|described| match &described.content {
                Content::Taken(media) => media.payload_type.to_string(),
                Content::LeftOut(name) => name.clone(),
            })
            .collect();
        assert_eq!(content, ["96", "PCMA", "vnd.onvif.metadata", "SMPTE336M", "MPA", "data", "97"]);
        assert_eq!(description[2].control.as_deref(), Some("trackID=3"));
    }

    #[test]
    fn sound_without_a_readable_config_is_left_out_and_told_what_to_set() {
        let aac = "AAC without a readable config: set config= in the SDP's a=fmtp to its AudioSpecificConfig, in hex";
        // FFmpeg's description of a film whose sound has no AudioSpecificConfig, or one that is cut, is no hex, or is of
        // a reserved rate.
        for config in ["", "; config=", "; config=12", "; config=zz", "; config=1e90"] {
            let description = read(FFMPEG.replace("; config=1208", config).as_bytes()).expect("pictures");
            assert!(description[0].taken().is_some_and(is_video), "{config}");
            assert_eq!(description[1].content, Content::LeftOut(aac.to_owned()), "{config}");
            assert_eq!(description[1].control.as_deref(), Some("streamid=1"), "it may be set up");
        }
        let no_line = format!("{H264}m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000\r\n");
        assert_eq!(codec(&no_line), aac);
        let latm =
            "MP4A-LATM without a readable config: set config= in the SDP's a=fmtp to its StreamMuxConfig, in hex";
        for fmtp in ["cpresent=0", "cpresent=0;config=4000", "cpresent=0;config=zz"] {
            assert_eq!(codec(&format!("{H264}{LATM}a=fmtp:97 {fmtp}\r\n")), latm, "{fmtp}");
        }
        assert_eq!(codec(&FFMPEG.replace("config=1208", "config=9208")), "AAC of object type 18: set AAC-LC");
    }

    #[test]
    fn what_isn_t_needed_isn_t_judged() {
        for head in [
            "v=0\r\no=- 0 0 IN IP4\r\ns=-\r\n",
            "v=0\r\no=My Camera 1 1 IN IP4 10.0.0.1\r\ns=-\r\n",
            "v=0\r\no=-\r\nc=IN\r\n",
            "v=0\r\nc=\r\nc=IN 10.0.0.1\r\nt=\r\nb=AS\r\n",
            "v=1\no=a\no=b\ns=\n",
            "a=range:npt=now-\r\n\r\n",
            "",
        ] {
            let description = one_of(format!("{head}{H264}").into_bytes());
            assert!(description.is_ok_and(|description| description.len() == 1), "{head}");
        }
        assert!(one_of([b"v=0\r\ns=Jos\xe9\r\n", H264.as_bytes(), b"a=control:x\r\n\0"].concat()).is_ok());
        for media in
            ["m=video -1 RTP/AVP 96", "m=video RTP/AVP 96", "m=video 5004/2 RTP/AVP 96", "m=video  0  RTP/AVP  96 "]
        {
            let description = one(&H264.replace("m=video 0 RTP/AVP 96", media)).expect("a video");
            assert_eq!(super::tests::media(&description[0]).payload_type, 96, "{media}");
        }
    }

    fn one_of(body: Vec<u8>) -> Result<Description, SdpError> {
        read(&body)
    }

    #[test]
    fn what_cannot_be_read_is_malformed() {
        for media in [
            "m=video 0 RTP/AVP x\r\n",
            "m=video 0 RTP/AVP 200\r\n",
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264\r\n",
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/0\r\n",
            "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC\r\na=fmtp:97 config=1190\r\n",
            "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000\r\na=fmtp:97 config=1190;sizelength=99\r\n",
        ] {
            assert!(matches!(one(media), Err(SdpError::Malformed(_))), "{media}");
        }
        assert!(matches!(read(b""), Err(SdpError::Malformed(_))));
        assert!(matches!(read(b"\xff\xfe"), Err(SdpError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn changed_descriptions_never_panic(at in 0..FFMPEG.len(), bytes: Vec<u8>, cut in 0..20usize) {
            let mut body = FFMPEG.as_bytes().to_vec();
            let end = (at + cut).min(body.len());
            body.splice(at..end, bytes);
            let _ = read(&body);
        }
    }
}
