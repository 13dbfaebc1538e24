//! The pages' texts, as `web/texts/` has them: a key on a line of its own, and below it what it says in each language.
//! Read here for the build, which makes scripts of them, and for the law that holds them. No file is opened here.
//!
//! ```text
//! today_at
//!   en Today, {time}
//!   es Hoy, {time}
//!   pt Hoje, {time}
//! ```
//!
//! A line that begins with `#` is a comment, ` | ` parts the words of a list, `{time}` is a place that is filled in.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

/// The languages, in the order in which they stand.
pub const LANGUAGES: [&str; 3] = ["en", "es", "pt"];

/// One text in every language.
#[derive(Debug)]
pub struct Text {
    /// What pages call it.
    pub key: String,
    said: [String; LANGUAGES.len()],
}

/// Where a file of texts is not as it has to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Counted from 1.
    pub line: usize,
    what: &'static str,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Wrong {}

/// All texts of a file. A text that is missing in a language, or that fills in other places than the English one, is an
/// error.
pub fn read(file: &str) -> Result<Vec<Text>, Wrong> {
    let mut texts: Vec<Text> = Vec::new();
    let mut keys = HashSet::new();
    let mut lines = file.lines().zip(1..).filter(|(text, _)| !text.trim().is_empty() && !text.starts_with('#'));
    while let Some((key, line)) = lines.next() {
        if !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return Err(Wrong { line, what: "a key is small letters, digits and underscores" });
        }
        if !keys.insert(key) {
            return Err(Wrong { line, what: "this key is there already" });
        }
        let mut said = [const { String::new() }; LANGUAGES.len()];
        for (language, place) in LANGUAGES.iter().zip(&mut said) {
            let (text, line) = lines.next().ok_or(Wrong { line, what: "a language is missing" })?;
            let text = text.strip_prefix("  ").and_then(|text| text.strip_prefix(language));
            let text = text.and_then(|text| text.strip_prefix(' ')).map(str::trim).filter(|text| !text.is_empty());
            *place = text
                .ok_or(Wrong { line, what: "here the text in English, Spanish or Portuguese is missing" })?
                .to_owned();
        }
        if said.iter().any(|text| places(text) != places(&said[0])) {
            return Err(Wrong { line, what: "its languages fill in different places" });
        }
        if said.iter().any(|text| text.split(" | ").count() != said[0].split(" | ").count()) {
            return Err(Wrong { line, what: "its lists differ in length" });
        }
        texts.push(Text { key: key.to_owned(), said });
    }
    Ok(texts)
}

/// The `{places}` of a text.
fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// A module (ES2015) that says all of them in the language at that place of [`LANGUAGES`].
pub fn module(texts: &[Text], language: usize) -> String {
    let rows = texts.iter().map(|text| format!("{}:{},\n", text.key, literal(&text.said[language])));
    format!("export const words={{\n{}}};\n", rows.collect::<String>())
}

/// A script in the JavaScript of old televisions (ES5) that says them in all languages: `Lareira.texts`.
pub fn script(texts: &[Text]) -> String {
    let rows =
        texts.iter().map(|text| format!("{}:[{}]", text.key, text.said.each_ref().map(|said| literal(said)).join(",")));
    let rows: Vec<String> = rows.collect();
    format!("(window.Lareira=window.Lareira||{{}}).texts={{\n{}\n}};\n", rows.join(",\n"))
}

/// A text, or a list of them, as JavaScript writes it.
fn literal(text: &str) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match text.contains(" | ") {
        true => format!("[{}]", text.split(" | ").map(quoted).collect::<Vec<_>>().join(",")),
        false => quoted(text),
    }
}
