//! What open pages are told: what may change, the news a decision gathers, and the announcer that hands it on once the
//! decision is durable. What belongs here says what has happened; whether it may happen is decided in `rules`, and how it
//! is written for pages is the business of who talks with them.

pub mod announcer;
pub mod change;
pub mod news;
