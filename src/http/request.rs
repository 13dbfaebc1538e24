//! A call as handlers get it: whole, its address decoded, with what the front knows of whoever asks.

use std::net::IpAddr;

use bytes::Bytes;

use crate::http::route::Route;

/// A call, whole.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked for.
    pub route: Route,
    /// Whether the method promises to change nothing.
    pub is_safe: bool,
    /// The client's address.
    pub peer: IpAddr,
    /// Whether the client came over TLS.
    pub secure: bool,
    /// The Host field, checked by the front.
    pub host: String,
    /// The query without its question mark.
    pub query: String,
    /// The header fields the front keeps; names in lower case.
    pub fields: Vec<(&'static str, String)>,
    /// Bytes and microseconds of an upload the front measured.
    pub probe: Option<(u64, u64)>,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// The gateway's address as the asker reached it, such as `https://192.168.1.2:8443`.
    pub fn base(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.host)
    }

    /// The value of a field, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter, where it is plain text.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}
