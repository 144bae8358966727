//! The gradient of a batch: a sum over samples, added in the same order on any number of threads.
//!
//! A batch is cut into shards, each a run of consecutive samples, and a shard into chunks. The threads first share the
//! shards. Each shard is taken forward and back, and keeps the factors of its gradient, or the sum over its chunks if
//! it has several. Then the threads share the parameters: for each panel, the gradients of the shards are added along a
//! fixed binary tree, and the optimizer's rule is applied to the sum. The cuts depend only on the batch, the model, and
//! the number of shards if it is set. Any number of threads therefore gives the same bits, and so does
//! [`compute`](BatchGradient::compute) followed by the optimizer.
//!
//! A step updates a panel as soon as its gradient is formed. It must therefore know beforehand that no update will have
//! to be undone because the gradient of another panel is not finite. No element of δᵀ a is larger than the largest |δ|
//! times the largest |a| times the number of samples; each shard computes this bound. If the bound is finite, and small
//! enough for the optimizer's rule ([`Update::safe_up_to`](crate::Update::safe_up_to)), the step is taken panel by
//! panel. Otherwise, which is rare, the whole gradient is formed, and the optimizer checks it before it changes
//! anything.

mod panels;
mod ranks;
mod shard;
mod sharding;

pub(crate) use ranks::Ranks;
pub use sharding::Sharding;

use crate::distributed::first_half;
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
use std::ops::Range;
use std::sync::Arc;

/// The mean cost of a batch and its gradient, computed chunk by chunk in memory that is reused.
///
/// The threads of the surrounding rayon pool share the samples, and then the parameters. The memory of the shards is
/// kept for the next batch, so that a step like the one before it allocates nothing.
///
/// `G` is the source of a chunk's gradient: the tape by default.
#[derive(Debug)]
pub struct BatchGradient<T: Real, M: Model, G: ShardGradient<T, M> = TapeGradient<T>> {
    model: M,
    /// The context of the next gradient; its range of samples is unused.
    context: Context,
    shards_wanted: Option<usize>,
    shards: Vec<Shard<T, G>>,
    /// The scratch memory of each shard. Only the thread that computes the shard uses it.
    workspaces: Vec<G::Workspace>,
    cost: f64,
    gradient: Parameters<T>,
}

impl<T: Real, M: Model> BatchGradient<T, M> {
    /// Returns an engine that computes gradients of a model's cost by the tape.
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
    /// Returns an engine that computes gradients of a model's cost by the source `G`.
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
            "a model without parameters cannot be trained; was its layout taken before its layers were made?"
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

    /// Sets the seed of the model's random numbers, such as the masks of dropout. The default is 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.context.seed = seed;
        self
    }

    /// Sets the number of shards of every batch, instead of one that depends on the number of samples. A batch of fewer
    /// samples has a shard for each sample. A batch that is not cut ([`Chunking::Whole`](crate::Chunking::Whole)) has
    /// one shard.
    ///
    /// The rounding of a sum over the batch depends on the number of shards. Two trainings have the same bits only if
    /// they have the same number of shards.
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

    /// The number of the next gradient, from 0. The random numbers of the model depend on it.
    #[must_use]
    pub fn step_number(&self) -> u64 {
        self.context.step
    }

    /// Sets the number of the next gradient, to resume a training.
    pub fn set_step_number(&mut self, step: u64) {
        self.context.step = step;
    }

    /// Returns the mean of the samples' costs, and its gradient.
    ///
    /// The mean over no samples is NaN, and its gradient zero.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the model, the parameters have another layout, or the cost is not a scalar.
    #[track_caller]
    pub fn compute(
        &mut self,
        parameters: &Parameters<T>,
        batch: &impl Batch<M::Chunk<T>>,
    ) -> (f64, &mut Parameters<T>) {
        let sharding = self.propagate("compute", parameters, batch, |shards| 0..shards);
        self.form(sharding.shards);
        self.context.step += 1;
        (self.cost, &mut self.gradient)
    }

    /// Takes one step of an optimizer on a batch. Returns the mean cost before the step.
    ///
    /// The bits are the same as by [`compute`](BatchGradient::compute) followed by the optimizer's step. The gradient
    /// is formed in panels, each of which is used immediately, so [`gradient`](BatchGradient::gradient) does not return
    /// it afterwards.
    ///
    /// An empty batch changes neither parameters nor optimizer.
    ///
    /// # Errors
    ///
    /// If an element of the gradient is not finite, or an element of the parameters or moments would not be finite
    /// after the step. Parameters, statistics and optimizer are then unchanged, and
    /// [`gradient`](BatchGradient::gradient) returns the gradient. A parameter that was not finite before the step is
    /// noticed only if it makes the gradient not finite.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the model, the parameters have another layout, the cost is not a scalar, or the
    /// optimizer has stepped a different number of parameters before.
    #[track_caller]
    pub fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<M::Chunk<T>>,
        optimizer: &mut (impl Optimizer<T> + ?Sized),
    ) -> Result<f64, StepError> {
        let sharding = self.propagate("step", parameters, batch, |shards| 0..shards);
        if sharding.samples == 0 {
            return Ok(self.cost);
        }
        let values = parameters.data_mut();
        check_size(values.len(), optimizer.size());
        let layout = Arc::clone(self.gradient.layout());
        let shards = &self.shards[..sharding.shards];
        let bound: f64 = shards.iter().map(|shard| shard.bound).sum();
        let is_taken = optimizer.step_by_panels(values.len(), &mut |update| {
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

    /// The mean cost of the latest batch, also if its step failed; NaN before the first batch.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.cost
    }

    /// The gradient of the latest [`compute`](BatchGradient::compute) or failed [`step`](BatchGradient::step).
    #[must_use]
    pub fn gradient(&self) -> &Parameters<T> {
        &self.gradient
    }

    /// Takes a run of the shards forward and back, and stores the sum of their costs over the weight of the batch, which is
    /// the mean cost if these are all shards. Returns how the batch was cut. `run` returns the run, given the number of
    /// shards.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the model, the parameters have another layout, or the cost is not a scalar.
    #[track_caller]
    fn propagate<B: Batch<M::Chunk<T>>>(
        &mut self,
        operation: &str,
        parameters: &Parameters<T>,
        batch: &B,
        run: impl FnOnce(usize) -> Range<usize>,
    ) -> Sharding {
        // The buffers fit only the layout that the model had when the engine was made.
        parameters.check_layout(operation, self.gradient.layout());
        let chunking = self.model.chunking();
        let sharding = Sharding::new::<T>(chunking, batch.len(), self.shards_wanted);
        let run = run(sharding.shards);
        let count = run.len();
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
        let all = (
            run.start,
            &mut self.shards[..count],
            &mut self.workspaces[..count],
        );
        let cost = reporting(operation, || {
            check_whole(on.model, batch, sharding.samples);
            in_halves(
                all,
                // Costs are added along the same tree as the gradients.
                &|(first, shards, workspaces)| match shards.len() {
                    0 | 1 => Err((first, shards, workspaces)),
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
                &|(number, shards, workspaces)| match (shards, workspaces) {
                    ([shard], [workspace]) => {
                        shard.compute(number, workspace, &on);
                        shard.cost
                    }
                    _ => 0.0,
                },
                &|first, rest| first + rest,
            )
        });
        self.cost = cost / on.weight;
        sharding
    }

    /// Forms the gradient of the batch from the first `shard_count` shards.
    fn form(&mut self, shard_count: usize) {
        let shards = &self.shards[..shard_count];
        let layout = Arc::clone(self.gradient.layout());
        let buffers = SmallVec::from_iter([self.gradient.data_mut()]);
        let work = |panel: &Panel, parts: &mut [&mut [T]]| {
            write_sum::<T, M, G>(shards, panel, parts[0]);
        };
        each_panel(&layout, shards.len() > 1, buffers, &work);
    }
}
