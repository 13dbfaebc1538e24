//! The laws of the house, each a function from the repository's files to the places where it is broken.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan;
use crate::source::File;
use crate::texts;

/// The repository, as far as the laws look at it.
pub struct House {
    pub files: Vec<File>,
}

/// One place where a law is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub path: String,
    /// Line of the file, from 1; 0 for the file as a whole.
    pub line: usize,
    pub what: String,
}

impl Breach {
    fn new(file: &File, line: usize, what: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, what: what.into() }
    }
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

impl House {
    /// Files of the product: Rust under `src/` that is not only for tests.
    pub fn product(&self) -> impl Iterator<Item = &File> {
        let test_only = self.test_only_files();
        self.files.iter().filter(move |file| is_source(file) && !test_only.contains(&file.path))
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files that a `#[cfg(test)] mod name;` brings in, and those below them.
    fn test_only_files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for file in self.files.iter().filter(|file| is_source(file)) {
            for module in file.modules().iter().filter(|module| module.test_only) {
                let [flat, nested] = module_files(file, &module.name);
                let below = nested.trim_end_matches("mod.rs").to_owned();
                found.extend(self.files.iter().filter(|file| file.path.starts_with(&below)).map(|f| f.path.clone()));
                found.extend([flat, nested]);
            }
        }
        found
    }
}

fn is_source(file: &File) -> bool {
    file.path.starts_with("src/") && is_rust(file)
}

fn is_rust(file: &File) -> bool {
    file.path.ends_with(".rs")
}

/// The two places where the module `name`, declared in `file`, may be.
fn module_files(file: &File, name: &str) -> [String; 2] {
    let mut folder = file.module_path();
    folder.insert(0, "src".to_owned());
    let folder = folder.join("/");
    [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]
}

/// The room a module path lies in: `["wire", "rtp", "clock"]` is in `wire/rtp`. The crate's root is none.
pub fn room_of(module: &[String]) -> Option<String> {
    match module {
        [] => None,
        [floor, rest @ ..] if floor == "wire" => rest.first().map(|room| format!("wire/{room}")),
        [room, ..] => Some(room.clone()),
    }
}

fn floor_of(room: &str) -> Option<u8> {
    plan::ROOMS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// The room a resolved path leads to, if it leads to one.
fn room_named(segments: &[String]) -> Option<String> {
    let (first, rest) = segments.split_first()?;
    let room = (first == "crate").then(|| room_of(rest)).flatten()?;
    floor_of(&room).map(|_| room)
}

/// Every room has a floor in the plan.
pub fn rooms_are_in_the_plan(house: &House) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in house.files.iter().filter(|file| is_source(file)) {
        if let Some(room) = room_of(&file.module_path())
            && floor_of(&room).is_none()
        {
            breaches.push(Breach::new(file, 0, format!("the room `{room}` has no floor in tests/tidy/plan.rs")));
        }
    }
    breaches
}

/// A room imports only from floors below its own; neighbours only where the plan allows it, doors never; no service
/// imports HTTP.
pub fn rooms_import_from_below(house: &House) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in house.product() {
        let Some((room, floor)) = room_of(&file.module_path()).and_then(|room| Some((room.clone(), floor_of(&room)?)))
        else {
            continue;
        };
        for path in file.paths() {
            let Some(other) = room_named(&path.segments).filter(|other| *other != room) else { continue };
            let other_floor = floor_of(&other).expect("a named room has a floor");
            let what = if other_floor > floor {
                format!("`{room}` (floor {floor}) imports `{other}` from above (floor {other_floor})")
            } else if other_floor == floor && floor == plan::DOORS {
                format!("the door `{room}` imports the door `{other}`: they meet in live, share or codec")
            } else if floor == plan::SERVICES && other == plan::NOT_FOR_SERVICES {
                format!("the service `{room}` imports `{other}`: an adapter in gateway stands between")
            } else if other_floor == floor && !plan::NEIGHBOURS.contains(&floor) {
                format!("`{room}` imports its neighbour `{other}` on floor {floor}")
            } else {
                continue;
            };
            breaches.push(Breach::new(file, path.line, what));
        }
    }
    breaches
}

/// No circles between rooms.
pub fn rooms_have_no_circles(house: &House) -> Vec<Breach> {
    let mut imports: BTreeMap<String, BTreeMap<String, Breach>> = BTreeMap::new();
    for file in house.product() {
        let Some(room) = room_of(&file.module_path()) else { continue };
        for path in file.paths() {
            if let Some(other) = room_named(&path.segments).filter(|other| *other != room) {
                let place = Breach::new(file, path.line, "");
                imports.entry(room.clone()).or_default().entry(other).or_insert(place);
            }
        }
    }
    let mut done = BTreeSet::new();
    for room in imports.keys() {
        let mut way = Vec::new();
        if let Some(circle) = find_circle(room, &imports, &mut way, &mut done) {
            let mut breach = imports[&circle[0]][&circle[1]].clone();
            breach.what = format!("a circle of rooms: {}", circle.join(" → "));
            return vec![breach];
        }
    }
    Vec::new()
}

/// Walks the imports from `room` in depth; `way` is the path to it. A circle begins and ends with the same room.
fn find_circle(
    room: &str,
    imports: &BTreeMap<String, BTreeMap<String, Breach>>,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(start) = way.iter().position(|passed| passed == room) {
        let mut circle = way[start..].to_vec();
        circle.push(room.to_owned());
        return Some(circle);
    }
    if done.contains(room) {
        return None;
    }
    way.push(room.to_owned());
    for next in imports.get(room).into_iter().flat_map(BTreeMap::keys) {
        if let Some(circle) = find_circle(next, imports, way, done) {
            return Some(circle);
        }
    }
    way.pop();
    done.insert(room.to_owned());
    None
}

/// Ground and wire import no I/O and read no clock.
pub fn pure_floors_do_no_io(house: &House) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in house.product() {
        let floor = room_of(&file.module_path()).and_then(|room| floor_of(&room));
        if !floor.is_some_and(|floor| plan::PURE.contains(&floor)) {
            continue;
        }
        for path in file.paths() {
            let whole = path.segments.join("::");
            let bad = plan::IMPURE.iter().find(|bad| match bad.split_once("::") {
                Some((_, "now")) => whole.ends_with(*bad),
                _ => whole == **bad || whole.starts_with(&format!("{bad}::")),
            });
            if let Some(bad) = bad {
                breaches.push(Breach::new(
                    file,
                    path.line,
                    format!("`{bad}` on a pure floor: time and bytes are arguments"),
                ));
            }
        }
    }
    breaches
}

/// Ground and wire draw nothing at random, but where secrets and ids are made: a test of theirs always goes the same way.
pub fn pure_floors_are_not_random(house: &House) -> Vec<Breach> {
    let is_pure = |file: &&File| {
        let floor = room_of(&file.module_path()).and_then(|room| floor_of(&room));
        floor.is_some_and(|floor| plan::PURE.contains(&floor)) && !plan::MAY_BE_RANDOM.contains(&file.path.as_str())
    };
    let draws = |line: &str| plan::RANDOM.iter().any(|call| line.contains(call));
    lines_with(house.product().filter(is_pure), draws, "drawn at random on a pure floor: it is an argument")
}

/// Each outside crate is named only by its owner.
pub fn crates_have_one_owner(house: &House) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in house.product() {
        let room = room_of(&file.module_path()).unwrap_or_default();
        for path in file.paths() {
            let owned = plan::OWNERS.iter().find(|(name, owners)| path.segments[0] == *name && !owners.is_empty());
            if let Some((name, owners)) = owned
                && !owners.iter().any(|owner| *owner == room || *owner == file.path)
            {
                let what = format!("`{name}` belongs to {}", owners.join(" and "));
                breaches.push(Breach::new(file, path.line, what));
            }
        }
    }
    breaches
}

/// Every dependency has an entry in the plan, and every entry is a dependency.
pub fn crates_are_in_the_plan(house: &House) -> Vec<Breach> {
    let Some(manifest) = house.file("Cargo.toml") else { return Vec::new() };
    let mut breaches = Vec::new();
    let mut section = "";
    let mut seen = BTreeSet::new();
    for (i, line) in manifest.text.lines().enumerate() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]"
            && let Some((package, _)) = line.split_once('=')
        {
            let package = package.trim();
            let renamed = plan::LIBRARY_NAMES.iter().find(|(name, _)| *name == package);
            let name = renamed.map_or_else(|| package.replace('-', "_"), |(_, library)| (*library).to_owned());
            if !plan::OWNERS.iter().any(|(owned, _)| *owned == name) {
                breaches.push(Breach::new(manifest, i + 1, format!("`{package}` has no owner in tests/tidy/plan.rs")));
            }
            seen.insert(name);
        }
    }
    for (name, _) in plan::OWNERS.iter().filter(|(name, _)| !seen.contains(*name)) {
        breaches.push(Breach::new(manifest, 0, format!("`{name}` is in tests/tidy/plan.rs and is no dependency")));
    }
    breaches
}

/// No `utils`, `common`, `helpers`, `manager`, `misc`: neither as a file nor as a module nor in a type's name.
pub fn things_have_their_own_names(house: &House) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let ours = |file: &&File| is_rust(file) || file.path.starts_with("web/") || file.path.starts_with("tests/");
    for file in house.files.iter().filter(ours) {
        let bad = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        if let Some(bad) = bad.into_iter().find(|part| plan::NO_NAMES.contains(part)) {
            breaches.push(Breach::new(file, 0, format!("`{bad}` is no name for a room or a file")));
        }
        if !is_rust(file) {
            continue;
        }
        for (i, line) in file.code().lines().enumerate() {
            let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let named = words.windows(2).find(|two| match two[0] {
                "mod" => plan::NO_NAMES.contains(&two[1]),
                "struct" | "enum" | "trait" | "type" => {
                    plan::NO_NAMES.iter().any(|bad| two[1].to_lowercase().ends_with(bad))
                }
                _ => false,
            });
            if let Some(two) = named {
                breaches.push(Breach::new(file, i + 1, format!("`{}` says nothing of what it is", two[1])));
            }
        }
    }
    breaches
}

/// Every Rust file opens with `//!`: what it is for.
pub fn files_say_what_they_are_for(house: &House) -> Vec<Breach> {
    let silent = |file: &&File| {
        let first = file.text.lines().find(|line| !line.starts_with("#!"));
        is_rust(file) && !first.is_some_and(|line| line.starts_with("//!") && line.len() > 8)
    };
    house.files.iter().filter(silent).map(|file| Breach::new(file, 1, "does not open with `//!`")).collect()
}

/// The product never unwraps: `expect` states the invariant, bad input is an error.
pub fn nothing_unwraps(house: &House) -> Vec<Breach> {
    lines_with(house.product(), |line| line.contains(".unwrap()") || line.contains(".unwrap_err()"), "`unwrap`")
}

/// No unsafe code, and no leave to write it.
pub fn nothing_is_unsafe(house: &House) -> Vec<Breach> {
    let word = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
    let leave = |line: &str| line.contains("allow(unsafe_code") || line.contains("expect(unsafe_code");
    lines_with(house.files.iter().filter(|file| is_rust(file)), |line| word(line) || leave(line), "`unsafe`")
}

/// Errors are enums, not texts.
pub fn errors_are_types(house: &House) -> Vec<Breach> {
    lines_with(
        house.product(),
        |line| line.contains("Result<") && line.contains(", String>"),
        "an error that is a text",
    )
}

/// Files, folders and sockets are made by `private`, which makes them their owner's alone.
pub fn what_is_made_is_private(house: &House) -> Vec<Breach> {
    let elsewhere = house.product().filter(|file| !file.path.starts_with("src/private/"));
    let makes = |line: &str| plan::MAKING.iter().any(|call| line.contains(call));
    lines_with(elsewhere, makes, "made without `private`")
}

/// The tests that `docs/security.md` names are there, and are tests: in a table's last column, words in backticks.
pub fn promises_have_tests(house: &House) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for guide in house.files.iter().filter(|file| file.path == "docs/security.md") {
        for (i, line) in guide.text.lines().enumerate().filter(|(_, line)| line.starts_with('|')) {
            let shown_by = line.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
            for name in shown_by.split('`').skip(1).step_by(2) {
                if !house.files.iter().any(|file| is_test_in(file, name)) {
                    breaches.push(Breach::new(guide, i + 1, format!("no test is called `{name}`")));
                }
            }
        }
    }
    breaches
}

/// Whether `file` has a test of that name: a function below `#[test]`, one of proptest's, or one of Node's.
fn is_test_in(file: &File, name: &str) -> bool {
    if file.path.ends_with(".test.js") {
        return ['\'', '"', '`'].iter().any(|quote| file.text.contains(&format!("test({quote}{name}{quote}")));
    }
    let declared = format!("fn {name}(");
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let is_test = |at: usize| {
        let mut attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        attributes.any(|line| *line == "#[test]")
    };
    is_rust(file) && lines.iter().enumerate().any(|(at, line)| line.starts_with(&declared) && is_test(at))
}

fn lines_with<'a>(files: impl Iterator<Item = &'a File>, bad: impl Fn(&str) -> bool, what: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in files {
        for (i, line) in file.product_code().lines().enumerate() {
            if bad(line) {
                breaches.push(Breach::new(file, i + 1, what));
            }
        }
    }
    breaches
}

/// A file is one thought: not over 600 lines, tests apart.
pub fn files_are_one_thought(house: &House) -> Vec<Breach> {
    let ours = |file: &&File| is_rust(file) || (file.path.starts_with("web/") && file.path.ends_with(".js"));
    let mut breaches = Vec::new();
    for file in house.files.iter().filter(ours).filter(|file| !file.path.contains("vendor/")) {
        let lines = if is_rust(file) { file.product_lines() } else { file.text.lines().count() };
        if lines > plan::MAX_LINES {
            breaches.push(Breach::new(file, 0, format!("{lines} lines, more than {}", plan::MAX_LINES)));
        }
    }
    breaches
}

/// A page's texts are there in every language, alike in what they fill in: what the build refuses, said sooner.
pub fn texts_are_in_every_language(house: &House) -> Vec<Breach> {
    let texts = house.files.iter().filter(|file| file.path.starts_with("web/texts/"));
    texts
        .filter_map(|file| texts::read(&file.text).err().map(|wrong| Breach::new(file, wrong.line, wrong.to_string())))
        .collect()
}

/// Lines of scripts, of the pages, of their tests and of benches, can be read at once: not over 140 characters. What
/// others wrote is left as it is.
pub fn script_lines_are_short(house: &House) -> Vec<Breach> {
    let ours = |file: &&File| {
        ["web/", "tests/", "benches/"].iter().any(|folder| file.path.starts_with(folder))
            && [".js", ".py", ".sh"].iter().any(|kind| file.path.ends_with(kind))
            && !file.path.contains("vendor/")
    };
    let mut breaches = Vec::new();
    for file in house.files.iter().filter(ours) {
        for (i, line) in file.text.lines().enumerate() {
            let long = line.chars().count();
            if long > plan::MAX_SCRIPT_COLUMNS {
                let what = format!("{long} characters, more than {}", plan::MAX_SCRIPT_COLUMNS);
                breaches.push(Breach::new(file, i + 1, what));
            }
        }
    }
    breaches
}

/// The repository says nothing of the places where it was written.
pub fn nothing_names_a_workplace(house: &House) -> Vec<Breach> {
    any_text(house.files.iter(), plan::PLACES, "names a place of one machine")
}

/// Nothing is left undone, and no test is left out. A test that another test runs in a process of its own says so:
/// its reason is "run by NAME, …", with a test NAME in the same file.
pub fn nothing_is_left_undone(house: &House) -> Vec<Breach> {
    let mut breaches = any_text(house.files.iter().filter(|file| is_rust(file)), plan::UNFINISHED, "is not done");
    breaches.retain(|breach| {
        let file = house.file(&breach.path).expect("a breach is in a file");
        let line = file.text.lines().nth(breach.line - 1).unwrap_or_default();
        let runner = line.split_once("= \"run by ").map(|(_, rest)| rest.split([',', '"']).next().unwrap_or(""));
        !runner.is_some_and(|name| !name.is_empty() && file.text.contains(&format!("fn {name}()")))
    });
    breaches
}

fn any_text<'a>(files: impl Iterator<Item = &'a File>, words: &[&str], what: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in files {
        for (i, line) in file.text.lines().enumerate() {
            let lower = line.to_lowercase();
            if let Some(word) = words.iter().find(|word| lower.contains(&word.to_lowercase())) {
                breaches.push(Breach::new(file, i + 1, format!("`{word}` {what}")));
            }
        }
    }
    breaches
}

/// The guides name only files that exist: in `ARCHITECTURE.md`, a word in backticks that ends like a file or a folder
/// is one, from the top or from `src/`.
pub fn guides_name_real_files(house: &House) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let is_guide = |path: &str| plan::GUIDES.iter().any(|guide| path.starts_with(guide));
    for guide in house.files.iter().filter(|file| is_guide(&file.path)) {
        for (i, line) in guide.text.lines().enumerate() {
            for name in line.split('`').skip(1).step_by(2).filter(|name| looks_like_a_file(name)) {
                let there = |file: &File| {
                    [name.to_owned(), format!("src/{name}")].iter().any(|path| match path.ends_with('/') {
                        true => file.path.starts_with(path.as_str()),
                        false => file.path == *path,
                    })
                };
                if !house.files.iter().any(there) {
                    breaches.push(Breach::new(guide, i + 1, format!("`{name}` is not there")));
                }
            }
        }
    }
    breaches
}

fn looks_like_a_file(name: &str) -> bool {
    let ends = [".rs", ".md", ".js", ".html", ".css", ".toml", ".service", "/"];
    name.contains('/') && !name.starts_with('/') && ends.iter().any(|end| name.ends_with(end))
}

/// Every file under `src/` is part of the crate.
pub fn every_file_is_reached(house: &House) -> Vec<Breach> {
    let mut reached: BTreeSet<String> = ["src/lib.rs", "src/main.rs"].map(str::to_owned).into();
    let mut waiting: Vec<_> = reached.iter().cloned().collect();
    while let Some(path) = waiting.pop() {
        let Some(file) = house.file(&path) else { continue };
        for module in file.modules() {
            for place in module_files(file, &module.name) {
                if house.file(&place).is_some() && reached.insert(place.clone()) {
                    waiting.push(place);
                }
            }
        }
    }
    let lost = house.files.iter().filter(|file| is_source(file) && !reached.contains(&file.path));
    lost.map(|file| Breach::new(file, 0, "no module declares it")).collect()
}
