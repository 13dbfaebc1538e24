//! The owner's page over HTTP: who comes in, and what they may do there.

mod http_house;

use std::sync::Arc;

use http_house::home::{Home, code_of, json_of};
use lareira::http::route::Method::{Get, Post};
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
    for refused in [
        json!({ "backup": { "file": "/x" } }),
        json!({ "restore": { "file": "/x" } }),
        json!("owner"),
        json!("claim_code"),
        json!({ "unclaim": { "yes": true } }),
    ] {
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

#[test]
fn the_page_opens_over_https_alone_where_that_is_to_be_had() {
    let home = Home::new();
    let (lan, tls) = ("192.168.1.9", "__Secure-lareira_owner");
    let code = home.steward.owner_code().expect("a code").code;
    let body = json!({ "code": code });
    for (method, path, body) in
        [(Post, "/admin/api/sign-in", &body), (Get, "/admin/api/now", &Value::Null), (Post, "/admin/api/verb", &body)]
    {
        let answer = home.ask_from(lan, false, method, path, "", body);
        assert_eq!(code_of(&answer), (403, "https_only".to_owned()), "{path}");
        assert!(answer.text().contains("https://192.168.1.2:8443/admin/"), "{}", answer.text());
    }
    let secure = home.ask_from(lan, true, Post, "/admin/api/sign-in", "", &body);
    let field = secure.field("set-cookie").expect("the code was not used up");
    assert!(field.starts_with(&format!("{tls}=")) && field.ends_with("; Secure") && field.contains("HttpOnly"));
    let value = field.split([';', '=']).nth(1).expect("its value");
    let now = |is_secure, cookie: &str| home.ask_from(lan, is_secure, Get, "/admin/api/now", cookie, &Value::Null);
    assert_eq!(now(true, &format!("{tls}={value}")).status, 200);
    assert_eq!(now(true, &format!("lareira_owner={value}")).status, 401, "what plain HTTP could have set is none");
    assert_eq!(now(false, &format!("{tls}={value}")).status, 403);
    // From this machine itself, as by an SSH tunnel, nobody listens between.
    let own = home.ask_from("127.0.0.1", false, Get, "/admin/api/now", &format!("lareira_owner={value}"), &Value::Null);
    assert_eq!(own.status, 200);

    // The owner's phone is let in over TLS alone, too.
    let account = home.account("Casa");
    let (phone, _) = home.phone(account, "Rui");
    assert_eq!(home.ask("POST", "/api/v1/owner-session", &phone, &Value::Null).status, 403, "not the owner's");

    // Where there is no HTTPS, there is HTTP.
    let mut home = home;
    home.api = home.api.with_secure(Arc::default());
    let answer = home.ask_from(lan, false, Get, "/admin/api/now", &format!("lareira_owner={value}"), &Value::Null);
    assert_eq!(answer.status, 200);
}

#[test]
fn browsers_are_listed_and_shown_out() {
    let home = Home::new();
    let first = come_in(&home);
    let second = come_in(&home);
    let owners = verb(&home, &first, json!("owner_list"))["owners"].clone();
    let owners = owners.as_array().expect("a list");
    assert_eq!(owners.iter().filter(|owner| owner["here"] == true).count(), 1);
    let other = owners.iter().find(|owner| owner["here"] == false).expect("the second");
    assert!(other["since"].is_string() && other["seen_at"].is_string(), "{other}");
    verb(&home, &first, json!({ "owner_end": { "owner": other["owner_id"] } }));
    assert_eq!(home.ask("GET", "/admin/api/now", &second, &Value::Null).status, 401, "at once");
    assert_eq!(home.ask("GET", "/admin/api/now", &first, &Value::Null).status, 200);
    let unknown = json!({ "owner_end": { "owner": other["owner_id"] } });
    assert_eq!(home.ask("POST", "/admin/api/verb", &first, &unknown).status, 404);
    verb(&home, &first, json!("owner_end_all"));
    assert_eq!(home.ask("GET", "/admin/api/now", &first, &Value::Null).status, 401);
}
