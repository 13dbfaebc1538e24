//! What is said at the end: a line a figure, with its goal, or one JSON document.

use serde_json::{Value, json};

/// The value below which this many per cent lie; 0 of nothing.
pub fn percentile(values: &mut [f64], per_cent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((values.len() * per_cent / 100).min(last)).copied().unwrap_or(0.0)
}

/// Figures as they are found.
pub struct Report {
    json: bool,
    figures: Vec<Value>,
    missed: usize,
}

impl Report {
    /// An empty report, to be printed line by line or, with `json`, as one document.
    pub fn new(json: bool) -> Self {
        Self { json, figures: Vec::new(), missed: 0 }
    }

    /// A headline.
    pub fn title(&self, text: &str) {
        if !self.json {
            println!("\n{text}");
            println!("  {:<56} {:>9} {:>19} {:>9}", "", "median", "of all runs", "goal");
        }
    }

    /// A figure: the median of `values`; at most `goal` where there is one.
    pub fn figure(&mut self, name: &str, unit: &str, goal: Option<f64>, mut values: Vec<f64>) {
        let median = percentile(&mut values, 50);
        let (least, most) = (percentile(&mut values, 0), percentile(&mut values, 100));
        let missed = goal.is_some_and(|goal| median > goal);
        self.missed += usize::from(missed);
        if !self.json {
            let range = format!("{} – {}", short(least), short(most));
            let goal = goal.map_or(String::new(), |goal| format!("≤ {goal}"));
            let mark = if missed { " missed" } else { "" };
            let name = if unit.is_empty() { name.to_owned() } else { format!("{name}, {unit}") };
            println!("  {name:<56} {:>9} {range:>19} {goal:>9}{mark}", short(median));
        }
        self.figures.push(json!({
            "figure": name, "unit": unit, "median": median, "least": least, "most": most, "goal": goal, "values": values,
        }));
    }

    /// Something a reader of the figures should know.
    pub fn note(&self, text: &str) {
        if self.json {
            eprintln!("{text}");
        } else {
            println!("    {text}");
        }
    }

    /// The end.
    pub fn finish(self) {
        if self.json {
            println!("{:#}", json!({ "figures": self.figures, "missed": self.missed }));
        } else {
            println!("\n{} figures, {} goals missed", self.figures.len(), self.missed);
        }
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        0.0..0.1 => format!("{value:.4}"),
        0.1..10.0 => format!("{value:.2}"),
        10.0..1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
