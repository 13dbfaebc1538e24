//! Who a client is, by the token or the cookie that comes with its request: asked off the event loop, once for a connection,
//! before each large body, and whenever a device is no more. So a known device has places that strangers can't take, and
//! nobody's body is read before it is known.

use crate::executor::{Work, unblock};
use crate::ground::crowd::number;
use crate::ground::reply::Reply;
use crate::ground::shares::Standing;
use crate::http::api::{Api, Failure};
use crate::http::play::BoxFuture;
use crate::http::route::Route;
use crate::http::{api_phone, api_tv, cookies};

/// What may tell who a client is; unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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

/// A device of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// A number that nobody else has: a sender's, a paired TV's, or the owner's.
    pub number: u64,
    /// Before whom it goes.
    pub standing: Standing,
}

/// Who knows devices.
pub trait Devices: Send + Sync {
    /// Whose credentials these are.
    fn device(&self, credentials: Credentials) -> BoxFuture<'_, Option<Device>>;
    /// Sets what is called when a device is no more: whoever was known by its credentials has to be asked after again.
    fn on_gone(&self, hook: Box<dyn Fn() + Send + Sync>);
}

impl Devices for Api {
    fn device(&self, credentials: Credentials) -> BoxFuture<'_, Option<Device>> {
        let api = self.clone();
        Box::pin(unblock(Work::Books, move || device(&api, &credentials)))
    }

    fn on_gone(&self, hook: Box<dyn Fn() + Send + Sync>) {
        self.steward.on_device_gone(hook);
    }
}

/// Whose credentials these are. Blocks.
fn device(api: &Api, credentials: &Credentials) -> Option<Device> {
    if credentials.authorization.is_some()
        && let Ok((phone, sender)) = api_phone::phone(api, credentials.authorization.as_deref())
    {
        let standing = api_phone::standing(&phone, &sender);
        return Some(Device { number: number("sender", &sender.id.to_string()), standing });
    }
    let cookies = credentials.cookie.as_deref()?;
    // A TV that is not paired is anyone who asked.
    if let Ok(Some(session)) = api_tv::session_of(api, cookies, credentials.is_secure)
        && session.account.is_some()
    {
        return Some(Device { number: number("tv", &session.tv.id.to_string()), standing: Standing::Member });
    }
    let owner = cookies::own(cookies, cookies::OWNER, credentials.is_secure)?;
    let is_owner = api.steward.is_owner(owner).is_ok_and(|is_owner| is_owner);
    is_owner.then(|| Device { number: number("owner", ""), standing: Standing::Owner })
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
