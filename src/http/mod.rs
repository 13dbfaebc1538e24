//! The HTTP door, in two halves: the front faces the network on the event loop; the back answers calls on threads.
//!
//! This room alone knows httparse and tiny_http. It knows no other door: the gateway puts the players, events and
//! status behind the traits here. RFC 9110 (HTTP), RFC 9112 (HTTP/1.1).

pub mod api;
pub mod assets;
pub mod back;
pub mod channels;
pub mod clips;
pub mod devices;
pub mod events;
pub mod front;
pub mod photos;
pub mod play;
pub mod publish;
pub mod range;
pub mod route;

mod agent;
mod api_cameras;
mod api_contacts;
mod api_house;
mod api_owner;
mod api_phone;
mod api_shares;
mod api_tv;
mod cookies;
mod pages;
mod qr;
mod seats;
mod texts;

pub use api::{Api, SecurePorts, refused};
pub use api_owner::{DeskRefused, OwnersDesk};
pub use back::Back;
pub use channels::{ChannelPage, ChannelView, Lineup, OnAir};
pub use clips::{Admission, Clips, Upload, UploadRequest};
pub use devices::{Credentials, Device, Devices, Proven, Unknown};
pub use events::Announcements;
pub use front::{Caps, Events, Front, FrontConfig, Health, Status, Times, WebSocket};
pub use photos::{PhotoOf, PhotoRefused, PhotoSize, Photos};
pub use play::{BoxFuture, ChannelPlayer, ChannelRequest, PlayRequest, Player};
pub use publish::{Cameras, TakeOver};
