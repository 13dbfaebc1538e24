//! Journeys through the whole house: the built program, real publishers and players, and what can befall them.
//!
//! `gateway.rs` starts a gateway with a household in it; `clip.rs` makes what is published and `film.rs` reads what
//! is played. Nothing here asserts speed; everything waits for events, with deadlines far beyond the usual.

mod boxes;
mod browser;
mod camera;
mod camera_apps;
mod channels;
mod clip;
mod clips;
mod cuts;
mod examples;
mod faults;
mod figure28;
mod film;
mod gateway;
#[path = "../http_client/mod.rs"]
mod http_client;
mod https;
mod kills;
mod loss;
mod lossy;
mod low_latency;
mod mdns;
mod not_ready;
mod offers;
mod players;
mod program;
mod publisher;
mod publishing;
mod remux;
mod restarts;
mod rights;
mod rtsps;
mod unowned;
mod upstream;
mod web;
