//! A step on several ranks: see [`distributed`](crate::distributed).

use super::BatchGradient;
use super::panels::{Panel, each_panel};
use super::shard::write_sum;
use crate::distributed::{Communicator, Division, Times, add_along_tree, first_half, subtrees};
use crate::optim::{Buffers, check_gradient};
use crate::{Batch, Layout, Model, Optimizer, Parameters, Quantity, ShardGradient, StepError};
use autodiff::tensor::Real;
use std::mem;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A rank's connection to the others, and the memory that its steps reuse.
#[derive(Debug)]
pub(crate) struct Ranks<'a, T> {
    pub(crate) communicator: &'a dyn Communicator,
    pub(crate) times: Times,
    /// The sums of the rank's subtrees after the first, each of the size of the parameters.
    sums: Vec<Vec<T>>,
    /// The rank's range of the sums of all ranks' subtrees.
    owned: Vec<T>,
    outgoing: Vec<T>,
}

impl<'a, T: Real> Ranks<'a, T> {
    pub(crate) fn new(communicator: &'a dyn Communicator) -> Self {
        Ranks {
            communicator,
            times: Times::default(),
            sums: Vec::new(),
            owned: Vec::new(),
            outgoing: Vec::new(),
        }
    }

    pub(crate) fn division(&self) -> Division {
        let ranks = self.communicator.size();
        Division { ranks }
    }

    /// The range of the parameters that this rank owns.
    pub(crate) fn own_range(&self, layout: &Layout) -> Range<usize> {
        let rank = self.communicator.rank();
        self.division().parameters(rank, layout.size())
    }

    /// Gathers the ranges of a buffer from their owners.
    pub(crate) fn gather_ranges(&self, buffer: &mut [T]) {
        let (division, size) = (self.division(), buffer.len());
        let bounds = division.bounds::<T>(|rank| division.parameters(rank, size));
        let bytes = bytemuck::cast_slice_mut(buffer);
        self.communicator.gather(bytes, &bounds);
    }

    /// Sends the sums of the rank's subtrees to the owners of the parameters. Returns this rank's range of the sum over
    /// all shards.
    fn add_among(&mut self, first_sum: &[T], shard_count: usize) -> &mut [T] {
        let (division, communicator) = (self.division(), self.communicator);
        let (rank, ranks) = (communicator.rank(), communicator.size());
        let of_rank = |rank| subtrees(shard_count, &division.shards(rank, shard_count));
        let all: Vec<Vec<Range<usize>>> = (0..ranks).map(of_rank).collect();
        let range_of = |rank| division.parameters(rank, first_sum.len());
        let length = range_of(rank).len();
        let begins: Vec<usize> = all.iter().flatten().map(|subtree| subtree.start).collect();
        // Where the sums of each rank's subtrees begin in `owned`.
        let place = |rank: usize| all[..rank].iter().map(Vec::len).sum::<usize>() * length;
        self.owned.resize(begins.len() * length, T::default());

        let sums = &self.sums[..all[rank].len().saturating_sub(1)];
        let parts = |range: Range<usize>| {
            let first = (!all[rank].is_empty()).then_some(first_sum);
            let all = first.into_iter().chain(sums.iter().map(|sum| &sum[..]));
            all.map(move |sum| &sum[range.clone()])
        };
        let own = &mut self.owned[place(rank)..place(rank + 1)];
        for (own, part) in own
            .chunks_exact_mut(length.max(1))
            .zip(parts(range_of(rank)))
        {
            own.copy_from_slice(part);
        }
        for distance in 1..ranks {
            let (to, from) = ((rank + distance) % ranks, (rank + ranks - distance) % ranks);
            let outgoing = match &all[rank][..] {
                [_] => &first_sum[range_of(to)],
                _ => {
                    self.outgoing.clear();
                    parts(range_of(to)).for_each(|part| self.outgoing.extend_from_slice(part));
                    &self.outgoing[..]
                }
            };
            let incoming = &mut self.owned[place(from)..place(from + 1)];
            let (outgoing, incoming) = (
                bytemuck::cast_slice(outgoing),
                bytemuck::cast_slice_mut(incoming),
            );
            communicator.exchange(to, outgoing, from, incoming);
        }
        add_along_tree(0..shard_count, &begins, &mut self.owned);
        &mut self.owned[..length]
    }

    /// Returns the outcome of all ranks: an error of the gradient, or else the error of the first parameter.
    fn agree(&self, own: Option<&StepError>, begin: usize) -> Result<(), StepError> {
        let (rank, ranks) = (self.communicator.rank(), self.communicator.size());
        let quantities = [Quantity::Gradient, Quantity::Moment, Quantity::Parameter];
        let mut all = vec![[0.0; 3]; ranks];
        if let Some(&StepError {
            quantity,
            element,
            value,
            ..
        }) = own
        {
            let number = quantities.iter().position(|&q| q == quantity).unwrap_or(0) + 1;
            all[rank] = [number as f64, (begin + element) as f64, value];
        }
        let bounds = self.division().bounds::<[f64; 3]>(|rank| rank..rank + 1);
        let bytes = bytemuck::cast_slice_mut(&mut all);
        self.communicator.gather(bytes, &bounds);
        let errors = all.into_iter().filter(|&[number, ..]| number > 0.0);
        match errors.min_by_key(|&[number, element, _]| (number > 1.0, element as usize)) {
            None => Ok(()),
            Some([number, element, value]) => {
                let quantity = quantities[number as usize - 1];
                Err(StepError::new(quantity, element as usize, value))
            }
        }
    }
}

impl<T: Real, M: Model, G: ShardGradient<T, M>> BatchGradient<T, M, G> {
    /// Takes one step on several ranks, as [`step`](BatchGradient::step) takes it on one.
    #[track_caller]
    pub(crate) fn step_among(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &impl Batch<M::Chunk<T>>,
        optimizer: &mut dyn Optimizer<T>,
        ranks: &mut Ranks<'_, T>,
    ) -> Result<f64, StepError> {
        let mut lap = Lap(Instant::now());
        let layout = Arc::clone(self.gradient.layout());
        let (communicator, division) = (ranks.communicator, ranks.division());
        let rank = communicator.rank();
        let sharding = self.propagate("step", parameters, batch, |shards| {
            division.shards(rank, shards)
        });
        if sharding.samples == 0 {
            return Ok(self.cost);
        }
        let run = division.shards(rank, sharding.shards);
        let mut costs = vec![[0.0; 2]; sharding.shards];
        for (cost, shard) in costs[run.clone()].iter_mut().zip(&self.shards) {
            *cost = [shard.cost, shard.bound];
        }
        self.form_subtrees(&run, sharding.shards, ranks);
        ranks.times.computation += lap.end();
        let bounds = division.bounds::<[f64; 2]>(|rank| division.shards(rank, sharding.shards));
        communicator.gather(bytemuck::cast_slice_mut(&mut costs), &bounds);
        ranks.times.waiting += lap.end();
        self.cost = cost_along_tree(&costs) / batch.weight(sharding.samples);
        let bound: f64 = costs.iter().map(|[_, bound]| bound).sum();

        let range = ranks.own_range(&layout);
        ranks.add_among(self.gradient.data(), sharding.shards);
        ranks.times.communication += lap.end();
        let values = &mut parameters.data_mut()[range.clone()];
        let gradient = &ranks.owned[..range.len()];
        let mut outcome = Ok(());
        let is_taken = optimizer.step_by_panels(range.len(), &mut |update| {
            assert!(
                update.moments_fit(range.len()),
                "step: the optimizer's moments do not have {} elements",
                range.len()
            );
            if !update.is_safe(bound) {
                let own = check_gradient(gradient).and_then(|()| update.check(values, gradient));
                outcome = ranks.agree(own.err().as_ref(), range.start);
            }
            if outcome.is_ok() {
                update.apply_unchecked(values, gradient);
            }
            outcome.is_ok()
        });
        ranks.times.computation += lap.end();
        if let Err(error) = outcome {
            self.gradient.data_mut()[range.clone()].copy_from_slice(gradient);
            ranks.gather_ranges(self.gradient.data_mut());
            return Err(error.in_layout(&layout));
        }
        assert!(
            is_taken,
            "step: the optimizer did not take the step of its range"
        );
        ranks.gather_ranges(parameters.data_mut());
        ranks.times.communication += lap.end();
        self.context.step += 1;
        Ok(self.cost)
    }

    /// Forms the sums of the gradients over the largest subtrees of a run of shards: the first in `self.gradient`.
    fn form_subtrees(&mut self, run: &Range<usize>, shard_count: usize, ranks: &mut Ranks<'_, T>) {
        let subtrees = subtrees(shard_count, run);
        if subtrees.is_empty() {
            return;
        }
        let layout = Arc::clone(self.gradient.layout());
        let zeros = || vec![T::default(); layout.size()];
        if ranks.sums.len() + 1 < subtrees.len() {
            ranks.sums.resize_with(subtrees.len() - 1, zeros);
        }
        let shards = &self.shards[..run.len()];
        let mut buffers = Buffers::new();
        buffers.push(self.gradient.data_mut());
        let others = ranks.sums[..subtrees.len() - 1].iter_mut();
        buffers.extend(others.map(|sum| &mut sum[..]));
        let work = |panel: &Panel, parts: &mut [&mut [T]]| {
            for (subtree, sum) in subtrees.iter().zip(parts) {
                let shards = &shards[subtree.start - run.start..subtree.end - run.start];
                write_sum::<T, M, G>(shards, panel, sum);
            }
        };
        // The panels are those of one process, whose products have the same bits.
        each_panel(&layout, shard_count > 1, buffers, &work);
    }
}

/// Adds costs along the tree over their shards.
fn cost_along_tree(costs: &[[f64; 2]]) -> f64 {
    if let [[cost, _]] = costs {
        return *cost;
    }
    let (first, rest) = costs.split_at(first_half(costs.len()));
    cost_along_tree(first) + cost_along_tree(rest)
}

/// Measures the times between moments.
struct Lap(Instant);

impl Lap {
    /// Returns the time since the latest moment.
    fn end(&mut self) -> Duration {
        let now = Instant::now();
        now - mem::replace(&mut self.0, now)
    }
}
