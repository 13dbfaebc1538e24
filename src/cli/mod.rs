//! The command line: what is typed becomes a call of the gateway or of the steward; what comes back is printed.

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;

use crate::authority;
use crate::config::{Config, ConfigError};
use crate::gateway::GatewayError;

pub mod admin;
pub mod check;
pub mod demo;
mod heaps;
mod logging;
mod serve;

use logging::log_to_stderr;

const USAGE: &str = "\
Lareira puts a phone's live video on the family TV.

Usage:
  lareira serve [--config FILE]          the gateway
  lareira demo  [--json] [--seconds N]   a gateway to try out, with a built-in phone that is live
  lareira admin [--config FILE | --data-dir DIR] [--json] VERB …
                                         accounts, users, TVs, phones and shares; `lareira admin` lists the verbs
  lareira check [--config FILE]          whether this machine can run it, and how to mend what can't
  lareira --version
";

/// Why a command didn't do what it should.
#[derive(Debug)]
pub enum CliError {
    /// The words are wrong; which.
    Usage(String),
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
            Self::Usage(what) => write!(f, "{what}\n\n{USAGE}"),
            Self::Config(error) => error.fmt(f),
            Self::Gateway(error) => error.fmt(f),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl From<lexopt::Error> for CliError {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
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
            ExitCode::from(if matches!(error, CliError::Usage(_)) { 2 } else { 1 })
        }
    }
}

fn run(args: Vec<OsString>) -> Result<ExitCode, CliError> {
    let (command, rest) = match args.split_first() {
        None => return Err(CliError::Usage("Which command?".into())),
        Some((command, rest)) => (command.to_string_lossy().into_owned(), rest.to_vec()),
    };
    match command.as_str() {
        "admin" => Ok(admin::run(rest)),
        "serve" => {
            let options = options(rest, &["config"])?;
            heaps::begin_with_few();
            serve::run(&options)
        }
        "demo" => {
            let options = options(rest, &["json", "seconds"])?;
            heaps::begin_with_few();
            demo::run(&options)
        }
        "check" => run_check(&options(rest, &["config"])?),
        "help" | "--help" | "-h" => {
            say(USAGE.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        "--version" | "-V" => {
            say(concat!("lareira ", env!("CARGO_PKG_VERSION")));
            Ok(ExitCode::SUCCESS)
        }
        other => Err(CliError::Usage(format!("There is no command `{other}`."))),
    }
}

/// The options of `serve`, `demo` and `check`.
#[derive(Debug, Default)]
struct Options {
    config: Option<PathBuf>,
    json: bool,
    seconds: Option<u64>,
}

fn options(args: Vec<OsString>, allowed: &[&str]) -> Result<Options, CliError> {
    let mut parser = lexopt::Parser::from_args(args);
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("config") if allowed.contains(&"config") => options.config = Some(parser.value()?.into()),
            Long("json") if allowed.contains(&"json") => options.json = true,
            Long("seconds") if allowed.contains(&"seconds") => options.seconds = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected().into()),
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
    let (report, status) = check::check(&check::Subject { listeners, data_dir: config.data_dir, authority });
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
