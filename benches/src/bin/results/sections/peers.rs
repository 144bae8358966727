//! The same training steps with other tools, from the results of `benches/peers/training/run`.

use super::{SectionOutput, from_stored};
use crate::plot::Plot;
use benches::{WORKLOADS, median};
use serde::Deserialize;
use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

/// The results for one training step.
#[derive(Deserialize)]
struct Comparison {
    date: String,
    processor: String,
    sides: Vec<Side>,
}

/// A tool with a number of threads, and the time of a step in each of its turns.
#[derive(Deserialize)]
struct Side {
    name: String,
    threads: usize,
    seconds: Vec<f64>,
}

impl Side {
    fn median(&self) -> f64 {
        median(self.seconds.clone())
    }
}

pub(super) fn measure(_: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    from_stored("peers", "training", written)
}

fn written(found: &HashMap<String, Comparison>) -> Result<SectionOutput, Box<dyn Error>> {
    let comparisons = || {
        let names = WORKLOADS.iter().map(|workload| workload.name);
        names.filter_map(|name| Some((name, found.get(name)?)))
    };
    let mut names: Vec<&str> = Vec::new();
    for side in comparisons().flat_map(|(_, comparison)| &comparison.sides) {
        if side.name != "ours" && !names.contains(&side.name.as_str()) {
            names.push(&side.name);
        }
    }

    let mut text = String::from(
        "`benches/peers/training/run` measures and [its page](peers/training/README.md) says how. Each cell has the best of a \
         tool's numbers of threads in µs, with that number, and how many times ours that is.\n
| | ours |",
    );
    for name in &names {
        write!(text, " {name} |")?;
    }
    text += &format!("\n|---|---:|{}\n", "---:|".repeat(names.len()));
    let mut groups = Vec::new();
    for (workload, comparison) in comparisons() {
        let ours = best(&comparison.sides, "ours").ok_or("no times of ours")?;
        write!(text, "| {workload} | {} |", cell(ours))?;
        let mut ratios = Vec::new();
        for name in &names {
            let ratio = best(&comparison.sides, name).map(|side| {
                let pairs = side.seconds.iter().zip(&ours.seconds);
                (
                    side,
                    median(pairs.map(|(theirs, ours)| theirs / ours).collect()),
                )
            });
            match ratio {
                Some((side, ratio)) => write!(text, " {}: {ratio:.2} × |", cell(side))?,
                None => text += " – |",
            }
            ratios.push(ratio.map_or(f64::NAN, |(_, ratio)| ratio));
        }
        text += "\n";
        groups.push((workload.to_owned(), ratios));
    }
    let mut measured: Vec<String> = comparisons()
        .map(|(_, comparison)| format!("{} on {}", comparison.date, comparison.processor))
        .collect();
    measured.dedup();

    let plot = Plot {
        title: "Training steps with other tools: their best time over ours",
        x_label: "",
        y_label: "their time / ours",
        names: names.iter().map(|&name| name.to_owned()).collect(),
    };
    let alternative = "For each training step and tool, its best time over ours";
    Ok(SectionOutput {
        measured: measured.join("; "),
        text,
        figures: vec![("peers", alternative, plot.bars(1.0, &groups)?)],
    })
}

/// A tool with its best number of threads.
fn best<'a>(sides: &'a [Side], name: &str) -> Option<&'a Side> {
    let named = sides.iter().filter(|side| side.name == name);
    named.min_by(|one, other| one.median().total_cmp(&other.median()))
}

fn cell(side: &Side) -> String {
    format!("{:.1} ({})", side.median() * 1e6, side.threads)
}
