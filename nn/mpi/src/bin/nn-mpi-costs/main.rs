//! Measures what a step costs on some ranks, beside a model of the costs, and predicts larger numbers of ranks:
//!
//! - `mpirun -n 2 nn-mpi-costs measure costs.csv` adds a line for each workload to the file;
//! - `nn-mpi-costs plot costs.csv costs.svg` draws the lines of the file;
//! - `nn-mpi-costs predict predictions.svg` measures one process, prints a table, and draws it.
//!
//! The model: a step on n ranks takes
//!
//! > (T − U) s/S + A (m + (N − 1)/n) + U/n + 2 (n − 1) (L + P b/(n B)) m' + (n − 1) L
//!
//! where T is the time of a step in one process, U of the update of all P parameters of b bytes, A of adding as many
//! numbers, s the largest number of shards of a rank out of S, m its number of subtrees and N of all subtrees, L the
//! latency, B the bandwidth, and m' is m for the sums and 1 for the gathered parameters.

#![forbid(unsafe_code)]

mod measure;
mod model;

use measure::{measure, network, workloads};
use mnist_core::data::Splits;
use mnist_core::plot::{LinePlot, Scale, Series};
use model::{Costs, Network, predict};
use nn::distributed::{Alone, Communicator};
use nn_mpi::Mpi;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let on_one_thread = |work: &(dyn Fn() -> Result<(), Box<dyn Error>> + Sync)| {
        let outcome = pool.install(|| work().map_err(|error| error.to_string()));
        outcome.map_err(Into::into)
    };
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", table] => {
            let ranks = Mpi::new();
            on_one_thread(&|| measure_among(&ranks, table))
        }
        ["plot", table, plot] => plot_table(table, plot),
        ["predict", plot] => on_one_thread(&|| predict_many(plot)),
        _ => Err("usage: nn-mpi-costs measure TABLE, plot TABLE SVG, or predict SVG".into()),
    }
}

/// Measures the workloads, and adds the name, the number of ranks, and the predicted and measured milliseconds of each
/// to a table.
fn measure_among(ranks: &Mpi, table: &str) -> Result<(), Box<dyn Error>> {
    let is_first = ranks.rank() == 0;
    let here = network(ranks);
    if is_first {
        let (latency, bandwidth) = (1e6 * here.latency, 1e-9 * here.bandwidth);
        println!("latency {latency:.2} µs, bandwidth {bandwidth:.2} GB/s");
    }
    let images = Splits::embedded()?.train;
    for workload in workloads() {
        let (costs, measured) = measure(ranks, &workload, &images)?;
        if !is_first {
            continue;
        }
        let predicted = predict(&costs, ranks.size(), here);
        let [alone, update, add] = [costs.step, costs.update, costs.add].map(|time| 1e3 * time);
        println!(
            "{}, {}: T {alone:.3} ms, U {update:.3} ms, A {add:.3} ms; predicted {:.3} ms, measured {:.3} ms, \
             measured / predicted {:.2}",
            workload.name,
            workload.text,
            1e3 * predicted,
            1e3 * measured,
            measured / predicted
        );
        let mut file = OpenOptions::new().create(true).append(true).open(table)?;
        let (name, ranks) = (workload.name, ranks.size());
        let [predicted, measured] = [predicted, measured].map(|time| 1e3 * time);
        writeln!(file, "{name},{ranks},{predicted:.3},{measured:.3}")?;
    }
    Ok(())
}

/// Draws the predicted times of a table as curves, and the measured times as dots: the least of each for each number of
/// ranks, because other work on the machine only adds to them.
fn plot_table(table: &str, plot: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(table)?;
    let mut series = Vec::new();
    for workload in workloads() {
        let mut least = BTreeMap::new();
        for line in text.lines() {
            let [name, ranks, predicted, measured] = line.split(',').collect::<Vec<_>>()[..] else {
                return Err(format!("not a line of measurements: {line}").into());
            };
            if name != workload.name {
                continue;
            }
            let [x, y] = least
                .entry(ranks.parse::<u32>()?)
                .or_insert([f64::INFINITY; 2]);
            (*x, *y) = (x.min(predicted.parse()?), y.min(measured.parse()?));
        }
        let rows = least
            .iter()
            .map(|(&ranks, &times)| (f64::from(ranks), times));
        let predicted = rows.clone().map(|(ranks, [time, _])| (ranks, time));
        let name = workload.name;
        series.push(Series::new(format!("{name}, predicted"), predicted));
        // A point without neighbours is a dot.
        let measured = rows.flat_map(|(ranks, [_, time])| [(ranks, time), (ranks, f64::NAN)]);
        series.push(Series::new(format!("{name}, measured"), measured));
    }
    let plot_of_times = LinePlot {
        title: "Time of a step on one machine".to_owned(),
        x_label: "number of ranks".to_owned(),
        y_label: "ms".to_owned(),
        y_scale: Scale::Log,
        series,
    };
    Ok(fs::write(plot, plot_of_times.to_svg()?)?)
}

/// Networks to predict for: the latency is an assumption, of TCP and of remote memory access.
const NETWORKS: [(&str, Network); 2] = [
    (
        "10 Gbit/s, 30 µs",
        Network {
            latency: 30e-6,
            bandwidth: 1.25e9,
        },
    ),
    (
        "100 Gbit/s, 3 µs",
        Network {
            latency: 3e-6,
            bandwidth: 12.5e9,
        },
    ),
];

/// Prints and draws predictions for up to 1,024 ranks, with as many shards as ranks.
fn predict_many(plot: &str) -> Result<(), Box<dyn Error>> {
    let images = Splits::embedded()?.train;
    let mut found = Vec::new();
    for workload in workloads() {
        let (costs, _) = measure(&Alone, &workload, &images)?;
        found.push((workload.name, costs));
    }
    // An epoch's batch of 8,192 samples, at the speed of W3 per parameter and sample.
    let (_, w3) = found[1];
    let factor = 1e8 / w3.parameters;
    found.push((
        "1e8",
        Costs {
            step: (w3.step - w3.update) * factor * 8_192.0 / 128.0 + w3.update * factor,
            update: w3.update * factor,
            add: w3.add * factor,
            parameters: 1e8,
            shards: 16,
        },
    ));
    let mut series = Vec::new();
    for (name, costs) in found {
        for (network_name, network) in NETWORKS {
            let at = |ranks: usize| {
                let shards = costs.shards.max(ranks);
                predict(&Costs { shards, ..costs }, ranks, network)
            };
            let ranks = (0..=10).map(|power| 1 << power);
            let times: Vec<String> = ranks
                .clone()
                .map(|n| format!("{:.3}", 1e3 * at(n)))
                .collect();
            println!("{name}, {network_name}: {} ms", times.join(" "));
            let points = ranks.map(|n| (f64::log2(n as f64), costs.step / at(n)));
            // The legend has room for `W1, 10`.
            let short = network_name.split(' ').next().unwrap_or(network_name);
            series.push(Series::new(format!("{name}, {short}"), points));
        }
    }
    let plot_of_speeds = LinePlot {
        title: "Predicted speed over that of one rank, at 10 and 100 Gbit/s".to_owned(),
        x_label: "log₂ of the number of ranks".to_owned(),
        y_label: "times".to_owned(),
        y_scale: Scale::Log,
        series,
    };
    Ok(fs::write(plot, plot_of_speeds.to_svg()?)?)
}
