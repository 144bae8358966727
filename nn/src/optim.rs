//! Optimizers: each is one loop over the flat buffers of parameters, gradient and moments.
//!
//! One that updates each parameter on its own is a [`Rule`], its formula; [`Elementwise`] does the rest.
//!
//! A step that would leave a number that is not finite is not taken. No update is undone for that, and none is computed
//! twice as a rule: the rules clamp what they keep in moments, so that from a bound of the gradient it follows that
//! moments and parameters stay finite ([`Update::safe_up_to`]). For a gradient in a flat buffer the bound is its largest
//! element; for one that is formed block by block, it follows from the largest δ and the largest activation
//! ([`BatchGradient::step`](crate::BatchGradient::step)). Only where the bound is too large is the gradient formed as a
//! whole, looked through, and the step tried on copies.

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
pub use elementwise::{Elementwise, Rule};
pub use error::{Quantity, StepError};
pub use kind::OptimizerSettings;
pub use setting::{Setting, SettingError};
pub use sgd::{Sgd, SgdSettings};
pub use state::{OptimizerState, StateError};
pub use update::Update;

pub(crate) use update::{Buffers, check_gradient, cut_off};

use autodiff::tensor::Real;
use std::fmt::Debug;

/// Updates parameters step by step from their gradient: [`Sgd`], [`Adam`], [`AdamW`], another [`Rule`], or one that needs
/// the whole gradient.
///
/// ```
/// use nn::{Adam, Optimizer, Sgd};
///
/// /// Walks down a parabola with its lowest point at 3.
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
    /// Takes one step.
    ///
    /// Any number of threads gives the same bits. A parameter that is 0, with a gradient that has always been 0, stays 0,
    /// as the padding of [`Parameters`](crate::Parameters) must. After the first step nothing is allocated.
    ///
    /// # Errors
    ///
    /// If an element of the gradient, or of parameters or moments after the step, is not finite. Nothing is changed then.
    ///
    /// # Panics
    ///
    /// If the buffers differ in size, or had another size in an earlier step.
    #[track_caller]
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError>;

    /// Begins a step whose gradient is formed piece by piece: passes an [`Update`] for this number of parameters to
    /// `apply`, once, and returns whether that applied it. If it did not, the optimizer must be as before.
    /// [`BatchGradient::step`](crate::BatchGradient::step) uses it to update each piece of the parameters while its
    /// gradient is in cache. The bits are those of [`step`](Optimizer::step).
    ///
    /// Since no piece can be taken back, `apply` applies only an update that is [safe](Update::safe_up_to) for the gradient
    /// at hand. For others, `step` is called with the whole of it.
    ///
    /// This is for optimizers that update each parameter on its own. One that needs the whole gradient keeps the default,
    /// which does nothing and returns false.
    ///
    /// # Panics
    ///
    /// If the number of parameters differs from that of an earlier step.
    #[track_caller]
    fn step_by_pieces(
        &mut self,
        parameters: usize,
        apply: &mut dyn FnMut(Update<'_, T>) -> bool,
    ) -> bool {
        let _ = (parameters, apply);
        false
    }

    /// The number of parameters of earlier steps, if there were any and the optimizer holds something for each parameter.
    fn size(&self) -> Option<usize> {
        None
    }

    /// The learning rate α.
    fn learning_rate(&self) -> f64;

    /// Changes the learning rate from the next step on, for schedules.
    ///
    /// # Errors
    ///
    /// If it is negative or not finite in `T`; it is then unchanged.
    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), SettingError>;

    /// Everything that the next steps depend on. The state shares the memory of the moments, so the next step copies them
    /// unless the state has been dropped.
    fn state(&self) -> OptimizerState<T>;

    /// Takes over the settings and moments of a state, to continue as the optimizer it came from would have.
    ///
    /// # Errors
    ///
    /// If the state is invalid or belongs to another kind of optimizer; this optimizer is then unchanged.
    fn restore(&mut self, state: OptimizerState<T>) -> Result<(), StateError>;
}

/// The optimizer, whose settings a constructor made from a learning rate.
///
/// # Panics
///
/// If that is out of its range.
#[track_caller]
fn valid<O>(optimizer: Result<O, SettingError>) -> O {
    match optimizer {
        Ok(optimizer) => optimizer,
        Err(error) => panic!("{error}"),
    }
}

/// Compares the number of parameters of a step with that of earlier ones.
///
/// # Panics
///
/// If they differ.
#[track_caller]
pub(crate) fn check_size(parameters: usize, earlier: Option<usize>) {
    let earlier = earlier.unwrap_or(parameters);
    assert!(
        parameters == earlier,
        "step: parameters and the optimizer's moments differ in size: {parameters} and {earlier}"
    );
}

/// Compares the sizes of the buffers of a step.
///
/// # Panics
///
/// If they differ.
#[track_caller]
fn check_sizes<T>(parameters: &[T], gradient: &[T], earlier: Option<usize>) {
    assert!(
        parameters.len() == gradient.len(),
        "step: parameters and gradient differ in size: {} and {}",
        parameters.len(),
        gradient.len()
    );
    check_size(parameters.len(), earlier);
}
