//! The TV's help pages.

use crate::http::api::asker::session;
use crate::http::api::failure::Answered;
use crate::http::api::services::Api;
use crate::http::pages::texts::{self, Language};
use crate::http::request::Request;
use crate::http::route::Topic;

/// A help page: in the language of the address, of the user, of the browser, or in English.
pub fn answer(api: &Api, request: &Request, topic: Topic) -> Answered {
    let asked = request.parameter("lang").and_then(Language::of_tag);
    let set = || {
        let user = session(api, request).ok().flatten()?.user?;
        Language::of_tag(&user.settings.language?)
    };
    let accepted = || request.field("accept-language").and_then(Language::accepted);
    let language = asked.or_else(set).or_else(accepted).unwrap_or(Language::English);
    Ok(texts::help(topic, language))
}
