//! Tickets: the signed, expiring right of one user to a share, or to its still picture alone. Pure arithmetic; goes into
//! a path as it is.
//!
//! A ticket is scope, share, user, TV and date, and their HMAC (RFC 2104), in base64url (RFC 4648, section 5). It is a
//! secret: never logged. Pictures have tickets of their own, so that whoever lists an inbox can't play what is in it.
//! It says who was given the right; whether they have it still is for the database to say (`viewing::ticket_holds`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ground::crypto::SigningKey;
use crate::ground::id::{ShareId, TvId, UserId};
use crate::ground::time::UnixMs;

const SCOPE: usize = 1;
const ID: usize = 10;
const DATE: usize = 8;
const SHARE_AT: usize = SCOPE;
const USER_AT: usize = SHARE_AT + ID;
const TV_AT: usize = USER_AT + ID;
const DATE_AT: usize = TV_AT + ID;
const SIGNED: usize = DATE_AT + DATE;
const WHOLE: usize = SIGNED + SigningKey::SIGNATURE_BYTES;
/// What makes these signatures tickets and nothing else the key may sign.
const PURPOSE: &[u8] = b"lareira ticket 3";
/// What stands for no TV.
const NO_TV: TvId = TvId([0; ID]);

/// What a ticket opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything of the share.
    Play,
    /// Its still pictures, and nothing that moves.
    Picture,
}

impl Scope {
    fn byte(self) -> u8 {
        match self {
            Self::Play => 1,
            Self::Picture => 2,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Play, Self::Picture].into_iter().find(|scope| scope.byte() == byte)
    }
}

/// To whom a ticket was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// Whose right it is.
    pub user: UserId,
    /// The TV on which they were signed in; `None` for programs and players that are no TV of ours.
    pub tv: Option<TvId>,
}

/// Why a ticket gives no right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketError {
    /// It is no ticket of this gateway.
    Bad,
    /// It is for another share.
    Foreign,
    /// Its time is over.
    Expired,
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bad => "this address is not right; open the video from the inbox again",
            Self::Foreign => "this address is for another video; open the video from the inbox again",
            Self::Expired => "this address is too old; open the video from the inbox again",
        })
    }
}

impl std::error::Error for TicketError {}

/// The making and opening of tickets.
pub struct Ticket;

impl Ticket {
    /// A ticket with which `holder` may have `scope` of `share` until `expires`: letters, digits, `-` and `_`.
    pub fn issue(key: &SigningKey, share: ShareId, holder: Holder, scope: Scope, expires: UnixMs) -> String {
        let mut bytes = [0; WHOLE];
        bytes[0] = scope.byte();
        bytes[SHARE_AT..USER_AT].copy_from_slice(&share.0);
        bytes[USER_AT..TV_AT].copy_from_slice(&holder.user.0);
        bytes[TV_AT..DATE_AT].copy_from_slice(&holder.tv.unwrap_or(NO_TV).0);
        bytes[DATE_AT..SIGNED].copy_from_slice(&expires.0.to_be_bytes());
        let signature = key.sign(&message(&bytes[..SIGNED]));
        bytes[SIGNED..].copy_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whose right `text` is at `now`, and to what of `share`.
    pub fn open(key: &SigningKey, share: ShareId, text: &str, now: UnixMs) -> Result<(Holder, Scope), TicketError> {
        let mut bytes = [0; WHOLE];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(WHOLE) => {}
            _ => return Err(TicketError::Bad),
        }
        let (signed, signature) = bytes.split_at(SIGNED);
        if !key.verify(&message(signed), signature) {
            return Err(TicketError::Bad);
        }
        if signed[SHARE_AT..USER_AT] != share.0 {
            return Err(TicketError::Foreign);
        }
        let expires = UnixMs(i64::from_be_bytes(signed[DATE_AT..].try_into().expect("eight bytes remain")));
        if expires <= now {
            return Err(TicketError::Expired);
        }
        let scope = Scope::of(signed[0]).ok_or(TicketError::Bad)?;
        let id = |at: usize| signed[at..at + ID].try_into().expect("an id is ten bytes");
        let tv = Some(TvId(id(TV_AT))).filter(|tv| *tv != NO_TV);
        Ok((Holder { user: UserId(id(USER_AT)), tv }, scope))
    }
}

fn message(signed: &[u8]) -> [u8; PURPOSE.len() + SIGNED] {
    let mut message = [0; PURPOSE.len() + SIGNED];
    message[..PURPOSE.len()].copy_from_slice(PURPOSE);
    message[PURPOSE.len()..].copy_from_slice(signed);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHARE: ShareId = ShareId([1; 10]);
    const USER: UserId = UserId([2; 10]);
    const AT_TV: Holder = Holder { user: USER, tv: Some(TvId([3; 10])) };
    const ANYWHERE: Holder = Holder { user: USER, tv: None };
    const NOW: UnixMs = UnixMs(1_700_000_000_000);
    const LATER: UnixMs = UnixMs(1_700_000_001_000);

    fn key() -> SigningKey {
        SigningKey::new(&[7; 32])
    }

    #[test]
    fn a_ticket_is_good_for_its_share_and_time() {
        let ticket = Ticket::issue(&key(), SHARE, AT_TV, Scope::Play, LATER);
        assert_eq!(Ticket::open(&key(), SHARE, &ticket, NOW), Ok((AT_TV, Scope::Play)));
        assert_eq!(Ticket::open(&key(), SHARE, &ticket, LATER), Err(TicketError::Expired));
        assert_eq!(Ticket::open(&key(), ShareId([3; 10]), &ticket, NOW), Err(TicketError::Foreign));
        assert_eq!(Ticket::open(&SigningKey::new(&[8; 32]), SHARE, &ticket, NOW), Err(TicketError::Bad));
        assert!(ticket.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
    }

    #[test]
    fn a_ticket_for_pictures_is_no_other() {
        let picture = Ticket::issue(&key(), SHARE, AT_TV, Scope::Picture, LATER);
        assert_eq!(Ticket::open(&key(), SHARE, &picture, NOW), Ok((AT_TV, Scope::Picture)));
        let mut bytes = URL_SAFE_NO_PAD.decode(&picture).expect("base64url");
        bytes[0] = Scope::Play.byte();
        assert_eq!(Ticket::open(&key(), SHARE, &URL_SAFE_NO_PAD.encode(bytes), NOW), Err(TicketError::Bad));
    }

    #[test]
    fn a_ticket_names_its_tv_and_no_other() {
        let anywhere = Ticket::issue(&key(), SHARE, ANYWHERE, Scope::Play, LATER);
        assert_eq!(Ticket::open(&key(), SHARE, &anywhere, NOW), Ok((ANYWHERE, Scope::Play)));
        let mut bytes =
            URL_SAFE_NO_PAD.decode(Ticket::issue(&key(), SHARE, AT_TV, Scope::Play, LATER)).expect("base64url");
        bytes[TV_AT..DATE_AT].fill(0);
        assert_eq!(Ticket::open(&key(), SHARE, &URL_SAFE_NO_PAD.encode(bytes), NOW), Err(TicketError::Bad));
    }

    #[test]
    fn tickets_of_earlier_versions_open_nothing() {
        let (date, scope) = (LATER.0.to_be_bytes(), [Scope::Play.byte()]);
        for signed in [[&SHARE.0[..], &USER.0, &date].concat(), [&scope[..], &SHARE.0, &USER.0, &date].concat()] {
            for purpose in [b"lareira ticket 1", b"lareira ticket 2", b"lareira ticket 3"] {
                let signature = key().sign(&[purpose, &signed[..]].concat());
                let old = URL_SAFE_NO_PAD.encode([&signed[..], &signature[..]].concat());
                assert_eq!(Ticket::open(&key(), SHARE, &old, NOW), Err(TicketError::Bad));
            }
        }
    }

    proptest! {
        #[test]
        fn no_other_text_is_a_ticket(text in "\\PC{0,80}", at in 0_usize..60, to in "[A-Za-z0-9_-]") {
            prop_assert_eq!(Ticket::open(&key(), SHARE, &text, NOW), Err(TicketError::Bad));
            let ticket = Ticket::issue(&key(), SHARE, AT_TV, Scope::Play, LATER);
            let mut changed = ticket.clone();
            changed.replace_range(at..=at, &to);
            if changed != ticket {
                prop_assert_eq!(Ticket::open(&key(), SHARE, &changed, NOW), Err(TicketError::Bad));
            }
        }
    }
}
