//! Secrets that were wrong, one line of the log each, so that fail2ban and its like can read who tries (docs/fail2ban.md):
//! `refused kind=code from=192.168.1.7`. Many are told as a number. Pure but for the log.

use core::net::IpAddr;

use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::throttle::Throttle;
use crate::ground::time::Moment;

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusedKind {
    /// The code of an invitation, or of a house to be claimed.
    Code,
    /// The owner's code.
    OwnerCode,
    /// A user's PIN.
    Pin,
    /// The ticket in a playback address.
    Ticket,
    /// The name or password of RTSP.
    RtspPassword,
}

impl RefusedKind {
    /// Its name in the log.
    fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::OwnerCode => "owner_code",
            Self::Pin => "pin",
            Self::Ticket => "ticket",
            Self::RtspPassword => "rtsp_password",
        }
    }
}

/// Tells the log of refusals.
#[derive(Debug)]
pub struct Refusals(Throttle<(RefusedKind, Origin)>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Throttle::new(limits::REFUSALS_SPAN, limits::REFUSALS_EACH, limits::REFUSALS_ALL))
    }
}

impl Refusals {
    /// Whoever asked from `from` had it wrong.
    pub fn note(&mut self, kind: RefusedKind, from: IpAddr, now: Moment) {
        self.tell_untold(now);
        if self.0.may_tell((kind, Origin::of(from)), now) {
            log::warn!("{}", line(kind, from));
        }
    }

    /// Tells how many were not told, once it is time. To be called now and then.
    pub fn tell_untold(&mut self, now: Moment) {
        let untold = self.0.untold(now);
        for ((kind, from), more) in untold.kinds {
            log::warn!("refused kind={} network={from} and {more} more", kind.as_str());
        }
        if untold.others > 0 {
            log::warn!("refused from many others: {} more", untold.others);
        }
    }
}

/// The line of one refusal.
fn line(kind: RefusedKind, from: IpAddr) -> String {
    format!("refused kind={} from={}", kind.as_str(), from.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_fail2ban_is_told_to_look_for() {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(line(RefusedKind::Code, address("::ffff:192.168.1.7")), "refused kind=code from=192.168.1.7");
        assert_eq!(
            line(RefusedKind::RtspPassword, address("2001:db8::1")),
            "refused kind=rtsp_password from=2001:db8::1"
        );
    }
}
