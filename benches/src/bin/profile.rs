//! Prints a table of the time in training steps: their parts with the δ formulas on one thread, whole steps on one and
//! on two threads, and the time for moving the weights through the caches alone.
//!
//! Usage: `cargo run --release -p benches --bin profile -- [seconds for each row]`.

use autodiff::tensor::raw::vectorized;
use benches::{Case, Side, WORKLOADS, Workload, pool, steps, take_turns};
use mnist_core::gradient::Method;
use nn::delta::{Deltas, propagate};
use nn::{Adam, Batch, Labelled, Network, Optimizer, OptimizerSettings, Parameters, Sgd, Sharding};
use rayon::ThreadPool;
use std::hint::black_box;
use std::time::Duration;

fn main() {
    let seconds = std::env::args()
        .nth(1)
        .map_or(2.0, |word| word.parse().expect("a number of seconds"));
    let [one, two] = [1, 2].map(pool);
    println!(
        "| µs | load | forward and back | products of the gradient | optimizer | sum | step, 1 thread | step, 2 threads | weights alone |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for workload in WORKLOADS {
        let case = Case::new(workload.widths, workload.batch);
        let step = |pool| steps(pool, &case, Method::Delta, workload.optimizer);
        let mut sides = vec![
            part(&one, &case, Part::Load),
            part(&one, &case, Part::Propagate),
            part(&one, &case, Part::Products),
            optimizer(&one, &case, &workload),
            step(&one),
            step(&two),
            weights(&one, &case),
        ];
        let turns = take_turns(Duration::from_secs_f64(seconds), &mut sides);
        let time = |side| turns.seconds(side) * 1e6;
        println!(
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            workload.name,
            time(0),
            time(1) - time(0),
            time(2) - time(1),
            time(3),
            time(2) + time(3),
            time(4),
            time(5),
            time(6),
        );
    }
}

/// How much of a step is run. Each part includes the parts before it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Part {
    /// Loads the samples as tensors. The conversion to floating point belongs to the next part.
    Load,
    /// Computes activations and δ.
    Propagate,
    /// Accumulates `Δᵀ A` in one buffer.
    Products,
}

fn part<'a>(pool: &'a ThreadPool, case: &'a Case, until: Part) -> Side<'a> {
    let parameters = case.parameters();
    let mut gradient: Parameters<f32> = case.parameters();
    let chunking = Network::chunking(&case.network);
    let sharding = Sharding::new::<f32>(chunking, case.batch.len(), None);
    let weight = 1.0 / sharding.samples as f32;
    let mut run = move || {
        for chunk in sharding.chunks() {
            let (x, targets): Labelled<f32> = case.batch.load(chunk);
            if until >= Part::Propagate {
                let (network, loss) = (&case.network, case.loss);
                let deltas: Deltas<f32> =
                    propagate(network, loss, &parameters, &x, &targets, weight);
                if until >= Part::Products {
                    deltas.add_to(1.0, &mut gradient);
                }
                black_box(&deltas);
            }
            black_box(&x);
        }
    };
    Box::new(move |count| pool.install(|| (0..count).for_each(|_| run())))
}

fn optimizer<'a>(pool: &'a ThreadPool, case: &Case, workload: &Workload) -> Side<'a> {
    let (mut parameters, gradient) = (case.parameters(), case.parameters());
    let mut optimizer: Box<dyn Optimizer<f32>> = match workload.optimizer {
        OptimizerSettings::Sgd(_) => Box::new(Sgd::new(1e-6)),
        OptimizerSettings::Adam(_) | OptimizerSettings::AdamW(_) => Box::new(Adam::new(1e-6)),
    };
    Box::new(move |count| {
        pool.install(|| {
            for _ in 0..count {
                let step = optimizer.step(parameters.data_mut(), gradient.data());
                step.expect("the training stays finite");
            }
        });
    })
}

/// Reads the parameters once, then reads and writes them once: the memory traffic of a step, with little arithmetic.
fn weights<'a>(pool: &'a ThreadPool, case: &Case) -> Side<'a> {
    /// The number of independent sums, which hide the latency of the additions.
    const SUMS: usize = 128;
    let mut parameters: Parameters<f32> = case.parameters();
    Box::new(move |count| {
        pool.install(|| {
            for _ in 0..count {
                let values = parameters.data_mut();
                let read = &*values;
                let sums = vectorized(
                    #[inline(always)]
                    move || {
                        let mut sums = [0.0; SUMS];
                        for values in read.chunks_exact(SUMS) {
                            for (sum, value) in sums.iter_mut().zip(values) {
                                *sum += value;
                            }
                        }
                        sums
                    },
                );
                black_box(sums);
                let factor = black_box(1.0);
                vectorized(
                    #[inline(always)]
                    move || values.iter_mut().for_each(|value| *value *= factor),
                );
            }
        });
    })
}
