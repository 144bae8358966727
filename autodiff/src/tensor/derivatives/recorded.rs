//! Derivatives of closures at variables, with the names of the functions in [`tensor`](crate::tensor). Each derivative
//! is recorded on the tape of the variables, so it can be differentiated again, to any order.
//!
//! The function may also use other variables of the tape. Its derivatives are with respect to its arguments alone, even
//! if one of the other variables is the same as an argument.
//!
//! ```
//! use autodiff::tensor::{Tensor, gradient, recorded};
//!
//! // The sum of squared slopes of x³, and its gradient: d/dx (3 x²)² = 36 x³.
//! let [gradient] = gradient(
//!     |x| recorded::gradient(|[x]| x.powi(3).sum(), x)[0].square().sum(),
//!     [Tensor::from([1.0, 2.0])],
//! );
//! assert_eq!(gradient.data(), [36.0, 288.0]);
//! ```

use super::array;
use super::general::{along, check_directions, check_number, joined};
use crate::tensor::algebra::Operand;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;

/// Returns the gradient of a function whose value is one number.
///
/// # Panics
///
/// If the value does not have exactly one element, or an input is a constant.
#[must_use]
#[track_caller]
pub fn gradient<'t, T: Real, const N: usize, F>(f: F, x: [Var<'t, T>; N]) -> [Var<'t, T>; N]
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    value_and_gradient(f, x).1
}

/// Returns the value and the gradient of a function whose value is one number.
///
/// # Panics
///
/// If the value does not have exactly one element, or an input is a constant.
#[must_use]
#[track_caller]
pub fn value_and_gradient<'t, T: Real, const N: usize, F>(
    f: F,
    x: [Var<'t, T>; N],
) -> (Var<'t, T>, [Var<'t, T>; N])
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (arguments, y) = record(f, x);
    check_number("gradient", &y.shape());
    (y, y.recorded_gradients(&arguments))
}

/// Returns the value of a function, and the product `J ẋ` of its Jacobian with `x_dot`.
///
/// # Panics
///
/// If the shapes of `x_dot` and `x` differ, or an input is a constant.
#[must_use]
#[track_caller]
pub fn jvp<'t, T: Real, const N: usize, F>(
    f: F,
    x: [Var<'t, T>; N],
    x_dot: [Var<'t, T>; N],
) -> (Var<'t, T>, Var<'t, T>)
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    check_directions("jvp", &x, &x_dot);
    let (arguments, y) = record(f, x);
    let tape = y.tape();
    let y_bar = tape.var(Tensor::full(y.shape(), T::from_f64(1.0)));
    let y_dot = match along(y.recorded_vjp(y_bar, &arguments), &x_dot) {
        Some(slope) => slope.recorded_gradients(&[y_bar])[0],
        None => tape.constant(Tensor::zeros(y.shape())),
    };
    (y, y_dot)
}

/// Returns the value of a function, and the product `Jᵀ ȳ` of its transposed Jacobian with `y_bar`.
///
/// # Panics
///
/// If `y_bar` does not have the shape of the value, or an input is a constant.
#[must_use]
#[track_caller]
pub fn vjp<'t, T: Real, const N: usize, F>(
    f: F,
    x: [Var<'t, T>; N],
    y_bar: impl Operand<Var<'t, T>>,
) -> (Var<'t, T>, [Var<'t, T>; N])
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (arguments, y) = record(f, x);
    (y, y.recorded_vjp(y_bar, &arguments))
}

/// Returns the gradient of a function whose value is one number, and the product `H v` of its Hessian with `v`.
///
/// # Panics
///
/// If the value does not have exactly one element, the shapes of `v` and `x` differ, or an input is a constant.
#[must_use]
#[track_caller]
pub fn hvp<'t, T: Real, const N: usize, F>(
    f: F,
    x: [Var<'t, T>; N],
    v: [Var<'t, T>; N],
) -> ([Var<'t, T>; N], [Var<'t, T>; N])
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    check_directions("hvp", &x, &v);
    let (arguments, y) = record(f, x);
    check_number("hvp", &y.shape());
    let gradient = y.recorded_gradients(&arguments);
    let product = match along(gradient, &v) {
        Some(slope) => slope.recorded_gradients(&arguments),
        // There are no inputs.
        None => gradient,
    };
    (gradient, product)
}

/// Returns the Jacobian of a function, of shape `[y…, x…]` with respect to each input. It records one backward pass for
/// each element of the value.
#[must_use]
#[track_caller]
pub fn jacobian<'t, T: Real, const N: usize, F>(f: F, x: [Var<'t, T>; N]) -> [Var<'t, T>; N]
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    value_and_jacobian(f, x).1
}

/// Returns the value and the [Jacobian](jacobian) of a function.
#[must_use]
#[track_caller]
pub fn value_and_jacobian<'t, T: Real, const N: usize, F>(
    f: F,
    x: [Var<'t, T>; N],
) -> (Var<'t, T>, [Var<'t, T>; N])
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (arguments, y) = record(f, x);
    (y, array(&jacobians(y, &arguments)))
}

/// Returns the Hessian of a function whose value is one number: for each pair of inputs a and b, the second derivatives
/// of shape `[a…, b…]`.
///
/// # Panics
///
/// If the value does not have exactly one element, or an input is a constant.
#[must_use]
#[track_caller]
pub fn hessian<'t, T: Real, const N: usize, F>(f: F, x: [Var<'t, T>; N]) -> [[Var<'t, T>; N]; N]
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let (arguments, y) = record(f, x);
    check_number("hessian", &y.shape());
    let gradient = y.recorded_gradients(&arguments);
    gradient.map(|g| array(&jacobians(g, &arguments)))
}

/// Records `f` at new nodes with the values of `x`, which are also returned: the derivatives with respect to them do not
/// count other uses of `x`.
fn record<'t, T: Real, const N: usize, F>(f: F, x: [Var<'t, T>; N]) -> ([Var<'t, T>; N], Var<'t, T>)
where
    F: FnOnce([Var<'t, T>; N]) -> Var<'t, T>,
{
    let arguments = x.map(|x| x.as_new_node());
    (arguments, f(arguments))
}

/// The Jacobian of `y` with respect to each argument.
fn jacobians<'t, T: Real>(y: Var<'t, T>, arguments: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
    let (tape, shape) = (y.tape(), y.shape());
    let mut rows = vec![Vec::new(); arguments.len()];
    for row in 0..shape.size() {
        let unit = Tensor::from_flat_fn(&shape, |i| T::from_f64(f64::from(u8::from(i == row))));
        for (rows, x_bar) in rows.iter_mut().zip(y.recorded_vjp(unit, arguments)) {
            let row = joined(&[1], &x_bar.shape());
            rows.push(x_bar.reshape(row));
        }
    }
    let stacked = |(rows, x): (Vec<Var<'t, T>>, &Var<'t, T>)| {
        let whole = joined(&shape, &x.shape());
        if rows.is_empty() {
            return tape.constant(Tensor::zeros(whole));
        }
        Var::concat(&rows, 0).reshape(whole)
    };
    rows.into_iter().zip(arguments).map(stacked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tape;

    #[test]
    fn derivatives_of_arguments_do_not_count_other_uses_of_a_variable() {
        let tape = Tape::new();
        let x = tape.var(3.0);
        // d/da (a x) at a = x is x, and not 2 x; its derivative with respect to x is 1.
        let [slope] = gradient(|[a]| a * x, [x]);
        assert_eq!((slope.item(), slope.gradients().wrt(x).item()), (3.0, 1.0));
    }

    #[test]
    fn derivatives_nest() {
        let tape = Tape::new();
        let x = tape.var(2.0);
        let third = |x| gradient(|x| gradient(|x| gradient(|[x]| x.powi(5), x)[0], x)[0], x)[0];
        let third = third([x]);
        assert_eq!(
            (third.item(), third.gradients().wrt(x).item()),
            (240.0, 240.0)
        );
        let [[h]] = hessian(|[x]| x.powi(4), [x]);
        assert_eq!((h.item(), h.gradients().wrt(x).item()), (48.0, 48.0));
    }

    /// A function whose Jacobian is full.
    fn full<'t>([x]: [Var<'t, f64>; 1]) -> Var<'t, f64> {
        x * x.sum() + x.exp()
    }

    #[test]
    fn every_function_agrees_with_the_one_of_tensors() {
        use crate::tensor;
        let (at, v) = (
            Tensor::from([0.5, 1.5, -0.25]),
            Tensor::from([1.0, -2.0, 3.0]),
        );
        let tape = Tape::new();
        let (x, direction) = (tape.var(&at), tape.constant(&v));

        let (y, y_dot) = jvp(full, [x], [direction]);
        assert_eq!((y.value(), y_dot.value()), tensor::jvp(full, [&at], [&v]));
        let (y, [x_bar]) = vjp(full, [x], direction);
        let expected = tensor::vjp(full, [&at], &v);
        assert_eq!((y.value(), [x_bar.value()]), expected);
        let ([g], [hv]) = hvp(|x| full(x).sum(), [x], [direction]);
        let expected = tensor::hvp(|x| full(x).sum(), [&at], [&v]);
        assert_eq!(([g.value()], [hv.value()]), expected);
        let [j] = jacobian(full, [x]);
        assert_eq!([j.value()], tensor::jacobian(full, [&at]));
        let [[h]] = hessian(|x| full(x).sum(), [x]);
        assert_eq!([[h.value()]], tensor::hessian(|x| full(x).sum(), [&at]));
    }
}
