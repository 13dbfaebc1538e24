//! The attributes of a line: `name="value"`, `name='value'` or `name=value`, with spaces between, up to a comma. Quotes
//! that are never closed hold up to that comma. Where there is no comma, words without a value at the end are what would
//! follow it; and where it comes too early, attributes may follow it.

/// The attributes, in their order.
pub(super) struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    /// Reads the attributes at the start of `text`; gives what follows the comma behind them, too.
    pub fn read(text: &'a str) -> (Self, &'a str) {
        let mut found = Vec::new();
        let mut rest = text;
        // Where words begin that have no value.
        let mut words = None;
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix(',') {
                let next = after.trim_start();
                if found.is_empty() && ["tvg-", "group-title="].iter().any(|name| next.starts_with(name)) {
                    rest = next;
                    continue;
                }
                return (Self(found), after);
            }
            let Some(end) = rest.find(['=', ',', ' ', '\t']) else {
                return (Self(found), words.unwrap_or(rest));
            };
            let (name, after) = rest.split_at(end);
            let Some(value) = after.strip_prefix('=') else {
                words = words.or(Some(rest));
                rest = after;
                continue;
            };
            let (value, after) = value_of(value);
            found.push((name, value));
            words = None;
            rest = after;
        }
    }

    /// The first attribute of that name, in whatever case; empty ones count as none.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let known = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

/// A value and what follows it.
fn value_of(text: &str) -> (&str, &str) {
    let until = |text: &'_ str, ends: &[char]| text.find(ends).unwrap_or(text.len());
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').unwrap_or_else(|| quoted.split_at(until(quoted, &[','])));
    }
    if let Some(quoted) = text.strip_prefix('\'') {
        // An apostrophe in a word is no end.
        let ends =
            |(at, _): &(usize, &str)| quoted[at + 1..].chars().next().is_none_or(|c| matches!(c, ',' | ' ' | '\t'));
        return match quoted.match_indices('\'').find(ends) {
            Some((at, _)) => (&quoted[..at], &quoted[at + 1..]),
            None => quoted.split_at(until(quoted, &[','])),
        };
    }
    text.split_at(until(text, &[',', ' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_writing_are_read() {
        let read = |text: &'static str| {
            let (attributes, rest) = Attributes::read(text);
            (attributes.0, rest)
        };
        assert_eq!(read(" a=\"b, c\" d=e,N"), (vec![("a", "b, c"), ("d", "e")], "N"));
        assert_eq!(read("a=\"open,N"), (vec![("a", "open")], "N"));
        assert_eq!(read("a=\"\"b=c alone,"), (vec![("a", ""), ("b", "c")], ""));
        assert_eq!(read("a='it's, so' b='open,N"), (vec![("a", "it's, so"), ("b", "open")], "N"));
        assert_eq!(read("a=b no comma"), (vec![("a", "b")], "no comma"));
        assert_eq!(read(" x"), (vec![], "x"));
        assert_eq!(read(", tvg-id=\"a\" b,N"), (vec![("tvg-id", "a")], "N"));
        assert_eq!(read(",a=b,c"), (vec![], "a=b,c"));
        assert_eq!(read("=x ,N"), (vec![("", "x")], "N"));
        assert_eq!(read(""), (vec![], ""));
        assert_eq!(Attributes::read("TVG-ID= tvg-id=\"x\"").0.get("tvg-id"), None, "the first counts");
    }
}
