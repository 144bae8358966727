//! The gradient of a batch: a sum over samples, added in the same order whatever runs it.
//!
//! A batch is cut into shards, each a run of consecutive samples, and a shard into chunks. The threads first share the
//! shards: each is taken forward and back and leaves what its gradient is made of, or the sum over its chunks if there are
//! several. Then they share the parameters: panel by panel, the gradients of the shards are added along a fixed binary
//! tree, and the optimizer's rule is applied to the sum. How everything is cut depends only on the batch and the model, so
//! any number of threads gives the same bits, and so does [`compute`](BatchGradient::compute) followed by the optimizer.
//!
//! A step updates a panel as soon as its gradient is formed, so it must know beforehand that no update has to be taken back
//! because another panel's gradient is not finite. No element of δᵀ a is larger than the largest |δ| times the largest |a|
//! times the number of samples; each shard leaves this bound. If it is finite, and small enough for the optimizer's rule
//! ([`Update::safe_up_to`](crate::Update::safe_up_to)), the step is taken panel by panel. If not, which is rare, the
//! gradient is formed as a whole, and the optimizer looks through it before it changes anything.

mod panels;
mod shard;
mod sharding;

pub use sharding::Sharding;

use crate::model::check_whole;
use crate::optim::{check_gradient, check_size};
use crate::parallel::in_halves;
use crate::pass::mix_observed;
use crate::refusal::reporting;
use crate::{Batch, Context, Model, Optimizer, Parameters, ShardGradient, StepError, TapeGradient};
use autodiff::tensor::{Real, Tensor};
use panels::{Panel, each_panel};
use shard::{Propagation, Shard, descend, write_sum};
use smallvec::SmallVec;
use std::sync::Arc;

/// The mean cost of a batch and its gradient, computed chunk by chunk in memory that is reused.
///
/// The threads are those of the surrounding rayon pool. They share the samples, and then the parameters. The memory of the
/// shards is kept for the next batch, so a step like the one before it allocates nothing.
///
/// `G` is where the gradient of a chunk comes from.
#[derive(Debug)]
pub struct BatchGradient<T: Real, M: Model, G: ShardGradient<T, M> = TapeGradient<T>> {
    model: M,
    /// The place in the training, but for the samples.
    context: Context,
    shards_wanted: Option<usize>,
    shards: Vec<Shard<T, G>>,
    /// The memory that the thread of each shard works in, and no other reads.
    workspaces: Vec<G::Workspace>,
    cost: f64,
    gradient: Parameters<T>,
}

impl<T: Real, M: Model> BatchGradient<T, M> {
    /// Gradients of a model's cost, computed by the tape.
    ///
    /// # Panics
    ///
    /// If the model has no parameters.
    #[must_use]
    #[track_caller]
    pub fn tape(model: M) -> Self {
        BatchGradient::new(model)
    }
}

impl<T: Real, M: Model, G: ShardGradient<T, M>> BatchGradient<T, M, G> {
    /// Gradients of a model's cost, from the source `G`.
    ///
    /// # Panics
    ///
    /// If the model has no parameters.
    #[must_use]
    #[track_caller]
    pub fn new(model: M) -> Self {
        let layout = model.layout();
        assert!(
            !layout.slices().is_empty(),
            "a model without parameters cannot be trained"
        );
        BatchGradient {
            context: Context {
                training: true,
                ..Context::evaluation(0..0)
            },
            shards_wanted: None,
            shards: Vec::new(),
            workspaces: Vec::new(),
            cost: f64::NAN,
            gradient: Parameters::zeros(Arc::clone(layout)),
            model,
        }
    }

    /// Sets the seed of everything that is random in the model.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.context.seed = seed;
        self
    }

    /// Sets the number of shards of each batch that has as many samples, instead of the usual one.
    ///
    /// The sum over the batch rounds as the number of shards has it, so trainings with the same bits need the same.
    #[must_use]
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards_wanted = Some(shards);
        self
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The number of the next gradient, which what is random in the model depends on.
    #[must_use]
    pub fn step_number(&self) -> u64 {
        self.context.step
    }

    /// Changes the number of the next gradient, to resume a training.
    pub fn set_step_number(&mut self, step: u64) {
        self.context.step = step;
    }

    /// Returns the mean of the samples' costs and its gradient.
    ///
    /// The mean over no samples is NaN, and its gradient zero.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the model, the parameters are those of another layout, or the cost is no scalar.
    #[track_caller]
    pub fn compute(
        &mut self,
        parameters: &Parameters<T>,
        batch: &impl Batch<M::Chunk<T>>,
    ) -> (f64, &mut Parameters<T>) {
        let sharding = self.propagate("compute", parameters, batch);
        self.form(sharding.shards);
        self.context.step += 1;
        (self.cost, &mut self.gradient)
    }

    /// Takes one step of an optimizer on a batch, and returns the mean cost before the step.
    ///
    /// The bits are those of [`compute`](BatchGradient::compute) and the optimizer's step. The gradient is formed in
    /// panels, each of which is used at once, so [`gradient`](BatchGradient::gradient) does not show it afterwards.
    ///
    /// An empty batch changes neither parameters nor optimizer.
    ///
    /// # Errors
    ///
    /// If an element of the gradient, or of parameters or moments after the step, is not finite. Parameters, statistics and
    /// optimizer are then unchanged, and [`gradient`](BatchGradient::gradient) shows the gradient. A parameter that was not
    /// finite before the step is noticed only if the gradient is not finite for that.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the model, the parameters are those of another layout, the cost is no scalar, or the
    /// optimizer has stepped a different number of parameters before.
    #[track_caller]
    pub fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<M::Chunk<T>>,
        optimizer: &mut (impl Optimizer<T> + ?Sized),
    ) -> Result<f64, StepError> {
        let sharding = self.propagate("step", parameters, batch);
        if sharding.samples == 0 {
            return Ok(self.cost);
        }
        let values = parameters.data_mut();
        check_size(values.len(), optimizer.size());
        let layout = Arc::clone(self.gradient.layout());
        let shards = &self.shards[..sharding.shards];
        let bound: f64 = shards.iter().map(|shard| shard.bound).sum();
        let is_taken = optimizer.step_by_pieces(values.len(), &mut |update| {
            if !(update.is_safe(bound) && update.moments_fit(values.len())) {
                return false;
            }
            let descent = update.descent();
            let (buffers, rule) = update.with(values);
            let work = |panel: &Panel, parts: &mut [&mut [T]]| {
                let [values, moments @ ..] = parts else {
                    return;
                };
                if let Some(rate) = descent
                    && descend::<T, M, G>(shards, rate, panel, values)
                {
                    return;
                }
                let mut gradient = Tensor::zeros([values.len()]);
                write_sum::<T, M, G>(shards, panel, gradient.data_mut());
                rule(values, gradient.data(), moments);
            };
            each_panel(&layout, shards.len() > 1, buffers, &work);
            true
        });
        if !is_taken {
            self.form(sharding.shards);
            let gradient = self.gradient.data();
            check_gradient(gradient)
                .and_then(|()| optimizer.step(values, gradient))
                .map_err(|error| error.in_layout(&layout))?;
        }
        if let Some(statistics) = parameters.statistics_mut() {
            let shards = &self.shards[..sharding.shards];
            mix_observed(&shards.iter().map(|shard| &shard.observed), statistics);
        }
        self.context.step += 1;
        Ok(self.cost)
    }

    /// The mean cost of the latest batch, also if its step failed; NaN before the first.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.cost
    }

    /// The gradient from the latest [`compute`](BatchGradient::compute), or [`step`](BatchGradient::step) that failed.
    #[must_use]
    pub fn gradient(&self) -> &Parameters<T> {
        &self.gradient
    }

    /// Takes all shards forward and back, which gives the mean cost; returns how the batch was cut.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the model, the parameters are those of another layout, or the cost is no scalar.
    #[track_caller]
    fn propagate<B: Batch<M::Chunk<T>>>(
        &mut self,
        operation: &str,
        parameters: &Parameters<T>,
        batch: &B,
    ) -> Sharding {
        // The layout is the one that the model had at first: nothing here would fit another.
        parameters.check_layout(operation, self.gradient.layout());
        let chunking = self.model.chunking();
        let sharding = Sharding::new::<T>(chunking, batch.len(), self.shards_wanted);
        let count = sharding.shards;
        if self.shards.len() < count {
            self.shards.resize_with(count, Shard::default);
            self.workspaces.resize_with(count, Default::default);
        }
        let on = Propagation {
            model: &self.model,
            parameters,
            batch,
            sharding: &sharding,
            weight: batch.weight(sharding.samples),
            context: &self.context,
        };
        let all = (0, &mut self.shards[..count], &mut self.workspaces[..count]);
        let cost = reporting(operation, || {
            check_whole(on.model, batch, &sharding);
            in_halves(
                all,
                // Costs are added along the tree of the gradients.
                &|(first, shards, workspaces)| match shards.len() {
                    1 => Err((first, shards, workspaces)),
                    count => {
                        let half = first_half(count);
                        let (shards, other_shards) = shards.split_at_mut(half);
                        let (workspaces, others) = workspaces.split_at_mut(half);
                        Ok([
                            (first, shards, workspaces),
                            (first + half, other_shards, others),
                        ])
                    }
                },
                &|(number, shards, workspaces)| {
                    shards[0].compute(number, &mut workspaces[0], &on);
                    shards[0].cost
                },
                &|first, rest| first + rest,
            )
        });
        self.cost = cost / on.weight;
        sharding
    }

    /// Forms the gradient of what the shards have left.
    fn form(&mut self, shards: usize) {
        let shards = &self.shards[..shards];
        let layout = Arc::clone(self.gradient.layout());
        let buffers = SmallVec::from_iter([self.gradient.data_mut()]);
        let work = |panel: &Panel, parts: &mut [&mut [T]]| {
            write_sum::<T, M, G>(shards, panel, parts[0]);
        };
        each_panel(&layout, shards.len() > 1, buffers, &work);
    }
}

/// How many of several shards are added before the rest: the largest power of two below their number. So a sum has the
/// same bits wherever parts of it are computed.
fn first_half(shards: usize) -> usize {
    shards.next_power_of_two() / 2
}
