//! The owner's verbs as the HTTP door knows them: JSON in and out, refusals with a status code.

use std::sync::Arc;

use serde_json::Value;

use crate::admin::verbs::{Admin, NotDone, Verb};
use crate::gateway::photos;
use crate::http::{self, AdminRefused, OwnerAdmin};
use crate::node::now::Now;
use crate::share::Inviter;

/// What the owner's page asks for.
pub struct OwnerPage {
    /// Where verbs are carried out.
    pub admin: Arc<Admin>,
    /// Who knows what is going on.
    pub now: Now,
}

impl OwnerAdmin for OwnerPage {
    fn carry_out(&self, verb: Value, by: Inviter) -> Result<Value, AdminRefused> {
        let verb: Verb = serde_json::from_value(verb).map_err(|error| {
            let message = format!("this is no verb of the owner's: {error}");
            AdminRefused { status: 400, code: "bad_verb".into(), message }
        })?;
        if verb.is_for_the_command_line() {
            let message = "this is done on the gateway itself, with `lareira admin`".into();
            return Err(AdminRefused { status: 403, code: "not_here".into(), message });
        }
        let done = self.admin.execute_by(by, &verb).map_err(|error| refused(&error))?;
        serde_json::to_value(done).map_err(|error| {
            let message = format!("the answer can't be written: {error}");
            AdminRefused { status: 500, code: "broke_off".into(), message }
        })
    }

    fn invite_url(&self, code: &str) -> String {
        self.admin.addresses.invite(code)
    }

    fn now(&self) -> Value {
        self.now.look()
    }
}

fn refused(error: &NotDone) -> AdminRefused {
    let status = match error {
        NotDone::Share(error) => http::status_of(error),
        NotDone::Photo(error) => photos::status(error),
        NotDone::NotSure(_) => 409,
        NotDone::NoChannels => 404,
        NotDone::BrokeOff => 500,
    };
    AdminRefused { status, code: error.code().into(), message: error.to_string() }
}
