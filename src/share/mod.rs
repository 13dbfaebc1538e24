//! The domain: accounts, users, TVs, phones, shares and their targets, and every rule about them.
//!
//! | room | what is there |
//! | --- | --- |
//! | `model` | what the domain talks about: rows, states, tickets, what people type, errors |
//! | `ledger` | what rules read and write: the list of tables and the traits over it |
//! | `events` | what open pages are told |
//! | `rules` | every decision, as a plain function over a ledger |
//! | `transient` | what a restart may forget: who waits, who watches, who tried how often |
//! | `steward` | runs the rules: one method, one decision, one transaction; then the news |
//!
//! Each room imports from those above it. Nothing here does input or output, or knows which database keeps the rows, or
//! how a page is asked for.

mod events;
pub mod ledger;
mod model;
mod rules;
mod steward;
mod transient;

pub use events::announcer::{Announcer, Audience, Event, Subscription};
pub use events::change::{Change, Ring, Shown};
pub use ledger::{Ledger, Rows, Storage};
pub use model::clip::{ClipError, ClipProgress};
pub use model::error::{LedgerError, ShareError};
pub use model::phone_numbers::of_region;
pub use model::quiet_hours::QuietHours;
pub use model::rows::{
    Account, Agreement, Blocks, InboxCounts, Invite, Inviter, Kept, MediaInfo, Note, OwnerBrowser, Pairing, Phone,
    PinTries, Recipients, Sender, Settings, Share, SignedIn, Standing, Target, Tries, Tv, User,
};
pub use model::state::{EndReason, Kind, ShareState, TargetState};
pub use model::ticket::{Holder, Scope, Ticket, TicketError};
pub use model::views::{
    Asker, Belongings, BlockedSender, Claim, Claimed, Contact, Delay, Enrolled, Enrolment, Entry, InboxPage,
    Introduction, Matches, NewInvite, NewPin, NewShare, NewTv, NewUser, OwnShares, OwnerReport, PhoneReport, PlayFrom,
    ProfileChange, Report, Session, ShareSettings, TargetReport, Unfinished, Unwanted,
};
pub use rules::directory;
pub use rules::eviction::{Growing, Held, Need, let_go, order_of_yielding};
pub use steward::Steward;
#[cfg(test)]
pub use steward::story;
pub use transient::claiming::ClaimWay;
pub use transient::refusals::RefusedKind;
