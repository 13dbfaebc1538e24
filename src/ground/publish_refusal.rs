//! Why nobody may publish: said by whoever decides, and told to publishers by each door in its protocol's own words.

use std::fmt;

/// Why a publisher is refused. Texts are for people: they say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishRefusal {
    /// It has to prove who it is, or failed to.
    Authenticate,
    /// Nothing is to be published there.
    NotFound,
    /// What was published there is over.
    Over,
    /// It may not publish there now; says why.
    NotAllowed(String),
    /// Someone publishes there already.
    AlreadyPublishing,
    /// Its media can't be taken; says which can.
    Unsupported(String),
    /// There are no ports for UDP.
    NoPorts,
    /// The gateway has no room; says of what.
    Full(String),
    /// The disk with the database is full.
    DiskFull,
    /// Something broke here, not there.
    Failed,
}

impl PublishRefusal {
    /// Its stable name, for programs: pages have words of their own for each.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Over => "over",
            Self::NotAllowed(_) => "not_allowed",
            Self::AlreadyPublishing => "already_publishing",
            Self::Full(_) => "full",
            Self::DiskFull => "disk_full",
            // The first three are met over RTSP alone, which tells them by its statuses.
            Self::Authenticate | Self::Unsupported(_) | Self::NoPorts | Self::Failed => "failed",
        }
    }
}

impl fmt::Display for PublishRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authenticate => "name and password are asked for",
            Self::NotFound => "nothing is shared at this address: share again",
            Self::Over => "This share is over; make a new one",
            Self::NotAllowed(why) | Self::Unsupported(why) | Self::Full(why) => why,
            Self::AlreadyPublishing => "This share is already being published",
            Self::NoPorts => "no UDP ports are free: send over TCP",
            Self::DiskFull => "the disk of the gateway is full: make room, then try again",
            Self::Failed => "the gateway could not look after this: try again",
        })
    }
}

impl std::error::Error for PublishRefusal {}
