//! The states of a share and of its targets, and the steps allowed between them. Pure tables: every rule that moves a
//! state asks here first.

use serde::{Deserialize, Serialize};

/// Where a share stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ShareState {
    /// Created; no media yet. Ends by itself when media does not come in time.
    Pending,
    /// Media is arriving; nothing is known to be playable yet.
    Preparing,
    /// A key frame has been decoded and the first fragment can be served: the TVs ring.
    Ready,
    /// The sender stopped, or the stream was lost for good; the recording can be watched.
    Ended,
    /// Its time is over and its recording gone.
    Expired,
}

impl ShareState {
    /// All states, in their order.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Preparing, Self::Ready, Self::Ended, Self::Expired];

    /// Whether a share may go from this state to `next`.
    pub fn may_become(self, next: Self) -> bool {
        use ShareState::*;
        matches!(
            (self, next),
            (Pending, Preparing)
                | (Pending, Ended)
                | (Preparing, Ready)
                | (Preparing, Ended)
                | (Ready, Ended)
                | (Ended, Expired)
        )
    }

    /// The state's name in answers and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Ended => "ended",
            Self::Expired => "expired",
        }
    }

    /// Whether media may still come: pending, preparing or ready.
    pub fn is_unfinished(self) -> bool {
        self < Self::Ended
    }
}

/// Where one user's side of a share stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TargetState {
    /// Chosen by the sender; the share is not ready, so nobody was told.
    Invited,
    /// The share is ready and the user's TVs have rung.
    Notified,
    /// The video plays on a TV of the user.
    Watching,
    /// The user has watched, and does not at the moment.
    Watched,
    /// Put off: it waits in the inbox.
    Later,
    /// Not wanted; kept in the inbox, marked seen.
    Declined,
    /// Never told: the user has blocked the sender, or has switched the service off.
    Blocked,
    /// Never told: the share ended before it was ready.
    Failed,
}

impl TargetState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Invited,
        Self::Notified,
        Self::Watching,
        Self::Watched,
        Self::Later,
        Self::Declined,
        Self::Blocked,
        Self::Failed,
    ];

    /// Whether a target may go from this state to `next`.
    pub fn may_become(self, next: Self) -> bool {
        use TargetState::*;
        match self {
            Invited => matches!(next, Notified | Blocked | Failed),
            Notified => matches!(next, Watching | Later | Declined),
            Watching => matches!(next, Watched),
            Watched | Later | Declined => matches!(next, Watching | Later | Declined) && next != self,
            Blocked | Failed => false,
        }
    }

    /// The state's name in answers and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Notified => "notified",
            Self::Watching => "watching",
            Self::Watched => "watched",
            Self::Later => "later",
            Self::Declined => "declined",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
        }
    }

    /// Whether the share has come to this user: it is in the inbox, unless deleted there.
    pub fn has_arrived(self) -> bool {
        !matches!(self, Self::Invited | Self::Blocked | Self::Failed)
    }
}

/// What is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Video as it happens.
    Live,
    /// A finished video, sent whole.
    Clip,
}

impl Kind {
    /// The kind's name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Clip => "clip",
        }
    }
}

/// Why a share ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EndReason {
    /// The sender stopped.
    Stopped,
    /// The stream was lost and did not come back in time.
    Lost,
    /// No media came in time.
    NeverStarted,
    /// The gateway was restarted and the stream did not come back in time.
    Restarted,
    /// The stream could not be shown: no key frame of it could be decoded.
    Unplayable,
    /// The disk had no room for it, or failed.
    NotKept,
}

impl EndReason {
    /// The reason's name in answers and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Lost => "lost",
            Self::NeverStarted => "never_started",
            Self::Restarted => "restarted",
            Self::Unplayable => "unplayable",
            Self::NotKept => "not_kept",
        }
    }
}

/// How something rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As rings do.
    Loud,
    /// Who it is asks to be allowed: name and number, nothing else.
    Quiet,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_only_goes_forward() {
        for from in ShareState::ALL {
            for to in ShareState::ALL {
                if from.may_become(to) {
                    assert!(from < to, "{from:?} → {to:?}");
                }
            }
        }
        assert!(!ShareState::Pending.may_become(ShareState::Ready), "ready is never reached without preparing");
        assert!(!ShareState::Ready.may_become(ShareState::Expired), "a live share never expires");
    }

    #[test]
    fn whoever_was_never_told_stays_so() {
        for next in TargetState::ALL {
            assert!(!TargetState::Blocked.may_become(next));
            assert!(!TargetState::Failed.may_become(next));
            assert!(!next.may_become(TargetState::Invited));
            assert!(!next.may_become(next), "{next:?}");
        }
    }
}
