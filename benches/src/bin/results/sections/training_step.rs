//! Whole training steps on one thread and on all cores.

use super::{SectionOutput, thread_counts};
use crate::plot::Plot;
use benches::{Case, WORKLOADS, pool, steps, take_turns};
use mnist_core::gradient::Method;
use nn::OptimizerSettings;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

pub(super) fn measure(time: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    let counts = thread_counts();
    let pools: Vec<_> = counts.iter().map(|&threads| pool(threads)).collect();
    let mut text = String::from("| | network | batch | optimizer |");
    for threads in &counts {
        write!(
            text,
            " closed form, {threads} thr., µs | tape, µs | tape / closed form |"
        )?;
    }
    text += " one thread / all | samples/s |\n|---|---|---:|---|";
    text += &"---:|".repeat(3 * counts.len() + 2);
    text += "\n";
    let mut groups = Vec::new();
    for workload in WORKLOADS {
        let case = Case::new(workload.widths, workload.batch);
        let mut sides: Vec<_> = pools
            .iter()
            .flat_map(|pool| [(pool, Method::Delta), (pool, Method::Tape)])
            .map(|(pool, method)| steps(pool, &case, method, workload.optimizer))
            .collect();
        let turns = take_turns(time, &mut sides);
        let optimizer = match workload.optimizer {
            OptimizerSettings::Sgd(_) => "SGD",
            OptimizerSettings::Adam(_) => "Adam",
            OptimizerSettings::AdamW(_) => "AdamW",
        };
        let (name, network, batch) = (workload.name, workload.network_name(), workload.batch);
        write!(text, "| {name} | {network} | {batch} | {optimizer} |")?;
        let mut ratios = Vec::new();
        for first in (0..sides.len()).step_by(2) {
            let [closed_form, tape] = [first, first + 1].map(|side| turns.seconds(side) * 1e6);
            let ratio = turns.ratio(first + 1, first);
            ratios.push(ratio);
            write!(text, " {closed_form:.1} | {tape:.1} | {ratio:.3} |")?;
        }
        let tape_times = (1..sides.len()).step_by(2).map(|side| turns.seconds(side));
        let samples_per_second = batch as f64 / tape_times.fold(f64::INFINITY, f64::min);
        let speed_up = turns.ratio(1, sides.len() - 1);
        writeln!(text, " {speed_up:.2} | {samples_per_second:.3e} |")?;
        ratios.push(speed_up);
        groups.push((name.to_owned(), ratios));
    }
    let label = |count: &usize| format!("tape / closed form, {count} thr.");
    let plot = Plot {
        title: "Training steps: time of the tape relative to the closed form, and speed-up by threads",
        x_label: "",
        y_label: "ratio of times",
        names: counts
            .iter()
            .map(label)
            .chain(["tape, one thread / all".into()])
            .collect(),
    };
    let svg = plot.bars(0.0, &groups)?;
    let alternative = "Bar chart: for each training step, the tape's time divided by the closed form's, and the time on one thread divided by the time on all";
    Ok(SectionOutput {
        text,
        pictures: vec![("training_step", alternative, svg)],
    })
}
