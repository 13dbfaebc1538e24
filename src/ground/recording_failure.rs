//! Why a recording is missing, stops early or has gaps: in words for people, and in one for pages, which say it in the
//! language of whoever looks.

use crate::ground::not_ready::NotReady;

/// The disk takes no more.
pub const DISK_FULL: &str = "the disk is full: delete shares or give the gateway a larger disk";
/// Recordings have no room left.
pub const NO_ROOM: &str = "too little room is left on the disk: delete shares, or give the gateway a larger one";
/// What guests send has no room left.
pub const NO_ROOM_FOR_GUESTS: &str =
    "too little room is left for what guests send: delete shares of theirs, or give the gateway a larger disk";
/// A recording has come to [`crate::ground::limits::RECORDING_TIME`], or to the other bounds of one.
pub const TOO_LONG: &str = "a recording has an end after 24 hours: share again to record what comes";
/// How what is said of gaps in a recording begins.
pub const GAPS: &str = "the disk took no more for a while: recording ";

/// One word for what was said: `disk_full` while nothing more is kept for want of room, `too_long`, `gaps` where it went
/// on, those of [`NotReady`] where there was nothing to be shown, `disk` for all else that a disk can say.
pub fn code(said: &str) -> &'static str {
    match said {
        DISK_FULL | NO_ROOM | NO_ROOM_FOR_GUESTS => "disk_full",
        TOO_LONG => "too_long",
        gaps if gaps.starts_with(GAPS) => "gaps",
        other => NotReady::word_of(other).unwrap_or("disk"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::limits;

    #[test]
    fn every_word_stands_for_what_was_said_once_it_is_written_down() {
        for (said, word) in [
            (DISK_FULL, "disk_full"),
            (NO_ROOM, "disk_full"),
            (NO_ROOM_FOR_GUESTS, "disk_full"),
            (TOO_LONG, "too_long"),
            ("the disk took no more for a while: recording stopped at 10:00:00, went on at 10:01:00 (UTC)", "gaps"),
            ("the disk reported an error: input/output error", "disk"),
        ] {
            assert_eq!(code(said), word, "{said}");
            assert!(said.chars().count() <= limits::TITLE_CHARS, "it is written down whole: {said}");
        }
    }
}
