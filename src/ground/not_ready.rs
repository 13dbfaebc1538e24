//! Why nothing of a stream can be shown yet: in words for whoever publishes it, and in one for pages, which say it in the
//! language of whoever looks. Short, as they are the reason phrase of RTSP answers too.

use std::fmt;

/// How what is said of kinds of video that TVs aren't shown begins.
const UNSUPPORTED: &str = "TVs can't show this: ";

/// Why nothing of a stream can be shown yet, or at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// Nothing comes that could be read.
    NoMedia,
    /// Sound comes, and no picture.
    OnlySound,
    /// Pictures come, and not what describes them.
    NoParameterSets,
    /// Pictures come, and none at which decoding can begin.
    NoKeyFrame,
    /// Key frames come, and none of them whole.
    Broken,
    /// Pictures come of a kind that isn't taken; says which, and what to set.
    Unsupported(String),
    /// Key frames come, and none of them can be decoded.
    Undecodable,
}

/// Those that are always said in the same words.
const FIXED: [NotReady; 6] = [
    NotReady::NoMedia,
    NotReady::OnlySound,
    NotReady::NoParameterSets,
    NotReady::NoKeyFrame,
    NotReady::Broken,
    NotReady::Undecodable,
];

impl NotReady {
    /// A stable name for programs and pages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoMedia => "no_media",
            Self::OnlySound => "only_sound",
            Self::NoParameterSets => "no_parameter_sets",
            Self::NoKeyFrame => "no_key_frame",
            Self::Broken => "broken_pictures",
            Self::Unsupported(_) => "unsupported",
            Self::Undecodable => "undecodable",
        }
    }

    /// The word for what was said and written down, if it is one of these.
    pub fn word_of(said: &str) -> Option<&'static str> {
        if said.starts_with(UNSUPPORTED) {
            return Some(Self::Unsupported(String::new()).word());
        }
        FIXED.iter().find(|why| why.words() == said).map(Self::word)
    }

    fn words(&self) -> &str {
        match self {
            Self::NoMedia => "nothing comes from the camera: see whether it sends, and to the right ports",
            Self::OnlySound => "only sound comes: switch the camera's picture on",
            Self::NoParameterSets => "no SPS and PPS come: have the encoder send them with each key frame",
            Self::NoKeyFrame => "no key frame has come: set the key frame interval to 2 s or less",
            Self::Broken => {
                "no key frame has come whole: the line loses packets; publish over TCP, or with a lower bitrate"
            }
            Self::Unsupported(why) => why,
            Self::Undecodable => "its key frames can't be decoded: set the encoder to H.264 main or baseline",
        }
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Unsupported(_) = self {
            f.write_str(UNSUPPORTED)?;
        }
        f.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_known_by_its_words() {
        let kind = NotReady::Unsupported("10-bit video can't be shown: set the camera to 8 bits (no HDR)".into());
        for why in FIXED.into_iter().chain([kind]) {
            assert_eq!(NotReady::word_of(&why.to_string()), Some(why.word()));
            assert!(why.to_string().len() <= 100, "it fits into a line of RTSP: {why}");
        }
        assert_eq!(NotReady::word_of("the disk is full"), None);
    }
}
