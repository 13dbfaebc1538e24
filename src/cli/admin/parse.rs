//! What is typed after `lareira admin`, as a value. Pure: nothing is read, asked or printed here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};

use super::help;
use crate::admin::verbs::{SetPin, Verb};
use crate::cli::help::listed;

/// How long an invitation holds if nothing else is said.
const INVITE_TTL: Duration = Duration::from_secs(3600);

/// A whole command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// What can be typed is wanted, of the verb that these words are or begin.
    Help(Vec<String>),
    /// Something is to be done.
    Do {
        /// On which gateway.
        place: WhichGateway,
        /// Whether the answer is for programs.
        json: bool,
        /// What.
        verb: Verb,
    },
}

/// Which gateway is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichGateway {
    /// The one of this configuration; `None` for the default file.
    Config(Option<PathBuf>),
    /// The one with this data directory.
    DataDir(PathBuf),
}

/// A command line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongUsage {
    /// What is wrong with it.
    pub why: String,
    /// The words of it, as far as they were read.
    pub words: Vec<String>,
}

/// What is wrong.
#[derive(Debug)]
struct Wrong(String);

impl From<lexopt::Error> for Wrong {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

/// Options with a value, as they were typed. Each is taken by the verb it goes with; what is left over is wrong.
#[derive(Default)]
struct Options {
    config: Option<OsString>,
    data_dir: Option<OsString>,
    texts: Vec<(&'static str, String)>,
    to: Vec<String>,
    no_pin: bool,
    all: bool,
    yes: bool,
    json: bool,
    help: bool,
}

/// The options that are texts.
const TEXTS: [&str; 8] = ["account", "name", "msisdn", "email", "pin", "ttl", "from", "country"];

/// Understands what was typed after `admin`.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Line, WrongUsage> {
    let mut words = Vec::new();
    let line = understand(Parser::from_args(args), &mut words);
    line.map_err(|Wrong(why)| WrongUsage { why, words })
}

fn understand(mut parser: Parser, words: &mut Vec<String>) -> Result<Line, Wrong> {
    let mut options = Options::default();
    // The first option that there isn't; what there is instead depends on the verb.
    let mut unknown = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => options.help = true,
            Arg::Long("json") => options.json = true,
            Arg::Long("no-pin") => options.no_pin = true,
            Arg::Long("all") => options.all = true,
            Arg::Long("yes") => options.yes = true,
            Arg::Long("config") => options.config = Some(parser.value()?),
            Arg::Long("data-dir") => options.data_dir = Some(parser.value()?),
            Arg::Long("to") => {
                for user in parser.values()? {
                    options.to.push(user.string()?);
                }
            }
            Arg::Long(name) => match TEXTS.into_iter().find(|known| *known == name) {
                Some(known) => options.texts.push((known, parser.value()?.string()?)),
                None => {
                    let why = Arg::Long(name).unexpected().to_string();
                    unknown.get_or_insert(why);
                    parser.optional_value();
                }
            },
            Arg::Value(word) => words.push(word.string()?),
            other => {
                let why = other.unexpected().to_string();
                unknown.get_or_insert(why);
            }
        }
    }
    if options.help || words.first().is_some_and(|word| word == "help") {
        return Ok(Line::Help(words.iter().filter(|word| *word != "help").cloned().collect()));
    }
    if let Some(why) = unknown {
        return Err(Wrong(format!("{why}; there are {}", listed(&help::options(words)))));
    }
    let json = options.json;
    let place = match (options.config.take(), options.data_dir.take()) {
        (Some(_), Some(_)) => return Err(Wrong("give --config or --data-dir, not both".into())),
        (None, Some(dir)) => WhichGateway::DataDir(dir.into()),
        (config, None) => WhichGateway::Config(config.map(PathBuf::from)),
    };
    let verb = verb(words, &mut options)?;
    for (name, is_left) in [("no-pin", options.no_pin), ("all", options.all), ("yes", options.yes)] {
        if is_left {
            return Err(Wrong(format!("--{name} does not go with `{}`", words.join(" "))));
        }
    }
    match (options.texts.first(), options.to.is_empty()) {
        (Some((name, _)), _) => {
            Err(Wrong(format!("--{name} does not go with `{}`, or was given twice", words.join(" "))))
        }
        (None, false) => Err(Wrong(format!("--to does not go with `{}`", words.join(" ")))),
        (None, true) => Ok(Line::Do { place, json, verb }),
    }
}

fn verb(words: &[String], options: &mut Options) -> Result<Verb, Wrong> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words[..] {
        ["account", "add", name] => Verb::AccountAdd { name: name.into(), country: options.take("country") },
        ["account", "list"] => Verb::AccountList,
        ["user", "add"] => Verb::UserAdd {
            account: options.need("account")?,
            name: options.need("name")?,
            msisdn: options.take("msisdn"),
            email: options.take("email"),
            pin: options.take("pin"),
        },
        ["user", "list"] => Verb::UserList,
        ["user", "set", user] => options.user_set(user)?,
        ["user", "photo", user, file] => {
            Verb::UserPhoto { user: user.into(), file: file.into(), base64: String::new() }
        }
        ["user", "remove", user] => Verb::UserRemove { user: user.into() },
        ["tv", "list"] => Verb::TvList,
        ["tv", "approve", code] => {
            Verb::TvApprove { code: code.into(), account: options.need("account")?, name: options.take("name") }
        }
        ["phone", "rename", phone, name] => Verb::PhoneRename { phone: phone.into(), name: name.into() },
        ["phone", "join", phone] => Verb::PhoneJoin { phone: phone.into(), account: options.need("account")? },
        ["phone", "leave", phone] => Verb::PhoneLeave { phone: phone.into() },
        ["tv", "rename", tv, name] => Verb::TvRename { tv: tv.into(), name: name.into() },
        ["tv", "remove", tv] => Verb::TvRemove { tv: tv.into() },
        ["invite"] => Verb::Invite {
            name: options.take("name"),
            account: options.take("account"),
            ttl_ms: options.ttl()?.as_millis() as u64,
        },
        ["phone", "list"] => Verb::PhoneList,
        ["phone", "revoke", phone] => Verb::PhoneRevoke { phone: phone.into() },
        ["share", "list"] => Verb::ShareList,
        ["share", "show", share] => Verb::ShareShow { share: share.into() },
        ["share", "stop", share] => Verb::ShareStop { share: share.into() },
        ["share", "delete", share] => Verb::ShareDelete { share: share.into() },
        ["share", "keep", share] => Verb::ShareKeep { share: share.into() },
        ["share", "unkeep", share] => Verb::ShareUnkeep { share: share.into() },
        ["share", "new"] => match std::mem::take(&mut options.to) {
            to if to.is_empty() => return Err(Wrong("--to is missing".into())),
            to => Verb::ShareNew { to, from: options.take("from") },
        },
        ["owner"] => Verb::Owner,
        ["owner", "list"] => Verb::OwnerList,
        ["owner", "end", owner] => Verb::OwnerEnd { owner: owner.into() },
        ["owner", "end"] if std::mem::take(&mut options.all) => Verb::OwnerEndAll,
        ["claim-code"] => Verb::ClaimCode,
        ["unclaim"] => Verb::Unclaim { yes: std::mem::take(&mut options.yes) },
        ["channel", "list"] => Verb::ChannelList,
        ["channel", "refresh"] => Verb::ChannelRefresh,
        ["backup", file] => Verb::Backup { file: file.into() },
        ["restore", file] => Verb::Restore { file: file.into() },
        [] => return Err(Wrong("the verb is missing".into())),
        ["account" | "user" | "tv" | "phone" | "share" | "channel" | "backup" | "restore"]
        | ["account", "add"]
        | ["user", "set" | "photo"]
        | ["user", "photo", _]
        | ["user" | "tv", "remove"]
        | ["tv", "approve" | "rename"]
        | ["tv" | "phone", "rename", _]
        | ["phone", "revoke" | "rename" | "join" | "leave"]
        | ["owner", "end"]
        | ["share", "show" | "stop" | "delete" | "keep" | "unkeep"] => {
            return Err(Wrong(format!("something is missing after `{}`", words.join(" "))));
        }
        _ => return Err(Wrong(format!("there is no `{}`", words.join(" ")))),
    })
}

impl Options {
    /// The option's value, if it was given.
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.texts.iter().position(|(known, _)| *known == name)?;
        Some(self.texts.remove(at).1)
    }

    fn need(&mut self, name: &str) -> Result<String, Wrong> {
        self.take(name).ok_or_else(|| Wrong(format!("--{name} is missing")))
    }

    fn user_set(&mut self, user: &str) -> Result<Verb, Wrong> {
        let pin = match (self.take("pin"), std::mem::take(&mut self.no_pin)) {
            (Some(_), true) => return Err(Wrong("give --pin or --no-pin, not both".into())),
            (Some(digits), false) => SetPin::Digits(digits),
            (None, true) => SetPin::None,
            (None, false) => SetPin::Same,
        };
        let (name, msisdn, email) = (self.take("name"), self.take("msisdn"), self.take("email"));
        if name.is_none() && msisdn.is_none() && email.is_none() && pin == SetPin::Same {
            return Err(Wrong("nothing is to be set: give --name, --msisdn, --email, --pin or --no-pin".into()));
        }
        Ok(Verb::UserSet { user: user.into(), name, msisdn, email, pin })
    }

    fn ttl(&mut self) -> Result<Duration, Wrong> {
        match self.take("ttl") {
            None => Ok(INVITE_TTL),
            Some(text) => humantime::parse_duration(&text)
                .map_err(|error| Wrong(format!("--ttl {text}: {error}; write it like 90min, 1h or 2days"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Line, WrongUsage> {
        parse(text.split_whitespace().map(OsString::from))
    }

    fn verb_of(text: &str) -> Verb {
        match line(text) {
            Ok(Line::Do { verb, .. }) => verb,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_verb_is_understood() {
        let s = str::to_owned;
        let user = |msisdn: Option<&str>, email: Option<&str>, pin: Option<&str>| Verb::UserAdd {
            account: s("A"),
            name: s("N"),
            msisdn: msisdn.map(s),
            email: email.map(s),
            pin: pin.map(s),
        };
        let set = |name: Option<&str>, email: Option<&str>, pin| Verb::UserSet {
            user: s("X"),
            name: name.map(s),
            msisdn: None,
            email: email.map(s),
            pin,
        };
        for (text, verb) in [
            ("account add Silva", Verb::AccountAdd { name: s("Silva"), country: None }),
            ("account add Silva --country +351", Verb::AccountAdd { name: s("Silva"), country: Some(s("+351")) }),
            ("account list", Verb::AccountList),
            ("user add --account A --name N", user(None, None, None)),
            (
                "user add --name=N --pin 1234 --account A --email a@b --msisdn +351912345678",
                user(Some("+351912345678"), Some("a@b"), Some("1234")),
            ),
            ("user list", Verb::UserList),
            ("user set X --name N", set(Some("N"), None, SetPin::Same)),
            ("user set X --no-pin --email=", set(None, Some(""), SetPin::None)),
            ("user set X --pin 4321", set(None, None, SetPin::Digits(s("4321")))),
            ("user photo X F", Verb::UserPhoto { user: s("X"), file: "F".into(), base64: s("") }),
            ("user remove X", Verb::UserRemove { user: s("X") }),
            ("tv list", Verb::TvList),
            ("tv approve 123456 --account A", Verb::TvApprove { code: s("123456"), account: s("A"), name: None }),
            (
                "tv approve 123456 --account A --name Den",
                Verb::TvApprove { code: s("123456"), account: s("A"), name: Some(s("Den")) },
            ),
            ("tv remove X", Verb::TvRemove { tv: s("X") }),
            ("invite", Verb::Invite { name: None, account: None, ttl_ms: 3_600_000 }),
            (
                "invite --name Bia --ttl 90min --account A",
                Verb::Invite { name: Some(s("Bia")), account: Some(s("A")), ttl_ms: 5_400_000 },
            ),
            ("phone list", Verb::PhoneList),
            ("phone revoke X", Verb::PhoneRevoke { phone: s("X") }),
            ("phone rename X Y", Verb::PhoneRename { phone: s("X"), name: s("Y") }),
            ("phone join X --account A", Verb::PhoneJoin { phone: s("X"), account: s("A") }),
            ("phone leave X", Verb::PhoneLeave { phone: s("X") }),
            ("share list", Verb::ShareList),
            ("share show X", Verb::ShareShow { share: s("X") }),
            ("share delete X", Verb::ShareDelete { share: s("X") }),
            ("share keep X", Verb::ShareKeep { share: s("X") }),
            ("share unkeep X", Verb::ShareUnkeep { share: s("X") }),
            ("share new --to A B --from Door", Verb::ShareNew { to: vec![s("A"), s("B")], from: Some(s("Door")) }),
            ("share new --to A --to B", Verb::ShareNew { to: vec![s("A"), s("B")], from: None }),
            ("owner", Verb::Owner),
            ("owner list", Verb::OwnerList),
            ("owner end X", Verb::OwnerEnd { owner: s("X") }),
            ("owner end --all", Verb::OwnerEndAll),
            ("claim-code", Verb::ClaimCode),
            ("unclaim", Verb::Unclaim { yes: false }),
            ("unclaim --yes", Verb::Unclaim { yes: true }),
            ("channel list", Verb::ChannelList),
            ("channel refresh", Verb::ChannelRefresh),
            ("backup F", Verb::Backup { file: "F".into() }),
            ("restore F", Verb::Restore { file: "F".into() }),
        ] {
            assert_eq!(verb_of(text), verb, "{text}");
            let words: Vec<String> = text.split_whitespace().take_while(|word| !word.starts_with('-')).map(s).collect();
            let told = help::of(&words).unwrap_or_else(|| panic!("nothing is said of {text}"));
            assert!(told.len() < help::USAGE.len() / 2, "{text}: {told}");
            let options = help::options(&words);
            for option in crate::cli::help::options_in(text) {
                let name = option.split('=').next().unwrap_or_default();
                assert!(options.contains(&name), "{text}: --{name} is not among {options:?}");
            }
        }
    }

    #[test]
    fn options_of_all_verbs_stand_anywhere() {
        let list = |place, json| Ok(Line::Do { place, json, verb: Verb::UserList });
        assert_eq!(line("--json user list"), list(WhichGateway::Config(None), true));
        assert_eq!(line("user list --json --config F"), list(WhichGateway::Config(Some("F".into())), true));
        assert_eq!(line("--data-dir D user list"), list(WhichGateway::DataDir("D".into()), false));
        let help = |words: &[&str]| Ok(Line::Help(words.iter().map(|word| (*word).to_owned()).collect()));
        for text in ["user add --help", "user add -h", "help user add", "user --wrong add -h"] {
            assert_eq!(line(text), help(&["user", "add"]), "{text}");
        }
        assert_eq!(line("--help"), help(&[]));
    }

    #[test]
    fn wrong_usage_is_named() {
        for (text, named) in [
            ("", "the verb is missing"),
            ("dance", "`dance`"),
            ("account", "after `account`"),
            ("account add", "after `account add`"),
            ("account list all", "`account list all`"),
            ("user add --name N", "--account is missing"),
            ("user add --account", "account"),
            ("user list --pin 1234", "--pin"),
            ("user list --to A", "--to"),
            ("user list --no-pin", "--no-pin"),
            ("user list --yes", "--yes"),
            ("owner end X --all", "--all"),
            ("owner end", "after `owner end`"),
            ("user set X", "--name"),
            ("user set", "after `user set`"),
            ("user photo X", "after `user photo X`"),
            ("user set X --pin 1234 --no-pin", "not both"),
            ("user add --account A --name N --name M", "--name"),
            ("share new", "--to is missing"),
            ("share new --to", "to"),
            ("invite --ttl soon", "--ttl soon"),
            ("user list --wrong", "--wrong"),
            ("user list -x", "-x"),
            (
                "user set X --colour=red",
                "there are --name, --msisdn, --email, --pin, --no-pin, --config, --data-dir, --json and --help",
            ),
            ("user list --wrong", "there are --config, --data-dir, --json and --help"),
            ("--config F --data-dir D user list", "not both"),
        ] {
            let message = line(text).expect_err(text).why;
            assert!(message.contains(named), "{text}: {message}");
        }
    }
}
