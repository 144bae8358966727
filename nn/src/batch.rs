//! The gradient of a batch: a sum over samples, cut the same way whatever runs it.
//!
//! A batch is cut into lanes, each a run of consecutive samples, and a lane into chunks. The threads first share the
//! lanes: each lane is taken forward and back and leaves the terms of its gradient, or the sum of those of its chunks if
//! there are several. Then they share the parameters: for each block, the terms of the lanes are added up in the order of
//! the lanes. If the lanes are two, a large first layer is formed before all that, of all samples, and the threads share its
//! neurons. How everything is cut depends only on the batch and the network, so any number of threads gives the same bits.
//! A chunk is small enough for its samples to stay in cache during its forward and backward pass, and large enough for its
//! matrix products to be efficient.

mod blocks;
mod first;
mod lane;
mod team;

use crate::{Loss, Mlp, Optimizer, Parameters, Update};
use autodiff::tensor::{Real, Tape, Targets, Tensor};
use blocks::Cuts;
use first::FirstLayer;
use lane::{Lane, Pass};
use std::ops::Range;
use std::sync::Arc;
use team::share;

/// Samples, any run of which can be loaded as tensors.
pub trait Batch<T: Real>: Sync {
    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs of a run of samples, one per row, and their targets.
    ///
    /// A large batch is loaded piece by piece, by several threads at a time. A smaller one, of fewer than 512 samples, may
    /// be loaded whole, by one of them.
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

/// How the gradient of a chunk is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a tape: recorded, and walked back.
    Tape,
    /// By the formulas derived by hand, [`delta`](crate::delta).
    ClosedForm,
}

/// How a batch is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The number of samples.
    pub samples: usize,
    /// The number of lanes.
    pub lanes: usize,
    /// The largest number of samples in a chunk.
    pub chunk: usize,
}

/// What the values and adjoints of a chunk's neurons may take, in bytes: a second-level cache, for the inputs, which are
/// most of them, have no adjoint.
const CHUNK_BYTES: usize = 1 << 20;

/// The most chunks that each have a lane of their own, if there would be fewer lanes otherwise.
const MOST_KEPT: usize = 8;

impl Plan {
    /// The plan for a number of samples in a network with elements of type `T`.
    #[must_use]
    pub fn new<T>(network: &Mlp, samples: usize) -> Plan {
        // More lanes feed more threads, but each has terms of its own, or a sum, to be added up.
        let few = match samples {
            0..32 => 1,
            32..512 => 2,
            512..2048 => 4,
            2048..8192 => 8,
            _ => 16,
        };
        // Forward and backward pass hold a value and an adjoint for every neuron.
        let neurons: usize = network.widths().iter().sum();
        let chunk = (CHUNK_BYTES / (2 * neurons * size_of::<T>())).clamp(64, 256) / 16 * 16;
        // Where some more of them have one chunk each, none needs a sum.
        let lanes = match samples.div_ceil(chunk) {
            chunks @ ..=MOST_KEPT => chunks.max(few),
            _ => few,
        };
        Plan {
            samples,
            lanes,
            chunk,
        }
    }

    /// Whether lanes are of several chunks, which each adds up; otherwise the terms of its one chunk are kept.
    fn lanes_are_summed(&self) -> bool {
        self.samples.div_ceil(self.lanes) > self.chunk
    }

    /// Whether a large first layer is formed before the lanes, of all samples: where the lanes are for two threads, and so
    /// short that reading its weights takes long beside them.
    fn forms_first_layer_first(&self) -> bool {
        self.lanes == 2
    }

    /// The samples of a lane.
    fn lane(&self, number: usize) -> Range<usize> {
        self.samples * number / self.lanes..self.samples * (number + 1) / self.lanes
    }
}

/// The mean cost of a batch and its gradient, computed chunk by chunk in memory that is reused.
///
/// The threads are those of the surrounding rayon pool. They share the samples, of which each takes some forward and back,
/// and then the parameters, of which each forms the gradient of some and updates them. If the samples are few and the first
/// layer is large, they share its neurons before all that. The memory of the lanes is kept for the next batch, so a step
/// like the one before it allocates nothing; the latest batch is held until then, too.
#[derive(Debug)]
pub struct BatchGradient<T: Real> {
    network: Mlp,
    loss: Loss,
    method: Method,
    tapes: Vec<Tape<T>>,
    lanes: Vec<Lane<T>>,
    gradient: Parameters<T>,
    cuts: Cuts,
    first: Option<FirstLayer<T>>,
}

impl<T: Real> BatchGradient<T> {
    /// Gradients of a network's cost, computed by the given method.
    #[must_use]
    pub fn new(network: &Mlp, loss: Loss, method: Method) -> Self {
        let layout = network.layout();
        BatchGradient {
            network: network.clone(),
            loss,
            method,
            tapes: Vec::new(),
            lanes: Vec::new(),
            gradient: Parameters::zeros(Arc::clone(layout)),
            cuts: Cuts::new(layout),
            first: FirstLayer::of(network),
        }
    }

    /// Gradients computed by the tape.
    #[must_use]
    pub fn tape(network: &Mlp, loss: Loss) -> Self {
        BatchGradient::new(network, loss, Method::Tape)
    }

    /// Gradients computed by the formulas.
    #[must_use]
    pub fn closed_form(network: &Mlp, loss: Loss) -> Self {
        BatchGradient::new(network, loss, Method::ClosedForm)
    }

    /// Returns the mean of the samples' costs, and keeps its gradient for [`gradient`](BatchGradient::gradient).
    ///
    /// The mean over no samples is NaN, and its gradient zero.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network.
    pub fn compute(&mut self, parameters: &Parameters<T>, batch: &impl Batch<T>) -> f64 {
        let plan = Plan::new::<T>(&self.network, batch.len());
        let cost = self.propagate(&plan, parameters, batch);
        self.form(&plan);
        cost
    }

    /// Takes one step of an optimizer on a batch, and returns the mean cost before the step.
    ///
    /// The gradient is formed in blocks, each of which is used at once, so [`gradient`](BatchGradient::gradient) does not
    /// show it afterwards. For [plain descent](Optimizer::plain_descent) it is not formed at all: its terms are added to
    /// the parameters, times −α, which rounds differently from `compute` followed by the optimizer's step. For other
    /// optimizers the bits are the same. One that does not [step by pieces](Optimizer::step_by_pieces) is given the
    /// gradient that `compute` forms.
    ///
    /// An empty batch changes neither parameters nor optimizer.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network, or the optimizer has stepped a different number of parameters before.
    pub fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<T>,
        optimizer: &mut (impl Optimizer<T> + ?Sized),
    ) -> f64 {
        let plan = Plan::new::<T>(&self.network, batch.len());
        let cost = self.propagate(&plan, parameters, batch);
        if plan.samples == 0 {
            return cost;
        }
        let lanes = &self.lanes[..plan.lanes];
        let blocks = self.cuts.of_lanes(plan.lanes);
        let values = parameters.data_mut();
        if let Some(rate) = optimizer.plain_descent() {
            blocks.each([values], &|block, [values]| {
                Lane::add_all(lanes, -rate, block, values);
            });
            return cost;
        }
        let stepped = optimizer.step_by_pieces(values.len(), &mut |update| {
            let Update {
                moments: [first, second],
                rule,
            } = update;
            let buffers = [&mut *values, first, second];
            blocks.each(buffers, &|block, [values, first, second]| {
                let mut gradient = Tensor::zeros([values.len()]);
                Lane::add_all(lanes, T::from_f64(1.0), block, gradient.data_mut());
                rule(values, gradient.data(), [first, second]);
            });
        });
        if !stepped {
            self.form(&plan);
            optimizer.step(values, self.gradient.data());
        }
        cost
    }

    /// The gradient from the latest [`compute`](BatchGradient::compute).
    #[must_use]
    pub fn gradient(&self) -> &Parameters<T> {
        &self.gradient
    }

    /// Forward and backward pass of all lanes; gives the mean cost.
    fn propagate(&mut self, plan: &Plan, parameters: &Parameters<T>, batch: &impl Batch<T>) -> f64 {
        let method = self.method;
        let provided = plan.lanes.max(self.lanes.len());
        self.lanes.resize_with(provided, || Lane::by(method));
        self.tapes.resize_with(provided, Tape::new);
        let BatchGradient {
            network,
            loss,
            tapes,
            lanes,
            cuts,
            first,
            ..
        } = self;
        let (lanes, tapes) = (&mut lanes[..plan.lanes], &mut tapes[..plan.lanes]);
        let mut first = first.as_mut().filter(|_| plan.forms_first_layer_first());
        let earlier_batch = first.as_mut().map(|first| first.forward(parameters, batch));
        let pass = Pass {
            network,
            loss: *loss,
            parameters,
            batch,
            plan,
            first: first.as_deref(),
            blocks: cuts.of_chunks(),
        };
        let lanes_and_tapes = lanes.iter_mut().zip(tapes).enumerate();
        share(lanes_and_tapes, |(number, (lane, tape))| {
            lane.run(tape, &pass, plan.lane(number));
        });
        drop(earlier_batch);
        lanes.iter().map(|lane| lane.cost).sum::<f64>() / plan.samples as f64
    }

    /// Forms the gradient of what the lanes have left.
    fn form(&mut self, plan: &Plan) {
        let lanes = &self.lanes[..plan.lanes];
        let blocks = self.cuts.of_lanes(plan.lanes);
        blocks.each([self.gradient.data_mut()], &|block, [gradient]| {
            gradient.fill(T::default());
            Lane::add_all(lanes, T::from_f64(1.0), block, gradient);
        });
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
    fn up_to_eight_chunks_have_a_lane_each() {
        let network = Mlp::new(&[784, 128, 64, 10], Activation::Relu);
        for (samples, lanes, are_summed) in [
            (31, 1, false),
            (128, 2, false),
            (512, 4, false),
            (1024, 8, false),
            (1025, 4, true),
            (60_000, 16, true),
        ] {
            let plan = Plan::new::<f32>(&network, samples);
            assert_eq!((plan.lanes, plan.chunk), (lanes, 128));
            assert_eq!(plan.lanes_are_summed(), are_summed);
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
