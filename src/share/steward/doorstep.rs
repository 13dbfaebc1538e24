//! The steward's decisions about who stands at the door: TVs that wait to be paired, and whoever claims a house that nobody
//! owns. Until one is taken in, all of it is in memory.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{MutexGuard, PoisonError};

use crate::ground::crypto::{self, TokenHash};
use crate::ground::id::{AccountId, TvId};
use crate::ground::origin::Origin;
use crate::ground::time::Moment;
use crate::share::model::error::ShareError;
use crate::share::model::rows::Tv;
use crate::share::model::views::{Belongings, Claim, Claimed, NewTv, Unwanted};
use crate::share::rules::{claim, pairing};
use crate::share::transient::claiming::{ClaimWay, Claiming};
use crate::share::transient::waiting::Waiting;

use super::Steward;

/// Who stands at the door.
#[derive(Debug)]
pub(super) struct Doorstep {
    waiting: Waiting,
    claiming: Claiming,
}

impl Doorstep {
    /// Nobody yet, at `now`.
    pub fn new(now: Moment) -> Self {
        Self { waiting: Waiting::default(), claiming: Claiming::new(now) }
    }
}

impl Steward {
    fn doorstep(&self) -> MutexGuard<'_, Doorstep> {
        self.doorstep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a TV of this machine's own, seen for the first time.
    pub fn new_tv(&self) -> Result<NewTv, ShareError> {
        self.new_tv_from(Ipv4Addr::LOCALHOST.into())
    }

    /// Takes in a TV seen for the first time, at that address.
    pub fn new_tv_from(&self, from: IpAddr) -> Result<NewTv, ShareError> {
        let cookie = crypto::new_token();
        let (now, date) = (self.clock.now(), self.date());
        let mut doorstep = self.doorstep();
        let tv = doorstep.waiting.take_in(TokenHash::of(&cookie), Origin::of(from), now, date)?;
        doorstep.claiming.way(tv.id, now);
        let pairing_code = tv.pairing.map(|pairing| pairing.text()).unwrap_or_default();
        Ok(NewTv { tv: tv.id, cookie, pairing_code })
    }

    /// The TV that waits with this cookie.
    pub(super) fn waiting_tv(&self, cookie: &str) -> Option<Tv> {
        self.doorstep().waiting.asks(TokenHash::of(cookie), self.clock.now()).cloned()
    }

    /// The TVs that wait to be paired.
    pub fn waiting_tvs(&self) -> Vec<Tv> {
        self.doorstep().waiting.tvs().cloned().collect()
    }

    /// The code that a TV shows; a new one when the last is too old. `None` when it doesn't wait.
    pub fn pairing_code(&self, tv: TvId) -> Option<String> {
        self.doorstep().waiting.code(tv, self.date())
    }

    /// Pairs the TV that shows `code` to an account.
    pub fn approve_tv(&self, code: &str, account: AccountId, name: Option<&str>) -> Result<Tv, ShareError> {
        let tv = self.doorstep().waiting.by_code(code, self.date())?.clone();
        let name = name.map(str::to_owned);
        let tv = self.write(move |ledger, news, _| pairing::approve(ledger, news, tv, account, name.as_deref()))?;
        self.doorstep().waiting.forget(tv.id);
        Ok(tv)
    }

    /// Whether anyone owns the house.
    pub fn is_claimed(&self) -> Result<bool, ShareError> {
        self.read(claim::is_claimed)
    }

    /// How the house can be claimed, which nobody owns yet: for the page of a TV that waits.
    pub fn claim_way(&self, tv: TvId) -> ClaimWay {
        self.doorstep().claiming.way(tv, self.clock.now())
    }

    /// The code with which whoever sits at the gateway claims the house; none where it has an owner.
    pub fn claim_code(&self) -> Result<String, ShareError> {
        if self.is_claimed()? { Err(ShareError::Claimed) } else { Ok(self.doorstep().claiming.code().to_owned()) }
    }

    /// Whether the house can be claimed with a code, before anything costly is done with what came with it.
    pub fn check_claim(&self, code: &str) -> Result<(), ShareError> {
        if self.is_claimed()? { Err(ShareError::Claimed) } else { self.claimant(code).map(drop) }
    }

    /// The TV whose square `code` is from; none for the gateway's own code.
    fn claimant(&self, code: &str) -> Result<Option<Tv>, ShareError> {
        let (now, date) = (self.clock.now(), self.date());
        let mut doorstep = self.doorstep();
        if doorstep.claiming.is_code(code) {
            return Ok(None);
        }
        let tv = doorstep.waiting.by_code(code, date)?.clone();
        match doorstep.claiming.way(tv.id, now) {
            ClaimWay::Square => Ok(Some(tv)),
            ClaimWay::Contested | ClaimWay::Late => Err(ShareError::ClaimClosed),
        }
    }

    /// Makes the first phone the owner's, with a household, a user and the TV that shows the code, if one does.
    pub fn claim(&self, wish: Claim) -> Result<Claimed, ShareError> {
        self.check_claim(&wish.code)?;
        let tv = self.claimant(&wish.code)?;
        let (shown, token) = (tv.as_ref().map(|tv| tv.id), crypto::new_token());
        let hash = TokenHash::of(&token);
        let others = self.waiting_tvs().into_iter().map(|tv| tv.id).filter(|other| Some(*other) != shown).collect();
        let made = self.write(move |ledger, news, date| claim::claim(ledger, news, date, &wish, tv, others, hash))?;
        if let Some(tv) = shown {
            self.doorstep().waiting.forget(tv);
        }
        log::info!("the home was claimed: account {}", made.account);
        Ok(Claimed { account: made.account, user: made.user, sender: made.sender, token })
    }

    /// What would be lost if the house were given back.
    pub fn belongings(&self) -> Result<Belongings, ShareError> {
        self.read(claim::belongings)
    }

    /// Gives the house back to nobody, with all that is in it; it can be claimed again as after a start.
    pub fn give_back(&self) -> Result<(), ShareError> {
        let left = self.write(|ledger, news, _| claim::give_back(ledger, news))?;
        log::warn!("the home was given back: it belongs to nobody now");
        self.doorstep().claiming = Claiming::new(self.clock.now());
        self.wake_up()?;
        left.shares.into_iter().for_each(|share| self.stream_is_unwanted(share, Unwanted::Withdrawn));
        left.photos.into_iter().for_each(|photo| self.photo_is_unwanted(Some(photo)));
        self.device_is_gone();
        Ok(())
    }
}
