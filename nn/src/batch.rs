//! The gradient of a batch: a sum over samples, cut the same way whatever runs it.
//!
//! A batch is cut into lanes, each a run of consecutive samples, and a lane into chunks. The threads first share the
//! lanes: each lane is taken forward and back and leaves the terms of its gradient, or the sum of those of its chunks if
//! there are several. Then they share the parameters: for each block, the terms of the lanes are added up in the order of
//! the lanes. If the lanes are two, a large first layer is formed before all that, of all samples, and the threads share its
//! neurons. How everything is cut depends only on the batch and the network, so any number of threads gives the same bits.
//! A chunk is small enough for its samples to stay in cache during its forward and backward pass, and large enough for its
//! matrix products to be efficient.
//!
//! A step updates a block as soon as its gradient is formed, so it must know beforehand that no update has to be taken back
//! because another block's gradient is not finite. No element of δᵀ a is larger than the largest |δ| times the largest |a|
//! times the number of samples; each lane leaves this bound. If it is finite, and small enough for the optimizer's rule
//! ([`Update::safe_up_to`]), the step is taken block by block. If not, which is rare, the gradient is formed as a whole, and
//! the optimizer looks through it before it changes anything.

mod blocks;
mod first;
mod fit;
mod lane;
mod plan;
mod team;

use crate::optim::{check_gradient, check_size, safe_change};
use crate::{Loss, Mlp, Optimizer, Parameters, StepError, Update};
use autodiff::tensor::{Real, Tape, Targets, Tensor};
use blocks::Cuts;
use first::FirstLayer;
use lane::{Lane, Pass};
use std::ops::Range;
use std::sync::Arc;
use team::share;

pub use plan::Plan;

pub(crate) use fit::{misfit, misfit_of_inputs, misfit_of_targets};

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
    #[track_caller]
    fn load(&self, range: Range<usize>) -> (Tensor<T>, Targets<T>);

    /// Why the samples do not fit a network, if that can be told before any is loaded. What is loaded is looked at in any
    /// case, so this is for batches that could not even be loaded.
    fn misfit(&self, network: &Mlp) -> Option<String> {
        let _ = network;
        None
    }
}

impl<T: Real> Batch<T> for (Tensor<T>, Targets<T>) {
    fn len(&self) -> usize {
        self.0.shape().first().copied().unwrap_or(0)
    }

    #[track_caller]
    fn load(&self, range: Range<usize>) -> (Tensor<T>, Targets<T>) {
        (self.0.rows(range.clone()), self.1.rows(range))
    }

    fn misfit(&self, network: &Mlp) -> Option<String> {
        misfit(network, 0..Batch::<T>::len(self), &self.0, &self.1)
    }
}

/// How the gradient of a chunk is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// By a tape: recorded, and walked back.
    Tape,
    /// By the formulas derived by hand, [`delta`](crate::delta).
    ClosedForm,
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
    /// That of the latest batch.
    plan: Plan,
    tapes: Vec<Tape<T>>,
    lanes: Vec<Lane<T>>,
    gradient: Parameters<T>,
    cuts: Cuts,
    first: Option<FirstLayer<T>>,
}

impl<T: Real> BatchGradient<T> {
    /// Gradients of a network's cost, computed by the given method.
    ///
    /// # Panics
    ///
    /// If the loss has a label smoothing that is not in [0, 1].
    #[must_use]
    #[track_caller]
    pub fn new(network: &Mlp, loss: Loss, method: Method) -> Self {
        loss.check("BatchGradient");
        let layout = network.layout();
        BatchGradient {
            network: network.clone(),
            loss,
            method,
            plan: Plan::new::<T>(network, 0),
            tapes: Vec::new(),
            lanes: Vec::new(),
            gradient: Parameters::zeros(Arc::clone(layout)),
            cuts: Cuts::new(layout),
            first: FirstLayer::of(network),
        }
    }

    /// Gradients computed by the tape.
    ///
    /// # Panics
    ///
    /// As [`new`](BatchGradient::new).
    #[must_use]
    #[track_caller]
    pub fn tape(network: &Mlp, loss: Loss) -> Self {
        BatchGradient::new(network, loss, Method::Tape)
    }

    /// Gradients computed by the formulas.
    ///
    /// # Panics
    ///
    /// As [`new`](BatchGradient::new).
    #[must_use]
    #[track_caller]
    pub fn closed_form(network: &Mlp, loss: Loss) -> Self {
        BatchGradient::new(network, loss, Method::ClosedForm)
    }

    /// Returns the mean of the samples' costs, and keeps its gradient for [`gradient`](BatchGradient::gradient).
    ///
    /// The mean over no samples is NaN, and its gradient zero.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network, or the parameters are those of another layout.
    #[track_caller]
    pub fn compute(&mut self, parameters: &Parameters<T>, batch: &impl Batch<T>) -> f64 {
        let plan = self.plan(batch.len());
        let cost = self.propagate("compute", &plan, parameters, batch);
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
    /// # Errors
    ///
    /// If an element of the gradient, or of parameters or moments after the step, is not finite. Parameters and optimizer
    /// are then unchanged, and [`gradient`](BatchGradient::gradient) shows the gradient. A parameter that was not finite
    /// before the step is noticed only if the gradient is not finite for that.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network, the parameters are those of another layout, or the optimizer has stepped a
    /// different number of parameters before.
    #[track_caller]
    pub fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<T>,
        optimizer: &mut (impl Optimizer<T> + ?Sized),
    ) -> Result<f64, StepError> {
        let plan = self.plan(batch.len());
        let cost = self.propagate("step", &plan, parameters, batch);
        if plan.samples == 0 {
            return Ok(cost);
        }
        let lanes = &self.lanes[..plan.lanes];
        let blocks = self.cuts.of_lanes(plan.lanes);
        let values = parameters.data_mut();
        let bound: f64 = lanes.iter().map(|lane| lane.bound).sum();
        if let Some(rate) = optimizer.plain_descent()
            && bound * (1.0 + rate.to_f64().abs()) <= safe_change::<T>()
        {
            blocks.each([values], &|block, [values]| {
                Lane::add_all(lanes, -rate, block, values);
            });
            return Ok(cost);
        }
        check_size(values.len(), optimizer.size());
        let is_taken = optimizer.step_by_pieces(values.len(), &mut |update| {
            if !(update.is_safe(bound) && update.moments_fit(values.len())) {
                return false;
            }
            let Update {
                moments: [first, second],
                rule,
                ..
            } = update;
            let buffers = [&mut *values, first, second];
            blocks.each(buffers, &|block, [values, first, second]| {
                let mut gradient = Tensor::zeros([values.len()]);
                Lane::add_all(lanes, T::from_f64(1.0), block, gradient.data_mut());
                rule(values, gradient.data(), [first, second]);
            });
            true
        });
        if !is_taken {
            self.form(&plan);
            let gradient = self.gradient.data();
            check_gradient(gradient)
                .and_then(|()| optimizer.step(values, gradient))
                .map_err(|error| error.in_layout(self.network.layout()))?;
        }
        Ok(cost)
    }

    /// The gradient from the latest [`compute`](BatchGradient::compute), or [`step`](BatchGradient::step) that failed.
    #[must_use]
    pub fn gradient(&self) -> &Parameters<T> {
        &self.gradient
    }

    /// The plan for a number of samples, which is mostly that of the batch before.
    fn plan(&mut self, samples: usize) -> Plan {
        if self.plan.samples != samples {
            self.plan = Plan::new::<T>(&self.network, samples);
        }
        self.plan
    }

    /// Forward and backward pass of all lanes; gives the mean cost.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network, or the parameters are those of another layout.
    #[track_caller]
    fn propagate(
        &mut self,
        operation: &str,
        plan: &Plan,
        parameters: &Parameters<T>,
        batch: &impl Batch<T>,
    ) -> f64 {
        parameters.check_layout(operation, self.network.layout());
        if let Some(misfit) = batch.misfit(&self.network) {
            panic!("{operation}: {misfit}");
        }
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
        let earlier_batch = match &mut first {
            Some(first) => Some(first.forward(network, parameters, batch, plan.samples)),
            None => None,
        };
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
        // The threads leave it here, so that it is reported at the caller's line.
        if let Some(misfit) = lanes.iter_mut().find_map(|lane| lane.misfit.take()) {
            panic!("{operation}: {misfit}");
        }
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
