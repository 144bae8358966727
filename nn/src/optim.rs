//! Optimizers: each is one loop over the flat buffers of parameters, gradient and moments.
//!
//! An optimizer that updates each parameter separately is defined by its formula, an [`UpdateRule`]; [`ElementwiseOptimizer`]
//! does the rest.
//!
//! A step is refused if a parameter or a moment would become infinite or NaN. The rules clamp their moments, so that a
//! bound on the gradient decides this before the update: if no element of the gradient exceeds the limit that a rule
//! declares ([`Update::safe_up_to`]), moments and parameters stay finite. For a gradient in a flat buffer the bound is
//! its largest element. For a gradient that is formed panel by panel it follows from the largest δ, the largest
//! activation and the number of samples ([`BatchGradient::step`](crate::BatchGradient::step)). Only above the limit the
//! engine forms and checks the whole gradient, and the optimizer tries the step on copies.

mod adam;
mod elementwise;
mod error;
mod kind;
mod range;
mod setting;
mod sgd;
mod state;
mod update;

pub use adam::{Adam, AdamSettings, AdamW, Decoupled};
pub use elementwise::{ElementwiseOptimizer, UpdateRule};
pub use error::{Quantity, StepError};
pub use kind::OptimizerSettings;
pub use setting::{Setting, SettingError};
pub use sgd::{Sgd, SgdSettings};
pub use state::{OptimizerState, StateError};
pub use update::Update;

pub(crate) use update::{Buffers, check_gradient, cut_off};

use autodiff::tensor::Real;
use std::fmt::Debug;

/// An optimizer: updates parameters from their gradient, step by step. [`Sgd`], [`Adam`], [`AdamW`] and every other
/// [`UpdateRule`] update each parameter separately. An implementation of your own may use the whole gradient.
///
/// ```
/// use nn::{Adam, Optimizer, Sgd};
///
/// /// Finds the minimum of a parabola, which is at 3.
/// fn minimize(optimizer: &mut dyn Optimizer<f64>) -> Result<f64, Box<dyn std::error::Error>> {
///     let mut x = [0.0];
///     for _ in 0..200 {
///         let gradient = [2.0 * (x[0] - 3.0)];
///         optimizer.step(&mut x, &gradient)?;
///         let slower = 0.99 * optimizer.learning_rate();
///         optimizer.set_learning_rate(slower)?;
///     }
///     Ok(x[0])
/// }
/// assert!((minimize(&mut Sgd::new(0.1))? - 3.0).abs() < 1e-6);
/// assert!((minimize(&mut Adam::new(0.3))? - 3.0).abs() < 1e-2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Optimizer<T: Real>: Debug + Send {
    /// Updates the parameters by one step.
    ///
    /// Any number of threads must give the same bits. A parameter that is 0 and whose gradient has always been 0 must
    /// stay 0, because the padding of [`Parameters`](crate::Parameters) is 0. After the first step, nothing should be
    /// allocated.
    ///
    /// # Errors
    ///
    /// If an element of the gradient is not finite, or an element of the parameters or moments would not be finite
    /// after the step. Nothing is changed then.
    ///
    /// # Panics
    ///
    /// If the buffers differ in size, or their size differs from an earlier step.
    #[track_caller]
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError>;

    /// Takes a step whose gradient is formed panel by panel. Calls `apply` once, with an [`Update`] for
    /// `parameter_count` parameters. Returns whether `apply` applied it; if not, the optimizer must not change.
    ///
    /// [`BatchGradient::step`](crate::BatchGradient::step) uses this method to update each panel of the parameters
    /// while its gradient is in cache. The bits must be the same as by [`step`](Optimizer::step). The update of a panel cannot be
    /// undone, so `apply` applies only an update that is [safe](Update::safe_up_to) for the current gradient. Otherwise
    /// the engine calls `step` with the whole gradient.
    ///
    /// The method is for optimizers that update each parameter separately. An optimizer that needs the whole gradient
    /// keeps the default, which does nothing and returns `false`.
    ///
    /// # Panics
    ///
    /// If the number of parameters differs from an earlier step.
    #[track_caller]
    fn step_by_panels(
        &mut self,
        parameter_count: usize,
        apply: &mut dyn FnMut(Update<'_, T>) -> bool,
    ) -> bool {
        let _ = (parameter_count, apply);
        false
    }

    /// The number of parameters of the earlier steps, if there were any and the optimizer stores a moment for each
    /// parameter.
    fn size(&self) -> Option<usize> {
        None
    }

    /// The learning rate α.
    fn learning_rate(&self) -> f64;

    /// Sets the learning rate of the next steps. A schedule calls it between steps.
    ///
    /// # Errors
    ///
    /// If the learning rate is negative, or not finite in `T`. The optimizer is then unchanged.
    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), SettingError>;

    /// Returns everything that the next steps depend on. The state shares the memory of the moments, so the next step
    /// copies the moments unless the state has been dropped.
    fn state(&self) -> OptimizerState<T>;

    /// Replaces the settings and moments of this optimizer by the settings and moments of a state. The next steps are
    /// the same as by the optimizer that the state was taken from.
    ///
    /// # Errors
    ///
    /// If the state is invalid or belongs to another kind of optimizer; this optimizer is then unchanged.
    fn restore(&mut self, state: OptimizerState<T>) -> Result<(), StateError>;
}

/// Unwraps the optimizer that a constructor made from a learning rate.
///
/// # Panics
///
/// If a setting is out of its range.
#[track_caller]
fn expect_valid<O>(optimizer: Result<O, SettingError>) -> O {
    match optimizer {
        Ok(optimizer) => optimizer,
        Err(error) => panic!("{error}"),
    }
}

/// Checks that the number of parameters of a step is the number of the earlier steps.
///
/// # Panics
///
/// If they differ.
#[track_caller]
pub(crate) fn check_size(parameter_count: usize, earlier_count: Option<usize>) {
    let earlier_count = earlier_count.unwrap_or(parameter_count);
    assert!(
        parameter_count == earlier_count,
        "step: parameters and the optimizer's moments differ in size: {parameter_count} and {earlier_count}"
    );
}

/// Checks that the buffers of a step have one size, which is also the size in the earlier steps.
///
/// # Panics
///
/// If they differ.
#[track_caller]
fn check_sizes<T>(parameters: &[T], gradient: &[T], earlier_count: Option<usize>) {
    assert!(
        parameters.len() == gradient.len(),
        "step: parameters and gradient differ in size: {} and {}",
        parameters.len(),
        gradient.len()
    );
    check_size(parameters.len(), earlier_count);
}
