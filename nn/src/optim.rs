//! Optimizers: one loop over the flat buffer of parameters, that of their gradient, and those of the moments.

mod adam;
mod setting;
mod sgd;
mod state;
mod update;

pub use adam::{Adam, AdamSettings, AdamW};
pub use setting::{Setting, SettingError};
pub use sgd::{Sgd, SgdSettings};
pub use state::{OptimizerState, StateError};
pub use update::Update;

use autodiff::tensor::{Real, Tensor};
use std::fmt::Debug;

/// What takes parameters against their gradient, step by step: [`Sgd`], [`Adam`], [`AdamW`], or one of your own.
///
/// ```
/// use nn::{Adam, Optimizer, Sgd};
///
/// /// Walks down a parabola with its lowest point at 3.
/// fn minimize(optimizer: &mut dyn Optimizer<f64>) -> f64 {
///     let mut x = [0.0];
///     for _ in 0..200 {
///         let gradient = [2.0 * (x[0] - 3.0)];
///         optimizer.step(&mut x, &gradient);
///         let slower = 0.99 * optimizer.learning_rate();
///         optimizer.set_learning_rate(slower).unwrap();
///     }
///     x[0]
/// }
/// assert!((minimize(&mut Sgd::new(0.1)) - 3.0).abs() < 1e-6);
/// assert!((minimize(&mut Adam::new(0.3)) - 3.0).abs() < 1e-2);
/// ```
pub trait Optimizer<T: Real>: Debug + Send {
    /// One step against the gradient.
    ///
    /// Any number of threads gives the same bits; and where parameter and gradient are 0 and always were, as in the
    /// padding of [`Parameters`](crate::Parameters), they stay 0. After the first step no memory is asked for.
    ///
    /// # Panics
    ///
    /// If the buffers differ in size, or in an earlier step had another.
    fn step(&mut self, parameters: &mut [T], gradient: &[T]);

    /// Takes a step whose gradient is formed piece by piece: begins it, for so many parameters, hands it to `apply` once,
    /// and gives true. [`BatchGradient::step`](crate::BatchGradient::step) then updates each piece of the parameters
    /// while that of the gradient is in cache. The bits are those of [`step`](Optimizer::step).
    ///
    /// Only an optimizer that updates every parameter by itself can. One that needs the whole gradient leaves this as it
    /// is: nothing is done, the answer is false, and `step` is called.
    ///
    /// # Panics
    ///
    /// If there were another number of parameters in an earlier step.
    fn step_by_pieces(&mut self, parameters: usize, apply: &mut dyn FnMut(Update<'_, T>)) -> bool {
        let _ = (parameters, apply);
        false
    }

    /// The learning rate α, if a step is no more than `θ ← θ − α ∂C/∂θ` and leaves nothing behind, so that it may be
    /// taken without the optimizer.
    fn plain_descent(&self) -> Option<T> {
        None
    }

    /// The learning rate α.
    fn learning_rate(&self) -> f64;

    /// Changes the learning rate from the next step on, for schedules.
    ///
    /// # Errors
    ///
    /// If it is negative or not finite in `T`; it is then as it was.
    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), SettingError>;

    /// All that the next steps depend on. It shares the memory of the moments, which the next step copies unless the
    /// state is dropped before.
    fn state(&self) -> OptimizerState<T>;

    /// Goes on from a state of the same kind of optimizer, with its settings, as that one would have.
    ///
    /// # Errors
    ///
    /// If the state is that of another kind, or cannot be one; the optimizer is then as it was.
    fn restore(&mut self, state: OptimizerState<T>) -> Result<(), StateError>;
}

/// A moment, as large as the parameters. There is none before the first step.
type Moment<T> = Option<Tensor<T>>;

/// The elements of a moment, zeros at first.
///
/// # Panics
///
/// If it is that of another number of parameters.
#[track_caller]
fn provide<T: Real>(moment: &mut Moment<T>, size: usize) -> &mut [T] {
    let moment = moment
        .get_or_insert_with(|| Tensor::zeros([size]))
        .data_mut();
    assert_eq!(
        moment.len(),
        size,
        "parameters and the optimizer's moments differ in size"
    );
    moment
}

/// Compares the sizes of the buffers of a step.
#[track_caller]
fn check_sizes<T>(parameters: &[T], gradient: &[T]) {
    assert_eq!(
        parameters.len(),
        gradient.len(),
        "parameters and gradient differ in size"
    );
}
