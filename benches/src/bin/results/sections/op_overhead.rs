//! The overhead of a node of the tape.

use super::SectionOutput;
use crate::machine::here_and_now;
use crate::plot::Plot;
use autodiff::tensor::Tape;
use benches::nodes::{CHAIN, NODES};
use benches::{Case, Side, pool, steps, take_turns};
use mnist_core::gradient::Method;
use nn::{Batch, Loss, OptimizerSettings, SgdSettings};
use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

pub(super) fn measure(time: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    let mut text = String::from(
        "Nodes on four numbers, in a chain of a hundred: recording them and forgetting them again, and walking back.\n
| node | record, ns | walk back, ns |\n|---|---:|---:|\n",
    );
    let mut groups = Vec::new();
    for node in NODES {
        let mut fresh = Tape::new();
        let kept = Tape::new();
        let last = node.chain(&kept);
        let adjoint = last.value();
        let record: Side<'_> = Box::new(|count| {
            for _ in 0..count {
                black_box(node.chain(&fresh));
                fresh.reset();
            }
        });
        let walk_back: Side<'_> = Box::new(|count| {
            for _ in 0..count {
                black_box(last.vjp(adjoint.clone()));
            }
        });
        let turns = take_turns(time, &mut [record, walk_back]);
        let times = [0, 1].map(|side| turns.seconds(side) * 1e9 / CHAIN as f64);
        writeln!(
            text,
            "| {} | {:.0} | {:.0} |",
            node.name, times[0], times[1]
        )?;
        groups.push((node.name.to_owned(), times.to_vec()));
    }

    text += "\nWhole steps on one sample, on one thread, and what of it the tape costs over the closed form.\n
| network | nodes | step, ns | closed form, ns | tape's share a node, ns |\n|---|---:|---:|---:|---:|\n";
    let pool = pool(1);
    for widths in [&[784, 10, 10][..], &[784, 128, 64, 10]] {
        let case = Case::new(widths, 1);
        let descent = OptimizerSettings::Sgd(SgdSettings::new(1e-6));
        let [tape, closed_form] =
            [Method::Tape, Method::Delta].map(|method| steps(&pool, &case, method, descent));
        let turns = take_turns(time, &mut [tape, closed_form]);
        let [tape, closed_form] = [0, 1].map(|side| turns.seconds(side) * 1e9);
        let (name, nodes) = (case.network_name(), nodes(&case));
        let share = (turns.ratio(0, 1) - 1.0) * closed_form / nodes as f64;
        writeln!(
            text,
            "| {name} | {nodes} | {tape:.0} | {closed_form:.0} | {share:.0} |"
        )?;
    }

    let plot = Plot {
        title: "A node of the tape, on four numbers",
        x_label: "",
        y_label: "ns a node",
        names: vec!["record and forget".into(), "walk back".into()],
    };
    let alternative = "Time of recording and of walking back, for each kind of node";
    Ok(SectionOutput {
        measured: here_and_now(),
        text,
        figures: vec![("op_overhead", alternative, plot.bars(0.0, &groups)?)],
    })
}

/// The number of nodes that record a sample's cost.
fn nodes(case: &Case) -> usize {
    let tape = Tape::new();
    let (images, classes) = case.batch.load(0..1);
    let parameters = case.parameters().record(&tape);
    let scores = case.network.forward(&parameters, &tape.constant(images));
    let _cost = case.loss.sum(&scores, classes.clone());
    tape.len()
}
