//! What open pages are told, as values: what has changed, with as much of it as whoever hears it may know. How a page reads
//! it is for whoever writes to pages.

use crate::ground::id::{PhotoId, SenderId, ShareId, UserId};
use crate::ground::not_ready::NotReady;
use crate::share::model::rows::{MediaInfo, Sender, Share, User};
use crate::share::model::state::{EndReason, Kind, Manner, ShareState, TargetState};
use crate::share::model::views::Delay;

/// Something that has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A share rings for a user of the TV's household.
    Ring(Ring),
    /// A share stands elsewhere: what the TVs are told that it came to.
    Share {
        /// The share.
        share: ShareId,
        /// Where it stands now.
        state: ShareState,
        /// What is shared.
        kind: Kind,
        /// Why it ended, once it has.
        end_reason: Option<EndReason>,
    },
    /// A share stands elsewhere, or its recording does: what its phone is told.
    OwnShare {
        /// The share.
        share: ShareId,
        /// Where it stands now.
        state: ShareState,
        /// What is shared.
        kind: Kind,
        /// Why it ended, once it has.
        end_reason: Option<EndReason>,
        /// Why its recording is missing or stops early, in words for people.
        recording_failure: Option<String>,
    },
    /// The stream of a share is interrupted and may come back, or is back: told to its phone, and to the TVs it came to.
    Interrupted {
        /// The share.
        share: ShareId,
        /// Where it stands.
        state: ShareState,
        /// What is shared.
        kind: Kind,
        /// Whether it is.
        interrupted: bool,
    },
    /// Why nothing of a share can be shown yet, or that there is no such reason any more: told to its phone.
    NotReady {
        /// The share.
        share: ShareId,
        /// Where it stands.
        state: ShareState,
        /// What is shared.
        kind: Kind,
        /// Why.
        why: Option<NotReady>,
    },
    /// A share is no more: for whoever asks, its state is unknown.
    Gone(ShareId),
    /// More or fewer TVs play a share: told to its phone.
    Viewers {
        /// The share.
        share: ShareId,
        /// Where it stands.
        state: ShareState,
        /// TVs that play it.
        viewers: usize,
    },
    /// A target of a share stands elsewhere, or is further behind: told to its phone.
    Target {
        /// Who.
        user: UserId,
        /// Their name.
        name: String,
        /// Where they stand now.
        state: TargetState,
        /// How far their TV's picture is behind, while it watches live.
        delay: Option<Delay>,
    },
    /// What a share's stream is made of is known, or has changed: told to its phone.
    Media(MediaInfo),
    /// A user's inbox has changed: told where the user is signed in.
    Inbox {
        /// Whose.
        user: UserId,
        /// Entries it has.
        total: u64,
        /// Those not seen.
        unseen: u64,
    },
    /// The TV was paired or removed, or someone signed in or out: its page should ask who it is.
    Tv {
        /// Whether it belongs to a household.
        paired: bool,
    },
    /// Channels or the guide are others now.
    Channels,
    /// Some changes were lost: the page should ask for everything again.
    Resync,
}

/// What TVs are told of a share that rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The share.
    pub share: ShareId,
    /// For whom it rings.
    pub user: UserId,
    /// Who shares.
    pub sender: SenderId,
    /// Their name.
    pub sender_name: String,
    /// What is shared.
    pub kind: Kind,
    /// What else may be shown.
    pub shown: Shown,
}

/// What is shown of a share that rings, besides who it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The user wants to hear of the sender: what they look like and what they call it.
    All {
        /// The sender's photo.
        photo: Option<PhotoId>,
        /// What the sender calls it.
        title: Option<String>,
    },
    /// The sender asks to be allowed: no more than who that is.
    Introduction {
        /// The phone number the sender says is theirs.
        number: Option<String>,
    },
}

impl Ring {
    /// How `share` of `sender` rings for `user`.
    pub fn new(user: &User, sender: &Sender, share: &Share, manner: Manner) -> Self {
        let shown = match manner {
            Manner::Loud => Shown::All { photo: sender.photo, title: share.title.clone() },
            Manner::Quiet => Shown::Introduction { number: sender.msisdn.clone() },
        };
        let (share, kind) = (share.id, share.kind);
        Self { share, user: user.id, sender: sender.id, sender_name: sender.name.clone(), kind, shown }
    }
}
