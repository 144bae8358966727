//! The gradient of a batch: a sum over samples, cut the same way whatever runs it.
//!
//! A batch is cut into lanes, each a run of consecutive samples, and a lane into chunks. A lane adds up its chunks one
//! after the other, and the lanes are added in their order. Their number and size depend on the batch and the network
//! alone, so one thread or many give the same bits. A chunk is small enough that its forward and backward pass
//! happen while its samples are in cache, and large enough that a matrix product is not a sliver.

use crate::delta::{self, Deltas};
use crate::{Loss, Mlp, Optimizer, Parameters};
use autodiff::tensor::{Gradient, Real, Tape, Targets, Tensor, vectorized};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Samples, of which any run can be had as tensors.
pub trait Batch<T: Real>: Sync {
    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs of a run of samples, a sample a row, and their targets.
    ///
    /// # Panics
    ///
    /// If the range does not lie inside the batch.
    fn load(&self, range: Range<usize>) -> (Tensor<T>, Targets<T>);
}

impl<T: Real> Batch<T> for (Tensor<T>, Targets<T>) {
    fn len(&self) -> usize {
        self.0.shape()[0]
    }

    fn load(&self, range: Range<usize>) -> (Tensor<T>, Targets<T>) {
        let targets = match &self.1 {
            Targets::Classes(classes) => Targets::Classes(classes.rows(range.clone())),
            Targets::Probabilities(rows) => Targets::Probabilities(rows.rows(range.clone())),
        };
        (self.0.rows(range), targets)
    }
}

/// What computes the gradient of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A tape that is recorded and walked back.
    Tape,
    /// The formulas by hand, [`delta`].
    ClosedForm,
}

/// How a batch is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The number of samples.
    pub samples: usize,
    /// The number of lanes.
    pub lanes: usize,
    /// The most samples in a chunk.
    pub chunk: usize,
}

/// What a chunk's inputs and activations may take of the second-level cache, in bytes.
const CHUNK_BYTES: usize = 1 << 19;

impl Plan {
    /// The plan for so many samples of type `T` in a network.
    #[must_use]
    pub fn new<T>(network: &Mlp, samples: usize) -> Plan {
        // More lanes feed more threads, but each has a gradient of its own to be added up.
        let lanes = match samples {
            0..32 => 1,
            32..512 => 2,
            512..2048 => 4,
            2048..8192 => 8,
            _ => 16,
        };
        // Forward and backward pass hold a value and an adjoint for every neuron.
        let neurons: usize = network.widths().iter().sum();
        let chunk = (CHUNK_BYTES / (2 * neurons * size_of::<T>())).clamp(64, 256) / 16 * 16;
        Plan {
            samples,
            lanes,
            chunk,
        }
    }

    /// Whether all samples are in one chunk.
    fn is_one_chunk(&self) -> bool {
        self.lanes == 1 && self.samples <= self.chunk
    }

    /// The samples of a lane.
    fn lane(&self, number: usize) -> Range<usize> {
        self.samples * number / self.lanes..self.samples * (number + 1) / self.lanes
    }
}

/// The mean cost of a batch and its gradient, chunk by chunk, in memory that is used again.
///
/// The threads are those of the surrounding rayon pool. Each lane keeps its tape and its part of the gradient, so a
/// step like the one before asks for no memory.
#[derive(Debug)]
pub struct BatchGradient<T: Real> {
    network: Mlp,
    loss: Loss,
    method: Method,
    lanes: Vec<Lane<T>>,
}

/// What one lane adds up.
#[derive(Debug)]
struct Lane<T: Real> {
    terms: Terms<T>,
    gradient: Parameters<T>,
    cost: f64,
}

impl<T: Real> BatchGradient<T> {
    /// A gradient by the given method.
    #[must_use]
    pub fn new(network: &Mlp, loss: Loss, method: Method) -> Self {
        let mut gradient = BatchGradient {
            network: network.clone(),
            loss,
            method,
            lanes: Vec::new(),
        };
        gradient.provide(1);
        gradient
    }

    /// A gradient by the tape.
    #[must_use]
    pub fn tape(network: &Mlp, loss: Loss) -> Self {
        BatchGradient::new(network, loss, Method::Tape)
    }

    /// A gradient by the formulas.
    #[must_use]
    pub fn closed_form(network: &Mlp, loss: Loss) -> Self {
        BatchGradient::new(network, loss, Method::ClosedForm)
    }

    /// Computes the mean of the samples' costs, which is returned, and its gradient, which is kept.
    ///
    /// The mean over no samples is NaN, and its gradient zero.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network.
    pub fn compute(&mut self, parameters: &Parameters<T>, batch: &impl Batch<T>) -> f64 {
        let plan = Plan::new::<T>(&self.network, batch.len());
        self.provide(plan.lanes);
        let BatchGradient {
            network,
            loss,
            lanes,
            ..
        } = self;
        let lanes = &mut lanes[..plan.lanes];
        let run = |(number, lane): (usize, &mut Lane<T>)| {
            lane.run(network, *loss, parameters, batch, plan.lane(number), &plan);
        };
        if rayon::current_num_threads() > 1 && lanes.len() > 1 {
            lanes.par_iter_mut().enumerate().for_each(run);
        } else {
            lanes.iter_mut().enumerate().for_each(run);
        }
        add_up(lanes);
        lanes[0].cost / batch.len() as f64
    }

    /// One step of an optimizer against the gradient of a batch; gives the mean cost before it.
    ///
    /// A small batch's gradient is not formed where the optimizer is [plain descent](Optimizer::plain_descent): it is
    /// added to the parameters as it arises, times −α. That saves writing and reading a buffer as large as the
    /// parameters, and gives other bits than `compute` and the optimizer's step. Which batch is small depends on its size
    /// and the network alone.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network, or the optimizer had other parameters before.
    pub fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<T>,
        optimizer: &mut (impl Optimizer<T> + ?Sized),
    ) -> f64 {
        let plan = Plan::new::<T>(&self.network, batch.len());
        if let Some(rate) = optimizer.plain_descent()
            && plan.is_one_chunk()
        {
            let weight = T::from_f64(1.0 / plan.samples as f64);
            let (x, targets) = batch.load(0..plan.samples);
            let terms = &mut self.lanes[0].terms;
            let cost = terms.compute(&self.network, self.loss, parameters, x, &targets, weight);
            terms.add_to(-rate, parameters);
            return cost / plan.samples as f64;
        }
        let cost = self.compute(parameters, batch);
        optimizer.step(parameters.data_mut(), self.gradient().data());
        cost
    }

    /// The gradient of the latest [`compute`](BatchGradient::compute).
    #[must_use]
    pub fn gradient(&self) -> &Parameters<T> {
        &self.lanes[0].gradient
    }

    /// Makes sure that there are so many lanes.
    fn provide(&mut self, lanes: usize) {
        let layout = self.network.layout();
        let method = self.method;
        self.lanes
            .resize_with(lanes.max(self.lanes.len()), || Lane {
                terms: Terms::by(method),
                gradient: Parameters::zeros(Arc::clone(layout)),
                cost: 0.0,
            });
    }
}

impl<T: Real> Lane<T> {
    /// Adds up the gradient of a run of samples, chunk after chunk.
    fn run(
        &mut self,
        network: &Mlp,
        loss: Loss,
        parameters: &Parameters<T>,
        batch: &impl Batch<T>,
        samples: Range<usize>,
        plan: &Plan,
    ) {
        self.gradient.clear();
        self.cost = 0.0;
        let weight = T::from_f64(1.0 / plan.samples as f64);
        let mut begin = samples.start;
        while begin < samples.end {
            let end = samples.end.min(begin + plan.chunk);
            let (x, targets) = batch.load(begin..end);
            self.cost += self
                .terms
                .compute(network, loss, parameters, x, &targets, weight);
            self.terms.add_to(T::from_f64(1.0), &mut self.gradient);
            begin = end;
        }
    }
}

/// What the gradient of a chunk is made of, before it is added up: it holds nothing of the parameters, so it may be
/// added to them.
#[derive(Debug)]
enum Terms<T: Real> {
    /// The gradient of each slice of the parameters, and the tape that gives it.
    OfTape(Tape<T>, Vec<Gradient<T>>),
    /// Activations and δ of each layer.
    ByHand(Option<Deltas<T>>),
}

impl<T: Real> Terms<T> {
    fn by(method: Method) -> Self {
        match method {
            Method::Tape => Terms::OfTape(Tape::new(), Vec::new()),
            Method::ClosedForm => Terms::ByHand(None),
        }
    }

    /// Forward and backward pass of some samples that count `weight` each; gives the sum of their costs.
    fn compute(
        &mut self,
        network: &Mlp,
        loss: Loss,
        parameters: &Parameters<T>,
        x: Tensor<T>,
        targets: &Targets<T>,
        weight: T,
    ) -> f64 {
        match self {
            Terms::OfTape(tape, terms) => {
                let cost = {
                    let variables = parameters.record(tape);
                    let z = network.forward(&variables, &tape.constant(x));
                    let cost = loss.sum(&z, targets);
                    let mut gradients = cost.vjp(weight);
                    terms.extend(variables.iter().map(|&x| gradients.take(x)));
                    cost.item().to_f64()
                };
                // The recording is forgotten on the thread that made it, so that its memory is there for the next
                // chunk.
                tape.reset();
                cost
            }
            Terms::ByHand(terms) => {
                let deltas = delta::propagate(network, loss, parameters, &x, targets, weight);
                terms.insert(deltas).cost
            }
        }
    }

    /// Adds `scale` times the gradient to `sum`, and forgets it.
    fn add_to(&mut self, scale: T, sum: &mut Parameters<T>) {
        match self {
            Terms::OfTape(_, terms) => {
                sum.add(scale, terms);
                terms.clear();
            }
            Terms::ByHand(terms) => {
                if let Some(deltas) = terms.take() {
                    deltas.add_to(scale, sum);
                }
            }
        }
    }
}

/// Adds all lanes to the first, in their order.
fn add_up<T: Real>(lanes: &mut [Lane<T>]) {
    let Some((first, others)) = lanes.split_first_mut() else {
        return;
    };
    for lane in others {
        first.cost += lane.cost;
        let (sums, terms) = (first.gradient.data_mut(), lane.gradient.data());
        vectorized(
            #[inline(always)]
            move || {
                for (sum, &term) in sums.iter_mut().zip(terms) {
                    *sum = *sum + term;
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;

    #[test]
    fn every_sample_is_in_one_lane() {
        let network = Mlp::new(&[784, 10, 10], Activation::Relu);
        for samples in [0, 1, 31, 32, 127, 1000, 60_000] {
            let plan = Plan::new::<f32>(&network, samples);
            let mut next = 0;
            for lane in 0..plan.lanes {
                assert_eq!(plan.lane(lane).start, next);
                next = plan.lane(lane).end;
            }
            assert_eq!(next, samples);
        }
    }

    #[test]
    fn chunks_stay_within_bounds() {
        for widths in [&[784, 10, 10][..], &[4, 2], &[784, 5000, 10]] {
            let plan = Plan::new::<f64>(&Mlp::new(widths, Activation::Relu), 60_000);
            assert!((64..=256).contains(&plan.chunk) && plan.chunk.is_multiple_of(16));
        }
    }
}
