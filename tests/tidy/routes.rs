//! The law of the API's guide: `docs/api.md` has a heading for every address in the table of `src/http/route/mod.rs`, and for
//! no other. The table is read as text: `(Get, ["api", "v1", "me"])` is the address `GET /api/v1/me`.

use std::collections::{BTreeMap, BTreeSet};

use crate::laws::{Breach, House};

const GUIDE: &str = "docs/api.md";
const TABLE: &str = "src/http/route/mod.rs";
const METHODS: [&str; 6] = ["Get", "Head", "Post", "Put", "Patch", "Delete"];

/// Addresses whose last part is one of many files: how they begin, the enum that has the files, and where it stands.
const FAMILIES: [(&str, &str, &str); 2] =
    [("/play/", "PlayFile", "src/wire/address/play.rs"), ("/channel/", "ChannelFile", "src/wire/address/channel.rs")];

/// Every route has its heading in the guide, and every heading its route.
pub fn routes_are_documented(house: &House) -> Vec<Breach> {
    let text = |path: &str| house.files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let breach = |path: &str, line, what| Breach { path: path.to_owned(), line, what };
    let routes = routes(text(TABLE), text);
    if routes.is_empty() {
        return vec![breach(TABLE, 0, "its table of routes, `fn look_up`, is not found".to_owned())];
    }
    let headings = headings(text(GUIDE));
    let mut breaches = Vec::new();
    for route in routes.iter().filter(|route| !headings.contains_key(*route)) {
        breaches.push(breach(GUIDE, 0, format!("the route `{route}` has no heading")));
    }
    for (heading, line) in headings.iter().filter(|(heading, _)| !routes.contains(*heading)) {
        breaches.push(breach(GUIDE, *line, format!("`{heading}` is no route of {TABLE}")));
    }
    breaches
}

/// The addresses in the guide's headings, each with its line.
fn headings(guide: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (i, line) in guide.lines().enumerate().filter(|(_, line)| line.starts_with('#')) {
        for address in line.split('`').skip(1).step_by(2) {
            let (method, path) = address.split_once(' ').unwrap_or_default();
            if METHODS.iter().any(|known| known.to_uppercase() == method) {
                found.insert(format!("{method} {}", nameless(path)), i + 1);
            }
        }
    }
    found
}

/// The addresses of the table.
fn routes<'a>(table: &str, text: impl Fn(&str) -> &'a str) -> BTreeSet<String> {
    let table = table.split_once("fn look_up(").map_or("", |(_, rest)| rest);
    let table = table.split_once("_ => None").map_or("", |(table, _)| table);
    // On one line, however it is wrapped.
    let table = table.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
    let mut found = BTreeSet::new();
    for method in METHODS {
        for arm in table.split(&format!("({method}, [")).skip(1) {
            let pattern = arm.split_once(')').map_or("", |(pattern, _)| pattern);
            for segments in pattern.split('[') {
                let segments = segments.split_once(']').map_or("", |(segments, _)| segments);
                for path in paths(segments).iter().flat_map(|path| family(path, &text)) {
                    found.insert(format!("{} {}", method.to_uppercase(), nameless(&path)));
                }
            }
        }
    }
    found
}

/// The paths that segments as written in a pattern stand for: `"tv" | "go", ..` is `/tv/…` and `/go/…`.
fn paths(segments: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    for segment in segments.split(',').map(str::trim) {
        let mut longer = Vec::new();
        for choice in segment.split('|').map(str::trim) {
            let written = match choice.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(literal) => literal.to_owned(),
                None if choice == ".." => "…".to_owned(),
                None => format!("{{{choice}}}"),
            };
            longer.extend(paths.iter().map(|path| format!("{path}/{written}")));
        }
        paths = longer;
    }
    paths
}

/// A path with each of the files that its last part may be, where it has many.
fn family<'a>(path: &str, text: &impl Fn(&str) -> &'a str) -> Vec<String> {
    let Some((_, name, file)) = FAMILIES.iter().find(|(begins, ..)| path.starts_with(begins)) else {
        return vec![path.to_owned()];
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let body = text(file).split_once(&format!("pub enum {name} {{")).map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    // Each variant says in its first line which file it is.
    let described = body.lines().filter_map(|line| line.trim().strip_prefix("/// `")?.split('`').next());
    described.map(|file| format!("{folder}/{file}")).collect()
}

/// A path whose parameters have no names: the guide may call them what says most.
fn nameless(path: &str) -> String {
    let mut written = String::new();
    for (i, part) in path.split('{').enumerate() {
        match part.split_once('}') {
            Some((_, rest)) if i > 0 => written.extend(["{}", rest]),
            _ => written.push_str(part),
        }
    }
    written
}
