//! What the door asks of the gateway: a trait for each room behind it, and the values that go through. The gateway puts
//! those rooms behind the traits; no other door is named here.

pub mod channel_player;
pub mod clips;
pub mod devices;
pub mod events;
pub mod holdings;
pub mod lineup;
pub mod owner;
pub mod photos;
pub mod player;
pub mod status;
