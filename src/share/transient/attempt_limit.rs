//! Wrong codes, counted by where they came from: codes are short, so nobody may try many. Pure; forgotten at a restart.
//!
//! One machine has some tries, and waits when they are used up. A network has a few times as many, more than one guesser in
//! it can use up, and everyone together has more again. Where a network's are used up, each machine of it still has a few,
//! for whoever mistypes; where everyone's are, each has its first. So many addresses find nothing, and whoever has the
//! right code comes in.

use core::net::IpAddr;
use std::collections::HashMap;
use std::time::Duration;

use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::time::Moment;

/// Wrong codes of late.
#[derive(Debug, Default)]
pub struct AttemptLimit {
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
    /// How long until these are forgotten.
    fn left(&self, now: Moment) -> Duration {
        limits::CODE_TRIES_TIME.saturating_sub(now.since(self.since))
    }

    fn is_old(&self, now: Moment) -> bool {
        self.left(now) == Duration::ZERO
    }

    /// How long until these are forgotten, if there are so many.
    fn wait(&self, most: u32, now: Moment) -> Duration {
        if self.count >= most { self.left(now) } else { Duration::ZERO }
    }

    fn note(&mut self, now: Moment) {
        if self.count == 0 || self.is_old(now) {
            *self = Self { count: 0, since: now };
        }
        self.count = self.count.saturating_add(1);
    }
}

impl AttemptLimit {
    /// How long whoever asks from `from` has to wait before the next code is looked at; nothing where they need not.
    pub fn wait(&self, from: IpAddr, now: Moment) -> Duration {
        let Some(own) = self.machines.get(&Origin::of(from)) else { return Duration::ZERO };
        let network = self.networks.get(&Origin::around(from)).copied().unwrap_or_default();
        let of_network = if own.count >= limits::CODE_TRIES_FEW {
            network.wait(limits::CODE_TRIES_NETWORK, now)
        } else {
            Duration::ZERO
        };
        let of_all = self.all.wait(limits::CODE_TRIES_ALL, now);
        // Once its own are forgotten it has its first again.
        own.wait(limits::CODE_TRIES, now).max(of_network).max(of_all).min(own.left(now))
    }

    /// How many codes were wrong of late, from everywhere.
    pub fn of_late(&self, now: Moment) -> u32 {
        if self.all.is_old(now) { 0 } else { self.all.count }
    }

    /// A code that came from `from` was wrong.
    pub fn note(&mut self, from: IpAddr, now: Moment) {
        note(&mut self.machines, Origin::of(from), now);
        note(&mut self.networks, Origin::around(from), now);
        self.all.note(now);
    }
}

/// Counts one more of `from`. With too many to remember, those that are old go first, then the one that is oldest.
fn note(known: &mut HashMap<Origin, Wrong>, from: Origin, now: Moment) {
    if known.len() >= limits::CODE_ORIGINS && !known.contains_key(&from) {
        known.retain(|_, wrong| !wrong.is_old(now));
        if known.len() >= limits::CODE_ORIGINS
            && let Some(oldest) = known.iter().min_by_key(|(_, wrong)| wrong.since).map(|(from, _)| *from)
        {
            known.remove(&oldest);
        }
    }
    known.entry(from).or_default().note(now);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1);

    fn address(number: u32) -> IpAddr {
        IpAddr::from(core::net::Ipv4Addr::from_bits(0x0a00_0000 + number))
    }

    /// Tries from these addresses, one after the other, until none of them may; how many were looked at.
    fn tried(limit: &mut AttemptLimit, from: &[IpAddr], now: Moment) -> usize {
        let mut tried = 0;
        loop {
            let before = tried;
            for from in from {
                if limit.wait(*from, now) == Duration::ZERO {
                    limit.note(*from, now);
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
        let mut limit = AttemptLimit::default();
        assert_eq!(tried(&mut limit, &[address(1)], NOW), limits::CODE_TRIES as usize);
        assert_eq!(limit.wait(address(1), NOW), limits::CODE_TRIES_TIME);
        assert_eq!(limit.wait("::ffff:10.0.0.1".parse().expect("an address"), NOW), limits::CODE_TRIES_TIME);
        assert_eq!(limit.wait(address(2), NOW), Duration::ZERO);
        let later = NOW + limits::CODE_TRIES_TIME;
        assert_eq!(limit.wait(address(1), later), Duration::ZERO);
        limit.note(address(1), later);
        assert_eq!(limit.wait(address(1), later), Duration::ZERO, "the count begins anew");
    }

    #[test]
    fn many_addresses_of_one_network_guess_little_more_than_a_few() {
        for (count, most) in
            [(39, limits::CODE_TRIES_NETWORK + 39 * limits::CODE_TRIES_FEW), (250, limits::CODE_TRIES_ALL + 250)]
        {
            let addresses: Vec<_> = (1..=count).map(address).collect();
            // Taking turns, and each for as long as it may.
            let mut limit = AttemptLimit::default();
            let in_turns = tried(&mut limit, &addresses, NOW) as u32;
            let mut others = AttemptLimit::default();
            let in_rows: u32 = addresses.iter().map(|from| tried(&mut others, &[*from], NOW) as u32).sum();
            assert!(in_turns.max(in_rows) <= most, "{count} addresses: {in_turns} or {in_rows} guesses");
            let mut minutes = 0;
            for minute in 1..10 {
                let then = NOW + Duration::from_secs(60 * minute);
                minutes += tried(&mut limit, &addresses, then) + tried(&mut others, &addresses, then);
            }
            assert_eq!(minutes, 0, "nor in the next minutes");
            assert_eq!(limit.wait(address(255), NOW), Duration::ZERO, "a neighbour with the right code comes in");
            assert_eq!(limit.wait(address(70_000), NOW), Duration::ZERO, "and so do others");
        }
    }

    #[test]
    fn a_guessers_neighbour_may_mistype() {
        let mut limit = AttemptLimit::default();
        let (guesser, neighbour) = (address(1), address(2));
        // One who guesses all day, whenever they may.
        let seconds = |n: u64| NOW + Duration::from_secs(n);
        let looked_at: usize = (0..24 * 360).map(|n| tried(&mut limit, &[guesser], seconds(10 * n))).sum();
        assert_eq!(looked_at, limits::CODE_TRIES as usize * 24 * 6);
        assert_eq!(tried(&mut limit, &[neighbour], seconds(24 * 3600)), limits::CODE_TRIES as usize, "all their own");
        // Where many guess, they have a few still.
        let guessers: Vec<_> = (10..30).map(address).collect();
        tried(&mut limit, &guessers, seconds(24 * 3600));
        assert_eq!(tried(&mut limit, &[address(3)], seconds(24 * 3600)), limits::CODE_TRIES_FEW as usize);
    }

    #[test]
    fn addresses_that_one_machine_chooses_itself_are_one() {
        let mut limit = AttemptLimit::default();
        let addresses: Vec<IpAddr> =
            (1..1000).map(|number| format!("2001:db8:0:1::{number:x}").parse().expect("an address")).collect();
        assert_eq!(tried(&mut limit, &addresses, NOW), limits::CODE_TRIES as usize);
    }

    #[test]
    fn many_networks_have_one_guess_each_once_all_have_many() {
        let mut limit = AttemptLimit::default();
        let addresses: Vec<_> = (0..2000).map(|network| address(network * 256)).collect();
        let many = tried(&mut limit, &addresses, NOW);
        assert!(many <= limits::CODE_TRIES_ALL as usize + addresses.len(), "{many} guesses");
        assert_eq!(limit.wait(address(5000 * 256), NOW), Duration::ZERO, "whoever comes first time comes in");
        assert_eq!(limit.of_late(NOW) as usize, many);
        assert_eq!(limit.of_late(NOW + limits::CODE_TRIES_TIME), 0);
    }

    #[test]
    fn it_stays_small() {
        let mut limit = AttemptLimit::default();
        for number in 0..3 * limits::CODE_ORIGINS as u32 {
            limit.note(address(256 * number), NOW + Duration::from_micros(number.into()));
        }
        assert!(limit.machines.len() <= limits::CODE_ORIGINS && limit.networks.len() <= limits::CODE_ORIGINS);
    }
}
