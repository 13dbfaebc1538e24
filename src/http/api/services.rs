//! What calls are answered with: the steward who decides, and whoever keeps photos, carries out the owner's verbs and
//! knows the channels. No call is answered here.

use std::sync::{Arc, OnceLock};

use crate::ground::id::ShareId;
use crate::http::api::owner::verbs::OwnerVerbs;
use crate::http::ports::holdings::{Held, Holdings};
use crate::http::ports::lineup::Lineup;
use crate::http::ports::owner::OwnerAdmin;
use crate::http::ports::photos::Photos;
use crate::share::{ShareState, Steward};

/// The ports of HTTPS and RTSPS, where they are served: they may come later than the rest.
#[derive(Debug, Default)]
pub struct SecurePorts {
    https: OnceLock<u16>,
    rtsps: OnceLock<u16>,
}

impl SecurePorts {
    /// HTTPS is served at this port.
    pub fn open_https(&self, port: u16) {
        // It is opened once.
        let _ = self.https.set(port);
    }

    /// RTSPS is served at this port.
    pub fn open_rtsps(&self, port: u16) {
        let _ = self.rtsps.set(port);
    }

    pub(in crate::http) fn https(&self) -> Option<u16> {
        self.https.get().copied()
    }

    pub(in crate::http) fn rtsps(&self) -> Option<u16> {
        self.rtsps.get().copied()
    }
}

/// The calls of phones and TVs, answered with a steward.
#[derive(Clone)]
pub struct Api {
    /// Who decides.
    pub(in crate::http) steward: Arc<Steward>,
    /// Who draws and keeps photos.
    pub(in crate::http) photos: Arc<dyn Photos>,
    /// Who carries out what the owner wants.
    pub(in crate::http) admin: Arc<dyn OwnerVerbs>,
    /// The port phones publish to.
    pub(in crate::http) rtsp_port: u16,
    /// The ports of the secure doors.
    pub(in crate::http) secure: Arc<SecurePorts>,
    /// Who knows the TV channels.
    pub(in crate::http) lineup: Option<Arc<dyn Lineup>>,
    /// Who knows what there is of shares.
    holdings: Option<Arc<dyn Holdings>>,
}

impl Api {
    /// The calls, decided by `steward`, with `photos` in them, the owner's carried out by `admin`; phones are told to
    /// publish to `rtsp_port`.
    pub fn new(
        steward: Arc<Steward>,
        photos: Arc<dyn Photos>,
        admin: Arc<impl OwnerAdmin + 'static>,
        rtsp_port: u16,
    ) -> Self {
        Self { steward, photos, admin, rtsp_port, secure: Arc::default(), lineup: None, holdings: None }
    }

    /// The same, with secure doors at these ports.
    pub fn with_secure(self, secure: Arc<SecurePorts>) -> Self {
        Self { secure, ..self }
    }

    /// The same, where `holdings` says what there is of shares; without it all is taken to be there.
    pub fn with_holdings(self, holdings: Arc<dyn Holdings>) -> Self {
        Self { holdings: Some(holdings), ..self }
    }

    /// What there is of a share that is in `state`.
    pub(in crate::http) fn held(&self, share: ShareId, state: ShareState) -> Held {
        let is_over = !state.is_unfinished();
        self.holdings.as_ref().map_or(Held::ALL, |holdings| holdings.of(share, is_over))
    }

    /// The same, with TV channels.
    pub fn with_lineup(self, lineup: Arc<dyn Lineup>) -> Self {
        Self { lineup: Some(lineup), ..self }
    }
}
