//! The training loop: steps over all samples, or over batches drawn from a seed.

mod ranks;

use crate::batch::Ranks;
use crate::data::{Batches, Gather, Selection};
use crate::snapshot::Notes;
use crate::{BatchGradient, Model, Optimizer, Parameters, ShardGradient, StepError, TapeGradient};
use autodiff::tensor::Real;

/// A training in progress: the parameters of a model, an optimizer and the data.
///
/// The caller's loop does everything between steps: evaluate the model, change the learning rate, save, or stop.
///
/// ```
/// use autodiff::Tensor;
/// use nn::{Activation, Adam, BatchGradient, Initializer, Mlp, StandardLoss, Supervised, Training};
/// use nn::{OptimizerSettings, evaluate};
///
/// # let x = Tensor::from_flat_fn([300, 2], |i| ((7 * i) as f32).sin());
/// # let classes = Tensor::from_flat_fn([300], |i| u32::from(x.at([i, 0]) > x.at([i, 1])));
/// # let (data, test) = ((x.clone(), classes.clone().into()), (x, classes.into()));
/// let network = Mlp::new(&[2, 8, 2], Activation::Tanh);
/// let model = Supervised::new(&network, StandardLoss::cross_entropy());
/// let mut training = Training::new(
///     BatchGradient::tape(model),
///     network.init(Initializer::GlorotUniform, 7),
///     Box::new(Adam::new(0.02)),
///     &data,
/// )
/// .batches(32, 7);
/// for epoch in 1..=20 {
///     let cost = training.epoch()?;
///     println!("{epoch}: {cost}");
///     if evaluate(&model, &training.parameters, &test).accuracy() > 0.95 {
///         break;
///     }
///     let slower = 0.9 * training.optimizer.learning_rate();
///     training.optimizer.set_learning_rate(slower)?;
/// }
/// assert!(evaluate(&model, &training.parameters, &test).accuracy() > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Training<'a, T: Real, M: Model, D, G: ShardGradient<T, M> = TapeGradient<T>> {
    /// The parameters after the latest step.
    pub parameters: Parameters<T>,
    /// The optimizer. A schedule changes its learning rate between steps. On [several ranks](Training::among), it has
    /// only this rank's range of the moments.
    pub optimizer: Box<dyn Optimizer<T>>,
    gradient: BatchGradient<T, M, G>,
    data: &'a D,
    /// `None` if each step takes all samples.
    batches: Option<Batches>,
    /// `None` in a single process.
    ranks: Option<Ranks<'a, T>>,
    notes: Notes,
}

impl<'a, T, M, D, G> Training<'a, T, M, D, G>
where
    T: Real,
    M: Model,
    D: Gather<M::Chunk<T>>,
    G: ShardGradient<T, M>,
{
    /// Returns a training with all samples in each step.
    ///
    /// # Panics
    ///
    /// If the parameters have another layout, or there are no samples.
    #[must_use]
    #[track_caller]
    pub fn new(
        gradient: BatchGradient<T, M, G>,
        parameters: Parameters<T>,
        optimizer: Box<dyn Optimizer<T>>,
        data: &'a D,
    ) -> Self {
        parameters.check_layout("training", gradient.model().layout());
        assert!(!data.is_empty(), "training: there are no samples");
        Training {
            parameters,
            optimizer,
            gradient,
            data,
            batches: None,
            ranks: None,
            notes: Notes::new(),
        }
    }

    /// Returns the training with at most `size` samples in each step, [drawn](Batches) from a seed. If there are at
    /// most `size` samples, each step takes all of them, in their order in the data.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    #[must_use]
    #[track_caller]
    pub fn batches(self, size: usize, seed: u64) -> Self {
        let mut batches = Batches::new(self.data.len(), size, seed);
        batches.skip(self.steps());
        Training {
            batches: (batches.per_epoch() > 1).then_some(batches),
            ..self
        }
    }

    /// Returns the training as it continues after `steps` steps.
    ///
    /// With the parameters and the optimizer that [`save_training`](crate::snapshot::save_training) saved after those
    /// steps, the next steps have the same bits as in a training without interruption.
    #[must_use]
    pub fn resumed_after(mut self, steps: u64) -> Self {
        if let Some(batches) = &mut self.batches {
            batches.skip(steps.saturating_sub(self.gradient.step_number()));
        }
        self.gradient.set_step_number(steps);
        self
    }

    /// Returns the training with notes, which [`save`](Training::save) writes into its files. A program compares them
    /// with its own when it resumes: a training continues with the same bits only if all that the file does not
    /// contain is the same too, such as the seed, the size of the batches and the data.
    #[must_use]
    pub fn notes(self, notes: Notes) -> Self {
        Training { notes, ..self }
    }

    /// Takes one step. Returns the mean cost of its samples before the step.
    ///
    /// # Errors
    ///
    /// If the gradient, or parameters or moments after the step, would not be finite; see [`BatchGradient::step`]. Only
    /// the position in the epoch has then changed.
    ///
    /// # Panics
    ///
    /// If the samples do not fit the model.
    #[track_caller]
    pub fn step(&mut self) -> Result<f64, StepError> {
        let batch = Selection::new(self.data, self.batches.as_mut().map(Batches::draw));
        let (parameters, optimizer) = (&mut self.parameters, &mut *self.optimizer);
        match &mut self.ranks {
            None => self.gradient.step(parameters, &batch, optimizer),
            Some(ranks) => self
                .gradient
                .step_among(parameters, &batch, optimizer, ranks),
        }
    }

    /// Takes the steps of one epoch. Returns the mean of their costs.
    ///
    /// # Errors
    ///
    /// If a step fails, as [`step`](Training::step) does. The steps before it have been taken.
    ///
    /// # Panics
    ///
    /// If the samples do not fit the model.
    #[track_caller]
    pub fn epoch(&mut self) -> Result<f64, StepError> {
        let steps = self.steps_per_epoch();
        let mut sum = 0.0;
        for _ in 0..steps {
            sum += self.step()?;
        }
        Ok(sum / steps as f64)
    }

    /// The number of steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.gradient.step_number()
    }

    /// The number of steps in an epoch, which uses each sample once.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.batches.as_ref().map_or(1, Batches::per_epoch)
    }

    /// The engine that computes the gradients. It holds the cost and the gradient of a failed step.
    #[must_use]
    pub fn gradient(&self) -> &BatchGradient<T, M, G> {
        &self.gradient
    }
}
