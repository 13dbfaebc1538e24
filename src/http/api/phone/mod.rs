//! The phone API: what an enrolled phone may ask, by its bearer token (RFC 6750, section 2.1).

mod camera_apps;
mod clips;
mod contacts;
mod house;
mod me;
mod probe;
mod shares;
mod terms;

pub use clips::clip_answer;

use crate::http::api::answer::done;
use crate::http::api::asker::phone_of;
use crate::http::api::call::language;
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::owner::entry;
use crate::http::api::photos;
use crate::http::api::services::Api;
use crate::http::pages::texts;
use crate::http::request::Request;
use crate::http::route::PhoneCall;
use crate::share::Asker;

/// Answers a phone.
pub(in crate::http) fn answer(api: &Api, request: &Request, call: PhoneCall) -> Answered {
    match call {
        PhoneCall::House => return house::house(api, request),
        PhoneCall::Claim => return house::claim(api, request),
        PhoneCall::Enrol => return house::enrol(api, request),
        _ => {}
    }
    let (phone, sender) = phone_of(api, request.field("authorization"))?;
    match call {
        PhoneCall::Me => Ok(me::answer(api, &phone, &sender)),
        PhoneCall::ChangeMe => me::change(api, request, &phone, &sender),
        PhoneCall::OwnerSession => entry::by_phone(api, request, phone.id),
        PhoneCall::SetPhoto => photos::set_own(api, request, sender.id),
        PhoneCall::Contacts => contacts::known(api, &sender),
        PhoneCall::MatchContacts => contacts::find(api, request, &phone, &sender),
        PhoneCall::Terms => Ok(terms::answer(request, &sender)),
        PhoneCall::AcceptTerms => terms::accept(api, request, &sender),
        PhoneCall::Help(topic) => Ok(texts::help(topic, language(request))),
        PhoneCall::Probe => probe::answer(request),
        PhoneCall::Recipients => camera_apps::recipients(api, &sender),
        PhoneCall::SetRecipients => camera_apps::choose(api, request, &sender),
        PhoneCall::CameraApps => camera_apps::addresses(api, request),
        PhoneCall::LarixPicture => camera_apps::larix_picture(api, request),
        PhoneCall::OwnShares => shares::own(api, request, &sender),
        PhoneCall::CreateShare => shares::create(api, request, &sender),
        PhoneCall::Share(share) => shares::report(api, &sender, share),
        PhoneCall::RenameShare(share) => shares::rename(api, request, &sender, share),
        PhoneCall::Stop(share) => {
            api.steward.stop_share(Asker::Sender(sender.id), share)?;
            done()
        }
        PhoneCall::Withdraw(share) => {
            api.steward.withdraw_share(Asker::Sender(sender.id), share)?;
            done()
        }
        PhoneCall::House | PhoneCall::Claim | PhoneCall::Enrol | PhoneCall::Events(_) | PhoneCall::Upload(_) => {
            Err(Failure::NotFound)
        }
    }
}
