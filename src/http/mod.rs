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
pub mod request;
pub mod route;

mod cookies;
mod pages;
mod status;

pub use api::{Api, SecurePorts, clip_answer, refused};
pub use back::Back;
pub use events::Announcements;
pub use front::{Caps, Front, FrontConfig, Times};
pub use ports::channel_player::{ChannelPlayer, ChannelRequest};
pub use ports::clips::{Admission, Clips, Upload, UploadRequest};
pub use ports::devices::{Credentials, Device, Devices, Proven, Unknown};
pub use ports::events::Events;
pub use ports::holdings::{Held, Holdings};
pub use ports::lineup::{ChannelPage, ChannelView, Lineup, OnAir};
pub use ports::owner::{AdminRefused, OwnerAdmin};
pub use ports::photos::{PhotoOf, PhotoRefused, Photos};
pub use ports::player::{PlayRequest, Player};
pub use ports::status::{Health, Status};
pub use request::Request;
pub use status::status_of;
