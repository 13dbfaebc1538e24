//! What the front asks of whoever knows the devices of the house, by what comes with their requests. The calls answer it
//! ([`crate::http::Api`]), off the event loop.

use crate::executor::BoxFuture;
use crate::ground::shares::Standing;

/// What may tell who a client is; unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The Authorization field.
    pub authorization: Option<String>,
    /// The Cookie field.
    pub cookie: Option<String>,
    /// Whether they came over TLS.
    pub is_secure: bool,
}

impl Credentials {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.authorization.is_none() && self.cookie.is_none()
    }
}

/// The database can't be read at this moment: whose credentials these are isn't known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown;

/// A device, and of all the credentials that came the one that has proved it.
pub type Proven = (Device, Credentials);

/// A device of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// A number that nobody else has: a sender's, a paired TV's, or the owner's.
    pub number: u64,
    /// Before whom it goes.
    pub standing: Standing,
}

/// Who knows devices.
pub trait Devices: Send + Sync {
    /// Whose credentials these are, and by which of them.
    fn device(&self, credentials: Credentials) -> BoxFuture<'_, Result<Option<Proven>, Unknown>>;
    /// Sets what is called when a device is no more: whoever was known by its credentials has to be asked after again.
    fn on_gone(&self, hook: Box<dyn Fn() + Send + Sync>);
}
