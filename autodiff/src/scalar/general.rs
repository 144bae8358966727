//! Derivatives of functions of a slice of any length, and of any kind of [number](Scalar).
//!
//! A number can itself carry derivatives, so these functions can be nested for derivatives of any order. For a small,
//! fixed number of `f64` the functions of the same names in [`scalar`](super) are more convenient: their closures take
//! an array, which a pattern can destructure.

use super::dual::Dual;
use super::number::{Scalar, chain, unit};
use super::sweep::Gradients;
use super::tape::Tape;
use super::var::{Var, common_tape};

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
    let tape = Tape::default();
    let x = tape.vars(x);
    let y = f(&x);
    (y.value(), y.gradients().wrt_all(&x))
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
const LANES: usize = 8;

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
    let tape = Tape::default();
    let x = tape.vars(x);
    let y = f(&x);
    match mode {
        Mode::Forward => columns(&tape, &x, &y),
        Mode::ByShape if x.len() < y.len() => columns(&tape, &x, &y),
        Mode::ByShape | Mode::Reverse => rows(&x, &y),
    }
}

/// Computes the Jacobian by forward passes, [`LANES`] columns at a time.
#[track_caller]
fn columns<'t, T: Scalar>(tape: &'t Tape<T>, x: &[Var<'t, T>], y: &[Var<'t, T>]) -> Vec<Vec<T>> {
    let mut rows = vec![Vec::with_capacity(x.len()); y.len()];
    for x in x.chunks(LANES) {
        let seeds = x
            .iter()
            .enumerate()
            .map(|(lane, &x)| (x, unit::<T, LANES>(lane)));
        for (row, tangents) in rows.iter_mut().zip(push_forward(tape, seeds, y)) {
            row.extend(&tangents[..x.len()]);
        }
    }
    rows
}

/// Computes the Jacobian by backward passes, [`LANES`] rows at a time.
#[track_caller]
fn rows<'t, T: Scalar>(x: &[Var<'t, T>], y: &[Var<'t, T>]) -> Vec<Vec<T>> {
    let mut rows = vec![Vec::with_capacity(x.len()); y.len()];
    let mut gradients = Gradients::default();
    for (y, rows) in y.chunks(LANES).zip(rows.chunks_mut(LANES)) {
        // Lanes without an output hold a constant, whose gradient is zero.
        gradients.update(std::array::from_fn::<_, LANES, _>(|lane| {
            y.get(lane).copied().unwrap_or_default()
        }));
        for &x in x {
            for (row, slope) in rows.iter_mut().zip(gradients.each_wrt(x)) {
                row.push(slope);
            }
        }
    }
    rows
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
    assert!(
        x_dot.len() == x.len(),
        "jvp: {} tangents for {} inputs",
        x_dot.len(),
        x.len()
    );
    let tape = Tape::default();
    let x = tape.vars(x);
    let y = f(&x);
    let seeds = x.iter().zip(x_dot).map(|(&x, &x_dot)| (x, [x_dot]));
    let y_dot = push_forward(&tape, seeds, &y);
    (values(&y), y_dot.into_iter().map(|[y_dot]| y_dot).collect())
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
    let tape = Tape::default();
    let x = tape.vars(x);
    let y = f(&x);
    assert!(
        y_bar.len() == y.len(),
        "vjp: {} adjoints for {} outputs",
        y_bar.len(),
        y.len()
    );
    let seeds: Vec<_> = y
        .iter()
        .zip(y_bar)
        .map(|(&y, &y_bar)| (y, [y_bar]))
        .collect();
    let mut gradients = Gradients::default();
    gradients.pull_back(&seeds);
    (values(&y), gradients.wrt_all(&x))
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
    assert!(
        v.len() == x.len(),
        "hvp: a direction of {} components for {} inputs",
        v.len(),
        x.len()
    );
    let moving: Vec<_> = x
        .iter()
        .zip(v)
        .map(|(&value, &tangent)| Dual::new(value, tangent))
        .collect();
    let gradient = gradient(f, &moving);
    (
        gradient.iter().map(|g| g.value).collect(),
        gradient.iter().map(|g| g.tangent()).collect(),
    )
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
    let axis = |i| {
        (0..x.len())
            .map(|k| T::from_f64(if k == i { 1.0 } else { 0.0 }))
            .collect::<Vec<_>>()
    };
    (0..x.len()).map(|i| hvp(&f, x, &axis(i)).1).collect()
}

/// Returns the tangents of the outputs, given the tangents of the inputs.
#[track_caller]
pub(super) fn push_forward<'t, T: Scalar, const K: usize>(
    tape: &'t Tape<T>,
    inputs: impl Iterator<Item = (Var<'t, T>, [T; K])>,
    outputs: &[Var<'t, T>],
) -> Vec<[T; K]> {
    if let Some(other) = common_tape("jvp", outputs.iter().map(|y| [y])) {
        assert!(
            std::ptr::eq(tape, other),
            "jvp: the outputs lie on another tape than the inputs"
        );
    }
    let mut tangents = vec![[T::from_f64(0.0); K]; tape.next_node() as usize];
    for (input, seed) in inputs {
        tangents[input.index() as usize] = seed;
    }
    tape.walk_forward(&mut tangents);
    let along =
        |y: &Var<'t, T>| tangents[y.index() as usize].map(|tangent| chain(y.slope, tangent));
    outputs.iter().map(along).collect()
}

fn values<T: Scalar>(variables: &[Var<'_, T>]) -> Vec<T> {
    variables.iter().map(|variable| variable.value()).collect()
}
