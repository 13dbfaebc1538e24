//! The owner's page over HTTP: who comes in, and what they may do there.

mod http_house;

use http_house::home::{Home, code_of, json_of};
use serde_json::{Value, json};

/// Comes in with a code from the command line; the Cookie field.
fn come_in(home: &Home) -> String {
    let code = home.steward.owner_code().expect("a code").code;
    let answer = home.ask("POST", "/admin/api/sign-in", "", &json!({ "code": code }));
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.field("set-cookie").expect("a cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/admin"));
    format!("Cookie: {}\r\n", cookie.split(';').next().expect("its pair"))
}

fn verb(home: &Home, owner: &str, verb: Value) -> Value {
    let answer = home.ask("POST", "/admin/api/verb", owner, &verb);
    assert_eq!(answer.status, 200, "{verb}: {answer:?}");
    json_of(&answer)
}

#[test]
fn the_owner_does_everything_the_command_line_does() {
    let home = Home::new();
    let owner = come_in(&home);
    let account = verb(&home, &owner, json!({ "account_add": { "name": "Casa", "country": "+351" } }));
    let account_id = account["account_id"].as_str().expect("an id");
    let user =
        json!({ "user_add": { "account": account_id, "name": "Ana", "msisdn": null, "email": null, "pin": null } });
    let user = verb(&home, &owner, user);
    assert_eq!(verb(&home, &owner, json!("user_list"))["users"][0]["user_id"], user["user_id"]);

    let tv = home.steward.new_tv().expect("a TV");
    let approve = json!({ "tv_approve": { "code": tv.pairing_code, "account": account_id, "name": "Kitchen" } });
    let tv = verb(&home, &owner, approve);
    let renamed = verb(&home, &owner, json!({ "tv_rename": { "tv": tv["tv_id"], "name": "Bedroom" } }));
    assert_eq!(renamed["name"], "Bedroom");
    let invite = verb(&home, &owner, json!({ "invite": { "name": "Rui", "account": null, "ttl_ms": 60_000 } }));
    let enrolled = home.ask("POST", "/api/v1/enrol", "", &json!({ "code": invite["code"], "name": "Rui" }));
    let phone = format!("Authorization: Bearer {}\r\n", json_of(&enrolled)["token"].as_str().expect("a token"));
    let share = home.ready_share(&phone, &[user["user_id"].as_str().expect("an id").parse().expect("an id")], None);
    assert_eq!(verb(&home, &owner, json!("share_list"))["shares"][0]["share_id"], share.to_string());
    verb(&home, &owner, json!({ "share_stop": { "share": share.to_string() } }));
    let shown = verb(&home, &owner, json!({ "share_show": { "share": share.to_string() } }));
    assert_eq!((&shown["state"], &shown["end_reason"]), (&json!("ended"), &json!("stopped")));
    verb(&home, &owner, json!({ "share_delete": { "share": share.to_string() } }));
    let phones = verb(&home, &owner, json!("phone_list"));
    verb(&home, &owner, json!({ "phone_revoke": { "phone": phones["phones"][0]["phone_id"] } }));
    assert_eq!(home.ask("GET", "/api/v1/me", &phone, &Value::Null).status, 401);

    let now = home.ask("GET", "/admin/api/now", &owner, &Value::Null);
    let now = json_of(&now);
    assert!(now["memory_bytes"].as_u64() > Some(1 << 20) && now["disk_free_bytes"].is_u64(), "{now}");
    assert_eq!(now["streams"], json!([]));
}

#[test]
fn nobody_else_comes_in() {
    let home = Home::new();
    let owner = come_in(&home);
    let calls = [("POST", "/admin/api/verb", json!("user_list")), ("GET", "/admin/api/now", Value::Null)];
    let tv = home.tv(home.account("Casa"));
    for (method, path, body) in &calls {
        for fields in ["", "Cookie: lareira_owner=AAAA\r\n", &tv] {
            assert_eq!(code_of(&home.ask(method, path, fields, body)), (401, "not_owner".to_owned()), "{path}");
        }
    }
    let foreign = format!("{owner}Origin: http://elsewhere.example\r\n");
    assert_eq!(home.ask("POST", "/admin/api/verb", &foreign, &json!("user_list")).status, 403);
    let foreign = format!("{owner}Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(home.ask("POST", "/admin/api/verb", &foreign, &json!("user_list")).status, 403);
    for code in ["", "1234567890", "x"] {
        let answer = home.ask("POST", "/admin/api/sign-in", "", &json!({ "code": code }));
        assert_eq!(code_of(&answer), (404, "bad_code".to_owned()));
    }

    let home = home.restart();
    verb(&home, &owner, json!("user_list"));
    assert_eq!(home.ask("POST", "/admin/api/sign-out", &owner, &json!({})).status, 200);
    assert_eq!(home.ask("POST", "/admin/api/verb", &owner, &json!("user_list")).status, 401);
}

#[test]
fn what_names_files_is_done_on_the_gateway_itself() {
    let home = Home::new();
    let owner = come_in(&home);
    for refused in [json!({ "backup": { "file": "/x" } }), json!({ "restore": { "file": "/x" } }), json!("owner")] {
        let answer = home.ask("POST", "/admin/api/verb", &owner, &refused);
        assert_eq!(code_of(&answer), (403, "not_here".to_owned()), "{refused}");
    }
    for (nonsense, expected) in [
        (json!("no_such_verb"), (400, "bad_verb".to_owned())),
        (json!({ "tv_remove": { "tv": "x" } }), (404, "not_found".to_owned())),
        (json!({ "account_add": { "name": "", "country": null } }), (400, "invalid".to_owned())),
    ] {
        assert_eq!(code_of(&home.ask("POST", "/admin/api/verb", &owner, &nonsense)), expected, "{nonsense}");
    }
}
