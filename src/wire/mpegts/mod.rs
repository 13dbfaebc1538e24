//! MPEG transport streams (ISO/IEC 13818-1): packets, the tables that say what is in them, and how a stream that comes
//! without end is cut into segments for HLS (RFC 8216, section 3.2).
//!
//! Bytes go in as they come, with whatever a bad line did to them. Pictures and sound are never looked into further than
//! to the first bytes of a unit.

pub mod packet;
pub mod psi;
pub mod segmenter;

pub use segmenter::{Segment, Segmenter};
