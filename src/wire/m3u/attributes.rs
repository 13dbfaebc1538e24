//! The attributes of a line: `name="value"` or `name=value`, with spaces between, up to a comma. Quotes that are never
//! closed hold up to that comma.

/// The attributes, in their order.
pub(super) struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    /// Reads the attributes at the start of `text`; gives what follows the comma behind them, too.
    pub fn read(text: &'a str) -> (Self, &'a str) {
        let mut found = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix(',') {
                return (Self(found), after);
            }
            let Some(end) = rest.find(['=', ',', ' ', '\t']) else { return (Self(found), "") };
            let (name, after) = rest.split_at(end);
            let Some(value) = after.strip_prefix('=') else {
                // A word alone: nothing is said by it.
                rest = after;
                continue;
            };
            let (value, after) = value_of(value);
            found.push((name, value));
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
    match text.strip_prefix('"') {
        Some(quoted) => match quoted.split_once('"') {
            Some(whole) => whole,
            None => quoted.split_at(until(quoted, &[','])),
        },
        None => text.split_at(until(text, &[',', ' ', '\t'])),
    }
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
        assert_eq!(read(",a=b,c"), (vec![], "a=b,c"));
        assert_eq!(read("=x ,N"), (vec![("", "x")], "N"));
        assert_eq!(read(""), (vec![], ""));
        assert_eq!(Attributes::read("TVG-ID= tvg-id=\"x\"").0.get("tvg-id"), None, "the first counts");
    }
}
