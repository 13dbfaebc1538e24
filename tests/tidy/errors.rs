//! The law of error codes: each that the gateway can answer over HTTP stands in the API's guide, and each that stands there
//! can be answered. Both are read as text.
//!
//! In the code a code is written behind its status, `(403, "ticket")`, in a field, `code: "not_here"`, or in the function
//! `code` of an error. In the guide it is written behind its status too: 403 `ticket`, `ticket_expired`.

use std::collections::BTreeMap;

use crate::laws::{Breach, House};
use crate::source::File;

/// The guide: what `docs/api.md` hands on to `docs/clips.md` stands there.
const GUIDES: [&str; 2] = ["docs/api.md", "docs/clips.md"];
/// What answers in words of its own: protocols (RTSP, a web camera's messages) and the command line.
const ELSEWHERE: [&str; 2] = ["src/wire/", "src/cli/"];
/// How the function begins that says an error's code.
const FUNCTION: &str = "fn code(&self) -> &'static str {";

/// Every code has its place in the guide, and the guide names no other.
pub fn errors_are_documented(house: &House) -> Vec<Breach> {
    let mut answered = BTreeMap::new();
    for file in house.product().filter(|file| !ELSEWHERE.iter().any(|path| file.path.starts_with(path))) {
        for code in answered_in(&on_one_line(file)) {
            answered.entry(code).or_insert_with(|| file.path.clone());
        }
    }
    let mut documented = BTreeMap::new();
    for file in house.files.iter().filter(|file| GUIDES.contains(&file.path.as_str())) {
        for code in documented_in(&file.text.split_whitespace().collect::<Vec<_>>().join(" ")) {
            documented.entry(code).or_insert_with(|| file.path.clone());
        }
    }
    let breach = |path: &str, what| Breach { path: path.to_owned(), line: 0, what };
    let mut breaches = Vec::new();
    for (code, path) in answered.iter().filter(|(code, _)| !documented.contains_key(*code)) {
        breaches.push(breach(path, format!("its error code `{code}` is not in {}", GUIDES[0])));
    }
    for (code, path) in documented.iter().filter(|(code, _)| !answered.contains_key(*code)) {
        breaches.push(breach(path, format!("no answer has the error code `{code}`")));
    }
    breaches
}

/// The product's code with its texts, each run of white space one space.
fn on_one_line(file: &File) -> String {
    let product = file.product_code();
    // What is blank without comments, texts and tests says nothing.
    let lines = file.text.lines().zip(product.lines()).filter(|(_, product)| !product.trim().is_empty());
    lines.flat_map(|(line, _)| line.split_whitespace()).collect::<Vec<_>>().join(" ")
}

fn answered_in(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, _) in code.match_indices(", \"") {
        if is_status(&code[..i]) {
            found.extend(literal(&code[i + 2..]));
        }
    }
    found.extend(code.match_indices("code: \"").filter_map(|(i, _)| literal(&code[i + 6..])));
    for body in code.split(FUNCTION).skip(1) {
        let body = body.split_once(" fn ").map_or(body, |(body, _)| body);
        found.extend(body.match_indices("=> \"").filter_map(|(i, _)| literal(&body[i + 3..])));
    }
    found
}

/// The codes of a guide: in backticks, one after the other, behind a status or several. What stands in brackets between
/// them explains them; in a table, a line stands between status and codes.
fn documented_in(guide: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, _) in guide.match_indices(" `") {
        let before = guide[..i].trim_end_matches(" |");
        if !is_status(before) {
            continue;
        }
        let mut rest = &guide[i + 1..];
        while let Some((code, behind)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            found.extend(Some(code.to_owned()).filter(|code| is_code(code)));
            let behind = match behind.strip_prefix(" (").and_then(|behind| behind.split_once(')')) {
                Some((_, behind)) => behind,
                None => behind,
            };
            let Some(next) = behind.strip_prefix(", ") else { break };
            rest = next;
        }
    }
    found
}

/// Whether `text` ends with the status of a refusal.
fn is_status(text: &str) -> bool {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    digits == 3 && matches!(text.as_bytes()[text.len() - 3], b'4' | b'5')
}

/// The literal at the start of `text`, if it is a code.
fn literal(text: &str) -> Option<String> {
    let (code, _) = text.strip_prefix('"')?.split_once('"')?;
    is_code(code).then(|| code.to_owned())
}

fn is_code(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
