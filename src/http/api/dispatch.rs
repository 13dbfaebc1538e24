//! Which part of the API answers a call, and what every answer of it has.

use crate::ground::reply::Reply;
use crate::http::api::failure::Failure;
use crate::http::api::services::Api;
use crate::http::api::{owner, phone, photos, tv};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::share::{RefusedKind, ShareError};

impl Api {
    /// The answer to a call. Blocks while the steward decides.
    pub fn answer(&self, request: &Request) -> Reply {
        let answered = match request.route {
            Route::Photo(photo) => return photos::serve(self, request, photo),
            Route::Phone(call) => phone::answer(self, request, call),
            Route::Tv(call) => tv::answer(self, request, call),
            Route::TvHelp(topic) => tv::help::answer(self, request, topic),
            Route::Owner(call) => owner::answer(self, request, call),
            _ => Err(Failure::NotFound),
        };
        if matches!(answered, Err(Failure::Share(ShareError::WrongPin))) {
            self.steward.was_refused(RefusedKind::Pin, request.peer);
        }
        // Nothing of this may stay in a cache between.
        answered.unwrap_or_else(Failure::reply).with("Cache-Control", "no-store")
    }
}
