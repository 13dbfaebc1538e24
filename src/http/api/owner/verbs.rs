//! The owner's verbs and what is going on, as JSON: the one place that reads and writes it for whoever carries them out.

use serde::Serialize;
use serde_json::Value;

use crate::http::api::failure::Failure;
use crate::http::ports::owner::{AdminRefused, OwnerAdmin};
use crate::share::Inviter;

/// An [`OwnerAdmin`] that is spoken to in JSON.
pub trait OwnerVerbs: Send + Sync {
    /// Does one verb, and what is said of it.
    fn carry_out(&self, verb: Value, by: Inviter) -> Result<Value, Failure>;
    /// The address that a phone opens to be enrolled with `code`.
    fn invite_url(&self, code: &str) -> String;
    /// What the gateway is doing.
    fn now(&self) -> Result<Value, Failure>;
}

impl<A: OwnerAdmin> OwnerVerbs for A {
    fn carry_out(&self, verb: Value, by: Inviter) -> Result<Value, Failure> {
        let verb = serde_json::from_value(verb).map_err(|error| {
            let message = format!("this is no verb of the owner's: {error}");
            Failure::Admin(AdminRefused { status: 400, code: "bad_verb", message })
        })?;
        written(&OwnerAdmin::carry_out(self, verb, by).map_err(Failure::Admin)?)
    }

    fn invite_url(&self, code: &str) -> String {
        OwnerAdmin::invite_url(self, code)
    }

    fn now(&self) -> Result<Value, Failure> {
        written(&OwnerAdmin::now(self))
    }
}

fn written(said: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(said).map_err(|error| {
        let message = format!("the answer can't be written: {error}");
        Failure::Admin(AdminRefused { status: 500, code: "broke_off", message })
    })
}
