//! What the front asks of whoever watches over the gateway. The gateway puts its figures behind [`Status`].

/// Who knows how the gateway is. Asked on the event loop: answers at once.
pub trait Status: Send + Sync {
    /// Whether it serves.
    fn health(&self) -> Health;
    /// Figures in Prometheus' text format.
    fn metrics(&self) -> String;
}

/// How the gateway is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It serves.
    Serving,
    /// It does not do all it should: the text says why.
    Failing(String),
}
