//! A training on several ranks.

use super::Training;
use crate::batch::Ranks;
use crate::data::Gather;
use crate::distributed::{Communicator, DistributionError, Times};
use crate::snapshot::{Describe, SnapshotError, write_training};
use crate::{Chunking, Model, OptimizerState, ShardGradient};
use autodiff::tensor::{Real, Tensor};
use std::any::type_name;
use std::path::Path;

impl<'a, T, M, D, G> Training<'a, T, M, D, G>
where
    T: Real,
    M: Model,
    D: Gather<M::Chunk<T>>,
    G: ShardGradient<T, M>,
{
    /// Returns the training on the ranks of a [communicator](crate::distributed). Each rank makes the same training,
    /// with the same parameters, optimizer, batches and seeds. It loads only its own samples of a batch.
    ///
    /// The result has the bits of one process. With one rank, the training is returned unchanged. Nothing compares the
    /// trainings of the ranks: if they may differ, let the ranks [`agree`](crate::distributed::agree) on digests first.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// use nn::distributed::on_threads;
    /// use nn::{Activation, Adam, BatchGradient, Initializer, Mlp, StandardLoss, Supervised, Training};
    ///
    /// # let x = Tensor::from_flat_fn([300, 2], |i| ((7 * i) as f32).sin());
    /// # let classes = Tensor::from_flat_fn([300], |i| u32::from(x.at([i, 0]) > x.at([i, 1])));
    /// # let data = (x, classes.into());
    /// let network = Mlp::new(&[2, 8, 2], Activation::Tanh);
    /// let model = Supervised::new(&network, StandardLoss::cross_entropy());
    /// let training = || {
    ///     let initial = network.init::<f32>(Initializer::GlorotUniform, 7);
    ///     Training::new(BatchGradient::tape(model), initial, Box::new(Adam::new(0.02)), &data)
    ///         .batches(128, 7)
    /// };
    /// let mut alone = training();
    /// alone.epoch()?;
    /// for parameters in on_threads(3, |ranks| {
    ///     let mut training = training().among(ranks).unwrap();
    ///     training.epoch().unwrap();
    ///     training.parameters
    /// }) {
    ///     assert_eq!(parameters, alone.parameters);
    /// }
    /// # Ok::<(), nn::StepError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the samples of the model depend on each other, the optimizer needs the whole gradient, or its moments do not
    /// have the size of the parameters.
    pub fn among(mut self, communicator: &'a dyn Communicator) -> Result<Self, DistributionError> {
        if communicator.size() == 1 {
            return Ok(self);
        }
        let model = self.gradient.model();
        let layout = model.layout();
        if model.chunking() == Chunking::Whole {
            let mut statistics = layout.statistics().into_iter().flat_map(|l| l.slices());
            return Err(DistributionError::CoupledSamples {
                model: type_name::<M>(),
                statistic: statistics.next().map(|slice| slice.name.clone()),
            });
        }
        let (ranks, wanted) = (Ranks::new(communicator), layout.size());
        let range = ranks.own_range(layout);
        if let Some(found) = self.optimizer.size().filter(|&found| found != wanted) {
            return Err(DistributionError::Moments { found, wanted });
        }
        // An optimizer that needs the whole gradient offers no update. This one is not applied.
        let size = self.optimizer.size().unwrap_or(range.len());
        let mut is_offered = false;
        self.optimizer.step_by_panels(size, &mut |_| {
            is_offered = true;
            false
        });
        let mut state = self.optimizer.state();
        if !is_offered {
            let optimizer = state.name;
            return Err(DistributionError::WholeGradient { optimizer });
        }
        if !state.moments.is_empty() {
            for (_, moment) in &mut state.moments {
                *moment = Tensor::from(&moment.data()[range.clone()]);
            }
            self.optimizer.restore(state)?;
        }
        self.ranks = Some(ranks);
        Ok(self)
    }

    /// Where this rank has spent the time of its steps; zero in a single process.
    #[must_use]
    pub fn times(&self) -> Times {
        self.ranks
            .as_ref()
            .map_or_else(Times::default, |ranks| ranks.times)
    }

    /// Returns the state of the optimizer, with the moments of all parameters. All ranks call this method together.
    #[must_use]
    pub fn optimizer_state(&self) -> OptimizerState<T> {
        let mut state = self.optimizer.state();
        if let Some(ranks) = &self.ranks {
            let layout = self.parameters.layout();
            for (_, moment) in &mut state.moments {
                let mut all = Tensor::zeros([layout.size()]);
                let range = ranks.own_range(layout);
                all.data_mut()[range].copy_from_slice(moment.data());
                ranks.gather_ranges(all.data_mut());
                *moment = all;
            }
        }
        state
    }

    /// Writes the model with its parameters and the state of the optimizer, as
    /// [`save_training`](crate::snapshot::save_training) does, and the [notes](Training::notes). All ranks call this
    /// method together, and rank 0 writes the file. A training that is resumed from it on any number of ranks has the
    /// same bits.
    ///
    /// # Errors
    ///
    /// On rank 0 only, if the file cannot be written. An earlier file is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SnapshotError>
    where
        M: Describe,
    {
        let state = self.optimizer_state();
        if self
            .ranks
            .as_ref()
            .is_some_and(|ranks| ranks.communicator.rank() != 0)
        {
            return Ok(());
        }
        write_training(
            path.as_ref(),
            self.gradient.model(),
            &self.parameters,
            &state,
            &self.notes,
        )
    }
}
