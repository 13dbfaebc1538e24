//! What a decision has to tell: gathered by the rules, told once the decision is durable.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::ground::id::{AccountId, ShareId, TvId, UserId};
use crate::share::events::announcer::{Announcer, Audience};
use crate::share::events::change::{Change, Ring};
use crate::share::ledger::{Order, Rows};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{MediaInfo, Sender, Share, User};
use crate::share::model::state::{Manner, TargetState};
use crate::share::model::views::Delay;

/// Changes to be told, in order.
#[derive(Default)]
pub struct News(Vec<(Audience, Arc<Change>)>);

impl News {
    /// Tells them.
    pub fn tell(self, announcer: &Announcer) {
        for (audience, change) in self.0 {
            announcer.tell(audience, change);
        }
    }

    /// A share came to `user`: the TVs of the household ring.
    pub fn ring(
        &mut self,
        ledger: &dyn Rows,
        user: &User,
        sender: &Sender,
        share: &Share,
        manner: Manner,
    ) -> Result<(), ShareError> {
        let ring = Arc::new(Change::Ring(Ring::new(user, sender, share, manner)));
        for tv in account_tvs(ledger, user.account)? {
            self.0.push((Audience::Tv(tv), ring.clone()));
        }
        Ok(())
    }

    /// The share's state has changed: told to its phone, and to the TVs of whoever it came to.
    pub fn share(&mut self, ledger: &dyn Rows, share: &Share) -> Result<(), ShareError> {
        let Share { id, state, kind, end_reason, ref recording_failure, .. } = *share;
        self.tell_tvs(ledger, share, Change::Share { share: id, state, kind, end_reason }.into())?;
        let recording_failure = recording_failure.clone();
        let own = Change::OwnShare { share: id, state, kind, end_reason, recording_failure };
        self.0.push((Audience::Share(id), own.into()));
        Ok(())
    }

    /// The share's stream is interrupted, or back: told to its phone, and to the TVs of whoever it came to.
    pub fn interrupted(&mut self, ledger: &dyn Rows, share: &Share, interrupted: bool) -> Result<(), ShareError> {
        let Share { id, state, kind, .. } = *share;
        let change = Arc::new(Change::Interrupted { share: id, state, kind, interrupted });
        self.tell_tvs(ledger, share, change.clone())?;
        self.0.push((Audience::Share(id), change));
        Ok(())
    }

    /// The share is no more.
    pub fn gone(&mut self, ledger: &dyn Rows, share: &Share) -> Result<(), ShareError> {
        let gone = Arc::new(Change::Gone(share.id));
        self.tell_tvs(ledger, share, gone.clone())?;
        self.0.push((Audience::Share(share.id), gone));
        Ok(())
    }

    fn tell_tvs(&mut self, ledger: &dyn Rows, share: &Share, change: Arc<Change>) -> Result<(), ShareError> {
        let mut accounts = Vec::new();
        for target in share.targets.iter().filter(|target| target.state.has_arrived()) {
            if let Some(user) = ledger.user(target.user)?
                && !accounts.contains(&user.account)
            {
                accounts.push(user.account);
            }
        }
        for account in accounts {
            for tv in account_tvs(ledger, account)? {
                self.0.push((Audience::Tv(tv), change.clone()));
            }
        }
        Ok(())
    }

    /// A target's state or delay has changed: the phone shows it.
    pub fn target(&mut self, share: ShareId, user: UserId, name: &str, state: TargetState, delay: Option<Delay>) {
        let target = Change::Target { user, name: name.to_owned(), state, delay };
        self.0.push((Audience::Share(share), target.into()));
    }

    /// What the stream is made of is known, or has changed.
    pub fn media(&mut self, share: ShareId, media: &MediaInfo) {
        self.0.push((Audience::Share(share), Change::Media(media.clone()).into()));
    }

    /// The user's inbox has changed: told where the user is signed in, and nowhere else.
    pub fn inbox(&mut self, ledger: &dyn Rows, user: UserId) -> Result<(), ShareError> {
        let Some(row) = ledger.user(user)? else { return Ok(()) };
        let counts = ledger.inbox_counts(user)?.unwrap_or_default();
        let inbox = Arc::new(Change::Inbox { user, total: counts.total, unseen: counts.unseen });
        for tv in account_tvs(ledger, row.account)? {
            if ledger.tv(tv)?.is_some_and(|tv| tv.has_signed_in(user)) {
                self.0.push((Audience::Tv(tv), inbox.clone()));
            }
        }
        Ok(())
    }

    /// The TV was paired or removed, or someone signed in or out: its page should ask who it is.
    pub fn tv(&mut self, tv: TvId, paired: bool) {
        self.0.push((Audience::Tv(tv), Change::Tv { paired }.into()));
    }
}

/// The TVs of an account.
pub fn account_tvs(ledger: &dyn Rows, account: AccountId) -> Result<Vec<TvId>, ShareError> {
    let mut tvs = Vec::new();
    let range = (Bound::Included((account, TvId([0; 10]))), Bound::Included((account, TvId([255; 10]))));
    ledger.scan_account_tvs(range, Order::Rising, &mut |(_, tv), ()| {
        tvs.push(tv);
        ControlFlow::Continue(())
    })?;
    Ok(tvs)
}
