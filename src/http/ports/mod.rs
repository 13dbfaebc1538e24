//! What the door asks of the gateway: traits for the rooms that play, take films and take web cameras, and the values
//! that go through them. The gateway puts those rooms behind them; no other door is named here.

pub mod clips;
pub mod play;
pub mod publish;
