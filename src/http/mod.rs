//! The HTTP door, in two halves: the front faces the network on the event loop; the back answers calls on threads.
//!
//! This room alone knows httparse and tiny_http. It knows no other door: the gateway puts the players, events and
//! status behind the traits here. RFC 9110 (HTTP), RFC 9112 (HTTP/1.1).

pub mod api;
pub mod back;
pub mod events;
pub mod front;
pub mod ports;
pub mod range;
pub mod route;

mod cookies;
mod pages;
mod status;

pub use api::devices::{Credentials, Device, Devices, Proven, Unknown};
pub use api::owner::{AdminRefused, OwnerAdmin};
pub use api::phone::clips::clip_answer;
pub use api::photos::{PhotoOf, PhotoRefused, Photos};
pub use api::tv::channels::{ChannelPage, ChannelView, Lineup, OnAir};
pub use api::{Api, SecurePorts, refused};
pub use back::Back;
pub use events::Announcements;
pub use front::{Caps, Events, Front, FrontConfig, Health, Status, Times, WebSocket};
pub use ports::clips::{Admission, Clips, Upload, UploadRequest};
pub use ports::play::{BoxFuture, ChannelPlayer, ChannelRequest, PlayRequest, Player};
pub use ports::publish::{Cameras, TakeOver};
pub use status::status_of;
