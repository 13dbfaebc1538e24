//! What open pages are told: the news a decision gathers, and the announcer that hands it on once the decision is
//! durable. What belongs here says what has happened; whether it may happen is decided in `rules`.

pub mod announcer;
pub mod news;
