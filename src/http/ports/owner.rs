//! What the owner's API asks of whoever carries out the owner's verbs. The gateway puts its rooms behind [`OwnerAdmin`].

use serde_json::Value;

use crate::share::Inviter;

/// Carries out what the owner wants, and knows what is going on. Blocks.
pub trait OwnerAdmin: Send + Sync {
    /// Does one verb of `lareira admin`, written as its name with its fields, for whoever invites as `by`; what it says.
    fn carry_out(&self, verb: Value, by: Inviter) -> Result<Value, AdminRefused>;
    /// The address that a phone opens to be enrolled with `code`.
    fn invite_url(&self, code: &str) -> String;
    /// What the gateway is doing.
    fn now(&self) -> Value;
}

/// Why a verb was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRefused {
    /// Status code.
    pub status: u16,
    /// Stable name of the reason.
    pub code: String,
    /// For people; says what to do.
    pub message: String,
}
