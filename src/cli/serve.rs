//! `lareira serve`: the gateway, until the service manager or Ctrl-C says stop.

use std::process::ExitCode;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt as _;

use crate::admin::addresses::{Addresses, Doors};
use crate::cli::{CliError, Options, log_to_stderr};
use crate::config::Config;
use crate::gateway::Gateway;
use crate::ground::limits;

/// Serves as the configuration says.
pub(super) fn run(options: &Options) -> Result<ExitCode, CliError> {
    let config = Config::load(options.config.as_deref())?;
    log_to_stderr(config.log.level);
    // Watched before anybody can see that it serves, and tell it to stop.
    let stop = until_told_to_stop()?;
    let gateway = Gateway::start(&config)?;
    let Doors { http, https, rtsp, rtsps } = gateway.doors();
    let [https, rtsps] = [https, rtsps].map(|door| door.map_or("none".to_owned(), |address| address.to_string()));
    log::info!("serving http={http} https={https} rtsp={rtsp} rtsps={rtsps}");
    if let Ok(code) = gateway.steward().claim_code() {
        let minutes = limits::CLAIM_TIME.as_secs() / 60;
        let url = Addresses::new(gateway.doors(), &config.http.names).claim(&code);
        log::warn!(
            "nobody owns this home yet: within {minutes} minutes scan the square of the only TV that is on, or open {url}"
        );
    }
    gateway.run(stop);
    Ok(ExitCode::SUCCESS)
}

/// Resolves when the process is told to stop, from now on.
pub(super) fn until_told_to_stop() -> Result<impl Future<Output = ()>, CliError> {
    let mut signals = Signals::new([Signal::Term, Signal::Int])
        .map_err(|error| CliError::Failed(format!("signals can't be watched: {error}")))?;
    Ok(async move {
        signals.next().await;
    })
}
