//! What a restart may forget: TVs that wait, who claims the house, who watches, and how often everyone tried. The steward
//! holds one of each in memory. The time is an argument; no ledger is read here, and nothing that has to last is kept.

pub mod attempt_limit;
pub mod claiming;
pub mod lookups;
pub mod rate_limit;
pub mod refusals;
pub mod waiting;
pub mod watchers;
