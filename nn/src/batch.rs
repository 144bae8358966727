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
mod rows;
mod shard;
mod sharding;

pub use rows::Rows;
pub use sharding::Sharding;

use crate::model::check_whole;
use crate::optim::{check_gradient, check_size};
use crate::refusal::reporting;
use crate::{Model, Optimizer, Parameters, ShardGradient, StepError, TapeGradient};
use autodiff::tensor::{Real, Targets, Tensor};
use panels::{Panel, each_panel};
use shard::{Propagation, Shard, descend, write_sum};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// Samples, any run of which can be loaded as a chunk for a [`Model`].
pub trait Batch<C>: Sync {
    /// The number of samples. It is asked for once each time that the batch is used.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A run of samples. Several threads load at a time.
    ///
    /// # Panics
    ///
    /// If the range does not lie inside the batch.
    #[track_caller]
    fn load(&self, range: Range<usize>) -> C;

    /// All samples, if that takes no time because they share memory. They are then compared with the model before the
    /// batch is cut.
    fn whole(&self) -> Option<C> {
        None
    }

    /// Why this is no batch, if its parts do not fit together. It is reported at the line that passed it.
    fn fault(&self) -> Option<String> {
        None
    }

    /// What the sum of the costs of all `samples` is divided by: their number, or that of their words, say.
    fn weight(&self, samples: usize) -> f64 {
        samples as f64
    }
}

/// Inputs, a row for each sample, and their targets.
pub type Labelled<T> = (Tensor<T>, Targets<T>);

/// The mean cost of a batch and its gradient, computed chunk by chunk in memory that is reused.
///
/// The threads are those of the surrounding rayon pool. They share the samples, and then the parameters. The memory of the
/// shards is kept for the next batch, so a step like the one before it allocates nothing.
///
/// `G` is where the gradient of a chunk comes from.
#[derive(Debug)]
pub struct BatchGradient<T: Real, M: Model, G: ShardGradient<T, M> = TapeGradient<T>> {
    model: M,
    seed: u64,
    step: u64,
    shards_wanted: Option<usize>,
    states: Vec<ShardState<T, G, G::Workspace>>,
    gradient: Parameters<T>,
}

/// A shard and the memory that its thread works in.
#[derive(Debug, Default)]
struct ShardState<T: Real, G: Default, W> {
    shard: Shard<T, G>,
    workspace: W,
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
            seed: 0,
            step: 0,
            shards_wanted: None,
            states: Vec::new(),
            gradient: Parameters::zeros(Arc::clone(layout)),
            model,
        }
    }

    /// Sets the seed of everything that is random in the model.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
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
        self.step
    }

    /// Changes the number of the next gradient, to resume a training.
    pub fn set_step_number(&mut self, step: u64) {
        self.step = step;
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
        let (cost, sharding) = self.propagate("compute", parameters, batch);
        self.form(sharding.shards);
        self.step += 1;
        (cost, &mut self.gradient)
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
        let (cost, sharding) = self.propagate("step", parameters, batch);
        if sharding.samples == 0 {
            return Ok(cost);
        }
        let shards = sharding.shards;
        let values = parameters.data_mut();
        check_size(values.len(), optimizer.size());
        let layout = Arc::clone(self.gradient.layout());
        let is_taken = {
            let shards = computed(&self.states[..shards]);
            let bound: f64 = shards.iter().map(|shard| shard.bound).sum();
            optimizer.step_by_pieces(values.len(), &mut |update| {
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
                        && descend::<T, M, G>(&shards, rate, panel, values)
                    {
                        return;
                    }
                    let mut gradient = Tensor::zeros([values.len()]);
                    write_sum::<T, M, G>(&shards, panel, gradient.data_mut());
                    rule(values, gradient.data(), moments);
                };
                each_panel(&layout, shards.len() > 1, buffers, &work);
                true
            })
        };
        if !is_taken {
            self.form(shards);
            let gradient = self.gradient.data();
            check_gradient(gradient)
                .and_then(|()| optimizer.step(values, gradient))
                .map_err(|error| error.in_layout(&layout))?;
        }
        self.mix_observed(shards, parameters);
        self.step += 1;
        Ok(cost)
    }

    /// The gradient from the latest [`compute`](BatchGradient::compute), or [`step`](BatchGradient::step) that failed.
    #[must_use]
    pub fn gradient(&self) -> &Parameters<T> {
        &self.gradient
    }

    /// Takes all shards forward and back; returns the mean cost and how the batch was cut.
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
    ) -> (f64, Sharding) {
        // The layout is the one that the model had at first: nothing here would fit another.
        parameters.check_layout(operation, self.gradient.layout());
        let chunking = self.model.chunking();
        let sharding = Sharding::new::<T>(chunking, batch.len(), self.shards_wanted);
        let provided = sharding.shards.max(self.states.len());
        self.states.resize_with(provided, ShardState::default);
        let on = Propagation {
            model: &self.model,
            parameters,
            batch,
            sharding: &sharding,
            weight: batch.weight(sharding.samples),
            seed: self.seed,
            step: self.step,
        };
        let states = &mut self.states[..sharding.shards];
        reporting(operation, || {
            check_whole(on.model, batch, &sharding);
            each_state(
                0,
                states,
                &|number, state: &mut ShardState<T, G, G::Workspace>| {
                    state.shard.compute(number, &mut state.workspace, &on);
                },
            );
        });
        let cost = sum_of(states, &|state| state.shard.cost);
        (cost / on.weight, sharding)
    }

    /// Forms the gradient of what the shards have left.
    fn form(&mut self, shards: usize) {
        let computed = computed(&self.states[..shards]);
        let layout = Arc::clone(self.gradient.layout());
        let buffers = SmallVec::from_iter([self.gradient.data_mut()]);
        let work = |panel: &Panel, parts: &mut [&mut [T]]| {
            write_sum::<T, M, G>(&computed, panel, parts[0]);
        };
        each_panel(&layout, shards > 1, buffers, &work);
    }

    /// Mixes what the chunks have observed into the statistics, each weighted by its samples.
    fn mix_observed(&self, shards: usize, parameters: &mut Parameters<T>) {
        let Some(statistics) = parameters.statistics_mut() else {
            return;
        };
        let observed = || {
            self.states[..shards]
                .iter()
                .flat_map(|state| &state.shard.observed.0)
        };
        for number in 0..statistics.layout().slices().len() {
            let found = || observed().filter(|(statistic, ..)| statistic.number as usize == number);
            let samples: usize = found().map(|(_, samples, _)| samples).sum();
            let mut kept = found().map(|(statistic, ..)| 1.0 - statistic.rate);
            let Some(kept) = kept.next().filter(|_| samples > 0) else {
                continue;
            };
            let slice = statistics.slice_mut(number);
            slice.iter_mut().for_each(|x| *x = T::from_f64(kept) * *x);
            for (_, count, value) in found() {
                let share = T::from_f64((1.0 - kept) * *count as f64 / samples as f64);
                for (x, &value) in slice.iter_mut().zip(value.data()) {
                    *x = *x + share * value;
                }
            }
        }
    }
}

/// The shards of some states, in their order; a list of the usual number is stored inline.
fn computed<T: Real, G: Default, W>(
    states: &[ShardState<T, G, W>],
) -> SmallVec<[&Shard<T, G>; 16]> {
    states.iter().map(|state| &state.shard).collect()
}

/// Calls `work` with each state and its number, each half of the states on a thread of its own if one is idle.
fn each_state<S: Send>(first: usize, states: &mut [S], work: &(impl Fn(usize, &mut S) + Sync)) {
    if let [state] = states {
        return work(first, state);
    }
    let half = states.len() / 2;
    let (begin, end) = states.split_at_mut(half);
    rayon::join(
        || each_state(first, begin, work),
        || each_state(first + half, end, work),
    );
}

/// The sum of a number of each shard, along the tree of their gradients.
fn sum_of<S>(shards: &[S], number: &impl Fn(&S) -> f64) -> f64 {
    if let [shard] = shards {
        return number(shard);
    }
    let (first, rest) = shards.split_at(shards.len().next_power_of_two() / 2);
    sum_of(first, number) + sum_of(rest, number)
}
