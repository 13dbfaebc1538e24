//! An answer to one of the owner's verbs in plain text for people: lists as aligned columns, single things line by line. Pure.

use serde_json::Value;

/// The columns of each list, in their order; what is not named here is shown with `--json` only.
const COLUMNS: [(&str, &[&str]); 8] = [
    ("accounts", &["account_id", "name", "country", "created_at"]),
    ("users", &["user_id", "account_id", "name", "msisdn", "email", "has_pin"]),
    ("tvs", &["tv_id", "account_id", "name", "signed_in", "created_at"]),
    ("phones", &["phone_id", "sender_id", "account_id", "name", "phone_name", "msisdn", "email", "created_at"]),
    ("owners", &["owner_id", "browser", "since", "seen_at", "phone_id"]),
    ("channels", &["number", "channel_id", "name", "group", "guide_id", "url"]),
    ("skipped", &["line", "reason"]),
    ("shares", &["share_id", "state", "kind", "sender_id", "started_at", "duration_ms", "kept", "title"]),
];

/// The answer as text, with a line break at its end.
pub fn show(answer: &Value) -> String {
    let Some(fields) = answer.as_object() else { return format!("{answer}\n") };
    let rows = |name: &str| fields.get(name).and_then(Value::as_array);
    let mut text = String::new();
    for (name, columns) in COLUMNS {
        if let Some(rows) = rows(name) {
            text += &table(name, columns, rows);
        }
    }
    let mut lines = Vec::new();
    let is_table = |name: &str| COLUMNS.iter().any(|(table, _)| *table == name);
    let others = fields.iter().filter(|(name, value)| !(value.is_array() && is_table(name)));
    flatten("", others, &mut lines);
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    text.extend(lines.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")));
    text
}

fn table(name: &str, columns: &[&str], rows: &[Value]) -> String {
    if rows.is_empty() {
        return format!("no {name}\n");
    }
    let head = columns.iter().map(|column| (*column).to_owned()).collect();
    let mut cells: Vec<Vec<String>> = vec![head];
    cells.extend(rows.iter().map(|row| columns.iter().map(|column| cell(&row[*column])).collect()));
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    cells.iter().map(line).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "-".into(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn flatten<'a>(
    prefix: &str,
    fields: impl IntoIterator<Item = (&'a String, &'a Value)>,
    lines: &mut Vec<(String, String)>,
) {
    for (name, value) in fields {
        let name = format!("{prefix}{name}");
        match value {
            Value::Object(inner) => flatten(&format!("{name}."), inner, lines),
            Value::Array(values) if values.iter().all(Value::is_object) && !values.is_empty() => {
                for (i, inner) in values.iter().filter_map(Value::as_object).enumerate() {
                    flatten(&format!("{name}.{}.", i + 1), inner, lines);
                }
            }
            other => lines.push((name, cell(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_aligned() {
        let rows = json!([
            { "account_id": "a1", "name": "João", "country": "+351", "created_at": "today" },
            { "account_id": "a2", "name": "Silva e Souza", "created_at": "yesterday" },
        ]);
        let expected = "account_id  name           country  created_at\n\
                        a1          João           +351     today\n\
                        a2          Silva e Souza  -        yesterday\n";
        assert_eq!(show(&json!({ "accounts": rows })), expected);
        assert_eq!(show(&json!({ "tvs": [] })), "no tvs\n");
    }

    #[test]
    fn single_things_are_lines() {
        let share = json!({
            "share_id": "s1", "title": null, "play": { "hls_url": "http://x" },
            "targets": [{ "name": "Ana", "state": "watching" }],
        });
        let expected = "play.hls_url     http://x\n\
                        share_id         s1\n\
                        targets.1.name   Ana\n\
                        targets.1.state  watching\n\
                        title            -\n";
        assert_eq!(show(&share), expected);
    }
}
