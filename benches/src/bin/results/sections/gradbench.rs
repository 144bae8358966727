//! GradBench's evals beside its C++ tools, from the results of `benches/peers/gradbench/run`.

use super::{SectionOutput, from_stored};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

/// All evals of the benchmark.
const EVALS: [&str; 12] = [
    "ba", "det", "gmm", "hello", "ht", "kmeans", "llsq", "lse", "lstm", "ode", "particle", "saddle",
];

#[derive(Deserialize)]
struct Comparison {
    date: String,
    processor: String,
    /// How long each function runs in a round, in seconds.
    seconds: f64,
    rounds: usize,
    /// The data that the checkout lacked.
    standins: Vec<String>,
    /// For each eval its workloads, from small to large.
    evals: BTreeMap<String, Vec<Workload>>,
}

#[derive(Deserialize)]
struct Workload {
    workload: String,
    function: String,
    /// Whether the eval accepted this project's answer. Some evals have no opinion.
    valid: Option<bool>,
    tools: BTreeMap<String, Tool>,
}

/// The times of a tool in seconds, and its memory in MiB. All are missing if it failed.
#[derive(Deserialize)]
struct Tool {
    best: Option<f64>,
    first: Option<f64>,
    mean: Option<f64>,
    peak: Option<f64>,
}

/// The tools of the columns, and their titles.
const TOOLS: [(&str, &str); 5] = [
    ("autodiff", "ours"),
    ("literal", "ours, literal"),
    ("codipack", "CoDiPack"),
    ("adept", "Adept"),
    ("manual", "by hand"),
];

/// The functions that are no derivatives.
const PRIMAL: [&str; 4] = ["primal", "objective", "cost", "square"];

pub(super) fn measure(_: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    from_stored("gradbench", "gradbench", written)
}

fn written(found: &Comparison) -> Result<SectionOutput, Box<dyn Error>> {
    let mut text = String::from(
        "`benches/peers/gradbench/run` measures and [its page](peers/gradbench/README.md) says how: GradBench's evals, on one \
         thread. This project is built for the baseline processor, the C++ tools with `-march=native`.\n\n",
    );
    write!(
        text,
        "Each function ran for {} s in each of {} rounds, and at least once.",
        found.seconds, found.rounds
    )?;
    let missing: Vec<_> = EVALS
        .into_iter()
        .filter(|&eval| !found.evals.contains_key(eval))
        .collect();
    if !missing.is_empty() {
        write!(text, " Not measured: {}.", missing.join(", "))?;
    }
    text += "\n\n";
    if found
        .evals
        .values()
        .flatten()
        .any(|w| w.valid == Some(false))
    {
        text += "An answer of this project was not valid.\n\n";
    }
    text += "The largest workload of each eval, its derivative: the best run in ms, the first run of a process in ms, and \
             the peak memory of the process in MiB.\n\n";
    largest(&mut text, found)?;
    text += "\nThe sum over all workloads of an eval of the mean time of its function and of its derivative, in ms. \
             GradBench's score is the inverse of this sum.\n\n";
    sums(&mut text, found)?;
    for standin in &found.standins {
        write!(text, "\nStand-in for missing data: {standin}.\n")?;
    }
    Ok(SectionOutput {
        measured: format!("{} on {}", found.date, found.processor),
        text,
        figures: vec![],
    })
}

fn head(text: &mut String) -> std::fmt::Result {
    let titles = TOOLS.map(|(_, title)| title);
    writeln!(text, "| | {} |", titles.join(" | "))?;
    writeln!(text, "|---|{}", "---:|".repeat(TOOLS.len()))
}

fn largest(text: &mut String, found: &Comparison) -> std::fmt::Result {
    head(text)?;
    for (name, workloads) in &found.evals {
        let derivatives = workloads.iter().rev();
        let last = derivatives
            .filter(|row| !PRIMAL.contains(&&*row.function))
            .max_by(|a, b| by_ours(a).total_cmp(&by_ours(b)));
        let Some(last) = last else { continue };
        write!(text, "| {name} {} |", last.workload)?;
        for (tool, _) in TOOLS {
            match last.tools.get(tool) {
                Some(Tool {
                    best: Some(best),
                    first: Some(first),
                    peak: Some(peak),
                    ..
                }) => write!(
                    text,
                    " {} / {} / {peak} |",
                    milliseconds(*best),
                    milliseconds(*first)
                )?,
                _ => write!(text, " |")?,
            }
        }
        *text += "\n";
    }
    Ok(())
}

/// The time of this project, which tells the largest workload.
fn by_ours(workload: &Workload) -> f64 {
    workload
        .tools
        .get("autodiff")
        .and_then(|tool| tool.best)
        .unwrap_or(0.0)
}

fn sums(text: &mut String, found: &Comparison) -> std::fmt::Result {
    head(text)?;
    for (name, workloads) in &found.evals {
        write!(text, "| {name} |")?;
        for (tool, _) in TOOLS {
            let mean = |workload: &Workload| workload.tools.get(tool)?.mean;
            match workloads.iter().map(mean).sum::<Option<f64>>() {
                Some(sum) => write!(text, " {} |", milliseconds(sum))?,
                None => write!(text, " |")?,
            }
        }
        *text += "\n";
    }
    Ok(())
}

/// A time in milliseconds, with three digits.
fn milliseconds(seconds: f64) -> String {
    let time = 1e3 * seconds;
    let digits = 2 - time.log10().floor() as i32;
    format!("{time:.*}", digits.clamp(0, 6) as usize)
}
