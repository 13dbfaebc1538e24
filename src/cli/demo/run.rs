//! `lareira demo`: a gateway on free ports of this machine, with a household, and a phone that is live.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_io::Timer;
use futures_lite::FutureExt as _;

use super::Phone;
use super::folder::Folder;
use crate::cli::serve::until_told_to_stop;
use crate::cli::{CliError, Options, log_to_stderr, say};
use crate::config::{Config, LogLevel};
use crate::executor::{Work, unblock};
use crate::gateway::Gateway;
use crate::ground::id::{AccountId, ShareId, UserId};
use crate::share::{Enrolment, Holder, Kind, NewUser, Scope, ShareError, Steward};
use crate::wire::address::{PageAddress, PlayAddress, PlayFile, RtspAddress, WebSocketAddress};

/// How often the demo looks for TVs that want to be paired.
const PAIRING_INTERVAL: Duration = Duration::from_millis(500);

/// The household of the demo.
struct Household {
    account: AccountId,
    user: UserId,
    tv_cookie: String,
    phone_token: String,
    share: ShareId,
    publish_token: String,
}

/// Runs the demo.
pub(in crate::cli) fn run(options: &Options) -> Result<ExitCode, CliError> {
    log_to_stderr(LogLevel::Warn);
    let stop = until_told_to_stop()?;
    let parent = std::env::temp_dir();
    let no_folder = |error| CliError::Failed(format!("no folder can be made in {}: {error}", parent.display()));
    let folder = Folder::new(&parent).map_err(no_folder)?;
    let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    config.http.address = (Ipv4Addr::LOCALHOST, 0).into();
    config.https.address = (Ipv4Addr::LOCALHOST, 0).into();
    config.rtsp.address = (Ipv4Addr::LOCALHOST, 0).into();
    config.rtsps.address = (Ipv4Addr::LOCALHOST, 0).into();
    let gateway = Gateway::start(&config)?;
    let steward = gateway.steward().clone();
    let household = move_in(&steward).map_err(|error| CliError::Failed(error.to_string()))?;
    let http = format!("http://{}", gateway.doors().http);
    let rtsp_url = format!("rtsp://{}{}", gateway.doors().rtsp, RtspAddress::Share(&household.publish_token));
    let phone = Phone::start(&rtsp_url, options.seconds).map_err(|error| CliError::Failed(error.to_string()))?;
    if options.json {
        say(addresses(&household, &steward, &http, &rtsp_url, folder.path()));
    } else {
        say(format_args!(
            "Lareira's demo is running, and its built-in phone is live.\n\n    \
             The TV:  open {http}{} in a browser; it rings, press Enter to watch.\n\n\
             Ctrl-C ends it.",
            PageAddress::Tv,
        ));
    }
    gateway.run(stop.or(pair_every_tv(steward, household.account)));
    drop(phone);
    Ok(ExitCode::SUCCESS)
}

fn move_in(steward: &Steward) -> Result<Household, ShareError> {
    let account = steward.add_account("The demo's family", None)?.id;
    let user = NewUser { account, name: "Grandma".into(), msisdn: None, email: None, pin: None };
    let user = steward.add_user(user)?.id;
    let tv = steward.new_tv()?;
    steward.approve_tv(&tv.pairing_code, account, Some("Living room"))?;
    let invite = steward.invite(Some("Ana"), None, Duration::from_secs(60))?;
    let enrolment = Enrolment { name: "Ana".into(), msisdn: None, email: None, photo: None };
    let phone = steward.enrol(&invite.code, enrolment)?;
    let new = steward.create_share(phone.sender, &[user], Kind::Live, Some("By the fire"))?;
    Ok(Household {
        account,
        user,
        tv_cookie: tv.cookie,
        phone_token: phone.token,
        share: new.share.id,
        publish_token: new.publish_token,
    })
}

/// One line of JSON with every address there is.
fn addresses(
    household: &Household,
    steward: &Steward,
    http: &str,
    rtsp_url: &str,
    data_dir: &Path,
) -> serde_json::Value {
    let Household { user, tv_cookie, phone_token, share, publish_token, .. } = household;
    let holder = Holder { user: *user, tv: None };
    let ticket = steward.ticket(*share, holder, Scope::Play);
    let play = |file| format!("{http}{}", PlayAddress { share: *share, ticket: ticket.clone(), file });
    serde_json::json!({
        "tv_url": format!("{http}{}", PageAddress::Tv),
        "phone_url": format!("{http}{}", PageAddress::Phone),
        "api_url": format!("{http}/api/v1/"),
        "rtsp_url": rtsp_url,
        "websocket_url": WebSocketAddress(publish_token).url(http),
        "share_id": share.to_string(),
        "phone_token": phone_token,
        "user_id": user.to_string(),
        "tv_cookie": tv_cookie,
        "hls_url": play(PlayFile::Index),
        "live_mp4_url": play(PlayFile::LiveMp4),
        "data_dir": data_dir,
    })
}

/// Whoever opens the TV page of a demo is at home: no code has to be typed in. Never resolves.
async fn pair_every_tv(steward: Arc<Steward>, account: AccountId) {
    loop {
        Timer::after(PAIRING_INTERVAL).await;
        let steward = steward.clone();
        unblock(Work::Storage, move || {
            for tv in steward.waiting_tvs() {
                if let Some(code) = steward.pairing_code(tv.id)
                    && let Err(error) = steward.approve_tv(&code, account, None)
                {
                    log::warn!("a TV can't be paired: {error}");
                }
            }
        })
        .await;
    }
}
