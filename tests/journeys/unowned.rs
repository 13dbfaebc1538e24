//! A house that nobody owns: claimed by whoever sees its one TV or sits at the gateway, and given back to nobody.

use std::process::Command;

use serde_json::{Value, json};

use crate::gateway::{Gateway, PATIENCE, text};
use crate::program;
use crate::web::{self, Caller};

/// The error that `lareira admin --json VERB…` ends with.
fn refused(gateway: &Gateway, verb: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lareira"));
    command.args(["admin", "--json", "--data-dir"]).arg(gateway.data()).args(verb);
    let ended = program::run(command, PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{verb:?}: {}", ended.stdout);
    let said: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    (text(&said["error"], "code"), text(&said["error"], "message"))
}

fn claim(gateway: &Gateway, code: &str) -> (u16, Value) {
    let answer = Caller::new(&gateway.base()).post("/api/v1/claim", &json!({ "code": code, "name": "Rui" }));
    (answer.status, answer.json())
}

#[test]
fn it_is_claimed_from_within_and_given_back() {
    let mut gateway = Gateway::start();
    // A stranger on the network asks before the family's TV is on: nobody's square counts.
    let (mut stranger, mut family) = (Caller::new(&gateway.base()), Caller::new(&gateway.base()));
    let asked = stranger.get("/tv/api/device");
    assert_eq!((&asked["claim"], asked["pair_url"].is_string()), (&json!("square"), true), "{asked}");
    assert_eq!(family.get("/tv/api/device")["claim"], "contested");
    let (status, said) = claim(&gateway, &text(&asked, "pairing_code"));
    assert_eq!((status, &said["error"]["code"]), (403, &json!("claim_closed")));

    // What stands in the log, and is told to whoever sits there, claims.
    let told = gateway.admin(&["claim-code"]);
    let code = text(&told, "code");
    assert!(text(&told, "url").ends_with(&format!("/go/#claim={code}")));
    assert_eq!(claim(&gateway, &code).0, 201);
    assert_eq!(refused(&gateway, &["claim-code"]).0, "claimed");
    // So does who tries what isn't theirs, for programs that lock them out.
    let forged = format!("{}/play/0000000000000000/{}/live.mp4", gateway.base(), "A".repeat(40));
    web::call("GET", &forged, &[], &[]).expect(403);
    let wrong = json!({ "code": "0000000000", "name": "Eva" });
    assert_eq!(Caller::new(&gateway.base()).post("/api/v1/enrol", &wrong).status, 404);
    let said = gateway.stop();
    assert!(said.contains(&format!("/go/#claim={code}")), "{said}");
    for kind in ["ticket", "code"] {
        let line = format!("] refused kind={kind} from=127.0.0.1\n");
        assert_eq!(said.matches(&line).count(), 1, "{said}");
    }

    // A TV waits in the memory of a gateway that runs.
    let (code, message) = refused(&gateway, &["tv", "approve", "123456", "--account", "Rui’s home"]);
    assert_eq!(code, "not_running");
    assert!(message.contains("start it"), "{message}");
    gateway.serve();
    assert_eq!(Caller::new(&gateway.base()).get("/api/v1/house")["claimed"], true);

    // Given back only by whoever is sure.
    let (code, message) = refused(&gateway, &["unclaim"]);
    assert_eq!(code, "not_sure");
    assert!(message.contains("1 households, 1 users") && message.contains("--yes"), "{message}");
    assert_eq!(gateway.admin(&["account", "list"])["accounts"].as_array().map(Vec::len), Some(1));
    gateway.admin(&["unclaim", "--yes"]);
    for list in ["account", "user", "tv", "phone", "share", "owner"] {
        let all = gateway.admin(&[list, "list"]);
        assert_eq!(all[format!("{list}s")], json!([]), "{list}");
    }
    let device = family.get("/tv/api/device");
    assert_eq!((&device["claimed"], &device["claim"]), (&json!(false), &json!("square")), "{device}");
    assert_eq!(claim(&gateway, &text(&device, "pairing_code")).0, 201);
    assert_eq!(family.get("/tv/api/device")["paired"], true);
}
