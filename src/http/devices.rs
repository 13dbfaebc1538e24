//! Who a client is, by the token or the cookie that comes with its request: asked once for a connection, off the event
//! loop, so that a known device has places that strangers can't take, and nobody's body is read before it is known.

use crate::executor::{Work, unblock};
use crate::ground::crowd::number;
use crate::ground::reply::Reply;
use crate::http::api::{Api, Failure};
use crate::http::play::BoxFuture;
use crate::http::route::Route;
use crate::http::{api_phone, api_tv, cookies};

/// What may tell who a client is; unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The Authorization field.
    pub authorization: Option<String>,
    /// The Cookie field.
    pub cookie: Option<String>,
    /// Whether they came over TLS.
    pub is_secure: bool,
}

impl Credentials {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.authorization.is_none() && self.cookie.is_none()
    }
}

/// Who knows devices.
pub trait Devices: Send + Sync {
    /// Whose credentials these are, as a number that nobody else has: a sender's, a paired TV's, or the owner's.
    fn device(&self, credentials: Credentials) -> BoxFuture<'_, Option<u64>>;
}

impl Devices for Api {
    fn device(&self, credentials: Credentials) -> BoxFuture<'_, Option<u64>> {
        let api = self.clone();
        Box::pin(unblock(Work::Books, move || device(&api, &credentials)))
    }
}

/// Whose credentials these are. Blocks.
fn device(api: &Api, credentials: &Credentials) -> Option<u64> {
    if credentials.authorization.is_some()
        && let Ok((_, sender)) = api_phone::phone(api, credentials.authorization.as_deref())
    {
        return Some(number("sender", &sender.id.to_string()));
    }
    let cookies = credentials.cookie.as_deref()?;
    // A TV that is not paired is anyone who asked.
    if let Ok(Some(session)) = api_tv::session_of(api, cookies, credentials.is_secure)
        && session.account.is_some()
    {
        return Some(number("tv", &session.tv.id.to_string()));
    }
    let owner = cookies::own(cookies, cookies::OWNER, credentials.is_secure)?;
    api.steward.is_owner(owner).is_ok_and(|is_owner| is_owner).then(|| number("owner", ""))
}

/// What whoever asks for `route` is told who is none of those who may.
pub(super) fn stranger(route: &Route) -> Reply {
    let failure = match route {
        Route::Tv(_) | Route::TvHelp(_) => Failure::NoTv,
        Route::Owner(_) => Failure::NotOwner,
        _ => Failure::NoPhone,
    };
    failure.reply()
}
