//! What the domain talks about: rows as they are kept, the states of a share, tickets, what people type made into what is
//! kept, and what can go wrong. Values and nothing else: what belongs here needs no ledger, decides nothing and tells
//! nobody.

pub mod calling_codes;
pub mod clip;
pub mod error;
pub mod input;
pub mod phone_numbers;
pub mod quiet_hours;
pub mod rows;
pub mod state;
pub mod ticket;
pub mod views;
