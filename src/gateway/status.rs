//! How the gateway is, as the HTTP door asks for it.

use crate::http;
use crate::node::status::Health;

/// Answers `/healthz` and `/metrics`.
pub(super) struct Status(pub Health);

impl http::Status for Status {
    fn health(&self) -> http::Health {
        self.0.trouble().map_or(http::Health::Serving, http::Health::Failing)
    }

    fn metrics(&self) -> String {
        self.0.metrics()
    }
}
