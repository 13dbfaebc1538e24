//! The owner's verbs as the HTTP door asks for them: refusals with a status code.

use std::sync::Arc;

use crate::admin::verbs::{Admin, Answer, NotDone, Verb};
use crate::gateway::photos;
use crate::http::{self, AdminRefused, OwnerAdmin};
use crate::node::now::{GatewayNow, Now};
use crate::share::Inviter;

/// What the owner's page asks for.
pub struct OwnerPage {
    /// Where verbs are carried out.
    pub admin: Arc<Admin>,
    /// Who knows what is going on.
    pub now: Now,
}

impl OwnerAdmin for OwnerPage {
    type Verb = Verb;
    type Answer = Answer;
    type Now = GatewayNow;

    fn carry_out(&self, verb: Verb, by: Inviter) -> Result<Answer, AdminRefused> {
        if verb.is_for_the_command_line() {
            let message = "this is done on the gateway itself, with `lareira admin`".into();
            return Err(AdminRefused { status: 403, code: "not_here", message });
        }
        self.admin.execute_by(by, &verb).map_err(|error| refused(&error))
    }

    fn invite_url(&self, code: &str) -> String {
        self.admin.addresses.invite(code)
    }

    fn now(&self) -> GatewayNow {
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
    AdminRefused { status, code: error.code(), message: error.to_string() }
}
