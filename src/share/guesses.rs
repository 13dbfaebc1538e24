//! Wrong codes, counted by where they came from: codes are short, so nobody may try many. Pure; forgotten at a restart.
//!
//! One machine has many tries, a network a few more, and everyone together some more again. Whoever has used up their own
//! waits. Where a network or everyone has, each machine still has its first: so many addresses find nothing, and whoever
//! has the right code comes in.

use core::net::IpAddr;
use std::collections::HashMap;
use std::time::Duration;

use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::time::Moment;

/// Wrong codes of late.
#[derive(Debug, Default)]
pub struct Guesses {
    machines: HashMap<Origin, Wrong>,
    networks: HashMap<Origin, Wrong>,
    all: Wrong,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wrong {
    count: u32,
    since: Moment,
}

impl Wrong {
    fn is_old(&self, now: Moment, span: Duration) -> bool {
        now.since(self.since) >= span
    }

    /// How long until these are forgotten, if there are so many.
    fn wait(&self, most: u32, span: Duration, now: Moment) -> Duration {
        if self.count >= most { span.saturating_sub(now.since(self.since)) } else { Duration::ZERO }
    }

    fn note(&mut self, now: Moment, span: Duration) {
        if self.count == 0 || self.is_old(now, span) {
            *self = Self { count: 0, since: now };
        }
        self.count = self.count.saturating_add(1);
    }
}

impl Guesses {
    /// How long whoever asks from `from` has to wait before the next code is looked at; nothing where they need not.
    pub fn wait(&self, from: IpAddr, now: Moment) -> Duration {
        let Some(own) = self.machines.get(&Origin::of(from)) else { return Duration::ZERO };
        let network = self.networks.get(&Origin::around(from)).copied().unwrap_or_default();
        let others = network.wait(limits::CODE_TRIES_NETWORK, limits::CODE_TRIES_LONG, now).max(self.all.wait(
            limits::CODE_TRIES_ALL,
            limits::CODE_TRIES_LONG,
            now,
        ));
        // The first of this machine is long past with those of the others.
        let others = if own.is_old(now, limits::CODE_TRIES_LONG) { Duration::ZERO } else { others };
        own.wait(limits::CODE_TRIES, limits::CODE_TRIES_TIME, now).max(others)
    }

    /// How many codes were wrong of late, from everywhere.
    pub fn of_late(&self, now: Moment) -> u32 {
        if self.all.is_old(now, limits::CODE_TRIES_LONG) { 0 } else { self.all.count }
    }

    /// A code that came from `from` was wrong.
    pub fn note(&mut self, from: IpAddr, now: Moment) {
        note(&mut self.machines, Origin::of(from), now, limits::CODE_TRIES_TIME);
        note(&mut self.networks, Origin::around(from), now, limits::CODE_TRIES_LONG);
        self.all.note(now, limits::CODE_TRIES_LONG);
    }
}

/// Counts one more of `from`. With too many to remember, those that are old go first, then the one that is oldest.
fn note(known: &mut HashMap<Origin, Wrong>, from: Origin, now: Moment, span: Duration) {
    if known.len() >= limits::CODE_ORIGINS && !known.contains_key(&from) {
        known.retain(|_, wrong| !wrong.is_old(now, limits::CODE_TRIES_LONG));
        if known.len() >= limits::CODE_ORIGINS
            && let Some(oldest) = known.iter().min_by_key(|(_, wrong)| wrong.since).map(|(from, _)| *from)
        {
            known.remove(&oldest);
        }
    }
    known.entry(from).or_default().note(now, span);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1);

    fn address(number: u32) -> IpAddr {
        IpAddr::from(core::net::Ipv4Addr::from_bits(0x0a00_0000 + number))
    }

    /// Tries from these addresses, one after the other, until none of them may; how many were looked at.
    fn tried(guesses: &mut Guesses, from: &[IpAddr], now: Moment) -> usize {
        let mut tried = 0;
        loop {
            let before = tried;
            for from in from {
                if guesses.wait(*from, now) == Duration::ZERO {
                    guesses.note(*from, now);
                    tried += 1;
                }
            }
            if tried == before {
                return tried;
            }
        }
    }

    #[test]
    fn many_wrong_codes_make_one_machine_wait() {
        let mut guesses = Guesses::default();
        assert_eq!(tried(&mut guesses, &[address(1)], NOW), limits::CODE_TRIES as usize);
        assert_eq!(guesses.wait(address(1), NOW), limits::CODE_TRIES_TIME);
        assert_eq!(guesses.wait("::ffff:10.0.0.1".parse().expect("an address"), NOW), limits::CODE_TRIES_TIME);
        assert_eq!(guesses.wait(address(2), NOW), Duration::ZERO);
        let later = NOW + limits::CODE_TRIES_TIME;
        assert_eq!(guesses.wait(address(1), later), Duration::ZERO);
        guesses.note(address(1), later);
        assert_eq!(guesses.wait(address(1), later), Duration::ZERO, "the count begins anew");
    }

    #[test]
    fn many_addresses_of_one_network_guess_little_more_than_one() {
        let mut guesses = Guesses::default();
        let addresses: Vec<_> = (1..40).map(address).collect();
        let many = tried(&mut guesses, &addresses, NOW);
        assert!(many <= limits::CODE_TRIES_NETWORK as usize + addresses.len(), "{many} guesses");
        let mut minutes = 0;
        for minute in 1..10 {
            minutes += tried(&mut guesses, &addresses, NOW + Duration::from_secs(60 * minute));
        }
        assert_eq!(minutes, 0, "nor in the next minutes");
        assert_eq!(guesses.wait(address(200), NOW), Duration::ZERO, "a neighbour with the right code comes in");
        assert_eq!(guesses.wait(address(70_000), NOW), Duration::ZERO, "and so do others");
    }

    #[test]
    fn addresses_that_one_machine_chooses_itself_are_one() {
        let mut guesses = Guesses::default();
        let addresses: Vec<IpAddr> =
            (1..1000).map(|number| format!("2001:db8:0:1::{number:x}").parse().expect("an address")).collect();
        assert_eq!(tried(&mut guesses, &addresses, NOW), limits::CODE_TRIES as usize);
    }

    #[test]
    fn many_networks_have_one_guess_each_once_all_have_many() {
        let mut guesses = Guesses::default();
        let addresses: Vec<_> = (0..2000).map(|network| address(network * 256)).collect();
        let many = tried(&mut guesses, &addresses, NOW);
        assert!(many <= limits::CODE_TRIES_ALL as usize + addresses.len(), "{many} guesses");
        assert_eq!(guesses.wait(address(5000 * 256), NOW), Duration::ZERO, "whoever comes first time comes in");
        assert_eq!(guesses.of_late(NOW) as usize, many);
        assert_eq!(guesses.of_late(NOW + limits::CODE_TRIES_LONG), 0);
    }

    #[test]
    fn it_stays_small() {
        let mut guesses = Guesses::default();
        for number in 0..3 * limits::CODE_ORIGINS as u32 {
            guesses.note(address(256 * number), NOW + Duration::from_micros(number.into()));
        }
        assert!(guesses.machines.len() <= limits::CODE_ORIGINS && guesses.networks.len() <= limits::CODE_ORIGINS);
    }
}
