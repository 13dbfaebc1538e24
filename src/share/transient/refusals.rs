//! Secrets that were wrong, one line of the log each, so that fail2ban and its like can read who tries (docs/fail2ban.md):
//! `refused kind=code from=192.168.1.7`. Many are told as a number. Each kind has lines of its own, so that whoever floods
//! the log with one hides no other. Pure but for the log.

use core::net::IpAddr;
use std::collections::BTreeMap;

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
#[derive(Debug, Default)]
pub struct Refusals(BTreeMap<RefusedKind, Throttle<Origin>>);

impl Refusals {
    /// Whoever asked from `from` had it wrong.
    pub fn note(&mut self, kind: RefusedKind, from: IpAddr, now: Moment) {
        self.tell_untold(now);
        if self.may_tell(kind, from, now) {
            log::warn!("{}", line(kind, from));
        }
    }

    /// Tells how many were not told, once it is time. To be called now and then.
    pub fn tell_untold(&mut self, now: Moment) {
        self.untold(now).iter().for_each(|line| log::warn!("{line}"));
    }

    fn may_tell(&mut self, kind: RefusedKind, from: IpAddr, now: Moment) -> bool {
        let new = || Throttle::new(limits::REFUSALS_SPAN, limits::REFUSALS_EACH, limits::REFUSALS_OF_KIND);
        self.0.entry(kind).or_insert_with(new).may_tell(Origin::of(from), now)
    }

    /// The lines that say how many were not told.
    fn untold(&mut self, now: Moment) -> Vec<String> {
        let mut lines = Vec::new();
        for (kind, throttle) in &mut self.0 {
            let kind = kind.as_str();
            let untold = throttle.untold(now);
            let of_networks = untold.kinds.into_iter();
            lines.extend(of_networks.map(|(from, more)| format!("refused kind={kind} network={from} and {more} more")));
            if untold.others > 0 {
                lines.push(format!("refused kind={kind} from many others: {} more", untold.others));
            }
        }
        lines
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

    #[test]
    fn a_flood_of_one_kind_hides_no_other() {
        let mut refusals = Refusals::default();
        let now = Moment(1);
        let address = |number: u32| IpAddr::from(core::net::Ipv4Addr::from_bits(0x0a00_0000 + number));
        let flood = (0..9_000).filter(|number| refusals.may_tell(RefusedKind::Ticket, address(*number), now)).count();
        assert_eq!(flood, limits::REFUSALS_OF_KIND as usize);
        assert!(refusals.may_tell(RefusedKind::Pin, address(7), now), "the guesser of PINs is seen");
        let guesser = (0..100).filter(|_| refusals.may_tell(RefusedKind::Code, address(8), now)).count();
        assert_eq!(guesser, limits::REFUSALS_EACH as usize);
        assert_eq!(refusals.untold(now), Vec::<String>::new(), "the span is not over");
        let lines = refusals.untold(now + limits::REFUSALS_SPAN);
        assert_eq!(
            lines,
            ["refused kind=code network=10.0.0.8 and 90 more", "refused kind=ticket from many others: 8980 more"]
        );
    }
}
