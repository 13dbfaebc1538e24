//! One track's description (14496-12, 8.3 to 8.6; 14496-15, 5.4.2): what it is, how it is coded and turned, which part
//! of it is shown.

use crate::ground::frame::{AudioParams, Rotation};
use crate::ground::limits;
use crate::wire::mp4::boxes::{Fields, boxes, find};
use crate::wire::mp4::edits::{self, Piece};
use crate::wire::mp4::{Mp4Error, Pictures, sound};

/// A sample entry of pictures has so many bytes before its boxes (14496-12, 12.1.3).
const VISUAL_ENTRY_BYTES: usize = 78;

/// A track of pictures or of sound.
#[derive(Debug)]
pub struct Track<'a> {
    /// Its number in the file.
    pub id: u32,
    /// Whether it is of pictures.
    pub is_video: bool,
    /// Whether it is there to be shown or heard (`track_enabled`, 14496-12, 8.3.2).
    pub is_enabled: bool,
    /// Units a second of its times.
    pub timescale: u32,
    /// Which pieces of it are shown, and when; one at least.
    pub pieces: Vec<Piece>,
    /// How its samples are coded; each sample names one.
    pub entries: Vec<Entry>,
    /// The body of its `stbl`.
    pub tables: &'a [u8],
}

/// A sample entry.
#[derive(Clone, Debug)]
pub enum Entry {
    /// H.264.
    Pictures(Pictures),
    /// AAC or Opus.
    Sound(AudioParams),
    /// Something else, by its name for people.
    Other(String),
}

impl<'a> Track<'a> {
    /// Reads a `trak` (its body); `None` if it is of neither pictures nor sound.
    pub fn parse(trak: &'a [u8], movie_timescale: u32) -> Result<Option<Self>, Mp4Error> {
        let broken = Mp4Error::Broken("track");
        let handler = find(trak, &[b"mdia", b"hdlr"]).and_then(|hdlr| hdlr.get(8..12)).ok_or(broken.clone())?;
        let is_video = match handler {
            b"vide" => true,
            b"soun" => false,
            _ => return Ok(None),
        };
        let (id, rotation, is_enabled) = find(trak, &[b"tkhd"]).and_then(header).ok_or(broken.clone())?;
        let timescale = find(trak, &[b"mdia", b"mdhd"]).and_then(timescale).ok_or(broken.clone())?;
        let pieces = match find(trak, &[b"edts", b"elst"]) {
            Some(elst) => edits::parse(elst, movie_timescale, timescale)?,
            None => vec![Piece::default()],
        };
        let tables = find(trak, &[b"mdia", b"minf", b"stbl"]).ok_or(broken.clone())?;
        let entries = find(tables, &[b"stsd"]).and_then(|stsd| stsd.get(8..)).ok_or(broken)?;
        let entries: Vec<_> = boxes(entries)
            .take(limits::MP4_DESCRIPTIONS)
            .map(|(kind, body)| if is_video { pictures(kind, body, rotation) } else { Ok(heard(kind, body)) })
            .collect::<Result<_, _>>()?;
        Ok(Some(Self { id, is_video, is_enabled, timescale, pieces, entries, tables }))
    }

    /// The tracks of a description (its `moov`'s body) that are there to be shown and heard: those that are enabled; where
    /// none of pictures is, as some programs write it, all of those too.
    pub fn shown(moov: &'a [u8], movie_timescale: u32) -> Result<Vec<Self>, Mp4Error> {
        let mut tracks = Vec::new();
        for (_, trak) in boxes(moov).filter(|(kind, _)| kind == b"trak") {
            tracks.extend(Self::parse(trak, movie_timescale)?);
        }
        let sees = tracks.iter().any(|track| track.is_video && track.is_enabled);
        tracks.retain(|track| track.is_enabled || track.is_video && !sees);
        Ok(tracks)
    }

    /// What its first sample entry is coded in, if that is nothing we take.
    pub fn foreign(&self) -> Option<&str> {
        match self.entries.first() {
            Some(Entry::Other(name)) => Some(name),
            Some(_) => None,
            None => Some("nothing known"),
        }
    }
}

/// `mvhd` or `mdhd`: how many units a second has.
pub fn timescale(header: &[u8]) -> Option<u32> {
    let mut fields = Fields(header);
    let wide = fields.u32()? >> 24 == 1;
    fields.take(if wide { 16 } else { 8 })?;
    fields.u32().filter(|scale| *scale > 0)
}

/// `tkhd`: the track's number, how its pictures are turned, and whether it is enabled.
fn header(tkhd: &[u8]) -> Option<(u32, Rotation, bool)> {
    let mut fields = Fields(tkhd);
    let flags = fields.u32()?;
    let wide = flags >> 24 == 1;
    fields.take(if wide { 16 } else { 8 })?;
    let id = fields.u32()?;
    fields.take(if wide { 12 + 16 } else { 8 + 16 })?;
    let mut matrix = [0; 5];
    for value in &mut matrix {
        *value = fields.u32()? as i32;
    }
    let [a, b, _, c, d] = matrix;
    Some((id, Rotation::of_matrix([a, b, c, d]), flags & 1 != 0))
}

fn pictures(kind: [u8; 4], entry: &[u8], rotation: Rotation) -> Result<Entry, Mp4Error> {
    let name = match &kind {
        b"avc1" | b"avc3" => {
            let configuration = entry.get(VISUAL_ENTRY_BYTES..).and_then(|boxes| find(boxes, &[b"avcC"]));
            let pictures = configuration.and_then(|bytes| Pictures::new(bytes, rotation));
            return pictures.map(Entry::Pictures).ok_or(Mp4Error::Broken("description of the pictures"));
        }
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "HEVC (H.265)",
        b"av01" => "AV1",
        b"vp08" => "VP8",
        b"vp09" => "VP9",
        b"mp4v" => "MPEG-4 Part 2",
        b"s263" | b"h263" => "H.263",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "ProRes",
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG",
        b"encv" => "an encrypted form",
        _ => return Ok(Entry::Other(letters(kind))),
    };
    Ok(Entry::Other(name.to_owned()))
}

/// Sound that can't be read is left out like sound of another codec: the pictures are worth having without.
fn heard(kind: [u8; 4], entry: &[u8]) -> Entry {
    sound::params(kind, entry).map_or_else(
        || {
            Entry::Other(match &kind {
                b"samr" | b"sawb" => "AMR".to_owned(),
                b"ac-3" | b"ec-3" => "Dolby Digital (AC-3)".to_owned(),
                b"alac" => "Apple Lossless".to_owned(),
                b"lpcm" | b"sowt" | b"twos" | b"ipcm" | b"fpcm" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"raw "
                | b"NONE" => "PCM".to_owned(),
                b"ulaw" | b"alaw" => "G.711".to_owned(),
                b".mp3" | b"mp3 " | [b'm', b's', 0, 0x55] => "MP3".to_owned(),
                b"mp4a" => "MP3 or another kind than AAC".to_owned(),
                b"fLaC" => "FLAC".to_owned(),
                b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "DTS".to_owned(),
                b"apac" => "Apple Positional Audio".to_owned(),
                b"enca" => "an encrypted form".to_owned(),
                _ => letters(kind),
            })
        },
        Entry::Sound,
    )
}

/// A box's four letters, for people.
fn letters(kind: [u8; 4]) -> String {
    kind.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect()
}
