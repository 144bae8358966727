//! The tape's time relative to the closed form, for every network and batch size.

use super::SectionOutput;
use crate::machine::here_and_now;
use crate::plot::Plot;
use benches::{Case, NETWORKS, pool, steps, take_turns};
use mnist_core::gradient::Method;
use nn::{OptimizerSettings, SgdSettings};
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

pub(super) fn measure(time: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    let pool = pool(1);
    let descent = OptimizerSettings::Sgd(SgdSettings::new(1e-6));
    let mut text = String::from(
        "Both in the same chunks with the same kernels, on one thread.\n
| network | batch | closed form, µs | tape, µs | tape / closed form |\n|---|---:|---:|---:|---:|\n",
    );
    let batches = NETWORKS[0].batches;
    let mut groups: Vec<_> = batches
        .iter()
        .map(|batch| (batch.to_string(), Vec::new()))
        .collect();
    for network in &NETWORKS {
        // A network that is not timed with a batch size leaves a gap.
        groups
            .iter_mut()
            .for_each(|(_, ratios)| ratios.push(f64::NAN));
        for case in Case::of(network) {
            let (name, samples) = (case.network_name(), case.batch.len());
            let [closed_form, tape] =
                [Method::Delta, Method::Tape].map(|method| steps(&pool, &case, method, descent));
            let turns = take_turns(time, &mut [closed_form, tape]);
            let ratio = turns.ratio(1, 0);
            let [by_hand, by_tape] = [0, 1].map(|side| turns.seconds(side) * 1e6);
            writeln!(
                text,
                "| {name} | {samples} | {by_hand:.1} | {by_tape:.1} | {ratio:.3} |"
            )?;
            let group = batches.iter().position(|&batch| batch == samples);
            if let Some(last) = group.and_then(|group| groups[group].1.last_mut()) {
                *last = ratio;
            }
        }
    }
    let plot = Plot {
        title: "Time of a step by the tape over that by the closed form",
        x_label: "batch",
        y_label: "tape / closed form",
        names: NETWORKS
            .map(|network| Case::new(network.widths, 0).network_name())
            .into(),
    };
    let svg = plot.bars(0.0, &groups)?;
    let alternative = "Time by the tape over time by the closed form, for each network and batch";
    Ok(SectionOutput {
        measured: here_and_now(),
        text,
        figures: vec![("tape_vs_closed_form", alternative, svg)],
    })
}
