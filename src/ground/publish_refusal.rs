//! Why nobody may publish: said by whoever decides, and told to publishers by each door in its protocol's own words.

/// Why a publisher is refused. Texts are for people: they say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishRefusal {
    /// It has to prove who it is, or failed to.
    Authenticate,
    /// Nothing is to be published there.
    NotFound,
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
    /// Something broke here, not there.
    Failed,
}
