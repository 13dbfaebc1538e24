//! What all connections of the front share: its settings, the rooms behind it, and what is scarce.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use smol::lock::Semaphore;

use super::bodies::Bodies;
use super::connections::Times;
use super::head::{Head, Hosts};
use super::rights::{Question, Rights};
use super::upstream::Upstream;
use crate::ground::network::Network;
use crate::http::ports::channel_player::ChannelPlayer;
use crate::http::ports::clips::Clips;
use crate::http::ports::devices::Devices;
use crate::http::ports::events::Events;
use crate::http::ports::player::Player;
use crate::http::ports::status::Status;
use crate::http::route::Route;
use crate::socket::WebSocketDoor;

/// What all connections share.
pub struct Shared {
    pub hosts: Hosts,
    pub authority: Arc<OnceLock<Bytes>>,
    pub times: Times,
    pub player: Arc<dyn Player>,
    pub channels: Arc<dyn ChannelPlayer>,
    pub web_cameras: Arc<dyn WebSocketDoor>,
    pub clips: Arc<dyn Clips>,
    pub events: Arc<dyn Events>,
    pub status: Arc<dyn Status>,
    pub devices: Arc<dyn Devices>,
    pub lookups: Semaphore,
    pub metrics_from: Vec<Network>,
    pub upstream: Arc<Upstream>,
    pub bodies: Bodies,
    pub large_chunks: Semaphore,
    pub rights: Rights,
}

impl Shared {
    /// What asks whether the body that answers `head` may go on; nothing where everybody may have it.
    pub fn question(self: &Arc<Self>, head: &Head, is_secure: bool) -> Option<Question> {
        let shared = self.clone();
        Some(match head.route.clone().ok()? {
            Route::Play(address) => Arc::new(move || shared.player.still_allowed(&address)),
            Route::Channel(address) => Arc::new(move || shared.channels.still_allowed(&address.ticket)),
            route @ (Route::Phone(_) | Route::Tv(_)) => {
                let fields = head.kept.clone();
                Arc::new(move || shared.events.still_allowed(&route, &fields, is_secure))
            }
            _ => return None,
        })
    }
}
