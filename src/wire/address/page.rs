//! Pages that people are sent to. What stands behind `#` never reaches a server: the pages read it themselves.

use std::fmt;

/// A page, with the code that it is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageAddress<'a> {
    /// The TV's.
    Tv,
    /// The phone's.
    Phone,
    /// The phone's, to be enrolled with an invitation's code.
    Enrol(&'a str),
    /// The phone's, to claim the house with the code that a TV or the gateway's log shows.
    Claim(&'a str),
    /// The owner's.
    Owner,
    /// The owner's, to come in with a code from the command line.
    OwnerSignIn(&'a str),
    /// The owner's, to take in the TV that shows the code.
    PairTv(&'a str),
}

impl fmt::Display for PageAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tv => f.write_str("/tv/"),
            Self::Phone => f.write_str("/go/"),
            Self::Enrol(code) => write!(f, "/go/?code={code}"),
            Self::Claim(code) => write!(f, "/go/#claim={code}"),
            Self::Owner => f.write_str("/admin/"),
            Self::OwnerSignIn(code) => write!(f, "/admin/#{code}"),
            Self::PairTv(code) => write!(f, "/admin/#pair={code}"),
        }
    }
}
