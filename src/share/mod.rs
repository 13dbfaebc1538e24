//! The domain: accounts, users, TVs, phones, shares and their targets, and every rule about them.
//!
//! The rules are plain functions over a [`Ledger`]; the [`Steward`] is the one who runs them: one method is one decision
//! is one transaction, durable before it returns, and then the [`Announcer`] tells the open pages. Nothing here does
//! input or output, or knows which database keeps the rows, or how a page is asked for.

mod announcer;
mod cameras;
mod claim;
mod claiming;
mod contacts;
pub mod directory;
mod error;
mod guesses;
mod inbox;
mod keeping;
pub mod ledger;
mod lookups;
#[cfg(test)]
pub mod memory;
mod news;
mod numbers;
mod owner;
mod pairing;
mod people;
mod phones;
mod pin;
mod profile;
mod quiet;
mod rate_limit;
mod refusals;
mod ringing;
mod room;
mod rows;
mod sharing;
mod state;
mod steward;
#[cfg(test)]
pub mod story;
mod ticket;
mod viewing;
mod views;
mod waiting;
mod words;

pub use announcer::{Announcer, Audience, Event, Subscription};
pub use claiming::ClaimWay;
pub use error::ShareError;
pub use ledger::{Books, Ledger, LedgerError, Rows};
pub use quiet::QuietHours;
pub use refusals::RefusedKind;
pub use room::{Growing, Held, Need, let_go, order_of_yielding};
pub use rows::{
    Account, Agreement, Blocks, InboxCounts, Invite, Inviter, Kept, MediaInfo, OwnerBrowser, Pairing, Phone, PinTries,
    Recipients, Sender, Settings, Share, SignedIn, Standing, Target, Tries, Tv, User,
};
pub use state::{EndReason, Kind, ShareState, TargetState};
pub use steward::Steward;
pub use ticket::{Holder, Scope, Ticket, TicketError};
pub use views::{
    Asker, Belongings, BlockedSender, Claim, Claimed, Contact, Enrolled, Enrolment, Entry, InboxPage, Introduction,
    Matches, NewInvite, NewPin, NewShare, NewTv, NewUser, OwnShares, OwnerReport, PhoneReport, PlayFrom, ProfileChange,
    Report, Session, ShareSettings, TargetReport, Unfinished, Unwanted, photo_url,
};
