//! What stands in a channel's addresses: the TV's right to watch, and where a playlist's entries really are. Pure.
//!
//! A ticket is a TV and a date, an address token the channel server's address; both with their HMAC (RFC 2104), in
//! base64url (RFC 4648, section 5). A token holds for one channel and with one ticket, so it ends with that.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ground::crypto::SigningKey;
use crate::ground::id::{ChannelId, TvId};
use crate::ground::limits;
use crate::ground::time::UnixMs;
use crate::wire::fetch::Url;
use crate::wire::playlist::relay::Role;

const ID: usize = 10;
const SIGNED: usize = ID + 8;
const WHOLE: usize = SIGNED + SigningKey::SIGNATURE_BYTES;
/// What makes these signatures tickets and tokens, and nothing else the key may sign.
const TICKET: &[u8] = b"lareira channel ticket 1";
const TOKEN: &[u8] = b"lareira channel token 1";
/// Tickets end at whole multiples of this, so that a TV's addresses, and with them what it has cached, stay the same.
const STEP_MS: i64 = 12 * 3600 * 1000;

/// Why a channel's address gives no right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is none of this gateway.
    Bad,
    /// Its time is over.
    Expired,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bad => "this address is not right; open the channel from the TV's list again",
            Self::Expired => "this address is too old; open the channel from the TV's list again",
        })
    }
}
impl std::error::Error for Denied {}

/// A ticket for `tv`, good for a day at least from `now` on: letters, digits, `-` and `_`.
pub fn issue(key: &SigningKey, tv: TvId, now: UnixMs) -> String {
    let expires = (now.plus(limits::CHANNEL_TICKET_TIME).0 / STEP_MS + 1) * STEP_MS;
    let mut bytes = [0; WHOLE];
    bytes[..ID].copy_from_slice(&tv.0);
    bytes[ID..SIGNED].copy_from_slice(&expires.to_be_bytes());
    let signature = key.sign(&[TICKET, &bytes[..SIGNED]].concat());
    bytes[SIGNED..].copy_from_slice(&signature);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Which TV `text` lets watch at `now`.
pub fn open(key: &SigningKey, text: &str, now: UnixMs) -> Result<TvId, Denied> {
    let mut bytes = [0; WHOLE];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(WHOLE) => {}
        _ => return Err(Denied::Bad),
    }
    let (signed, signature) = bytes.split_at(SIGNED);
    if !key.verify(&[TICKET, signed].concat(), signature) {
        return Err(Denied::Bad);
    }
    let expires = UnixMs(i64::from_be_bytes(signed[ID..].try_into().expect("eight bytes remain")));
    if expires <= now {
        return Err(Denied::Expired);
    }
    Ok(TvId(signed[..ID].try_into().expect("an id is ten bytes")))
}

/// For whom a token is made.
#[derive(Clone, Copy, Debug)]
pub struct Bearer<'a> {
    /// The channel it belongs to.
    pub channel: ChannelId,
    /// The ticket it goes with.
    pub ticket: &'a str,
}

impl Bearer<'_> {
    fn message(&self, role: Role, url: &[u8]) -> Vec<u8> {
        let role = match role {
            Role::Playlist => b'p',
            Role::Media => b'm',
        };
        [TOKEN, &self.channel.0, self.ticket.as_bytes(), &[0, role], url].concat()
    }

    /// The token that stands for `url`.
    pub fn seal(&self, key: &SigningKey, role: Role, url: &Url) -> String {
        let url = url.to_string();
        let signature = key.sign(&self.message(role, url.as_bytes()));
        URL_SAFE_NO_PAD.encode([&signature, url.as_bytes()].concat())
    }

    /// The address that `token` stands for.
    pub fn unseal(&self, key: &SigningKey, role: Role, token: &str) -> Result<Url, Denied> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Denied::Bad)?;
        let (signature, url) = bytes.split_at_checked(SigningKey::SIGNATURE_BYTES).ok_or(Denied::Bad)?;
        if !key.verify(&self.message(role, url), signature) {
            return Err(Denied::Bad);
        }
        let url = std::str::from_utf8(url).map_err(|_| Denied::Bad)?;
        Url::parse(url).map_err(|_| Denied::Bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TV: TvId = TvId([2; 10]);
    const NOW: UnixMs = UnixMs(1_700_000_000_000);
    const DAY_MS: i64 = 24 * 3600 * 1000;

    fn key() -> SigningKey {
        SigningKey::new(&[7; 32])
    }

    #[test]
    fn a_ticket_is_good_for_its_tv_and_time() {
        let ticket = issue(&key(), TV, NOW);
        assert_eq!(open(&key(), &ticket, NOW), Ok(TV));
        assert_eq!(open(&key(), &ticket, UnixMs(NOW.0 + DAY_MS)), Ok(TV));
        assert_eq!(open(&key(), &ticket, UnixMs(NOW.0 + DAY_MS + STEP_MS)), Err(Denied::Expired));
        assert_eq!(open(&SigningKey::new(&[8; 32]), &ticket, NOW), Err(Denied::Bad));
        assert_eq!(issue(&key(), TV, UnixMs(NOW.0 + 1000)), ticket, "addresses stay the same for a while");
    }

    #[test]
    fn a_token_is_good_for_its_channel_and_ticket() {
        let url = Url::parse("http://a.example/1.ts").expect("an address");
        let bearer = Bearer { channel: ChannelId([1; 10]), ticket: "a" };
        let token = bearer.seal(&key(), Role::Media, &url);
        assert_eq!(bearer.unseal(&key(), Role::Media, &token), Ok(url));
        assert_eq!(bearer.unseal(&key(), Role::Playlist, &token), Err(Denied::Bad));
        let others = [Bearer { channel: ChannelId([2; 10]), ..bearer }, Bearer { ticket: "b", ..bearer }];
        for other in others {
            assert_eq!(other.unseal(&key(), Role::Media, &token), Err(Denied::Bad));
        }
    }

    proptest! {
        #[test]
        fn no_other_text_gives_a_right(text in "\\PC{0,80}", at in 0_usize..46, to in "[A-Za-z0-9_-]") {
            prop_assert_eq!(open(&key(), &text, NOW), Err(Denied::Bad));
            let bearer = Bearer { channel: ChannelId([1; 10]), ticket: "a" };
            prop_assert_eq!(bearer.unseal(&key(), Role::Media, &text), Err(Denied::Bad));
            let ticket = issue(&key(), TV, NOW);
            let mut changed = ticket.clone();
            changed.replace_range(at..=at, &to);
            if changed != ticket {
                prop_assert_eq!(open(&key(), &changed, NOW), Err(Denied::Bad));
            }
        }
    }
}
