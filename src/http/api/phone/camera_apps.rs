//! The phone API, camera apps: whom they share with, and the lasting address that they publish at, also as the link and the
//! picture that set one app up (Larix Broadcaster, "Larix Grove" links). The address has the phone's token in it, so it is
//! as secret as that.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::json;

use crate::ground::id::UserId;
use crate::http::api::answer::{done, json_reply};
use crate::http::api::asker::token;
use crate::http::api::call::{body, host_name};
use crate::http::api::failure::{Answered, Failure};
use crate::http::api::phone::shares::users;
use crate::http::api::qr;
use crate::http::api::services::Api;
use crate::http::request::Request;
use crate::share::Sender;
use crate::wire::address::RtspAddress;

/// Whom the sender's camera apps share with.
pub(in crate::http) fn recipients(api: &Api, sender: &Sender) -> Answered {
    let targets = api.steward.recipients(sender.id)?;
    Ok(json_reply(200, &json!({ "targets": targets.iter().map(UserId::to_string).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
struct RecipientsBody {
    targets: Vec<String>,
}

/// Chooses whom the sender's camera apps share with.
pub(in crate::http) fn choose(api: &Api, request: &Request, sender: &Sender) -> Answered {
    let RecipientsBody { targets } = body(request)?;
    api.steward.choose_recipients(sender.id, users(&targets)?)?;
    done()
}

/// The lasting address of the phone that asks.
fn rtsp_url(api: &Api, request: &Request) -> Result<String, Failure> {
    let token = token(request.field("authorization")).ok_or(Failure::NoPhone)?;
    Ok(format!("rtsp://{}:{}{}", host_name(request), api.rtsp_port, RtspAddress::Phone(token)))
}

/// The link that sets Larix Broadcaster up: one connection, chosen, in the place of the one that was called the same.
fn larix_url(rtsp_url: &str) -> String {
    let mut encoded = String::with_capacity(2 * rtsp_url.len());
    for byte in rtsp_url.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!(
        "larix://set/v1?conn[][url]={encoded}&conn[][name]=Lareira&conn[][mode]=av\
         &conn[][overwrite]=on&conn[][active]=on"
    )
}

/// The addresses for camera apps.
pub(in crate::http) fn addresses(api: &Api, request: &Request) -> Answered {
    let rtsp_url = rtsp_url(api, request)?;
    Ok(json_reply(200, &json!({ "larix_url": larix_url(&rtsp_url), "rtsp_url": rtsp_url })))
}

/// The link for Larix Broadcaster as a picture for another phone.
pub(in crate::http) fn larix_picture(api: &Api, request: &Request) -> Answered {
    qr::picture(&larix_url(&rtsp_url(api, request)?)).ok_or(Failure::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_one_value_of_the_link() {
        let link = larix_url("rtsp://[fe80::1]:8554/phone/a-_Z9");
        assert_eq!(
            link,
            "larix://set/v1?conn[][url]=rtsp%3A%2F%2F%5Bfe80%3A%3A1%5D%3A8554%2Fphone%2Fa-_Z9&conn[][name]=Lareira\
             &conn[][mode]=av&conn[][overwrite]=on&conn[][active]=on"
        );
    }
}
