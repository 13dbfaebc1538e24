//! Reads Rust as far as the laws need it: code without comments and strings, code without tests, and the paths it names.
//!
//! No compiler here: a path is what is written, with nested `use` groups unfolded and `self`/`super` resolved.

/// A file of the repository.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it is, from the repository's top, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// A path such as `crate::wire::rtp::Media`, as its segments, and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<String>,
    pub line: usize,
    /// Whether it is handed on, by `pub use`.
    pub is_handed_on: bool,
}

/// A module declared as `mod name;`, and whether only tests have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    pub name: String,
    pub test_only: bool,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The code, with comments, strings and characters blanked out; every line stays where it was.
    pub fn code(&self) -> String {
        blank_comments_and_texts(&self.text)
    }

    /// The code without what stands under `#[cfg(test)]`.
    pub fn product_code(&self) -> String {
        blank_tests(&self.code())
    }

    /// Lines of the file, tests apart.
    pub fn product_lines(&self) -> usize {
        let code = self.code();
        let inside: usize = tests_in(&code).into_iter().map(|range| code[range].lines().count()).sum();
        code.lines().count() - inside
    }

    /// The paths of the product's code, `crate`, `self` and `super` resolved to `crate::…`.
    pub fn paths(&self) -> Vec<Path> {
        let own = self.module_path();
        let mut paths = paths_of(&self.product_code());
        for path in &mut paths {
            resolve(&mut path.segments, &own);
        }
        paths
    }

    /// The modules declared with their own file.
    pub fn modules(&self) -> Vec<Module> {
        let code = self.code();
        let tokens = tokens_of(&code);
        let mut modules = Vec::new();
        for (i, three) in tokens.windows(3).enumerate() {
            if three[0].text == "mod" && is_word(three[1].text) && three[2].text == ";" {
                let before: String = tokens[i.saturating_sub(12)..i].iter().map(|token| token.text).collect();
                let before = ["pub", "pub(crate)", "pub(super)"]
                    .iter()
                    .find_map(|to| before.strip_suffix(to))
                    .unwrap_or(&before);
                modules.push(Module { name: three[1].text.to_owned(), test_only: before.ends_with("#[cfg(test)]") });
            }
        }
        modules
    }

    /// Where this file is in the crate: `src/wire/rtp/clock.rs` is `["wire", "rtp", "clock"]`.
    pub fn module_path(&self) -> Vec<String> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inside = inside.strip_suffix(".rs").unwrap_or(inside);
        let mut path: Vec<_> = inside.split('/').map(str::to_owned).collect();
        if path.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
            path.pop();
        }
        path
    }
}

fn resolve(segments: &mut Vec<String>, own: &[String]) {
    let ups = segments.iter().take_while(|segment| *segment == "super").count();
    let selves = usize::from(segments.first().is_some_and(|first| first == "self"));
    if ups + selves == 0 {
        return;
    }
    let home = &own[..own.len().saturating_sub(ups)];
    let rest = segments.split_off(ups + selves);
    *segments = ["crate".to_owned()].into_iter().chain(home.iter().cloned()).chain(rest).collect();
}

/// Blanks comments and the insides of texts and characters.
fn blank_comments_and_texts(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
            b'"' => text_end(bytes, at),
            b'r' if !follows_word(bytes, at) && raw_hashes(bytes, at + 1).is_some() => raw_text_end(bytes, at + 1),
            b'b' if !follows_word(bytes, at) && bytes.get(at + 1) == Some(&b'r') => {
                if raw_hashes(bytes, at + 2).is_some() { raw_text_end(bytes, at + 2) } else { at }
            }
            b'\'' => char_end(bytes, at),
            _ => at,
        };
        for byte in &mut out[at..end.min(bytes.len())] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("whole texts and comments became blanks")
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && is_word_byte(bytes[at - 1])
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// How many `#` stand between `at` and the quote of a raw text; `None` if it is none.
fn raw_hashes(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at.min(bytes.len())..].iter().take_while(|byte| **byte == b'#').count();
    (bytes.get(at + hashes) == Some(&b'"')).then_some(hashes)
}

fn raw_text_end(bytes: &[u8], at: usize) -> usize {
    let hashes = raw_hashes(bytes, at).unwrap_or(0);
    let close: Vec<u8> = [b'"'].into_iter().chain(std::iter::repeat_n(b'#', hashes)).collect();
    let inside = at + hashes + 1;
    bytes[inside..]
        .windows(close.len())
        .position(|window| window == close)
        .map_or(bytes.len(), |length| inside + length + close.len())
}

/// The end of a character such as `'a'` or `'\n'`; a lifetime is left as it is.
fn char_end(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start + 1) == Some(&b'\\') {
        let from = start + 3;
        return bytes[from.min(bytes.len())..]
            .iter()
            .position(|byte| *byte == b'\'')
            .map_or(start, |length| from + length + 1);
    }
    let width = match bytes.get(start + 1) {
        Some(byte) if *byte >= 0xf0 => 4,
        Some(byte) if *byte >= 0xe0 => 3,
        Some(byte) if *byte >= 0xc0 => 2,
        Some(_) => 1,
        None => return start,
    };
    if bytes.get(start + 1 + width) == Some(&b'\'') { start + width + 2 } else { start }
}

/// The stretches of blanked code that stand under `#[cfg(test)]`: from the attribute to the end of its item.
fn tests_in(code: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = code[from..].find("#[cfg(test)]").map(|at| at + from) {
        let bytes = code.as_bytes();
        let (mut end, mut depth) = (at + "#[cfg(test)]".len(), 0_usize);
        while end < bytes.len() {
            match bytes[end] {
                b'{' => depth += 1,
                b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                b';' if depth == 0 => break,
                _ => {}
            }
            end += 1;
        }
        found.push(at..(end + 1).min(bytes.len()));
        from = end.min(bytes.len());
    }
    found
}

fn blank_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for range in tests_in(code) {
        for byte in &mut out[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(out).expect("whole items became blanks")
}

/// A word, `::`, or one sign.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

fn is_word(text: &str) -> bool {
    text.bytes().next().is_some_and(is_word_byte)
}

fn tokens_of(code: &str) -> Vec<Token<'_>> {
    let bytes = code.as_bytes();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let end = match bytes[at] {
            b'\n' => {
                line += 1;
                at += 1;
                continue;
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            byte if is_word_byte(byte) => at + bytes[at..].iter().take_while(|byte| is_word_byte(**byte)).count(),
            b':' if bytes.get(at + 1) == Some(&b':') => at + 2,
            _ => at + 1,
        };
        tokens.push(Token { text: &code[at..end], line });
        at = end;
    }
    tokens
}

/// All paths of blanked code: those of `use`, groups unfolded, and those written in place.
fn paths_of(code: &str) -> Vec<Path> {
    let tokens = tokens_of(code);
    let (mut paths, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at].text == "use" && tokens.get(at + 1).is_some_and(|next| next.text != "<") {
            let first = paths.len();
            let is_handed_on = at > 0 && matches!(tokens[at - 1].text, "pub" | ")");
            at = use_tree(&tokens, at + 1, &[], &mut paths);
            paths[first..].iter_mut().for_each(|path| path.is_handed_on = is_handed_on);
        } else if is_word(tokens[at].text) {
            let (line, start) = (tokens[at].line, at);
            let mut segments = vec![tokens[at].text.to_owned()];
            at += 1;
            while at + 1 < tokens.len() && tokens[at].text == "::" && is_word(tokens[at + 1].text) {
                segments.push(tokens[at + 1].text.to_owned());
                at += 2;
            }
            let inside = start > 0 && matches!(tokens[start - 1].text, "." | "::");
            if segments.len() > 1 && !inside {
                paths.push(Path { segments, line, is_handed_on: false });
            }
        } else {
            at += 1;
        }
    }
    paths
}

/// Reads one use tree from `at`, its paths going on from `before`; returns where it ends.
fn use_tree(tokens: &[Token<'_>], mut at: usize, before: &[String], paths: &mut Vec<Path>) -> usize {
    let mut segments = before.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    while let Some(token) = tokens.get(at) {
        match token.text {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at = use_tree(tokens, at, &segments, paths);
                    if tokens.get(at).is_some_and(|token| token.text == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "self" if !segments.is_empty() => at += 1,
            "as" => at += 2,
            "*" => at += 1,
            word if is_word(word) => {
                segments.push(word.to_owned());
                at += 1;
            }
            _ => break,
        }
    }
    paths.push(Path { segments, line, is_handed_on: false });
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<String> {
        File::new(path, text).paths().into_iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn groups_are_unfolded_and_renames_seen_through() {
        let text = "use crate::{ground::{id::ShareId, time::{self, Moment}}, wire::rtp as packets};\nuse smol::*;";
        let expected = [
            "crate::ground::id::ShareId",
            "crate::ground::time",
            "crate::ground::time::Moment",
            "crate::wire::rtp",
            "smol",
        ];
        assert_eq!(paths("src/live/mod.rs", text), expected);
    }

    #[test]
    fn paths_in_place_are_seen_and_calls_are_not() {
        let text = "fn f() { let a = crate::store::Storage::open(x); a.b::<u8>(); <smol::Timer as X>::y(); }";
        assert_eq!(paths("src/live/mod.rs", text), ["crate::store::Storage::open", "smol::Timer"]);
    }

    #[test]
    fn super_and_self_are_resolved() {
        let text = "use super::super::h264::Sps; use self::clock::Wrap; use super::Media;";
        let expected = ["crate::wire::h264::Sps", "crate::wire::rtp::order::clock::Wrap", "crate::wire::rtp::Media"];
        assert_eq!(paths("src/wire/rtp/order.rs", text), expected);
    }

    #[test]
    fn comments_texts_and_tests_name_nothing() {
        let text = r##"
            // crate::store::a
            /* crate::store::b /* nested */ crate::store::c */
            const A: &str = "crate::store::d \" crate::store::e";
            const B: &str = r#"crate::store::f " crate::store::g"#;
            const C: char = '"'; const D: &'static str = "crate::store::h"; const E: char = '\'';
            #[cfg(test)]
            mod tests { use crate::store::i; fn f() { if x { crate::store::j(); } } }
            use crate::live::Hub;
        "##;
        assert_eq!(paths("src/http/mod.rs", text), ["crate::live::Hub"]);
    }

    #[test]
    fn lines_are_counted_without_tests() {
        let text = "//! Doc.\n\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n    // why\n\n    fn b() {}\n}\n";
        assert_eq!(File::new("src/a.rs", text).product_lines(), 4);
    }

    #[test]
    fn modules_know_whether_only_tests_have_them() {
        let text =
            "pub mod a;\n#[cfg(test)]\nmod proofs;\n#[cfg(test)]\npub(crate) mod stories;\nmod inline { }\n// mod b;\n";
        let module = |name: &str, test_only| Module { name: name.to_owned(), test_only };
        assert_eq!(
            File::new("src/live/mod.rs", text).modules(),
            [module("a", false), module("proofs", true), module("stories", true)]
        );
    }
}
