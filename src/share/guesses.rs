//! Wrong codes, counted by where they came from: codes are short, so nobody may try many. Pure; forgotten at a restart.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::ground::limits;
use crate::ground::time::Moment;

/// Wrong codes of late.
#[derive(Debug, Default)]
pub struct Guesses(HashMap<IpAddr, Wrong>);

#[derive(Debug)]
struct Wrong {
    count: u32,
    since: Moment,
}

impl Guesses {
    /// How long whoever asks from `from` has to wait before the next code is looked at; nothing where they need not.
    pub fn wait(&self, from: IpAddr, now: Moment) -> Duration {
        match self.0.get(&from.to_canonical()) {
            Some(wrong) if wrong.count >= limits::CODE_TRIES => {
                limits::CODE_TRIES_TIME.saturating_sub(now.since(wrong.since))
            }
            _ => Duration::ZERO,
        }
    }

    /// A code that came from `from` was wrong.
    pub fn note(&mut self, from: IpAddr, now: Moment) {
        let is_old = |wrong: &Wrong| now.since(wrong.since) >= limits::CODE_TRIES_TIME;
        if self.0.len() >= limits::CODE_ADDRESSES {
            self.0.retain(|_, wrong| !is_old(wrong));
        }
        if self.0.len() >= limits::CODE_ADDRESSES {
            // So many addresses belong to someone who has a whole network: none of them is worth remembering.
            self.0.clear();
        }
        let wrong = self.0.entry(from.to_canonical()).or_insert(Wrong { count: 0, since: now });
        if is_old(wrong) {
            *wrong = Wrong { count: 0, since: now };
        }
        wrong.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u32) -> IpAddr {
        IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000 + last))
    }

    #[test]
    fn many_wrong_codes_make_one_address_wait() {
        let mut guesses = Guesses::default();
        let now = Moment(1);
        for _ in 0..limits::CODE_TRIES {
            assert_eq!(guesses.wait(address(1), now), Duration::ZERO);
            guesses.note(address(1), now);
        }
        assert_eq!(guesses.wait(address(1), now), limits::CODE_TRIES_TIME);
        assert_eq!(guesses.wait("::ffff:10.0.0.1".parse().expect("an address"), now), limits::CODE_TRIES_TIME);
        assert_eq!(guesses.wait(address(2), now), Duration::ZERO);
        let later = now + limits::CODE_TRIES_TIME;
        assert_eq!(guesses.wait(address(1), later), Duration::ZERO);
        guesses.note(address(1), later);
        assert_eq!(guesses.wait(address(1), later), Duration::ZERO, "the count begins anew");
    }

    #[test]
    fn it_stays_small() {
        let mut guesses = Guesses::default();
        for last in 0..10 * limits::CODE_ADDRESSES {
            guesses.note(address(last as u32), Moment(1));
        }
        assert!(guesses.0.len() <= limits::CODE_ADDRESSES);
    }
}
