//! Every decision of the domain: plain functions that read or write a ledger and put down the news. Date, ids and hashes
//! are arguments. No clock, no randomness, no lock, and nothing kept between two calls: a rule can be run again.

pub mod camera_apps;
pub mod claim;
pub mod contacts;
pub mod directory;
pub mod eviction;
pub mod inbox;
pub mod owner;
pub mod pairing;
pub mod people;
pub mod phones;
pub mod pin;
pub mod profile;
pub mod retention;
pub mod ringing;
pub mod sharing;
pub mod viewing;
