//! Who a client is, by the token or the cookie that comes with its request: asked off the event loop, once for a connection,
//! before each large body, and whenever a device is no more. So a known device has places that strangers can't take, and
//! nobody's body is read before it is known.

use crate::executor::{BoxFuture, Work, unblock};
use crate::ground::crowd::number;
use crate::ground::reply::Reply;
use crate::ground::shares::Standing;
use crate::http::api::asker::{standing, token};
use crate::http::api::failure::Failure;
use crate::http::api::services::Api;
use crate::http::cookies;
use crate::http::ports::devices::{Credentials, Device, Devices, Proven, Unknown};
use crate::http::route::Route;

impl Devices for Api {
    fn device(&self, credentials: Credentials) -> BoxFuture<'_, Result<Option<Proven>, Unknown>> {
        let api = self.clone();
        Box::pin(unblock(Work::Storage, move || device(&api, &credentials)))
    }

    fn on_gone(&self, hook: Box<dyn Fn() + Send + Sync>) {
        self.steward.on_device_gone(hook);
    }
}

/// Whose credentials these are, and by which of them. Blocks.
fn device(api: &Api, credentials: &Credentials) -> Result<Option<Proven>, Unknown> {
    let is_secure = credentials.is_secure;
    if let Some(token) = token(credentials.authorization.as_deref())
        && let Some((phone, sender)) = api.steward.phone_by_token(token).map_err(|_| Unknown)?
    {
        let standing = standing(&phone, &sender);
        let by = Credentials { authorization: Some(format!("Bearer {token}")), cookie: None, is_secure };
        return Ok(Some((Device { number: number("sender", &sender.id.to_string()), standing }, by)));
    }
    let Some(cookies) = credentials.cookie.as_deref() else { return Ok(None) };
    let by = |name: &str, value: &str| {
        let cookie = Some(cookies::pair(name, value, is_secure));
        Credentials { authorization: None, cookie, is_secure }
    };
    // A TV that is not paired is anyone who asked.
    if let Some(cookie) = cookies::any(cookies, cookies::TV, is_secure)
        && let Some(session) = api.steward.session(cookie, None).map_err(|_| Unknown)?
        && session.account.is_some()
    {
        let device = Device { number: number("tv", &session.tv.id.to_string()), standing: Standing::Member };
        return Ok(Some((device, by(cookies::TV, cookie))));
    }
    let Some(cookie) = cookies::own(cookies, cookies::OWNER, is_secure) else { return Ok(None) };
    let is_owner = api.steward.is_owner(cookie).map_err(|_| Unknown)?;
    let device = Device { number: number("owner", ""), standing: Standing::Owner };
    Ok(is_owner.then(|| (device, by(cookies::OWNER, cookie))))
}

/// What whoever asks for `route` is told who is none of those who may.
pub(in crate::http) fn stranger(route: &Route) -> Reply {
    let failure = match route {
        Route::Tv(_) | Route::TvHelp(_) => Failure::NoTv,
        Route::Owner(_) => Failure::NotOwner,
        _ => Failure::NoPhone,
    };
    failure.reply()
}
