//! What is said of the owner's verbs: of all, or of those that somebody asks about, taken from one text. Pure.

use crate::cli::help::options_in;

/// What can be typed.
pub const USAGE: &str = include_str!("usage.txt");

/// Options that go with every verb.
const ALWAYS: [&str; 4] = ["config", "data-dir", "json", "help"];

/// A verb as the text has it.
struct Entry<'a> {
    /// The words it begins with.
    words: Vec<&'a str>,
    /// Its lines.
    lines: Vec<&'a str>,
}

fn entries() -> Vec<Entry<'static>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let (_, body, _) = parts();
    for line in body.lines() {
        let is_verb = line.strip_prefix("  ").is_some_and(|rest| !rest.starts_with(' '));
        match entries.last_mut() {
            Some(entry) if !is_verb => entry.lines.push(line),
            _ => {
                let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
                let synopsis = line.trim_start().split("  ").next().unwrap_or_default();
                let words = synopsis.split(' ').take_while(is_word).collect();
                entries.push(Entry { words, lines: vec![line] });
            }
        }
    }
    entries
}

/// The first line, the verbs, and what holds for all.
fn parts() -> (&'static str, &'static str, &'static str) {
    let mut parts = USAGE.splitn(3, "\n\n");
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

/// The verbs that begin with `words`, or else the one that `words` begin with.
fn meant(words: &[String]) -> Vec<Entry<'static>> {
    let begins = |long: &[&str], short: &[&str]| long.starts_with(short);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (within, others): (Vec<_>, Vec<_>) = entries().into_iter().partition(|entry| begins(&entry.words, &words));
    if !within.is_empty() {
        return within;
    }
    let before = others.into_iter().filter(|entry| begins(&words, &entry.words));
    before.max_by_key(|entry| entry.words.len()).into_iter().collect()
}

/// What is said of the verbs that `words` are, or begin; of all if there are no words. Nothing if there is no such verb.
pub fn of(words: &[String]) -> Option<String> {
    if words.is_empty() {
        return Some(USAGE.trim_end().to_owned());
    }
    let lines: Vec<&str> = meant(words).into_iter().flat_map(|entry| entry.lines).collect();
    let (first, _, always) = parts();
    (!lines.is_empty()).then(|| format!("{first}\n\n{}\n\n{}", lines.join("\n"), always.trim_end()))
}

/// The options of the verb that `words` are.
pub fn options(words: &[String]) -> Vec<&'static str> {
    let entries = if words.is_empty() { Vec::new() } else { meant(words) };
    let mut all: Vec<&str> = Vec::new();
    for name in entries.iter().flat_map(|entry| &entry.lines).flat_map(|line| options_in(line)).chain(ALWAYS) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn each_verb_is_told_by_itself() {
        assert!(entries().len() > 30, "{}", entries().len());
        for entry in entries() {
            let said = of(&words(&entry.words.join(" "))).expect("there is such a verb");
            assert!(said.contains(entry.lines[0]) && said.starts_with("lareira admin ["), "{said}");
            assert!(said.contains("Exit status"), "{said}");
        }
        let said = of(&words("user add --account")).expect("it is there");
        assert!(said.contains("user add --account A") && !said.contains("user list"), "{said}");
        let said = of(&words("user")).expect("they are there");
        assert!(said.contains("user add") && said.contains("user list") && !said.contains("tv list"), "{said}");
        let said = of(&words("owner list")).expect("it is there");
        assert!(said.contains("owner list") && !said.contains("owner end"), "{said}");
        assert_eq!(of(&words("dance")), None);
        assert_eq!(of(&[]), Some(USAGE.trim_end().to_owned()));
        assert_eq!(options(&words("tv approve 123456")), ["account", "name", "config", "data-dir", "json", "help"]);
        assert_eq!(options(&words("dance")), ALWAYS);
    }
}
