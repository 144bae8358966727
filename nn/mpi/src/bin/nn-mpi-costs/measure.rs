//! Measures steps, their parts and messages on the ranks.

use crate::model::{Costs, Network};
use autodiff::tensor::Tensor;
use nn::distributed::Communicator;
use nn::{
    Activation, AdamSettings, BatchGradient, Dataset, Initializer, Mlp, OptimizerSettings,
    SgdSettings, StandardLoss, Supervised, Training,
};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

/// The seconds in which a call is repeated.
const SECONDS: f64 = 3.0;

/// A step that is measured.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    widths: &'static [usize],
    batch: usize,
    shards: usize,
    optimizer: OptimizerSettings,
}

pub(crate) fn workloads() -> [Workload; 2] {
    [
        Workload {
            name: "W1",
            text: "784-10-10, 60,000 images, SGD",
            widths: &[784, 10, 10],
            batch: 60_000,
            shards: 16,
            optimizer: SgdSettings::new(0.1).into(),
        },
        Workload {
            name: "W3",
            text: "784-512-512-10, 128 images, Adam",
            widths: &[784, 512, 512, 10],
            batch: 128,
            shards: 2,
            optimizer: AdamSettings::new(1e-3).into(),
        },
    ]
}

/// Measures a workload: its costs in one process, and its step on the ranks. All ranks measure at the same time, so
/// that they share the memory, and the cores if there are fewer, as in a step.
pub(crate) fn measure(
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
    let mut failure = None;
    let mut step = |training: &mut Training<'_, f32, _, _>| {
        if let Err(error) = training.step() {
            failure = Some(error);
        }
    };
    let mut alone = start()?;
    let time = fastest(ranks, || step(&mut alone));
    let mut several = start()?.among(ranks)?;
    let measured = fastest(ranks, || step(&mut several));
    if let Some(error) = failure {
        return Err(error.into());
    }

    let size = model.network.layout().size();
    let mut numbers = Tensor::<f32>::full([size], 1e-3);
    let gradient = Tensor::<f32>::full([size], 1e-3);
    let mut optimizer = workload.optimizer.start::<f32>()?;
    let update = fastest(ranks, || {
        let _ = black_box(optimizer.step(numbers.data_mut(), gradient.data()));
    });
    let add = fastest(ranks, || {
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
    Ok((costs, measured))
}

/// Measures messages that all ranks send at the same time.
pub(crate) fn network(ranks: &dyn Communicator) -> Network {
    const LARGE: usize = 1 << 21;
    let (rank, size) = (ranks.rank(), ranks.size());
    let (to, from) = ((rank + 1) % size, (rank + size - 1) % size);
    let seconds = |bytes: usize| {
        let (outgoing, mut incoming) = (vec![1; bytes], vec![0; bytes]);
        fastest(ranks, || ranks.exchange(to, &outgoing, from, &mut incoming))
    };
    let (small, large) = (seconds(16), seconds(LARGE));
    Network {
        latency: small,
        bandwidth: LARGE as f64 / (large - small),
    }
}

/// Returns the seconds of a call that all ranks begin together, on the slowest rank: the least of many calls, because
/// other work on the machine only adds to it.
fn fastest(ranks: &dyn Communicator, mut call: impl FnMut()) -> f64 {
    let (mut least, begin) = (f64::INFINITY, Instant::now());
    while slowest(ranks, begin.elapsed().as_secs_f64()) < SECONDS {
        ranks.barrier();
        let start = Instant::now();
        call();
        least = least.min(slowest(ranks, start.elapsed().as_secs_f64()));
    }
    least
}

/// Returns the largest value of all ranks.
fn slowest(ranks: &dyn Communicator, seconds: f64) -> f64 {
    let mut all = vec![[0; 8]; ranks.size()];
    all[ranks.rank()] = seconds.to_le_bytes();
    let bounds: Vec<usize> = (0..=ranks.size()).map(|rank| 8 * rank).collect();
    ranks.gather(all.as_flattened_mut(), &bounds);
    all.into_iter().map(f64::from_le_bytes).fold(0.0, f64::max)
}
