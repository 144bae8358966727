//! Training steps of models with other tools, from the results of `benches/peers/models/run`.

use super::{SectionOutput, from_stored};
use benches::median;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

/// The results for one model.
#[derive(Deserialize)]
struct Comparison {
    date: String,
    processor: String,
    /// Ours is the first.
    sides: Vec<Side>,
}

/// A tool, the time of a step in each of its turns, and the memory of a step.
#[derive(Deserialize)]
struct Side {
    name: String,
    seconds: Vec<f64>,
    bytes: f64,
}

impl Side {
    fn cell(&self) -> String {
        let milliseconds = 1e3 * median(self.seconds.clone());
        format!("{milliseconds:.2} ms, {:.1} MB", self.bytes / 1e6)
    }
}

pub(super) fn measure(_: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    from_stored("models", "models", written)
}

fn written(found: &BTreeMap<String, Comparison>) -> Result<SectionOutput, Box<dyn Error>> {
    // The names of the models, such as W8 and W10, in the order of their numbers.
    let mut found: Vec<(&String, &Comparison)> = found.iter().collect();
    found.sort_by_key(|(name, _)| name.len());

    let mut text = String::from(
        "`benches/peers/models/run` measures and [its page](peers/models/README.md) says how, on one thread. Each cell has the \
         time and the memory of a step, and what ours are over them.\n\n",
    );
    let (_, first) = found.first().ok_or("no results")?;
    let names: Vec<&str> = first.sides.iter().map(|side| side.name.as_str()).collect();
    writeln!(text, "| | {} |", names.join(" | "))?;
    writeln!(text, "|---|{}", "---:|".repeat(names.len()))?;
    for (name, comparison) in &found {
        let [ours, others @ ..] = &comparison.sides[..] else {
            return Err("no times of ours".into());
        };
        write!(text, "| {name} | {} |", ours.cell())?;
        for side in others {
            let pairs = ours.seconds.iter().zip(&side.seconds);
            let time = median(pairs.map(|(ours, theirs)| ours / theirs).collect());
            let memory = ours.bytes / side.bytes;
            write!(text, " {}: {time:.2} ×, {memory:.2} × |", side.cell())?;
        }
        text += "\n";
    }
    let mut measured: Vec<String> = found
        .iter()
        .map(|(_, comparison)| format!("{} on {}", comparison.date, comparison.processor))
        .collect();
    measured.dedup();
    Ok(SectionOutput {
        measured: measured.join("; "),
        text,
        figures: vec![],
    })
}
