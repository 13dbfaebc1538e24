//! TVs that wait to be paired: each shows a code, and none of it is written down before someone takes it in. Anyone on the
//! network can have such TVs made, so everyone has a few, and makes room among their own. Pure; forgotten at a restart.

use std::collections::HashMap;

use crate::ground::crypto::{self, TokenHash};
use crate::ground::id::TvId;
use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::time::{Moment, UnixMs};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{Pairing, Tv};

/// The TVs that wait.
#[derive(Debug, Default)]
pub struct Waiting(Vec<Guest>);

/// One of them, as it will be written down once it is paired.
#[derive(Debug)]
struct Guest {
    tv: Tv,
    from: Origin,
    /// When its page asked last.
    asked: Moment,
}

impl Guest {
    fn pairing(&self) -> Pairing {
        self.tv.pairing.expect("a TV that waits has a code")
    }

    fn is_idle(&self, now: Moment) -> bool {
        now.since(self.asked) >= limits::WAITING_TV_IDLE
    }
}

impl Waiting {
    /// Takes in a TV seen for the first time, with a code to show. When there are many, one that isn't asked for any more
    /// makes room, or one of whoever has most; never the only one of its address.
    pub fn take_in(&mut self, cookie: TokenHash, from: Origin, now: Moment, date: UnixMs) -> Result<Tv, ShareError> {
        let own = self.0.iter().filter(|guest| guest.from == from).count();
        if own >= limits::WAITING_TVS_PER_ADDRESS {
            self.drop_oldest(|guest| guest.from == from);
        } else if self.0.len() >= limits::WAITING_TVS {
            self.make_room(now)?;
        }
        let tv = Tv {
            id: TvId::new(date),
            name: "TV".into(),
            cookie,
            account: None,
            pairing: Some(self.new_pairing(date)),
            signed_in: Vec::new(),
            created_at: date,
        };
        self.0.push(Guest { tv: tv.clone(), from, asked: now });
        Ok(tv)
    }

    fn make_room(&mut self, now: Moment) -> Result<(), ShareError> {
        if self.0.iter().any(|guest| guest.is_idle(now)) {
            self.drop_oldest(|_| true);
            return Ok(());
        }
        let mut counts: HashMap<Origin, usize> = HashMap::new();
        for guest in &self.0 {
            *counts.entry(guest.from).or_default() += 1;
        }
        match counts.into_iter().max_by_key(|(_, count)| *count) {
            Some((most, count)) if count > 1 => self.drop_oldest(|guest| guest.from == most),
            _ => {
                let most = limits::WAITING_TVS;
                return Err(ShareError::Full(format!("{most} TVs wait to be paired already; try again in a minute")));
            }
        }
        Ok(())
    }

    /// Drops the one whose page asked longest ago.
    fn drop_oldest(&mut self, of: impl Fn(&Guest) -> bool) {
        let those = self.0.iter().enumerate().filter(|(_, guest)| of(guest));
        if let Some((oldest, _)) = those.min_by_key(|(_, guest)| guest.asked) {
            self.0.remove(oldest);
        }
    }

    fn new_pairing(&self, date: UnixMs) -> Pairing {
        loop {
            let code = crypto::new_digits(6).parse().expect("six digits are a number");
            if self.0.iter().all(|guest| guest.pairing().code != code) {
                return Pairing { code, made_at: date };
            }
        }
    }

    /// The TV with this cookie, whose page asks.
    pub fn asks(&mut self, cookie: TokenHash, now: Moment) -> Option<&Tv> {
        let guest = self.0.iter_mut().find(|guest| crypto::same(&guest.tv.cookie.0, &cookie.0))?;
        guest.asked = now;
        Some(&guest.tv)
    }

    /// The code that a TV shows: a new one when its last is too old. `None` when it doesn't wait.
    pub fn code(&mut self, tv: TvId, date: UnixMs) -> Option<String> {
        let at = self.0.iter().position(|guest| guest.tv.id == tv)?;
        if !code_holds(&self.0[at].pairing(), date) {
            self.0[at].tv.pairing = Some(self.new_pairing(date));
        }
        Some(self.0[at].pairing().text())
    }

    /// The TV that shows `code`, if it still holds.
    pub fn by_code(&self, code: &str, date: UnixMs) -> Result<&Tv, ShareError> {
        let code: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).take(7).collect();
        if code.len() != 6 || !code.bytes().all(|c| c.is_ascii_digit()) {
            return Err(ShareError::BadCode);
        }
        let code: u32 = code.parse().map_err(|_| ShareError::BadCode)?;
        let found = self.0.iter().find(|guest| guest.pairing().code == code && code_holds(&guest.pairing(), date));
        found.map(|guest| &guest.tv).ok_or(ShareError::BadCode)
    }

    /// It was paired: it waits no more.
    pub fn forget(&mut self, tv: TvId) {
        self.0.retain(|guest| guest.tv.id != tv);
    }

    /// All that wait, oldest first.
    pub fn tvs(&self) -> impl Iterator<Item = &Tv> {
        self.0.iter().map(|guest| &guest.tv)
    }
}

fn code_holds(pairing: &Pairing, date: UnixMs) -> bool {
    pairing.made_at.holds(limits::PAIRING_CODE_TIME.as_millis() as u64, date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    const NOON: UnixMs = UnixMs(1_700_000_000_000);

    fn from(last: u32) -> Origin {
        Origin::of(IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + last)))
    }

    fn cookie(number: usize) -> TokenHash {
        TokenHash::of(&number.to_string())
    }

    fn seconds(number: u64) -> Moment {
        Moment(0) + Duration::from_secs(number)
    }

    #[test]
    fn a_stranger_drives_out_their_own_alone() {
        let mut waiting = Waiting::default();
        let family = waiting.take_in(cookie(0), from(1), seconds(0), NOON).expect("a place");
        for number in 1..=720 {
            waiting.take_in(cookie(number), from(2), seconds(number as u64), NOON).expect("a place");
        }
        assert_eq!(waiting.0.len(), 1 + limits::WAITING_TVS_PER_ADDRESS);
        assert_eq!(waiting.asks(cookie(0), seconds(721)).map(|tv| tv.id), Some(family.id));
        assert!(waiting.asks(cookie(720), seconds(721)).is_some() && waiting.asks(cookie(1), seconds(721)).is_none());
    }

    #[test]
    fn many_strangers_have_the_places_that_nobody_asks_for_and_those_of_whoever_has_most() {
        let mut waiting = Waiting::default();
        waiting.take_in(cookie(0), from(0), seconds(0), NOON).expect("a place");
        let mut number = 0;
        let fill = |waiting: &mut Waiting, number: &mut usize, at: u64| {
            *number += 1;
            waiting.take_in(cookie(*number), from((*number / 10) as u32 + 1), seconds(at), NOON).map(drop)
        };
        while waiting.0.len() < limits::WAITING_TVS {
            fill(&mut waiting, &mut number, 1).expect("a place");
        }
        for at in 2..1000 {
            assert!(waiting.asks(cookie(0), seconds(at)).is_some(), "whoever keeps asking stays");
            fill(&mut waiting, &mut number, at).expect("another makes room");
            assert!(waiting.0.len() <= limits::WAITING_TVS);
        }
        let mut waiting = Waiting::default();
        for number in 0..limits::WAITING_TVS {
            waiting.take_in(cookie(number), from(number as u32), seconds(0), NOON).expect("a place");
        }
        let now = seconds(1);
        assert!(matches!(waiting.take_in(cookie(9999), from(9999), now, NOON), Err(ShareError::Full(_))));
        let later = now + limits::WAITING_TV_IDLE;
        waiting.take_in(cookie(9999), from(9999), later, NOON).expect("they have gone");
    }

    #[test]
    fn a_code_is_shown_for_a_while_and_then_another() {
        let mut waiting = Waiting::default();
        let tv = waiting.take_in(cookie(0), from(0), seconds(0), NOON).expect("a place");
        let code = waiting.code(tv.id, NOON).expect("it waits");
        let typed = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(waiting.by_code(&typed, NOON).map(|found| found.id).ok(), Some(tv.id));
        let later = NOON.plus(limits::PAIRING_CODE_TIME);
        assert!(waiting.by_code(&code, later).is_err());
        let next = waiting.code(tv.id, later).expect("it waits");
        assert!(waiting.by_code(&next, later).is_ok());
        for wrong in ["", "12345", "1234567", "12345x", "¼23456"] {
            assert!(waiting.by_code(wrong, later).is_err(), "{wrong}");
        }
        waiting.forget(tv.id);
        assert!(waiting.code(tv.id, later).is_none() && waiting.by_code(&next, later).is_err());
    }
}
