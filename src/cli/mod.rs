//! The command line: what is typed becomes a call of the gateway or of the steward; what comes back is printed.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use lexopt::prelude::*;

use crate::authority;
use crate::config::{Config, ConfigError};
use crate::gateway::GatewayError;
use crate::iptv::survey;

pub mod admin;
pub mod check;
pub mod demo;
mod heaps;
mod help;
mod logging;
mod serve;

use help::USAGE;
use logging::log_to_stderr;

/// Why a command didn't do what it should.
#[derive(Debug)]
pub enum CliError {
    /// The words are wrong: how, and what can be typed there.
    Usage(String, &'static str),
    /// The configuration is.
    Config(ConfigError),
    /// The gateway can't start.
    Gateway(GatewayError),
    /// Something else; for people.
    Failed(String),
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what, help) => write!(f, "{what}\n\n{}", help.trim_end()),
            Self::Config(error) => error.fmt(f),
            Self::Gateway(error) => error.fmt(f),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
impl From<GatewayError> for CliError {
    fn from(error: GatewayError) -> Self {
        Self::Gateway(error)
    }
}

/// Runs the program with the process's arguments. Exit status: 0 done, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    match run(std::env::args_os().skip(1).collect()) {
        Ok(status) => status,
        Err(error) => {
            complain(&error);
            ExitCode::from(if matches!(error, CliError::Usage(..)) { 2 } else { 1 })
        }
    }
}

fn run(args: Vec<OsString>) -> Result<ExitCode, CliError> {
    let (command, rest) = match args.split_first() {
        None => return Err(CliError::Usage("Which command?".into(), USAGE)),
        Some((command, rest)) => (command.to_string_lossy().into_owned(), rest.to_vec()),
    };
    let name = command.as_str();
    match name {
        "admin" => Ok(admin::run(rest)),
        "help" | "--help" | "-h" => tell(rest),
        "--version" | "-V" => {
            say(concat!("lareira ", env!("CARGO_PKG_VERSION")));
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            let no_such = || CliError::Usage(format!("There is no command `{name}`."), USAGE);
            let help = help::of_command(name).ok_or_else(no_such)?;
            let options = options(name, rest, help)?;
            match name {
                _ if options.help => {
                    say(help.trim_end());
                    Ok(ExitCode::SUCCESS)
                }
                "check" => run_check(&options),
                "demo" => {
                    heaps::begin_with_few();
                    demo::run(&options)
                }
                _ => {
                    heaps::begin_with_few();
                    serve::run(&options)
                }
            }
        }
    }
}

/// `lareira help`, with what it is asked about: a command, or a verb with or without `admin` before it.
fn tell(about: Vec<OsString>) -> Result<ExitCode, CliError> {
    let words: Vec<String> = about.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !matches!(*word, "-h" | "--help")).collect();
    match words[..] {
        [] => say(USAGE.trim_end()),
        [name] if help::of_command(name).is_some() => say(help::of_command(name).unwrap_or(USAGE).trim_end()),
        ["help"] => say(USAGE.trim_end()),
        ["admin", ..] => return Ok(admin::help(&words[1..])),
        _ => return Ok(admin::help(&words)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The options of `serve`, `demo` and `check`.
#[derive(Debug, Default)]
struct Options {
    config: Option<PathBuf>,
    json: bool,
    seconds: Option<u64>,
    help: bool,
}

/// Reads the options of the command `name`, which has those that its `help` names.
fn options(name: &str, args: Vec<OsString>, help: &'static str) -> Result<Options, CliError> {
    let known = help::options_in(help);
    let mut parser = lexopt::Parser::from_args(args);
    let mut options = Options::default();
    let wrong = |what: String| CliError::Usage(format!("{name}: {what}"), help);
    let said = |error: lexopt::Error| wrong(error.to_string());
    while let Some(argument) = parser.next().map_err(said)? {
        match argument {
            Short('h') | Long("help") => options.help = true,
            Long("config") if known.contains(&"config") => options.config = Some(parser.value().map_err(said)?.into()),
            Long("json") if known.contains(&"json") => options.json = true,
            Long("seconds") if known.contains(&"seconds") => {
                let seconds = parser.value().and_then(|seconds| seconds.parse()).map_err(said)?;
                options.seconds = Some(seconds);
            }
            other => return Err(wrong(format!("{}; there are {}", other.unexpected(), help::listed(&known)))),
        }
    }
    Ok(options)
}

fn run_check(options: &Options) -> Result<ExitCode, CliError> {
    let config = Config::load(options.config.as_deref())?;
    let https = config.https.enabled.then_some(("https.address", config.https.address));
    let mut listeners = vec![("http.address", config.http.address), ("rtsp.address", config.rtsp.address)];
    listeners.extend(https);
    listeners.extend(config.rtsps.enabled.then_some(("rtsps.address", config.rtsps.address)));
    let authority = authority::fingerprint(&config.data_dir.join("tls"));
    let of_channels = &config.channels;
    let folder = config.data_dir.join("channels");
    let zone = of_channels.guide_zone.zone();
    let sources = (&of_channels.list, &of_channels.guide);
    let channels = survey(sources, zone, of_channels.refresh.0, &folder, SystemTime::now().into());
    let secure = config.https.enabled || config.rtsps.enabled;
    let (certificate, half_certificate) = match config.own_certificate() {
        _ if !secure => (Vec::new(), None),
        Ok(own) => (own.into_iter().flat_map(<[_; 2]>::from).collect(), None),
        Err(half) => (Vec::new(), Some(half)),
    };
    let (report, status) = check::check(&check::Subject {
        listeners,
        keep_free_bytes: config.recording.keep_free_mib.saturating_mul(1 << 20),
        certificate,
        half_certificate,
        channels,
        data_dir: config.data_dir,
        authority,
    });
    say(report.trim_end());
    Ok(status)
}

/// Prints a line for people or programs.
fn say(text: impl fmt::Display) {
    // Whoever reads may have gone; that is no reason to fail.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line about what went wrong.
fn complain(text: &dyn fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "lareira: {text}");
}
