//! The TV API: what a TV's page may ask, by its cookies (RFC 6265).

mod channels;
mod device;
pub(super) mod help;
mod inbox;
mod invite;
mod settings;
mod watching;

use crate::http::api::answer::done;
use crate::http::api::asker::session;
use crate::http::api::call::same_site;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::http::route::TvCall;
use crate::share::{Holder, Inviter, ShareError};

/// Answers a TV.
pub(in crate::http) fn answer(api: &Api, request: &Request, call: TvCall) -> Answered {
    same_site(request)?;
    if call == TvCall::Device {
        return device::answer(api, request);
    }
    let session = session(api, request)?.ok_or(Failure::NoTv)?;
    let tv = session.tv.id;
    if call == TvCall::PairPicture {
        return device::pair_picture(api, request, tv);
    }
    if call == TvCall::SignIn {
        return device::sign_in(api, request, &session.tv);
    }
    let account = session.account.ok_or(ShareError::NotPaired)?.id;
    if call == TvCall::Channels {
        // Channels are the household's: nobody needs to say who is watching.
        return channels::answer(api.lineup.as_deref(), request, tv);
    }
    let user = session.user.ok_or(Failure::NotSignedIn)?;
    let holder = Holder { user: user.id, tv: Some(tv) };
    let steward = &api.steward;
    match call {
        TvCall::Invite => invite::invite(api, request, account, Inviter::Tv(tv, user.id)),
        TvCall::InvitePicture => invite::picture(request),
        TvCall::SignOut => device::sign_out(api, request, tv, user.id),
        TvCall::Inbox => inbox::page(api, request, holder),
        TvCall::DeleteEntry(share) => steward.delete_entry(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Entry(share) => inbox::entry(api, request, holder, &user, share),
        TvCall::Accept(share) => watching::accept(api, request, tv, user.id, share),
        TvCall::Allow(share) => steward.allow(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Later(share) => steward.later(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Decline(share) => steward.decline(user.id, share).map_err(Failure::from).and_then(|()| done()),
        TvCall::Watching(share) => watching::position(api, request, tv, user.id, share),
        TvCall::Left(share) => steward.left(user.id, share, tv).map_err(Failure::from).and_then(|()| done()),
        TvCall::Settings => settings::answer(api, user.id),
        TvCall::SetSettings => settings::set(api, request, user.id),
        TvCall::Blocks => settings::blocks(api, user.id),
        TvCall::SetBlocks => settings::set_blocks(api, request, user.id),
        TvCall::Device | TvCall::PairPicture | TvCall::SignIn | TvCall::Channels | TvCall::Events => {
            Err(Failure::NotFound)
        }
    }
}
