//! Derivatives of functions of a slice of any length, and of any kind of [number](Scalar).
//!
//! A number can itself carry derivatives, so these functions can be nested for derivatives of any order. For a small,
//! fixed number of `f64` the functions of the same names in [`scalar`](super) are more convenient: their closures take
//! an array, which a pattern can destructure.

use super::dual::Dual;
use super::number::Scalar;
use super::tape::Tape;
use super::var::Var;

/// Returns the derivative `f′(x)` of a function of one number, by forward mode.
///
/// ```
/// use autodiff::scalar::general::derivative;
///
/// assert_eq!(derivative(|x| derivative(|x| x * x * x + 1.0, x), 2.0_f64), 12.0);
/// ```
#[must_use]
pub fn derivative<T: Scalar>(f: impl FnOnce(Dual<T>) -> Dual<T>, x: T) -> T {
    f(Dual::var(x)).tangent()
}

/// Returns the gradient of a function of several numbers, by one backward pass over a tape.
///
/// ```
/// use autodiff::scalar::general::gradient;
///
/// let x = vec![1.0, 2.0, 3.0];
/// assert_eq!(gradient(|x| x.iter().map(|x| x * x).sum(), &x), [2.0, 4.0, 6.0]);
/// ```
#[must_use]
#[track_caller]
pub fn gradient<T: Scalar, F>(f: F, x: &[T]) -> Vec<T>
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    value_and_gradient(f, x).1
}

/// Returns the value and the gradient of a function of several numbers, by one backward pass over a tape.
#[must_use]
#[track_caller]
pub fn value_and_gradient<T: Scalar, F>(f: F, x: &[T]) -> (T, Vec<T>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    Tape::default().value_and_gradient(f, x)
}

/// How a Jacobian matrix is computed. All modes compute the same matrix up to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// Forward if there are fewer inputs than outputs, otherwise reverse.
    #[default]
    ByShape,
    /// By forward passes, a few columns (inputs) at a time.
    Forward,
    /// By backward passes, a few rows (outputs) at a time.
    Reverse,
}

/// The number of rows or columns of a Jacobian that one pass computes.
pub(super) const LANES: usize = 8;

/// Returns the Jacobian matrix of a function with several outputs: row `i` is the gradient of output `i`.
///
/// The function is recorded once. Whether the tape is then walked forward or backward depends on the numbers of inputs
/// and outputs; [`jacobian_by`] takes the mode as an argument.
///
/// ```
/// use autodiff::scalar::general::jacobian;
///
/// let running_sums = jacobian(|x| vec![x[0], x[0] + x[1], x[0] + x[1] + x[2]], &[1.0, 2.0, 3.0]);
/// assert_eq!(running_sums, [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]);
/// ```
#[must_use]
#[track_caller]
pub fn jacobian<T: Scalar, F>(f: F, x: &[T]) -> Vec<Vec<T>>
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
{
    jacobian_by(Mode::ByShape, f, x)
}

/// Returns the Jacobian matrix of a function with several outputs, computed in the given mode: row `i` is the gradient
/// of output `i`.
#[must_use]
#[track_caller]
pub fn jacobian_by<T: Scalar, F>(mode: Mode, f: F, x: &[T]) -> Vec<Vec<T>>
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
{
    Tape::default().jacobian_by(mode, f, x)
}

/// Returns the outputs of a function, and its Jacobian matrix: row `i` is the gradient of output `i`.
///
/// ```
/// use autodiff::scalar::general::value_and_jacobian;
///
/// let (y, jacobian) = value_and_jacobian(|x| vec![x[0] * x[1], x[0]], &[2.0, 3.0]);
/// assert_eq!((y, jacobian), (vec![6.0, 2.0], vec![vec![3.0, 2.0], vec![1.0, 0.0]]));
/// ```
#[must_use]
#[track_caller]
pub fn value_and_jacobian<T: Scalar, F>(f: F, x: &[T]) -> (Vec<T>, Vec<Vec<T>>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
{
    Tape::default().value_and_jacobian(f, x)
}

/// Returns the outputs of a function, and the product `J ẋ` of its Jacobian matrix with `x_dot`: the rate of change of
/// the outputs when the point moves along `x_dot`.
///
/// ```
/// use autodiff::scalar::general::jvp;
///
/// let (y, y_dot) = jvp(|x| vec![x[0] * x[1], x[0] + x[1]], &[2.0, 3.0], &[1.0, 10.0]);
/// assert_eq!((y, y_dot), (vec![6.0, 5.0], vec![23.0, 11.0]));
/// ```
///
/// # Panics
///
/// If the lengths of `x_dot` and `x` differ.
#[must_use]
#[track_caller]
pub fn jvp<T: Scalar, F>(f: F, x: &[T], x_dot: &[T]) -> (Vec<T>, Vec<T>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
{
    Tape::default().jvp(f, x, x_dot)
}

/// Returns the outputs of a function, and the product `Jᵀ ȳ` of its transposed Jacobian matrix with `y_bar`: the
/// gradient of the sum of the outputs, weighted with the components of `y_bar`.
///
/// ```
/// use autodiff::scalar::general::vjp;
///
/// let (y, x_bar) = vjp(|x| vec![x[0] * x[1], x[0] + x[1]], &[2.0, 3.0], &[1.0, 10.0]);
/// assert_eq!((y, x_bar), (vec![6.0, 5.0], vec![13.0, 12.0]));
/// ```
///
/// # Panics
///
/// If the length of `y_bar` differs from the number of outputs.
#[must_use]
#[track_caller]
pub fn vjp<T: Scalar, F>(f: F, x: &[T], y_bar: &[T]) -> (Vec<T>, Vec<T>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
{
    Tape::default().vjp(f, x, y_bar)
}

/// Returns the gradient of a function, and the product `H v` of its Hessian matrix with `v`, for about twice the cost
/// of the gradient, by forward mode over reverse mode.
///
/// ```
/// use autodiff::scalar::general::hvp;
///
/// let (gradient, product) = hvp(|x| x[0] * x[0] * x[1], &[2.0, 3.0], &[1.0, 0.0]);
/// assert_eq!((gradient, product), (vec![12.0, 4.0], vec![6.0, 4.0]));
/// ```
///
/// # Panics
///
/// If the lengths of `v` and `x` differ.
#[must_use]
#[track_caller]
pub fn hvp<T: Scalar, F>(f: F, x: &[T], v: &[T]) -> (Vec<T>, Vec<T>)
where
    F: for<'t> FnOnce(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
{
    Tape::default().hvp(f, x, v)
}

/// Returns the Hessian matrix of a function, the matrix of its second derivatives. The function is recorded once for
/// each row.
///
/// ```
/// use autodiff::scalar::general::hessian;
///
/// assert_eq!(hessian(|x| x[0] * x[0] * x[1], &[2.0, 3.0]), [[6.0, 4.0], [4.0, 0.0]]);
/// ```
#[must_use]
#[track_caller]
pub fn hessian<T: Scalar, F>(f: F, x: &[T]) -> Vec<Vec<T>>
where
    F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
{
    Tape::default().hessian(f, x)
}

/// Returns the value, the gradient and the Hessian matrix of a function. The function is recorded once for each row of
/// the matrix.
///
/// ```
/// use autodiff::scalar::general::value_and_hessian;
///
/// let (value, gradient, hessian) = value_and_hessian(|x| x[0] * x[0] * x[1], &[2.0, 3.0]);
/// assert_eq!((value, gradient), (12.0, vec![12.0, 4.0]));
/// assert_eq!(hessian, [[6.0, 4.0], [4.0, 0.0]]);
/// ```
#[must_use]
#[track_caller]
pub fn value_and_hessian<T: Scalar, F>(f: F, x: &[T]) -> (T, Vec<T>, Vec<Vec<T>>)
where
    F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Var<'t, Dual<T>>,
{
    Tape::default().value_and_hessian(f, x)
}
