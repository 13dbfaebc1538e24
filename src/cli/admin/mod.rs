//! `lareira admin`: the owner's verbs, on a gateway that runs (over its control socket) or on its database when none does.

mod help;
mod parse;
mod show;

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::admin::addresses::Addresses;
use crate::admin::control;
use crate::admin::control::Refused;
use crate::admin::verbs::{Admin, Verb};
use crate::cli::{complain, say};
use crate::config::Config;
use crate::executor::SystemClock;
use crate::gateway::{GatewayError, open_books};
use crate::ground::limits;
use crate::lifecycle::strays::Strays;
use crate::private;
use crate::store::StoreError;
use parse::{Line, WhichGateway, WrongUsage};

/// A gateway that has just been started has its database open before it answers, one that stops until after.
const OPENING: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long channels are waited for that are being fetched.
const FETCHING: Duration = Duration::from_secs(60);

/// Runs `lareira admin` with what was typed after it. Prints; 0 done, 1 failed, 2 wrong usage.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match parse::parse(args) {
        Err(WrongUsage { why, words }) => {
            let help = help::of(&words).unwrap_or_else(|| help::USAGE.trim_end().to_owned());
            complain(&format!("{why}\n\n{help}"));
            ExitCode::from(2)
        }
        Ok(Line::Help(words)) => tell(&words),
        Ok(Line::Do { place, json, verb }) => match (carry_out(&place, verb), json) {
            (Ok(value), true) => {
                say(value);
                ExitCode::SUCCESS
            }
            (Ok(value), false) => {
                say(show::show(&value).trim_end());
                ExitCode::SUCCESS
            }
            (Err(refused), true) => {
                say(json!({ "error": refused }));
                ExitCode::FAILURE
            }
            (Err(refused), false) => {
                complain(&refused.message);
                ExitCode::FAILURE
            }
        },
    }
}

/// Says what there is to know of the verbs that `words` are or begin; of all without words.
pub fn help(words: &[&str]) -> ExitCode {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    tell(&words)
}

fn tell(words: &[String]) -> ExitCode {
    match help::of(words) {
        Some(help) => {
            say(help);
            ExitCode::SUCCESS
        }
        None => {
            complain(&format!("there is no `{}`\n\n{}", words.join(" "), help::USAGE.trim_end()));
            ExitCode::from(2)
        }
    }
}

fn carry_out(place: &WhichGateway, verb: Verb) -> Result<Value, Refused> {
    let config = match place {
        WhichGateway::Config(file) => Config::load(file.as_deref()).map_err(|error| failed("config", &error))?,
        WhichGateway::DataDir(data_dir) => Config { data_dir: data_dir.clone(), ..Config::default() },
    };
    let verb = whole(verb)?;
    let data_dir = &config.data_dir;
    let patience = Instant::now() + OPENING;
    loop {
        let asked =
            control::ask(data_dir, &verb).map_err(|error| failed("control_socket", &unanswered(data_dir, &error)))?;
        if let Some(answer) = asked {
            return if verb == Verb::ChannelRefresh {
                answer.and_then(|answer| fetched(data_dir, answer))
            } else {
                answer
            };
        }
        if let WhichGateway::DataDir(_) = place
            && !data_dir.is_dir()
        {
            let message = format!("{} is not there; give the data directory of a gateway", data_dir.display());
            return Err(Refused { code: "no_data_dir".into(), message });
        }
        private::make_folder(data_dir)
            .map_err(|error| failed("data_dir", &format!("{} can't be used: {error}", data_dir.display())))?;
        match open_books(&config, Arc::new(SystemClock::default())) {
            Ok(_) if verb.needs_gateway() => {
                let message =
                    "no gateway runs here, and only one that runs knows this: start it, then ask again".into();
                return Err(Refused { code: "not_running".into(), message });
            }
            Ok((steward, gallery)) => {
                let addresses = Addresses::new(config.doors(), &config.http.names);
                let strays = Strays::at_rest(steward.clone(), data_dir)
                    .map_err(|error| failed("data_dir", &format!("{} can't be used: {error}", data_dir.display())))?;
                let strays = Arc::new(strays);
                let admin = Admin { steward, gallery, addresses, channels: None, strays };
                let answer = admin.execute(&verb)?;
                return serde_json::to_value(answer).map_err(|error| failed("broke_off", &error));
            }
            Err(GatewayError::Store(StoreError::InUse(_))) if Instant::now() < patience => thread::sleep(LOOK_AGAIN),
            Err(error) => return Err(failed("store_failed", &error)),
        }
    }
}

/// The answer, once what is being fetched is there: waiting is done here, not in the gateway.
fn fetched(data_dir: &Path, mut answer: Value) -> Result<Value, Refused> {
    let patience = Instant::now() + FETCHING;
    while answer["fetching"] == true && Instant::now() < patience {
        thread::sleep(LOOK_AGAIN);
        let asked = control::ask(data_dir, &Verb::ChannelList);
        let asked = asked.map_err(|error| failed("control_socket", &unanswered(data_dir, &error)))?;
        let Some(again) = asked else { break };
        answer = again?;
    }
    Ok(answer)
}

/// Paths are typed from where the person is, which is not where the gateway runs; nor may it read what they may.
fn whole(verb: Verb) -> Result<Verb, Refused> {
    let whole_path = |file: &Path| std::path::absolute(file).map_err(|error| failed("file", &error));
    Ok(match verb {
        Verb::Backup { file } => Verb::Backup { file: whole_path(&file)? },
        Verb::Restore { file } => Verb::Restore { file: whole_path(&file)? },
        Verb::UserPhoto { user, file, .. } => {
            let base64 = STANDARD.encode(read_photo(&file)?);
            Verb::UserPhoto { user, file, base64 }
        }
        other => other,
    })
}

fn read_photo(file: &Path) -> Result<Vec<u8>, Refused> {
    let unreadable = |error: std::io::Error| failed("file", &format!("{} can't be read: {error}", file.display()));
    let mut bytes = Vec::new();
    // One more than may be: whoever draws it says what is too large.
    let most = limits::PHOTO_BYTES as u64 + 1;
    File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok(bytes)
}

fn unanswered(data_dir: &Path, error: &std::io::Error) -> String {
    format!("the gateway of {} does not answer ({error}); is it yours? Try again, or restart it", data_dir.display())
}

fn failed(code: &str, error: &dyn std::fmt::Display) -> Refused {
    Refused { code: code.into(), message: error.to_string() }
}
