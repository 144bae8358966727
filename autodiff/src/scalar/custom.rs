//! Functions of several variables with slopes of your own.

use super::nary::{INLINE, record_many};
use super::number::Scalar;
use super::trace::Operation;
use super::var::Var;
use smallvec::SmallVec;

/// Returns your own function of several variables, as one node. `f` takes the values of the variables, and returns the
/// value of the function and its slope towards each variable.
///
/// For a function of one variable there is the method [`Var::custom`]. A function that is to be replayed by a
/// [program](super::program) is a [`CustomFunction`].
///
/// ```
/// use autodiff::scalar::{Tape, custom};
///
/// let tape = Tape::new();
/// let [x, y] = tape.vars([3.0, 4.0]);
/// let area = custom(&[x, y], |v| (v[0] * v[1], vec![v[1], v[0]]));
/// assert_eq!(area.gradients().wrt(x), 4.0);
/// ```
///
/// # Panics
///
/// If the number of slopes differs from the number of variables, or if the inputs lie on different tapes.
#[must_use]
#[track_caller]
pub fn custom<'t, T: Scalar>(x: &[Var<'t, T>], f: impl FnOnce(&[T]) -> (T, Vec<T>)) -> Var<'t, T> {
    let values: SmallVec<[T; INLINE]> = x.iter().map(|x| x.value).collect();
    let (value, slopes) = f(&values);
    check_slopes(slopes.len(), x.len());
    let slope = |_: &_, &slope: &T| slope;
    record_many(Operation::Custom, value, x, &slopes, slope, || x.to_vec())
}

/// A function with slopes of your own, written for any number, so that a [program](super::program) can replay it.
///
/// ```
/// use autodiff::scalar::program::{Points, Program};
/// use autodiff::scalar::{CustomFunction, Scalar, Tape, custom_function};
///
/// /// The larger of two numbers, with the slopes of a smooth maximum.
/// struct SmoothedMax;
///
/// impl CustomFunction for SmoothedMax {
///     fn value_and_slopes<T: Scalar>(&self, x: &[T]) -> (T, Vec<T>) {
///         let share = (x[0] - x[1]).sigmoid();
///         (x[0].max(x[1]), vec![share, T::from_f64(1.0) - share])
///     }
/// }
///
/// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
/// let tape = Tape::new();
/// let x = tape.vars([1.0, 1.0]);
/// assert_eq!(custom_function(&x, &SmoothedMax).gradients().wrt(x[0]), 0.5);
///
/// let mut program = Program::new(0, 2, |_, x| vec![custom_function(x, &SmoothedMax)]);
/// let (values, gradients) = program.values_and_gradients(&[], Points::Rows(&[1.0, 1.0, 0.0, 3.0]))?;
/// assert_eq!(values, [1.0, 3.0]);
/// assert_eq!(gradients[..2], [0.5, 0.5]);
/// # Ok(()) }
/// ```
pub trait CustomFunction {
    /// Returns the value of the function at `x`, and its slope towards each number.
    ///
    /// First derivatives are products with the slopes; second derivatives follow from the operations that compute the
    /// slopes. These are right if the slopes are the derivatives of the value.
    fn value_and_slopes<T: Scalar>(&self, x: &[T]) -> (T, Vec<T>);
}

/// Returns a [`CustomFunction`] of variables. On a tape it is one node.
///
/// # Panics
///
/// If the number of slopes differs from the number of variables, or if the inputs lie on different tapes.
#[must_use]
#[track_caller]
pub fn custom_function<'t, T: Scalar>(
    x: &[Var<'t, T>],
    function: &impl CustomFunction,
) -> Var<'t, T> {
    if let Some(result) = Var::custom_in_program(x, |x| function.value_and_slopes(x)) {
        return result;
    }
    custom(x, |x| function.value_and_slopes(x))
}

/// Panics at the caller's line if the number of slopes is wrong.
#[track_caller]
pub(super) fn check_slopes(slopes: usize, variables: usize) {
    assert!(
        slopes == variables,
        "custom: {slopes} slopes for {variables} variables"
    );
}
