//! The calls of phones, TVs and the owner's page: who asks, may they, and what they are told. The decisions are the
//! steward's.
//!
//! Handlers are plain blocking functions. Whatever fails becomes a `Failure`, and one place turns that into an answer.
//! JSON is written and read here: the domain speaks typed values.

mod addresses;
mod agent;
mod answer;
mod asker;
mod attempts;
mod call;
mod devices;
mod dispatch;
mod failure;
mod owner;
mod phone;
mod photos;
mod qr;
mod services;
mod tv;

pub(in crate::http) use answer::not_ready;
pub(in crate::http) use asker::{phone_of, session_of};
pub(in crate::http) use devices::stranger;
pub(in crate::http) use failure::Failure;
pub use failure::refused;
pub use phone::clip_answer;
pub use services::{Api, SecurePorts};
