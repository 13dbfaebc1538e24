//! Why the gateway can't start, for whoever starts it: what is wrong, and which setting mends it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::share::ShareError;
use crate::store::StoreError;

/// Why the gateway can't start.
#[derive(Debug)]
pub enum GatewayError {
    /// A folder or file of the data directory.
    Data(PathBuf, std::io::Error),
    /// The database.
    Store(StoreError),
    /// The database.
    Share(ShareError),
    /// An address can't be listened on; the setting's name.
    Listen(&'static str, SocketAddr, std::io::Error),
    /// A thread can't be started.
    Thread(std::io::Error),
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(path, error) => write!(
                f,
                "{} can't be used: {error}. Set data_dir in config.toml to a folder this user may write to",
                path.display()
            ),
            Self::Store(error) => error.fmt(f),
            Self::Share(error) => error.fmt(f),
            Self::Listen(setting, address, error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{address} is in use by another program. End it, or set {setting} in config.toml to another port"
                )
            }
            Self::Listen(setting, address, error) => {
                write!(f, "{address} can't be listened on: {error}. Set {setting} in config.toml to another address")
            }
            Self::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}
impl std::error::Error for GatewayError {}
