//! The law of the schema's page: `docs/schema.md` has every table with its key and row, who writes and removes its rows,
//! every type that rows are made of with its fields or variants in their order, and nothing else.
//!
//! The tables are read from `for_each_table` of `src/share/ledger/mod.rs`; types are followed from there.

use std::collections::{BTreeMap, BTreeSet};

use crate::laws::{Breach, House};
use crate::source::File;

const PAGE: &str = "docs/schema.md";
const TABLES: &str = "src/share/ledger/mod.rs";
/// The table of facts about the database, which is no table of the domain.
const META: (&str, &str) = ("meta", "src/store/schema.rs");
/// Where the types stand that are written with names of fields or variants.
const TYPES: [&str; 4] =
    ["src/share/model/rows.rs", "src/share/model/state.rs", "src/share/model/quiet_hours.rs", "src/ground/crypto.rs"];

/// A table of the domain.
struct Table {
    /// `accounts(AccountId => Account)`
    heading: String,
    row: String,
    /// What the function is called that writes a row: `put_account`.
    put: String,
    remove: String,
}

/// What the page says under one heading.
#[derive(Default)]
struct Section<'a> {
    line: usize,
    text: Vec<&'a str>,
}

/// The page and the code say the same.
pub fn schema_is_documented(house: &House) -> Vec<Breach> {
    let file = |path: &str| house.files.iter().find(|file| file.path == path);
    let tables = file(TABLES).map(tables).unwrap_or_default();
    if tables.is_empty() {
        return vec![breach(TABLES, 0, "its list of tables, `for_each_table`, is not found".to_owned())];
    }
    let mut sections = sections(file(PAGE).map_or("", |page| page.text.as_str()));
    let mut breaches = Vec::new();
    let mut take = |heading: &str| {
        let found = sections.remove(heading);
        if found.is_none() {
            breaches.push(breach(PAGE, 0, format!("`{heading}` has no heading")));
        }
        found
    };
    let domain = domain(house);
    let mut wrong = Vec::new();
    for table in &tables {
        let Some(section) = take(&table.heading) else { continue };
        for (label, call) in [("Written by", &table.put), ("Removed by", &table.remove)] {
            let (said, is) = (section.files(label), callers(&domain, call));
            if said != is {
                wrong.push(breach(PAGE, section.line, format!("{label}: {}", list(&is))));
            }
        }
    }
    for (name, variants) in types(house, tables.iter().map(|table| table.row.as_str())) {
        let Some(section) = take(&name) else { continue };
        if section.rows() != variants {
            let rows: Vec<_> = variants.iter().map(|(name, of)| format!("{name} {of}")).collect();
            wrong.push(breach(PAGE, section.line, format!("in their order: {}", rows.join(", "))));
        }
    }
    if file(META.1).is_some_and(|file| file.text.contains(&format!("TableDefinition::new(\"{}\")", META.0))) {
        take(&format!("{}(&str => u32)", META.0));
    }
    breaches.extend(wrong);
    breaches.extend(sections.into_iter().map(|(heading, section)| {
        breach(PAGE, section.line, format!("`{heading}` is no table, and no type that a row is made of"))
    }));
    let page = file(PAGE).map_or("", |page| page.text.as_str());
    for step in house.files.iter().filter(|file| is_step(&file.path) && !page.contains(&format!("`{}`", file.path))) {
        breaches.push(breach(PAGE, 0, format!("`{}` is named nowhere", step.path)));
    }
    breaches
}

fn breach(path: &str, line: usize, what: String) -> Breach {
    Breach { path: path.to_owned(), line, what }
}

/// Whether a file is a step from one version of the schema to the next.
fn is_step(path: &str) -> bool {
    path.strip_prefix("src/store/schema/v").is_some_and(|name| !name.contains('/'))
}

/// The list of tables: `name(Key => Row): get put remove scan;`.
fn tables(file: &File) -> Vec<Table> {
    let code = file.product_code();
    let list = code.split_once("macro_rules! for_each_table").map_or("", |(_, rest)| rest);
    let list = list.split_once("$then! {").map_or("", |(_, rest)| rest);
    let list = list.split_once('}').map_or("", |(list, _)| list);
    let read = |table: &str| {
        let table = table.split_whitespace().collect::<Vec<_>>().join(" ");
        let (heading, functions) = table.rsplit_once(": ")?;
        let row = heading.split_once(" => ")?.1.strip_suffix(')')?;
        let mut functions = functions.split(' ').skip(1).map(str::to_owned);
        let (heading, row) = (heading.to_owned(), row.to_owned());
        Some(Table { heading, row, put: functions.next()?, remove: functions.next()? })
    };
    list.split(";\n").filter_map(read).collect()
}

/// The files of the domain, as the page names them, with their code.
fn domain(house: &House) -> Vec<(String, String)> {
    let ours = house.product().filter(|file| file.path.starts_with("src/share/"));
    ours.map(|file| (file.path["src/".len()..].to_owned(), file.product_code())).collect()
}

/// The files that call a function of the ledger.
fn callers(domain: &[(String, String)], function: &str) -> BTreeSet<String> {
    let call = format!(".{function}(");
    domain.iter().filter(|(_, code)| code.contains(&call)).map(|(path, _)| path.clone()).collect()
}

fn list(files: &BTreeSet<String>) -> String {
    if files.is_empty() { "nobody".to_owned() } else { Vec::from_iter(files.iter().cloned()).join(", ") }
}

/// The types that these rows are made of, each with the names and types of its fields, or the numbers and names of its
/// variants.
fn types<'a>(house: &House, rows: impl Iterator<Item = &'a str>) -> BTreeMap<String, Vec<(String, String)>> {
    let sources = house.files.iter().filter(|file| TYPES.contains(&file.path.as_str()));
    let code: String = sources.map(File::product_code).collect();
    let mut found = BTreeMap::new();
    let mut waiting: Vec<String> = rows.map(str::to_owned).collect();
    while let Some(named) = waiting.pop() {
        for name in named.split(|c: char| !c.is_alphanumeric()) {
            if !found.contains_key(name)
                && let Some(parts) = parts_of(name, &code)
            {
                waiting.extend(parts.iter().map(|(_, of)| of.clone()));
                found.insert(name.to_owned(), parts);
            }
        }
    }
    found
}

/// Fields as `(name, type)`, variants as `(number, variant)`; `None` for what is no such type.
fn parts_of(name: &str, code: &str) -> Option<Vec<(String, String)>> {
    let body = |kind: &str| {
        let (_, rest) = code.split_once(&format!("pub {kind} {name} {{\n"))?;
        rest.split_once("\n}").map(|(body, _)| body)
    };
    if let Some(body) = body("struct") {
        let fields = body.lines().map(|line| line.trim().trim_start_matches("pub ").trim_end_matches(','));
        return Some(
            fields.filter_map(|field| field.split_once(": ")).map(|(a, b)| (a.to_owned(), b.to_owned())).collect(),
        );
    }
    let variants = body("enum")?.lines().map(|line| line.trim().trim_end_matches(','));
    let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
    Some(variants.enumerate().map(|(number, variant)| (number.to_string(), variant.to_owned())).collect())
}

/// The page by its headings in backticks.
fn sections(page: &str) -> BTreeMap<String, Section<'_>> {
    let mut sections: BTreeMap<String, Section<'_>> = BTreeMap::new();
    let mut current = None;
    for (i, line) in page.lines().enumerate() {
        if line.starts_with('#') {
            let heading = line.split_once("# `").and_then(|(_, rest)| rest.strip_suffix('`'));
            current = heading.map(str::to_owned);
            if let Some(heading) = heading {
                sections.insert(heading.to_owned(), Section { line: i + 1, text: Vec::new() });
            }
        } else if let Some(section) = current.as_ref().and_then(|heading| sections.get_mut(heading)) {
            section.text.push(line);
        }
    }
    sections
}

impl Section<'_> {
    /// The files named in the list's line that begins so.
    fn files(&self, label: &str) -> BTreeSet<String> {
        let begins = format!("- {label}: ");
        let line = self.text.iter().find_map(|line| line.strip_prefix(&begins)).unwrap_or_default();
        line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// The first two columns of the table.
    fn rows(&self) -> Vec<(String, String)> {
        let rows = self.text.iter().filter(|line| line.starts_with("| ")).skip(2);
        let cell = |cell: Option<&str>| cell.unwrap_or_default().trim().trim_matches('`').to_owned();
        rows.map(|row| {
            let mut cells = row.split('|').skip(1);
            (cell(cells.next()), cell(cells.next()))
        })
        .collect()
    }
}
