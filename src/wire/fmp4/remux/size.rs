//! How large the recording of a film will be: reckoned from its tables, before anything of it is read.

use super::MAX_SOUND_WAIT;
use crate::ground::frame::{AudioCodec, AudioParams};
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::fragment::fragment_bytes;
use crate::wire::fmp4::init::init_segment;
use crate::wire::mp4::{Movie, Mp4Error, Pictures, Purpose};

/// Bytes of an init segment whose parameters come with the pictures.
const USUAL_INIT_BYTES: u64 = 1200;

/// How large a recording is at most, and how many parts it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of its init segments and fragments.
    pub bytes: u64,
    /// Its init segments, fragments and samples.
    pub parts: u64,
}

/// The sound that waits for a picture, as [`super::Remux`] lets it wait.
#[derive(Default)]
struct Waiting {
    pieces: usize,
    since: Ticks90k,
    end: Ticks90k,
}

impl Size {
    /// Of the recording of `movie`: what it comes to, or a little more. It is more only where pictures bring parameters of
    /// their own that change, which no table tells, and where pictures are coded again.
    pub fn of(movie: &Movie) -> Result<Self, Mp4Error> {
        let audio = movie.sound().cloned().map(AudioParams::without_pre_skip);
        let descriptions: Vec<Option<&Pictures>> = movie.pictures().collect();
        let (mut size, mut waiting, mut described) = (Self::default(), Waiting::default(), None);
        for sample in movie.samples() {
            let sample_bytes = sample.bytes.length as u64;
            if sample.purpose == Purpose::Sound {
                let duration = match audio.as_ref().map(|params| (&params.codec, params.sample_rate)) {
                    Some((AudioCodec::Aac { samples_per_frame, .. }, rate)) => {
                        Ticks90k::from_units(i64::from(*samples_per_frame), rate)
                    }
                    _ => sample.duration,
                };
                let start = sample.pts.max(waiting.end);
                if start - waiting.end > Ticks90k::from_ms(1000) {
                    size.sound_alone(&mut waiting);
                }
                if waiting.pieces == 0 {
                    waiting.since = start;
                }
                waiting.pieces += 1;
                waiting.end = start + duration;
                size.bytes += sample_bytes;
                if waiting.end - waiting.since > MAX_SOUND_WAIT {
                    size.sound_alone(&mut waiting);
                }
                continue;
            }
            let pictures = descriptions.get(sample.entry).copied().flatten();
            let pictures = pictures.ok_or(Mp4Error::Broken("description of a sample"))?;
            if described != Some(sample.entry) {
                described = Some(sample.entry);
                let known = pictures.clone().params();
                size.bytes +=
                    known.map_or(USUAL_INIT_BYTES, |params| init_segment(&params, audio.as_ref()).len() as u64 + 8);
                size.parts += 1;
            }
            size.bytes += pictures.most_bytes(sample_bytes) + fragment_bytes(true, waiting.pieces);
            size.parts += 2 + waiting.pieces as u64;
            waiting.pieces = 0;
        }
        size.sound_alone(&mut waiting);
        Ok(size)
    }

    /// The sound that waits goes without a picture.
    fn sound_alone(&mut self, waiting: &mut Waiting) {
        let pieces = std::mem::take(&mut waiting.pieces);
        if pieces > 0 {
            self.bytes += fragment_bytes(false, pieces);
            self.parts += 1 + pieces as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{OPUS, PHONE, UNEVEN, movie, remux};
    use super::*;
    use crate::wire::fmp4::muxer::Muxed;

    #[test]
    fn a_films_recording_is_as_large_as_was_reckoned() {
        for film in [PHONE, UNEVEN, OPUS] {
            let size = Size::of(&movie(film)).expect("a good film");
            let real: u64 = remux(film)
                .iter()
                .map(|item| match item {
                    Muxed::Init(bytes, _) => bytes.len() as u64,
                    Muxed::Fragment(fragment) => fragment.bytes.len() as u64,
                })
                .sum();
            assert!(real <= size.bytes, "{real} bytes, reckoned {}", size.bytes);
            assert!(size.bytes <= real + real / 50 + 200, "{real} bytes, reckoned {}", size.bytes);
        }
    }
}
