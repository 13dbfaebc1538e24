//! Packagers: what brings a stream's frames into the forms that readers want, once for all who read a form.
//!
//! A room for each form; each is a [`Sink`](crate::live::Sink) of the streams that somebody reads so. The containers
//! themselves are pure cores in `wire/`. No sockets, no files, no clock, and nothing of who reads.

pub mod fmp4;
