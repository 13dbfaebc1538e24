//! The law of circles: within a room, files import in one direction, so that each can be read with those it builds on.
//!
//! What a path leads to is the file that has the item: `crate::live::Hub`, which `live/mod.rs` hands on with `pub use`, is
//! of `live/hub.rs`. A `mod.rs` that only declares and hands on depends on nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::laws::{Breach, House, room_of};
use crate::plan;
use crate::source::{File, Path};

/// How often a name is handed on, at most.
const HANDS: usize = 8;

/// Which file imports which, and on which line first.
type Imports<'a> = BTreeMap<&'a str, BTreeMap<&'a str, usize>>;

/// No circles of files within a room, but for those that the plan allows; and it allows none that isn't there.
pub fn files_have_no_circles(house: &House) -> Vec<Breach> {
    let imports = imports(house);
    let circles = circles(&imports);
    let mut breaches = Vec::new();
    for (files, _) in plan::CIRCLES {
        let are_there = files.iter().all(|path| house.files.iter().any(|file| file.path == *path));
        if are_there && !circles.iter().any(|circle| circle == files) {
            let what = "is in no such circle any more: take it off the list in tests/tidy/plan.rs".to_owned();
            breaches.push(Breach { path: files[0].to_owned(), line: 0, what });
        }
    }
    for circle in circles {
        if plan::CIRCLES.iter().any(|(files, _)| circle == *files) {
            continue;
        }
        let first = *circle.first().expect("a circle has files");
        let way = shortest_way_back(first, &circle, &imports);
        let line = imports[first][way[1]];
        let what = format!("a circle of files: {}; in all, in a circle: {}", way.join(" → "), circle.len());
        breaches.push(Breach { path: first.to_owned(), line, what });
    }
    breaches
}

/// The imports between files of one room.
fn imports(house: &House) -> Imports<'_> {
    let files: BTreeMap<Vec<String>, &File> = house.product().map(|file| (file.module_path(), file)).collect();
    let paths: BTreeMap<&str, Vec<Path>> =
        files.values().map(|file| (file.path.as_str(), absolute_paths(file))).collect();
    let mut imports = Imports::new();
    for file in files.values() {
        let room = room_of(&file.module_path());
        for path in paths[file.path.as_str()].iter().filter(|path| !path.is_handed_on) {
            let Some(other) = file_with(&path.segments, &files, &paths) else { continue };
            let of_one_room = room.is_some() && room_of(&other.module_path()) == room;
            let is_above = other.path.ends_with("/mod.rs") && file.module_path().starts_with(&other.module_path());
            if of_one_room && !is_above && other.path != file.path {
                imports.entry(&file.path).or_default().entry(&other.path).or_insert(path.line);
            }
        }
    }
    imports
}

/// The paths of a file that lead into the crate; those that begin with a module of its own are made whole.
fn absolute_paths(file: &File) -> Vec<Path> {
    let own: BTreeSet<String> = file.modules().into_iter().map(|module| module.name).collect();
    let mut paths = file.paths();
    for path in paths.iter_mut().filter(|path| own.contains(&path.segments[0])) {
        let whole = ["crate".to_owned()].into_iter().chain(file.module_path());
        path.segments = whole.chain(path.segments.drain(..)).collect();
    }
    paths.retain(|path| path.segments[0] == "crate");
    paths
}

/// The file that has what a path names.
fn file_with<'a>(
    segments: &[String],
    files: &BTreeMap<Vec<String>, &'a File>,
    paths: &BTreeMap<&str, Vec<Path>>,
) -> Option<&'a File> {
    let mut segments = segments.to_vec();
    for _ in 0..HANDS {
        let inside = segments.strip_prefix(&["crate".to_owned()])?.to_vec();
        let length = (0..=inside.len()).rev().find(|length| files.contains_key(&inside[..*length]))?;
        let file = files[&inside[..length]];
        let Some(name) = inside.get(length) else { return Some(file) };
        let handed_on = paths[file.path.as_str()].iter().find(|path| {
            path.is_handed_on && path.segments.last() == Some(name) && path.segments != segments[..length + 2]
        });
        let Some(handed_on) = handed_on else { return Some(file) };
        segments = handed_on.segments.iter().chain(&inside[length + 1..]).cloned().collect();
    }
    None
}

/// The sets of files in which each leads to each other.
fn circles<'a>(imports: &Imports<'a>) -> Vec<Vec<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|file| (*file, reached_from(file, imports))).collect();
    let mut found: Vec<Vec<&str>> = Vec::new();
    for (file, there) in &reached {
        if there.contains(file) && !found.iter().any(|circle| circle.contains(file)) {
            let back = |other: &&str| reached.get(other).is_some_and(|there| there.contains(file));
            found.push(there.iter().copied().filter(back).collect());
        }
    }
    found
}

fn reached_from<'a>(file: &str, imports: &Imports<'a>) -> BTreeSet<&'a str> {
    let (mut there, mut waiting) = (BTreeSet::new(), vec![file]);
    while let Some(next) = waiting.pop() {
        for other in imports.get(next).into_iter().flat_map(BTreeMap::keys) {
            if there.insert(*other) {
                waiting.push(other);
            }
        }
    }
    there
}

/// The shortest circle through `first`, as it is shown: from it to itself.
fn shortest_way_back<'a>(first: &'a str, circle: &[&'a str], imports: &Imports<'a>) -> Vec<&'a str> {
    let (mut ways, mut passed) = (vec![vec![first]], BTreeSet::new());
    loop {
        let mut longer = Vec::new();
        for way in &ways {
            let last = way.last().expect("a way has files");
            for next in imports[last].keys().filter(|next| circle.contains(next)) {
                if *next == first {
                    return way.iter().copied().chain([first]).collect();
                }
                if passed.insert(*next) {
                    longer.push(way.iter().copied().chain([*next]).collect());
                }
            }
        }
        ways = longer;
    }
}
