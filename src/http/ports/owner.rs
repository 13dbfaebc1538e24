//! What the owner's API asks of whoever carries out the owner's verbs. The gateway puts its rooms behind [`OwnerAdmin`].
//!
//! Verbs and what is said of them are values of those rooms; the door reads and writes their JSON without knowing them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::share::Inviter;

/// Carries out what the owner wants, and knows what is going on. Blocks.
pub trait OwnerAdmin: Send + Sync {
    /// A verb of `lareira admin`, written as its name with its fields.
    type Verb: DeserializeOwned;
    /// What is said when a verb was carried out.
    type Answer: Serialize;
    /// What the gateway is doing.
    type Now: Serialize;

    /// Does what `verb` says, for whoever invites as `by`.
    fn carry_out(&self, verb: Self::Verb, by: Inviter) -> Result<Self::Answer, AdminRefused>;
    /// The address that a phone opens to be enrolled with `code`.
    fn invite_url(&self, code: &str) -> String;
    /// What the gateway is doing.
    fn now(&self) -> Self::Now;
}

/// Why a verb was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRefused {
    /// Status code.
    pub status: u16,
    /// Stable name of the reason.
    pub code: &'static str,
    /// For people; says what to do.
    pub message: String,
}
