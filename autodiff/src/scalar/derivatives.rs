//! Derivatives of functions of an array of `f64`: wrappers of the functions in [`general`].
//!
//! They are not generic over the number, so that literals in a closure need no suffix.

use super::dual::Dual;
use super::general::{self, Mode};
use super::var::Var;

/// Returns the derivative `f′(x)` of a function of one number, by forward mode.
///
/// ```
/// use autodiff::scalar::derivative;
///
/// assert_eq!(derivative(|x| x.powi(3) + 1.0, 2.0), 12.0);
/// ```
#[must_use]
pub fn derivative(f: impl FnOnce(Dual) -> Dual, x: f64) -> f64 {
    general::derivative(f, x)
}

/// Returns the gradient of a function of several numbers, by one backward pass over a tape.
///
/// ```
/// use autodiff::scalar::gradient;
///
/// assert_eq!(gradient(|[x, y]| x * y + y, [2.0, 3.0]), [3.0, 3.0]);
/// ```
#[must_use]
#[track_caller]
pub fn gradient<const N: usize, F>(f: F, x: [f64; N]) -> [f64; N]
where
    F: for<'t> FnOnce([Var<'t, f64>; N]) -> Var<'t, f64>,
{
    value_and_gradient(f, x).1
}

/// Returns the value and the gradient of a function of several numbers, by one backward pass over a tape.
///
/// ```
/// use autodiff::scalar::value_and_gradient;
///
/// let (y, [dx, dy]) = value_and_gradient(|[x, y]| x * y + x.sin(), [0.5, 4.2]);
/// assert_eq!(y, 0.5 * 4.2 + 0.5_f64.sin());
/// assert_eq!((dx, dy), (4.2 + 0.5_f64.cos(), 0.5));
/// ```
#[must_use]
#[track_caller]
pub fn value_and_gradient<const N: usize, F>(f: F, x: [f64; N]) -> (f64, [f64; N])
where
    F: for<'t> FnOnce([Var<'t, f64>; N]) -> Var<'t, f64>,
{
    let (value, gradient) = general::value_and_gradient(|x| f(array(x)), &x);
    (value, array(&gradient))
}

/// Returns the Jacobian matrix of a function with several outputs: row `i` is the gradient of output `i`.
///
/// The function is recorded once. Whether the tape is then walked forward or backward depends on the numbers of inputs
/// and outputs; [`jacobian_by`] takes the mode as an argument.
///
/// ```
/// use autodiff::scalar::jacobian;
///
/// let j = jacobian(|[x, y]| [x * y, x + y, x - y], [2.0, 3.0]);
/// assert_eq!(j, [[3.0, 2.0], [1.0, 1.0], [1.0, -1.0]]);
/// ```
#[must_use]
#[track_caller]
pub fn jacobian<const N: usize, const M: usize, F>(f: F, x: [f64; N]) -> [[f64; N]; M]
where
    F: for<'t> FnOnce([Var<'t, f64>; N]) -> [Var<'t, f64>; M],
{
    jacobian_by(Mode::ByShape, f, x)
}

/// Returns the Jacobian matrix of a function with several outputs, computed in the given mode: row `i` is the gradient
/// of output `i`.
///
/// ```
/// use autodiff::scalar::{Mode, jacobian_by};
///
/// let j = jacobian_by(Mode::Forward, |[x, y]| [x * y, x + y], [2.0, 3.0]);
/// assert_eq!(j, [[3.0, 2.0], [1.0, 1.0]]);
/// ```
#[must_use]
#[track_caller]
pub fn jacobian_by<const N: usize, const M: usize, F>(
    mode: Mode,
    f: F,
    x: [f64; N],
) -> [[f64; N]; M]
where
    F: for<'t> FnOnce([Var<'t, f64>; N]) -> [Var<'t, f64>; M],
{
    let rows = general::jacobian_by(mode, |x| f(array(x)).to_vec(), &x);
    std::array::from_fn(|i| array(&rows[i]))
}

/// Returns the outputs of a function, and its Jacobian matrix: row `i` is the gradient of output `i`.
///
/// ```
/// use autodiff::scalar::value_and_jacobian;
///
/// let (y, jacobian) = value_and_jacobian(|[x, y]| [x * y, x + y], [2.0, 3.0]);
/// assert_eq!((y, jacobian), ([6.0, 5.0], [[3.0, 2.0], [1.0, 1.0]]));
/// ```
#[must_use]
#[track_caller]
pub fn value_and_jacobian<const N: usize, const M: usize, F>(
    f: F,
    x: [f64; N],
) -> ([f64; M], [[f64; N]; M])
where
    F: for<'t> FnOnce([Var<'t, f64>; N]) -> [Var<'t, f64>; M],
{
    let (y, rows) = general::value_and_jacobian(|x| f(array(x)).to_vec(), &x);
    (array(&y), std::array::from_fn(|i| array(&rows[i])))
}

/// Returns the outputs of a function, and the product `J ẋ` of its Jacobian matrix with `x_dot`: the rate of change of
/// the outputs when the point moves along `x_dot`.
///
/// ```
/// let (y, y_dot) = autodiff::scalar::jvp(|[x, y]| [x * y, x + y], [2.0, 3.0], [1.0, 10.0]);
/// assert_eq!((y, y_dot), ([6.0, 5.0], [23.0, 11.0]));
/// ```
#[must_use]
#[track_caller]
pub fn jvp<const N: usize, const M: usize, F>(
    f: F,
    x: [f64; N],
    x_dot: [f64; N],
) -> ([f64; M], [f64; M])
where
    F: for<'t> FnOnce([Var<'t, f64>; N]) -> [Var<'t, f64>; M],
{
    let (y, y_dot) = general::jvp(|x| f(array(x)).to_vec(), &x, &x_dot);
    (array(&y), array(&y_dot))
}

/// Returns the outputs of a function, and the product `Jᵀ ȳ` of its transposed Jacobian matrix with `y_bar`: the
/// gradient of the sum of the outputs, weighted with the components of `y_bar`.
///
/// ```
/// let (y, x_bar) = autodiff::scalar::vjp(|[x, y]| [x * y, x + y], [2.0, 3.0], [1.0, 10.0]);
/// assert_eq!((y, x_bar), ([6.0, 5.0], [13.0, 12.0]));
/// ```
#[must_use]
#[track_caller]
pub fn vjp<const N: usize, const M: usize, F>(
    f: F,
    x: [f64; N],
    y_bar: [f64; M],
) -> ([f64; M], [f64; N])
where
    F: for<'t> FnOnce([Var<'t, f64>; N]) -> [Var<'t, f64>; M],
{
    let (y, x_bar) = general::vjp(|x| f(array(x)).to_vec(), &x, &y_bar);
    (array(&y), array(&x_bar))
}

/// Returns the gradient of a function, and the product `H v` of its Hessian matrix with `v`, for about twice the cost
/// of the gradient, by forward mode over reverse mode.
///
/// ```
/// let (g, hv) = autodiff::scalar::hvp(|[x, y]| x * x * y, [2.0, 3.0], [1.0, 0.0]);
/// assert_eq!((g, hv), ([12.0, 4.0], [6.0, 4.0]));
/// ```
#[must_use]
#[track_caller]
pub fn hvp<const N: usize, F>(f: F, x: [f64; N], v: [f64; N]) -> ([f64; N], [f64; N])
where
    F: for<'t> FnOnce([Var<'t, Dual>; N]) -> Var<'t, Dual>,
{
    let (gradient, product) = general::hvp(|x| f(array(x)), &x, &v);
    (array(&gradient), array(&product))
}

/// Returns the Hessian matrix of a function, the matrix of its second derivatives. The function is recorded once for
/// each row.
///
/// ```
/// let h = autodiff::scalar::hessian(|[x, y]| x * x * y, [2.0, 3.0]);
/// assert_eq!(h, [[6.0, 4.0], [4.0, 0.0]]);
/// ```
#[must_use]
#[track_caller]
pub fn hessian<const N: usize, F>(f: F, x: [f64; N]) -> [[f64; N]; N]
where
    F: for<'t> Fn([Var<'t, Dual>; N]) -> Var<'t, Dual>,
{
    let rows = general::hessian(|x| f(array(x)), &x);
    std::array::from_fn(|i| array(&rows[i]))
}

/// Returns the value, the gradient and the Hessian matrix of a function. The function is recorded once for each row of
/// the matrix.
///
/// ```
/// let (value, gradient, hessian) = autodiff::scalar::value_and_hessian(|[x, y]| x * x * y, [2.0, 3.0]);
/// assert_eq!((value, gradient), (12.0, [12.0, 4.0]));
/// assert_eq!(hessian, [[6.0, 4.0], [4.0, 0.0]]);
/// ```
#[must_use]
#[track_caller]
pub fn value_and_hessian<const N: usize, F>(f: F, x: [f64; N]) -> (f64, [f64; N], [[f64; N]; N])
where
    F: for<'t> Fn([Var<'t, Dual>; N]) -> Var<'t, Dual>,
{
    let (value, gradient, rows) = general::value_and_hessian(|x| f(array(x)), &x);
    (
        value,
        array(&gradient),
        std::array::from_fn(|i| array(&rows[i])),
    )
}

/// Returns the slice, which has length `N`, as an array.
fn array<U: Copy, const N: usize>(slice: &[U]) -> [U; N] {
    std::array::from_fn(|i| slice[i])
}
