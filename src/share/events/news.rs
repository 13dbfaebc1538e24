//! What a decision has to tell: gathered by the rules, told once the decision is durable.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use serde_json::json;

use crate::ground::id::{AccountId, ShareId, TvId, UserId};
use crate::ground::recording_failure;
use crate::share::events::announcer::{Announcer, Audience};
use crate::share::ledger::{Order, Rows};
use crate::share::model::error::ShareError;
use crate::share::model::rows::{MediaInfo, Sender, Share, User};
use crate::share::model::state::{Manner, TargetState};
use crate::share::model::views::photo_url;

/// Events to be told, in order.
#[derive(Default)]
pub struct News(Vec<(Audience, &'static str, Arc<str>)>);

impl News {
    /// Tells them.
    pub fn tell(self, announcer: &Announcer) {
        for (audience, name, data) in self.0 {
            announcer.tell(audience, name, data);
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
        let data = ring_data(user, sender, share, manner);
        for tv in account_tvs(ledger, user.account)? {
            self.0.push((Audience::Tv(tv), "ring", data.clone()));
        }
        Ok(())
    }

    /// The share's state has changed: told to its phone, and to the TVs of whoever it came to.
    pub fn share(&mut self, ledger: &dyn Rows, share: &Share) -> Result<(), ShareError> {
        let reason = share.end_reason.map(|reason| reason.as_str());
        let kind = share.kind.as_str();
        let mut data = json!({ "share_id": share.id.to_string(), "state": share.state.as_str(), "kind": kind });
        self.tell_tvs(ledger, share, data.to_string().into())?;
        if let (Some(failure), Some(fields)) = (&share.recording_failure, data.as_object_mut()) {
            fields.insert("recording_failure".into(), failure.as_str().into());
            fields.insert("recording_failure_code".into(), recording_failure::code(failure).into());
        }
        if let (Some(reason), Some(fields)) = (reason, data.as_object_mut()) {
            fields.insert("reason".into(), reason.into());
            if let Some(message) = &share.recording_failure {
                fields.insert("message".into(), message.as_str().into());
            }
        }
        self.0.push((Audience::Share(share.id), "share", data.to_string().into()));
        Ok(())
    }

    /// The share is no more: for whoever asks, its state is unknown.
    pub fn gone(&mut self, ledger: &dyn Rows, share: &Share) -> Result<(), ShareError> {
        let data = json!({ "share_id": share.id.to_string(), "state": "unknown" }).to_string();
        let data: Arc<str> = data.into();
        self.tell_tvs(ledger, share, data.clone())?;
        self.0.push((Audience::Share(share.id), "share", data));
        Ok(())
    }

    fn tell_tvs(&mut self, ledger: &dyn Rows, share: &Share, data: Arc<str>) -> Result<(), ShareError> {
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
                self.0.push((Audience::Tv(tv), "share", data.clone()));
            }
        }
        Ok(())
    }

    /// A target's state or delay has changed: the phone shows it.
    pub fn target(&mut self, share: ShareId, user: UserId, name: &str, state: TargetState, latency_ms: Option<u64>) {
        let mut data = json!({ "user_id": user.to_string(), "name": name, "state": state.as_str() });
        if let (Some(latency_ms), Some(fields)) = (latency_ms, data.as_object_mut()) {
            fields.insert("latency_ms".into(), latency_ms.into());
        }
        self.0.push((Audience::Share(share), "target", data.to_string().into()));
    }

    /// What the stream is made of is known, or has changed.
    pub fn media(&mut self, share: ShareId, media: &MediaInfo) {
        let data = json!({
            "codec": media.codec, "audio_codec": media.audio_codec, "width": media.width, "height": media.height,
            "frame_rate": media.frame_rate, "bits_per_second": media.bits_per_second,
        });
        self.0.push((Audience::Share(share), "media", data.to_string().into()));
    }

    /// The user's inbox has changed: told where the user is signed in, and nowhere else.
    pub fn inbox(&mut self, ledger: &dyn Rows, user: UserId) -> Result<(), ShareError> {
        let Some(row) = ledger.user(user)? else { return Ok(()) };
        let counts = ledger.inbox_counts(user)?.unwrap_or_default();
        let data = json!({ "user_id": user.to_string(), "total": counts.total, "unseen": counts.unseen }).to_string();
        let data: Arc<str> = data.into();
        for tv in account_tvs(ledger, row.account)? {
            let here = ledger.tv(tv)?.is_some_and(|tv| tv.signed_in.iter().any(|signed_in| signed_in.user == user));
            if here {
                self.0.push((Audience::Tv(tv), "inbox", data.clone()));
            }
        }
        Ok(())
    }

    /// The TV was paired or removed, or someone signed in or out: its page should ask who it is.
    pub fn tv(&mut self, tv: TvId, paired: bool) {
        self.0.push((Audience::Tv(tv), "tv", json!({ "paired": paired }).to_string().into()));
    }
}

/// What TVs are told when a share rings; where its sender asks to be allowed, no more than who that is.
pub fn ring_data(user: &User, sender: &Sender, share: &Share, manner: Manner) -> Arc<str> {
    if manner == Manner::Quiet {
        let data = json!({
            "share_id": share.id.to_string(),
            "user_id": user.id.to_string(),
            "introduction": true,
            "sender": {
                "sender_id": sender.id.to_string(), "name": sender.name, "number": sender.msisdn, "photo_url": null,
            },
            "title": null,
            "kind": share.kind.as_str(),
        });
        return data.to_string().into();
    }
    let data = json!({
        "share_id": share.id.to_string(),
        "user_id": user.id.to_string(),
        "sender": {
            "sender_id": sender.id.to_string(), "name": sender.name, "photo_url": photo_url(sender.photo),
        },
        "title": share.title,
        "kind": share.kind.as_str(),
    });
    data.to_string().into()
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
