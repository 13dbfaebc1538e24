//! The table of addresses, tried line by line, and with whatever may come.

use super::*;
use crate::ground::id::{ChannelId, PhotoId};
use crate::wire::address::{ChannelFile, WebSocketAddress};
use proptest::prelude::*;

#[test]
fn the_table() {
    use Method::{Delete, Get, Head, Patch, Post, Put};
    let share = ShareId([7; 10]);
    let asset = |path: &str| Ok(Route::Asset(path.to_owned()));
    let phone = |call| Ok(Route::Phone(call));
    let tv = |call| Ok(Route::Tv(call));
    let play = |file| Ok(Route::Play(PlayAddress { share, ticket: "T-_9".to_owned(), file }));
    let channel = ChannelId([7; 10]);
    let watch = |file| Ok(Route::Channel(ChannelAddress { channel, ticket: "T-_9".to_owned(), file }));
    let method = |allow: &str| Err(RouteError::Method(allow.to_owned()));
    let (not_found, bad) = (Err(RouteError::NotFound), Err(RouteError::BadPath));
    let table: &[(Method, &str, Result<Route, RouteError>)] = &[
        (Get, "/", Ok(Route::Home)),
        (Head, "/", Ok(Route::Home)),
        (Post, "/", method("GET, HEAD")),
        (Get, "/healthz", Ok(Route::Health)),
        (Get, "/metrics", Ok(Route::Metrics)),
        (Get, "/tv/", Ok(Route::TvPage)),
        (Get, "/go/lareira.crt", Ok(Route::Authority)),
        (Get, "/go/", asset("/go/")),
        (Get, "/tv", asset("/tv")),
        (Get, "/tv/app.js", asset("/tv/app.js")),
        (Get, "/tv/img/a%20b.png", asset("/tv/img/a b.png")),
        (Get, "/favicon.ico", asset("/favicon.ico")),
        (Get, "/vendor/hls.light.min.js", asset("/vendor/hls.light.min.js")),
        (Get, "/tv/n/SHARE", Ok(Route::TvPage)),
        (Get, "/tv/n/short", not_found.clone()),
        (Get, "/tv/api/nothing", not_found.clone()),
        (Get, "/admin/", asset("/admin/")),
        (Post, "/admin/api/sign-in", Ok(Route::Owner(OwnerCall::SignIn))),
        (Post, "/admin/api/sign-out", Ok(Route::Owner(OwnerCall::SignOut))),
        (Post, "/admin/api/verb", Ok(Route::Owner(OwnerCall::Verb))),
        (Get, "/admin/api/now", Ok(Route::Owner(OwnerCall::Now))),
        (Get, "/admin/api/invite.svg", Ok(Route::Owner(OwnerCall::InvitePicture))),
        (Get, "/admin/api/nothing", not_found.clone()),
        (Get, "/api/v1/house", phone(PhoneCall::House)),
        (Post, "/api/v1/claim", phone(PhoneCall::Claim)),
        (Post, "/api/v1/owner-session", phone(PhoneCall::OwnerSession)),
        (Get, "/api/v1/recipients", phone(PhoneCall::Recipients)),
        (Put, "/api/v1/recipients", phone(PhoneCall::SetRecipients)),
        (Get, "/api/v1/camera-apps", phone(PhoneCall::CameraApps)),
        (Get, "/api/v1/larix.svg", phone(PhoneCall::LarixPicture)),
        (Post, "/api/v1/enrol", phone(PhoneCall::Enrol)),
        (Get, "/api/v1/enrol", method("POST")),
        (Get, "/api/v1/me", phone(PhoneCall::Me)),
        (Patch, "/api/v1/me", phone(PhoneCall::ChangeMe)),
        (Put, "/api/v1/me/photo", phone(PhoneCall::SetPhoto)),
        (Put, "/api/v1/me", method("GET, HEAD, PATCH")),
        (Get, "/photo/07070707070707070707070707070707.jpg", Ok(Route::Photo(PhotoId([7; 16])))),
        (Get, "/photo/07070707070707070707070707070707", not_found.clone()),
        (Get, "/photo/0707070707070707070707070707070g.jpg", not_found.clone()),
        (Get, "/photo/0707070707070707070707070707070A.jpg", not_found.clone()),
        (Get, "/photo/%2e%2e%2fx.jpg", bad.clone()),
        (Get, "/api/v1/contacts", phone(PhoneCall::Contacts)),
        (Post, "/api/v1/contacts/match", phone(PhoneCall::MatchContacts)),
        (Get, "/api/v1/terms", phone(PhoneCall::Terms)),
        (Post, "/api/v1/terms/accept", phone(PhoneCall::AcceptTerms)),
        (Get, "/api/v1/help/live", phone(PhoneCall::Help(Topic::Live))),
        (Get, "/api/v1/help/inbox", not_found.clone()),
        (Get, "/tv/help/sign-in", Ok(Route::TvHelp(Topic::SignIn))),
        (Get, "/tv/help/live", not_found.clone()),
        (Get, "/tv/help/help.css", not_found.clone()),
        (Get, "/help/en/live.html", not_found.clone()),
        (Post, "/api/v1/probe", phone(PhoneCall::Probe)),
        (Get, "/api/v1/shares", phone(PhoneCall::OwnShares)),
        (Post, "/api/v1/shares", phone(PhoneCall::CreateShare)),
        (Patch, "/api/v1/shares/SHARE", phone(PhoneCall::RenameShare(share))),
        (Get, "/api/v1/shares/SHARE", phone(PhoneCall::Share(share))),
        (Delete, "/api/v1/shares/SHARE", phone(PhoneCall::Withdraw(share))),
        (Put, "/api/v1/shares/SHARE", method("GET, HEAD, PATCH, DELETE")),
        (Get, "/api/v1/shares/SHARE/events", phone(PhoneCall::Events(share))),
        (Post, "/api/v1/shares/SHARE/stop", phone(PhoneCall::Stop(share))),
        (Put, "/api/v1/shares/SHARE/video", phone(PhoneCall::Upload(share))),
        (Get, "/api/v1/shares/SHARE/video", method("PUT")),
        (Get, "/api/v1/shares/0", not_found.clone()),
        (Get, "/api/v2/me", not_found.clone()),
        (Get, "/tv/api/device", tv(TvCall::Device)),
        (Get, "/tv/api/pair.svg", tv(TvCall::PairPicture)),
        (Post, "/tv/api/invite", tv(TvCall::Invite)),
        (Get, "/tv/api/invite.svg", tv(TvCall::InvitePicture)),
        (Post, "/tv/api/sign-in", tv(TvCall::SignIn)),
        (Post, "/tv/api/sign-out", tv(TvCall::SignOut)),
        (Get, "/tv/api/events", tv(TvCall::Events)),
        (Get, "/tv/api/inbox", tv(TvCall::Inbox)),
        (Delete, "/tv/api/inbox/SHARE", tv(TvCall::DeleteEntry(share))),
        (Get, "/tv/api/inbox/SHARE", method("DELETE")),
        (Get, "/tv/api/shares/SHARE", tv(TvCall::Entry(share))),
        (Post, "/tv/api/shares/SHARE/accept", tv(TvCall::Accept(share))),
        (Post, "/tv/api/shares/SHARE/allow", tv(TvCall::Allow(share))),
        (Post, "/tv/api/shares/SHARE/later", tv(TvCall::Later(share))),
        (Post, "/tv/api/shares/SHARE/decline", tv(TvCall::Decline(share))),
        (Post, "/tv/api/shares/SHARE/watching", tv(TvCall::Watching(share))),
        (Post, "/tv/api/shares/SHARE/left", tv(TvCall::Left(share))),
        (Get, "/tv/api/settings", tv(TvCall::Settings)),
        (Put, "/tv/api/settings", tv(TvCall::SetSettings)),
        (Get, "/tv/api/blocks", tv(TvCall::Blocks)),
        (Put, "/tv/api/blocks", tv(TvCall::SetBlocks)),
        (Get, "/tv/api/channels", tv(TvCall::Channels)),
        (Post, "/tv/api/channels", method("GET, HEAD")),
        (Get, "/play/SHARE/T-_9/live.mp4", play(PlayFile::LiveMp4)),
        (Get, "/play/SHARE/T-_9/index.m3u8", play(PlayFile::Index)),
        (Get, "/play/SHARE/T-_9/init-3.mp4", play(PlayFile::Init(3))),
        (Get, "/play/SHARE/T-_9/segment-12.m4s", play(PlayFile::Segment(12))),
        (Get, "/play/SHARE/T-_9/part-12-0.m4s", play(PlayFile::Part(12, 0))),
        (Get, "/play/SHARE/T-_9/video.mp4", play(PlayFile::VideoMp4)),
        (Head, "/play/SHARE/T-_9/video.mp4", play(PlayFile::VideoMp4)),
        (Get, "/play/SHARE/T-_9/thumbnail.jpg", play(PlayFile::Thumbnail)),
        (Get, "/play/SHARE/T-_9/part-12.m4s", not_found.clone()),
        (Get, "/play/SHARE/T-_9/part-012-0.m4s", not_found.clone()),
        (Get, "/play/SHARE/T-_9/segment-99999999999999999999.m4s", not_found.clone()),
        (Get, "/play/SHARE/T-_9/segment-+1.m4s", not_found.clone()),
        (Get, "/play/SHARE/T-_9/other", not_found.clone()),
        (Get, "/play/SHARE//live.mp4", not_found.clone()),
        (Get, "/channel/SHARE//index.m3u8", not_found.clone()),
        (Put, "/play/SHARE/T-_9/live.mp4", method("GET, HEAD")),
        (Get, "/play/SHARE/T-_9/live.mp4/more", not_found.clone()),
        (Get, "/channel/SHARE/T-_9/index.m3u8", watch(ChannelFile::Index)),
        (Head, "/channel/SHARE/T-_9/index.m3u8", watch(ChannelFile::Index)),
        (Get, "/channel/SHARE/T-_9/segment-12.ts", watch(ChannelFile::Segment(12))),
        (Get, "/channel/SHARE/T-_9/logo", watch(ChannelFile::Logo)),
        (Get, "/channel/SHARE/T-_9/a-_9.m3u8", watch(ChannelFile::Playlist("a-_9".to_owned()))),
        (Get, "/channel/SHARE/T-_9/a-_9.m4s", watch(ChannelFile::Media { token: "a-_9".into(), ending: "m4s".into() })),
        (Get, "/channel/SHARE/T-_9/a.b.ts", not_found.clone()),
        (Get, "/channel/SHARE/T-_9/.ts", not_found.clone()),
        (Get, "/channel/SHARE/T-_9/segment-x.ts", not_found.clone()),
        (Get, "/channel/SHARE/T-_9/http:%2F%2Fa", bad.clone()),
        (Get, "/channel/short/T-_9/index.m3u8", not_found.clone()),
        (Put, "/channel/SHARE/T-_9/index.m3u8", method("GET, HEAD")),
        (Get, "/publish/T-_9", Ok(Route::Publish("T-_9".to_owned()))),
        (Post, "/publish/T-_9", method("GET, HEAD")),
        (Get, "/publish/", not_found.clone()),
        (Get, "/publish/T-_9/more", not_found.clone()),
        (Get, "/elsewhere", not_found.clone()),
        (Get, "//", not_found.clone()),
        (Get, "/a/a/a/a/a/a/a/a/a/a", not_found.clone()),
        (Get, "/tv/../healthz", bad.clone()),
        (Get, "/tv/%2e%2e/healthz", bad.clone()),
        (Get, "/tv/%2E/app.js", bad.clone()),
        (Get, "/tv/a%2Fb", bad.clone()),
        (Get, "/tv/a%5Cb", bad.clone()),
        (Get, "/tv/a\\b", bad.clone()),
        (Get, "/tv/%00", bad.clone()),
        (Get, "/tv/%", bad.clone()),
        (Get, "/tv/%4", bad.clone()),
        (Get, "/tv/%zz", bad.clone()),
        (Get, "/tv/%ff", bad.clone()),
        (Get, "/tv/é", bad.clone()),
        (Get, "", bad.clone()),
        (Get, "*", bad),
    ];
    for (method, path, expected) in table {
        let path = path.replace("SHARE", &share.to_string());
        assert_eq!(&Route::decode(*method, &path), expected, "{method:?} {path}");
    }
}

proptest! {
    #[test]
    fn any_path_is_decoded_or_refused(path in "\\PC{0,60}", of_pieces in "(/(tv|play|api|v1|%2e|%2F|\\.\\.|0123456789abcdef|live.mp4|)){0,10}") {
        for path in [path, of_pieces] {
            for method in Method::ALL {
                if let Ok(Route::Asset(asset)) = Route::decode(method, &path) {
                    prop_assert!(asset.split('/').all(|part| part != ".." && part != "."));
                    prop_assert!(!asset.contains(['\\', '\0']));
                }
            }
        }
    }

    #[test]
    fn addresses_are_read_as_they_are_printed(msn: u64, part: u32, ticket in "[A-Za-z0-9_-]{1,40}", id: [u8; 10], photo: [u8; 16]) {
        let decode = |address: String| Route::decode(Method::Get, &address);
        for file in [PlayFile::Init(part), PlayFile::Segment(msn), PlayFile::Part(msn, part), PlayFile::LiveMp4] {
            let address = PlayAddress { share: ShareId(id), ticket: ticket.clone(), file };
            prop_assert_eq!(decode(address.to_string()), Ok(Route::Play(address)));
        }
        for (_, address) in PlayAddress::offered(ShareId(id), &ticket) {
            prop_assert_eq!(decode(address.to_string()), Ok(Route::Play(address)));
        }
        for file in [ChannelFile::Index, ChannelFile::Segment(msn), ChannelFile::Logo] {
            let address = ChannelAddress { channel: ChannelId(id), ticket: ticket.clone(), file };
            prop_assert_eq!(decode(address.to_string()), Ok(Route::Channel(address)));
        }
        prop_assert_eq!(decode(PhotoAddress(PhotoId(photo)).to_string()), Ok(Route::Photo(PhotoId(photo))));
        prop_assert_eq!(decode(WebSocketAddress(&ticket).to_string()), Ok(Route::Publish(ticket)));
    }
}
