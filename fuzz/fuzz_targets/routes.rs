//! Addresses: any method and path is one route or an error, and no part of a route can step out of its place.
#![no_main]

use lareira::http::route::{Method, Route};
use lareira::wire::address::{ChannelAddress, PlayAddress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((method, path)) = data.split_first() else { return };
    let methods = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];
    let method = methods[usize::from(*method) % methods.len()];
    let Ok(path) = std::str::from_utf8(path) else { return };
    match Route::decode(method, path) {
        Ok(Route::Asset(path)) => {
            assert!(!path.split('/').any(|segment| segment == "..") && !path.contains('\0'), "{path:?}");
        }
        Ok(Route::Play(PlayAddress { ticket, .. }) | Route::Channel(ChannelAddress { ticket, .. })) => {
            assert!(!ticket.contains('/') && !ticket.is_empty(), "{ticket:?}");
        }
        Ok(_) | Err(_) => {}
    }
});
