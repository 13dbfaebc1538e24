//! MP4 as others write it (ISO/IEC 14496-12, -14 and -15, QuickTime): what phones record and browsers send. Reading only;
//! `wire/fmp4` writes.
//!
//! `demuxer` takes fragmented MP4 in pieces of any size, as a browser sends it, and gives frames. `movie` opens a finished
//! file by asking for the bytes it needs, and gives the place and time of every sample, out of `tables`, which `gather`
//! makes of fragments, cut as `edits` say and `plan` finds out. Both know a track by `track`, which describes it, `sound`
//! and `pictures`, which brings access units into the house's form.

use crate::ground::limits;

pub mod boxes;
pub mod demuxer;
mod edits;
mod fragment;
mod gather;
pub mod movie;
mod pictures;
mod plan;
mod sound;
mod stream;
mod tables;
pub mod track;

pub use demuxer::Demuxer;
pub use movie::{Ask, Movie, MovieSample, MovieSamples, Opener, Purpose, Recoding};
pub use pictures::{Picture, Pictures};
pub use plan::Cuts;

/// Why a file or a stream can't be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mp4Error {
    /// It is none, or is cut short before its description.
    NotMp4,
    /// It contradicts itself; says where.
    Broken(&'static str),
    /// It is larger in something than is taken; says in what.
    TooLarge(&'static str),
    /// It lasts longer than is taken.
    TooLong,
    /// Its pictures are coded in something else than H.264; says in what.
    Codec(String),
    /// Its tables name the same bytes again and again: its samples have more than the file.
    Repeats,
    /// It has no pictures.
    NoVideo,
    /// Its edit list plays a part of it faster or slower than it was filmed.
    Edited,
    /// All that its edit list shows lies inside of groups of pictures that can't be coded again.
    Uncut,
}

impl std::fmt::Display for Mp4Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotMp4 => f.write_str("This is no whole MP4 or MOV file; send the video as the phone recorded it"),
            Self::Broken(what) => write!(f, "The MP4 file is damaged ({what}); record or export the video again"),
            Self::TooLarge(what) => write!(f, "The MP4 file has more {what} than can be taken; send a shorter video"),
            Self::TooLong => {
                let hours = limits::RECORDING_TIME.as_secs() / 3600;
                write!(f, "The video lasts longer than {hours} hours, the most that can be taken; send a shorter video")
            }
            Self::Codec(name) => write!(
                f,
                "The video is coded in {name}, which not every TV plays; set the camera to its most compatible format \
                 (H.264), or export the video as H.264"
            ),
            Self::Repeats => f.write_str(
                "The MP4 file's tables name the same bytes again and again, so it is longer than its size can be; record \
                 or export the video again",
            ),
            Self::NoVideo => f.write_str("There are no pictures in this file; choose a video"),
            Self::Edited => f.write_str(
                "A part of this video plays faster or slower than it was filmed; export it as a new video, and send that",
            ),
            Self::Uncut => f.write_str(
                "This video was trimmed, and what was cut away can't be taken out of the file here; export it as a new \
                 video, and send that",
            ),
        }
    }
}
impl std::error::Error for Mp4Error {}
