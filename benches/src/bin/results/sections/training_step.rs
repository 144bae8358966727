//! Whole training steps on one thread and on all cores.

use super::{SectionOutput, thread_counts};
use crate::machine::here_and_now;
use crate::plot::Plot;
use benches::{Case, WORKLOADS, Workload, pool, steps, take_turns};
use mnist_core::gradient::Method;
use nn::OptimizerSettings;
use rayon::ThreadPool;
use std::error::Error;
use std::fmt::{self, Write};
use std::time::Duration;

/// The times of a workload's step.
struct StepTimes {
    /// The times for each number of threads, in the order of [`thread_counts`].
    by_threads: Vec<MethodTimes>,
    /// The time of the tape on one thread relative to its time on all cores.
    speed_up: f64,
}

/// The times of a step by both methods, on the same number of threads.
struct MethodTimes {
    /// In seconds.
    closed_form: f64,
    /// In seconds.
    tape: f64,
    /// The time of the tape relative to the closed form.
    ratio: f64,
}

pub(super) fn measure(time: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    let thread_counts = thread_counts();
    let pools: Vec<_> = thread_counts.iter().map(|&threads| pool(threads)).collect();
    let mut text = String::new();
    write_header(&mut text, &thread_counts)?;
    let mut groups = Vec::new();
    for workload in &WORKLOADS {
        let times = time_steps(time, workload, &pools);
        write_row(&mut text, workload, &times)?;
        let ratios = times.by_threads.iter().map(|times| times.ratio);
        let bars = ratios.chain([times.speed_up]).collect();
        groups.push((workload.name.to_owned(), bars));
    }
    let svg = plot(&thread_counts).bars(0.0, &groups)?;
    let alternative = "Bar chart: for each training step, the tape's time divided by the closed form's, and the time on one thread divided by the time on all";
    Ok(SectionOutput {
        measured: here_and_now(),
        text,
        figures: vec![("training_step", alternative, svg)],
    })
}

/// Times the steps of a workload by both methods in turn, on each of the pools.
fn time_steps(time: Duration, workload: &Workload, pools: &[ThreadPool]) -> StepTimes {
    let case = Case::new(workload.widths, workload.batch);
    let mut sides = Vec::new();
    let mut add_side = |pool, method| {
        sides.push(steps(pool, &case, method, workload.optimizer));
        sides.len() - 1
    };
    let pairs: Vec<_> = pools
        .iter()
        .map(|pool| [Method::Delta, Method::Tape].map(|method| add_side(pool, method)))
        .collect();
    let turns = take_turns(time, &mut sides);
    let method_times = |&[closed_form, tape]: &[usize; 2]| MethodTimes {
        closed_form: turns.seconds(closed_form),
        tape: turns.seconds(tape),
        ratio: turns.ratio(tape, closed_form),
    };
    let [_, tape_on_one_thread] = pairs[0];
    let [_, tape_on_all_cores] = pairs[pairs.len() - 1];
    StepTimes {
        by_threads: pairs.iter().map(method_times).collect(),
        speed_up: turns.ratio(tape_on_one_thread, tape_on_all_cores),
    }
}

/// Writes the first two lines of the table.
fn write_header(text: &mut String, thread_counts: &[usize]) -> fmt::Result {
    write!(text, "| | network | batch | optimizer |")?;
    for threads in thread_counts {
        write!(
            text,
            " closed form, {threads} thr., µs | tape, µs | tape / closed form |"
        )?;
    }
    writeln!(text, " one thread / all | samples/s |")?;
    let number_columns = 3 * thread_counts.len() + 2;
    writeln!(text, "|---|---|---:|---|{}", "---:|".repeat(number_columns))
}

/// Writes the row of a workload.
fn write_row(text: &mut String, workload: &Workload, times: &StepTimes) -> fmt::Result {
    let optimizer = match workload.optimizer {
        OptimizerSettings::Sgd(_) => "SGD",
        OptimizerSettings::Adam(_) => "Adam",
        OptimizerSettings::AdamW(_) => "AdamW",
    };
    let (name, network, batch) = (workload.name, workload.network_name(), workload.batch);
    write!(text, "| {name} | {network} | {batch} | {optimizer} |")?;
    for times in &times.by_threads {
        let [closed_form, tape] = [times.closed_form, times.tape].map(|seconds| seconds * 1e6);
        let ratio = times.ratio;
        write!(text, " {closed_form:.1} | {tape:.1} | {ratio:.3} |")?;
    }
    let tape_times = times.by_threads.iter().map(|times| times.tape);
    let samples_per_second = batch as f64 / tape_times.fold(f64::INFINITY, f64::min);
    let speed_up = times.speed_up;
    writeln!(text, " {speed_up:.2} | {samples_per_second:.3e} |")
}

/// A plot of the ratios for each number of threads, and of the speed-up.
fn plot(thread_counts: &[usize]) -> Plot<'static> {
    let label = |threads: &usize| format!("tape / closed form, {threads} thr.");
    Plot {
        title: "Training steps: time of the tape relative to the closed form, and speed-up by threads",
        x_label: "",
        y_label: "ratio of times",
        names: thread_counts
            .iter()
            .map(label)
            .chain(["tape, one thread / all".into()])
            .collect(),
    }
}
