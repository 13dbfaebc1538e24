//! The machine the gateway runs on, and how it fares there: health and figures for those who watch over it, load, memory
//! and threads. It looks at the other rooms and decides nothing about shares.

pub mod now;
pub mod status;
pub mod threads;
