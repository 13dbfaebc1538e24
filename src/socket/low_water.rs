//! How many bytes must have come before a publisher's connection is worth waking up for (`SO_RCVLOWAT`, socket(7)).
//!
//! Sound leaves with the picture that follows it, so nobody gains when it is read the moment it comes; but each packet
//! of it would wake a sleeping processor. So between pictures the kernel is asked to wait for as much as a small picture
//! of this stream has. In the midst of a picture, and where pictures are hardly larger than sound, every byte counts.
//! It halves what a stream costs. No crate has this option by name; `nix` makes it safe from its number.

use std::net::TcpStream;

use nix::sys::socket::sockopt::SetStruct;

use crate::ground::frame::Frame;

/// `SO_RCVLOWAT`: fewer bytes do not make a socket readable; its end always does.
#[derive(Clone, Copy, Debug)]
struct ReceiveLowWater;

nix::setsockopt_impl!(ReceiveLowWater, libc::SOL_SOCKET, libc::SO_RCVLOWAT, i32, SetStruct<'_, i32>);

/// Pictures after which an old one's size is forgotten, at the latest after twice as many.
const WINDOW: u32 = 32;
/// Fewer bytes may be sound.
const LEAST_BYTES: usize = 1024;
/// More is not waited for, however large pictures are: the kernel sets room aside for it.
const MOST_BYTES: usize = 16 * 1024;

/// The low-water mark of a publisher's connection, which follows the sizes of its pictures.
#[derive(Debug)]
pub struct LowWater {
    /// Pictures of the current window, the smallest of them, and the smallest of the window before.
    pictures: u32,
    smallest: usize,
    smallest_before: usize,
    /// What the kernel was told.
    told: usize,
}

impl Default for LowWater {
    fn default() -> Self {
        Self { pictures: 0, smallest: usize::MAX, smallest_before: 0, told: 1 }
    }
}

impl LowWater {
    /// Notes the pictures that came.
    pub fn note(&mut self, frames: &[Frame]) {
        for frame in frames {
            let Frame::Video(picture) = frame else { continue };
            self.smallest = self.smallest.min(picture.data.len());
            self.pictures += 1;
            if self.pictures == WINDOW {
                self.smallest_before = self.smallest;
                (self.pictures, self.smallest) = (0, usize::MAX);
            }
        }
    }

    /// What to wait for now: half the smallest picture, in coarse steps, so that the kernel is seldom told anew.
    fn wanted(&self, inside_picture: bool) -> usize {
        let half = self.smallest.min(self.smallest_before) / 2;
        if inside_picture || half < LEAST_BYTES { 1 } else { (1 << half.ilog2()).min(MOST_BYTES) }
    }

    /// Tells the kernel, if it has to be told anything new. A socket that can't be told wakes too often, no more.
    pub fn apply(&mut self, stream: &TcpStream, inside_picture: bool) {
        self.tell(stream, self.wanted(inside_picture));
    }

    /// Whether more than one byte is waited for between pictures: requests may be too small to wake anyone then.
    pub fn is_raised(&self) -> bool {
        self.wanted(false) > 1
    }

    /// From now on every byte counts again.
    pub fn end(&mut self, stream: &TcpStream) {
        self.tell(stream, 1);
    }

    fn tell(&mut self, stream: &TcpStream, wanted: usize) {
        if wanted != self.told {
            let _ = nix::sys::socket::setsockopt(stream, ReceiveLowWater, &(wanted as i32));
            self.told = wanted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Write as _;
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;

    use crate::ground::frame::{AudioFrame, Rotation, VideoFrame, VideoParams};
    use crate::ground::time::Ticks90k;

    fn picture(bytes: usize) -> Frame {
        let params = VideoParams {
            sps: Bytes::new(),
            pps: Vec::new(),
            others: Vec::new(),
            width: 640,
            height: 360,
            reorder_depth: None,
            frame_duration: None,
            rotation: Rotation::None,
        };
        let (time, params) = (Ticks90k(0), Arc::new(params));
        Frame::Video(VideoFrame { pts: time, dts: time, key: false, params, data: vec![0; bytes].into() })
    }

    #[test]
    fn half_the_smallest_of_many_pictures_is_waited_for() {
        let mut low_water = LowWater::default();
        assert!(!low_water.is_raised(), "nothing is known yet");
        let sound = Frame::Audio(AudioFrame { pts: Ticks90k(0), data: Bytes::from_static(&[9; 200]) });
        for _ in 0..WINDOW {
            low_water.note(&[picture(9000), sound.clone()]);
        }
        assert_eq!(low_water.wanted(false), 4096);
        assert!(low_water.is_raised());
        assert_eq!(low_water.wanted(true), 1, "the rest of a picture is never waited for");
        low_water.note(&[picture(3000)]);
        assert_eq!(low_water.wanted(false), 1024, "a smaller picture counts at once");
        low_water.note(&[picture(1500)]);
        assert_eq!(low_water.wanted(false), 1, "such pictures can't be told from sound");
        for _ in 0..3 * WINDOW {
            low_water.note(&[picture(1 << 20)]);
        }
        assert_eq!(low_water.wanted(false), MOST_BYTES);
    }

    #[test]
    fn the_kernel_waits_and_the_end_is_always_heard() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let mut sender = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        let (stream, _) = listener.accept().expect("one has come");
        let mut low_water = LowWater::default();
        low_water.note(&vec![picture(9000); 2 * WINDOW as usize]);
        low_water.apply(&stream, false);
        let is_readable = |stream: &TcpStream| {
            let mut waiting = [rustix::event::PollFd::new(stream, rustix::event::PollFlags::IN)];
            let soon = rustix::event::Timespec::try_from(Duration::from_millis(20)).expect("a short time");
            rustix::event::poll(&mut waiting, Some(&soon)).expect("a socket can be polled") > 0
        };
        sender.write_all(&[7; 4000]).expect("it is connected");
        assert!(!is_readable(&stream));
        sender.write_all(&[7; 96]).expect("it is connected");
        assert!(is_readable(&stream));
        std::io::Read::read_exact(&mut &stream, &mut [0; 4096]).expect("they have come");
        assert!(!is_readable(&stream));
        drop(sender);
        assert!(is_readable(&stream), "its sender is gone");
    }
}
