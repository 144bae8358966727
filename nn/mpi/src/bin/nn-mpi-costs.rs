//! Measures what a step costs on some ranks, beside a model of the costs, and predicts larger numbers of ranks:
//! `mpirun -n 2 nn-mpi-costs [plot.svg]`.
//!
//! The model: a step on n ranks takes
//!
//! > (T − U) s/S + A (m + (N − 1)/n) + U/n + 2 (n − 1) (L + P b/(n B)) m' + (n − 1) L
//!
//! where T is the time of a step in one process, U of the update of all P parameters of b bytes, A of adding as many
//! numbers, s the largest number of shards of a rank out of S, m its number of subtrees and N of all subtrees, L the
//! latency, B the bandwidth, and m' is m for the sums and 1 for the gathered parameters.

#![forbid(unsafe_code)]

use autodiff::tensor::Tensor;
use mnist_core::plot::{LinePlot, Scale, Series};
use nn::distributed::Communicator;
use nn::{
    Activation, AdamSettings, BatchGradient, Dataset, Initializer, Mlp, OptimizerSettings,
    SgdSettings, StandardLoss, Supervised, Training,
};
use nn_mpi::Mpi;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

/// A step that is measured.
struct Workload {
    name: &'static str,
    widths: &'static [usize],
    batch: usize,
    shards: usize,
    optimizer: OptimizerSettings,
}

fn workloads() -> [Workload; 2] {
    [
        Workload {
            name: "W1: 784-10-10, 60,000 images, SGD",
            widths: &[784, 10, 10],
            batch: 60_000,
            shards: 16,
            optimizer: SgdSettings::new(0.1).into(),
        },
        Workload {
            name: "W3: 784-512-512-10, 128 images, Adam",
            widths: &[784, 512, 512, 10],
            batch: 128,
            shards: 2,
            optimizer: AdamSettings::new(1e-3).into(),
        },
    ]
}

/// The seconds of a step's parts in one process, and its sizes.
#[derive(Clone, Copy, Debug)]
struct Costs {
    step: f64,
    update: f64,
    add: f64,
    parameters: f64,
    shards: usize,
}

/// The seconds before a byte arrives, and the bytes in a second.
#[derive(Clone, Copy, Debug)]
struct Network {
    latency: f64,
    bandwidth: f64,
}

/// Returns the numbers of shards and subtrees of the rank that has most, and the number of all subtrees.
fn division(shards: usize, ranks: usize) -> [f64; 3] {
    fn subtrees(tree: [usize; 2], run: [usize; 2]) -> usize {
        let ([start, end], [from, to]) = (tree, run);
        if start >= to || from >= end {
            return 0;
        }
        if from <= start && end <= to {
            return 1;
        }
        let middle = start + (end - start).next_power_of_two() / 2;
        subtrees([start, middle], run) + subtrees([middle, end], run)
    }
    let runs = (0..ranks).map(|rank| [shards * rank / ranks, shards * (rank + 1) / ranks]);
    let most = runs.clone().map(|[from, to]| to - from).max().unwrap_or(0);
    let counts = runs.map(|run| subtrees([0, shards], run));
    let (most_subtrees, all) = counts.fold((0, 0), |(most, all), n| (most.max(n), all + n));
    [most, most_subtrees, all].map(|number| number as f64)
}

/// Predicts the seconds of a step.
fn predict(costs: &Costs, ranks: usize, network: Network) -> f64 {
    if ranks == 1 {
        return costs.step;
    }
    let [shards, subtrees, all] = division(costs.shards, ranks);
    let n = ranks as f64;
    let share = shards / costs.shards as f64;
    let message = |count: f64| {
        (n - 1.0) * (network.latency + count * 4.0 * costs.parameters / n / network.bandwidth)
    };
    let communication = message(subtrees) + message(1.0) + (n - 1.0) * network.latency;
    let sums = costs.add * (subtrees + (all - 1.0) / n);
    (costs.step - costs.update) * share + sums + costs.update / n + communication
}

/// Returns the median seconds of some calls that all ranks begin together, on the slowest rank.
fn median(ranks: &dyn Communicator, mut call: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..15)
        .map(|_| {
            ranks.barrier();
            let start = Instant::now();
            call();
            slowest(ranks, start.elapsed().as_secs_f64())
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn slowest(ranks: &dyn Communicator, seconds: f64) -> f64 {
    let mut all = vec![[0; 8]; ranks.size()];
    all[ranks.rank()] = seconds.to_le_bytes();
    let bounds: Vec<usize> = (0..=ranks.size()).map(|rank| 8 * rank).collect();
    ranks.gather(all.as_flattened_mut(), &bounds);
    all.into_iter().map(f64::from_le_bytes).fold(0.0, f64::max)
}

/// Measures messages that all ranks send at the same time.
fn network(ranks: &dyn Communicator) -> Network {
    let (rank, size) = (ranks.rank(), ranks.size());
    let (to, from) = ((rank + 1) % size, (rank + size - 1) % size);
    let seconds = |bytes: usize, times: usize| {
        let (outgoing, mut incoming) = (vec![1; bytes], vec![0; bytes]);
        let each = median(ranks, || {
            for _ in 0..times {
                ranks.exchange(to, &outgoing, from, &mut incoming);
            }
        });
        each / times as f64
    };
    let (small, large) = (seconds(16, 200), seconds(1 << 21, 4));
    Network {
        latency: small,
        bandwidth: (1 << 21) as f64 / (large - small),
    }
}

fn images() -> Result<Dataset, Box<dyn Error>> {
    let splits = mnist_core::data::Splits::embedded()?;
    Ok(splits.train)
}

/// Measures a workload: its costs in processes of their own, and its step on the ranks.
fn measure(
    ranks: &dyn Communicator,
    workload: &Workload,
    images: &Dataset,
) -> Result<(Costs, f64), Box<dyn Error>> {
    let network = Mlp::new(workload.widths, Activation::Relu);
    let model = Supervised::new(network, StandardLoss::cross_entropy());
    let data = images.range(0..images.len().min(workload.batch.max(8_192)));
    let start = || -> Result<_, Box<dyn Error>> {
        let initial = model.network.init::<f32>(Initializer::HeNormal, 1);
        let optimizer = workload.optimizer.start::<f32>()?;
        let gradient = BatchGradient::tape(&model);
        Ok(Training::new(gradient, initial, optimizer, &data).batches(workload.batch, 1))
    };
    let mut alone = start()?;
    let mut failure = None;
    let mut step = |training: &mut Training<'_, f32, _, _>| {
        if let Err(error) = training.step() {
            failure = Some(error);
        }
    };
    for _ in 0..3 {
        step(&mut alone);
    }
    let time = median(ranks, || step(&mut alone));
    let size = model.network.layout().size();
    let mut numbers = Tensor::<f32>::full([size], 1e-3);
    let gradient = Tensor::<f32>::full([size], 1e-3);
    let mut optimizer = workload.optimizer.start::<f32>()?;
    let update = median(ranks, || {
        let _ = black_box(optimizer.step(numbers.data_mut(), gradient.data()));
    });
    let add = median(ranks, || {
        for (sum, term) in numbers.data_mut().iter_mut().zip(gradient.data()) {
            *sum += term;
        }
        black_box(&mut numbers);
    });
    let costs = Costs {
        step: time,
        update,
        add,
        parameters: size as f64,
        shards: workload.shards,
    };
    let mut several = start()?.among(ranks)?;
    for _ in 0..3 {
        step(&mut several);
    }
    let measured = median(ranks, || step(&mut several));
    match failure {
        Some(error) => Err(error.into()),
        None => Ok((costs, measured)),
    }
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

fn main() -> Result<(), Box<dyn Error>> {
    let ranks = Mpi::new();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let outcome = pool.install(|| run(&ranks).map_err(|error| error.to_string()));
    outcome.map_err(Into::into)
}

fn run(ranks: &Mpi) -> Result<(), Box<dyn Error>> {
    let is_first = ranks.rank() == 0;
    let images = images()?;
    let here = network(ranks);
    if is_first {
        println!(
            "{} ranks: latency {:.2} µs, bandwidth {:.2} GB/s",
            ranks.size(),
            1e6 * here.latency,
            1e-9 * here.bandwidth
        );
    }
    let mut found = Vec::new();
    for workload in workloads() {
        let (costs, measured) = measure(ranks, &workload, &images)?;
        let predicted = predict(&costs, ranks.size(), here);
        if is_first {
            println!(
                "{}: alone {:.0} µs, predicted {:.0} µs, measured {:.0} µs, measured / predicted {:.2}",
                workload.name,
                1e6 * costs.step,
                1e6 * predicted,
                1e6 * measured,
                measured / predicted
            );
        }
        found.push((workload.name, costs));
    }
    if !is_first || ranks.size() > 1 {
        return Ok(());
    }
    // An epoch's batch of 8,192 samples, at the speed of W3 per parameter and sample.
    let (_, w3) = found[1];
    let factor = 1e8 / w3.parameters;
    found.push((
        "1e8 parameters, 8,192 samples, Adam",
        Costs {
            step: (w3.step - w3.update) * factor * 8_192.0 / 128.0 + w3.update * factor,
            update: w3.update * factor,
            add: w3.add * factor,
            parameters: 1e8,
            shards: 16,
        },
    ));
    let mut series = Vec::new();
    println!("step in ms; `shards` sets as many shards as ranks, if the batch has as many samples");
    for (name, costs) in found {
        for (network_name, network) in NETWORKS {
            for is_set in [false, true] {
                let at = |ranks: usize| {
                    let shards = match is_set {
                        true => costs.shards.max(ranks),
                        false => costs.shards,
                    };
                    predict(&Costs { shards, ..costs }, ranks, network)
                };
                let ranks: Vec<usize> = (0..=10).map(|power| 1 << power).collect();
                let times: Vec<String> = ranks
                    .iter()
                    .map(|&n| format!("{:.3}", 1e3 * at(n)))
                    .collect();
                let shards = if is_set { "shards" } else { "usual" };
                println!("{name}, {network_name}, {shards}: {}", times.join(" "));
                if is_set {
                    let points = ranks
                        .iter()
                        .map(|&n| (f64::log2(n as f64), costs.step / at(n)));
                    // The legend has room for `W1, 10`.
                    let short = |name: &'static str| name.split([':', ' ']).next().unwrap_or(name);
                    let name = format!("{}, {}", short(name), short(network_name));
                    series.push(Series::new(name, points));
                }
            }
        }
    }
    if let Some(file) = std::env::args().nth(1) {
        let plot = LinePlot {
            title: "Predicted speed over that of one rank, at 10 and 100 Gbit/s".to_owned(),
            x_label: "log₂ of the number of ranks".to_owned(),
            y_label: "times".to_owned(),
            y_scale: Scale::Log,
            series,
        };
        std::fs::write(file, plot.to_svg()?)?;
    }
    Ok(())
}
