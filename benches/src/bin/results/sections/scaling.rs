//! The growth of a step's time with its arithmetic.

use super::{SectionOutput, thread_counts};
use crate::machine::here_and_now;
use crate::plot::Plot;
use benches::scaling::{AXES, flops, log_slope};
use benches::{Case, pool, steps, take_turns};
use mnist_core::gradient::Method;
use nn::{OptimizerSettings, SgdSettings};
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

pub(super) fn measure(time: Duration) -> Result<SectionOutput, Box<dyn Error>> {
    let counts = thread_counts();
    let pools: Vec<_> = counts.iter().map(|&threads| pool(threads)).collect();
    let mut text = String::from(
        "Steps by the tape, on images without black, which no product passes over. The work is that of the matrix \
         products; where cost grew with it and nothing else, the slope of time against work, both as logarithms, would be \
         1, and less where small products run below the machine's speed.\n
| | network | batch | work, Mflop |",
    );
    for threads in &counts {
        write!(text, " {threads} thr., µs | samples/s | Gflop/s |")?;
    }
    text += "\n|---|---|---:|---:|";
    text += &"---:|---:|---:|".repeat(counts.len());
    text += "\n";
    let mut slopes = String::new();
    let mut curves = Vec::new();
    for axis in AXES {
        let mut points = vec![Vec::new(); counts.len()];
        for &value in axis.values {
            let (widths, batch) = (axis.size)(value);
            let work = flops(&widths, batch);
            let case = Case::without_black(&widths, batch);
            let descent = OptimizerSettings::Sgd(SgdSettings::new(1e-6));
            let side = |pool| steps(pool, &case, Method::Tape, descent);
            let mut sides: Vec<_> = pools.iter().map(side).collect();
            let turns = take_turns(time, &mut sides);
            let (name, network) = (axis.name, network(&widths));
            write!(
                text,
                "| {name} {value} | {network} | {batch} | {:.1} |",
                work / 1e6
            )?;
            for (side, points) in points.iter_mut().enumerate() {
                let seconds = turns.seconds(side);
                points.push((work / 1e6, seconds * 1e6));
                let (samples, speed) = (batch as f64 / seconds, work / seconds / 1e9);
                write!(text, " {:.1} | {samples:.3e} | {speed:.1} |", seconds * 1e6)?;
            }
            text += "\n";
        }
        write!(slopes, "| {} |", axis.name)?;
        for points in &points {
            let upper = &points[points.len() / 2..];
            write!(
                slopes,
                " {:.2} | {:.2} |",
                log_slope(points),
                log_slope(upper)
            )?;
        }
        slopes += "\n";
        curves.push(points.swap_remove(0));
    }
    text += "\nThe slopes, over all sizes and over the larger half of them:\n\n| |";
    for threads in &counts {
        write!(text, " {threads} thr. | larger half |")?;
    }
    text += &format!("\n|---|{}\n{slopes}", "---:|---:|".repeat(counts.len()));

    // A line of slope 1 through the largest point of all curves.
    let all = || curves.iter().flatten().copied();
    let (work, micros) = all().fold((0.0, 0.0), |most, at| if at.0 > most.0 { at } else { most });
    let least = all().fold(f64::INFINITY, |least, at| least.min(at.0));
    curves.push(vec![(least, micros * least / work), (work, micros)]);
    let plot = Plot {
        title: "Time of a step against its work, one thread",
        x_label: "Mflop in matrix products; the thin line has the slope 1",
        y_label: "µs",
        names: AXES.map(|axis| format!("growing {}", axis.name)).into(),
    };
    let alternative = "Time against work on logarithmic axes, near a line of slope 1";
    Ok(SectionOutput {
        measured: here_and_now(),
        text,
        figures: vec![("scaling", alternative, plot.log_log(&curves)?)],
    })
}

/// The widths in the form `784-128-10`, or `784-128×8-10` for repeated widths.
fn network(widths: &[usize]) -> String {
    let layers = widths
        .chunk_by(|one, next| one == next)
        .map(|equal| match equal.len() {
            1 => equal[0].to_string(),
            count => format!("{}×{count}", equal[0]),
        });
    layers.collect::<Vec<_>>().join("-")
}
