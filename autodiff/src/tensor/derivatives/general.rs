//! Derivatives of functions of any number of tensors: their closures take a slice.
//!
//! For a fixed number of tensors the functions of the same names in [`tensor`](crate::tensor) are more convenient: their
//! closures take an array, which a pattern can destructure.
//!
//! ```
//! use autodiff::tensor::{Tensor, general};
//!
//! let parameters = vec![Tensor::from([1.0, 2.0]), Tensor::scalar(3.0)];
//! let gradient = general::gradient(|x| (x[0] * x[1]).sum(), &parameters);
//! assert_eq!(gradient, [Tensor::from([3.0, 3.0]), Tensor::scalar(3.0)]);
//! ```

use crate::tensor::algebra::Algebra;
use crate::tensor::engine::gradients::Gradients;
use crate::tensor::engine::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use std::ops::Mul;

/// Returns the gradient of a function whose value is one number, by one backward pass.
///
/// # Panics
///
/// If the value does not have exactly one element.
#[doc(alias = "grad")]
#[must_use]
#[track_caller]
pub fn gradient<T: Real, F>(f: F, x: &[Tensor<T>]) -> Vec<Tensor<T>>
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    value_and_gradient(f, x).1
}

/// Returns the value and the gradient of a function whose value is one number, by one backward pass.
///
/// # Panics
///
/// If the value does not have exactly one element.
#[doc(alias = "value_and_grad")]
#[must_use]
#[track_caller]
pub fn value_and_gradient<T: Real, F>(f: F, x: &[Tensor<T>]) -> (T, Vec<Tensor<T>>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    let tape = Tape::new();
    let (vars, y) = record(&tape, f, x);
    check_number("gradient", &y.shape());
    let gradients = y.gradients();
    (y.item(), gradients.wrt_all(&vars))
}

/// Returns the value of a function, and the product `J ẋ` of its Jacobian with `x_dot`: the rate of change of the value
/// when the point moves along `x_dot`.
///
/// It is computed by two backward passes: `Jᵀ ȳ` is linear in ȳ, and the gradient of ⟨`Jᵀ ȳ`, ẋ⟩ with respect to ȳ is
/// `J ẋ`.
///
/// # Panics
///
/// If the number or the shapes of `x_dot` and `x` differ.
#[must_use]
#[track_caller]
pub fn jvp<T: Real, F>(f: F, x: &[Tensor<T>], x_dot: &[Tensor<T>]) -> (Tensor<T>, Tensor<T>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    check_directions("jvp", x, x_dot);
    let tape = Tape::new();
    let (vars, y) = record(&tape, f, x);
    let y_bar = tape.var(Tensor::full(y.shape(), T::from_f64(1.0)));
    let slope = along(y.recorded_vjp(y_bar, &vars), x_dot);
    let y_dot = match slope {
        Some(slope) => slope.gradients().wrt(y_bar),
        None => Tensor::zeros(y.shape()),
    };
    (y.value(), y_dot)
}

/// Returns the value of a function, and the product `Jᵀ ȳ` of its transposed Jacobian with `y_bar`: the gradient of
/// ⟨ȳ, f(x)⟩.
///
/// # Panics
///
/// If `y_bar` does not have the shape of the value.
#[must_use]
#[track_caller]
pub fn vjp<T: Real, F>(
    f: F,
    x: &[Tensor<T>],
    y_bar: impl Into<Tensor<T>>,
) -> (Tensor<T>, Vec<Tensor<T>>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    let tape = Tape::new();
    let (vars, y) = record(&tape, f, x);
    let gradients = y.vjp(y_bar);
    (y.value(), gradients.wrt_all(&vars))
}

/// Returns the gradient of a function whose value is one number, and the product `H v` of its Hessian with `v`, by a
/// backward pass over a recorded backward pass.
///
/// # Panics
///
/// If the value does not have exactly one element, or the number or the shapes of `v` and `x` differ.
#[must_use]
#[track_caller]
pub fn hvp<T: Real, F>(f: F, x: &[Tensor<T>], v: &[Tensor<T>]) -> (Vec<Tensor<T>>, Vec<Tensor<T>>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    check_directions("hvp", x, v);
    let tape = Tape::new();
    let (vars, y) = record(&tape, f, x);
    check_number("hvp", &y.shape());
    let gradient = y.recorded_gradients(&vars);
    let values = gradient.iter().map(|g| g.value()).collect();
    let product = match along(gradient, v) {
        Some(slope) => slope.gradients().wrt_all(&vars),
        None => Vec::new(),
    };
    (values, product)
}

/// Returns the Jacobian of a function: with respect to each input, the tensor of shape `[y…, x…]` whose element at
/// `[i…, j…]` is ∂yᵢ/∂xⱼ, where y is the value. It takes one backward pass for each element of the value.
///
#[must_use]
#[track_caller]
pub fn jacobian<T: Real, F>(f: F, x: &[Tensor<T>]) -> Vec<Tensor<T>>
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    value_and_jacobian(f, x).1
}

/// Returns the value and the [Jacobian](jacobian) of a function.
#[must_use]
#[track_caller]
pub fn value_and_jacobian<T: Real, F>(f: F, x: &[Tensor<T>]) -> (Tensor<T>, Vec<Tensor<T>>)
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    let tape = Tape::new();
    let (vars, y) = record(&tape, f, x);
    (y.value(), jacobians(y, &vars))
}

/// Returns the Hessian of a function whose value is one number: for each pair of inputs a and b, the tensor of shape
/// `[a…, b…]` of the second derivatives ∂²y/∂aᵢ∂bⱼ. It takes one backward pass for each element of the inputs.
///
/// # Panics
///
/// If the value does not have exactly one element.
#[must_use]
#[track_caller]
pub fn hessian<T: Real, F>(f: F, x: &[Tensor<T>]) -> Vec<Vec<Tensor<T>>>
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    let tape = Tape::new();
    let (vars, y) = record(&tape, f, x);
    check_number("hessian", &y.shape());
    let rows = y.recorded_gradients(&vars).into_iter();
    rows.map(|g| jacobians(g, &vars)).collect()
}

/// Returns the gradient of each sample's cost with respect to each parameter, by one backward pass: tensors of shape
/// `[samples, parameter…]`.
///
/// `f` gets the parameters with an axis of samples in front, along which they are equal, and returns one cost for each
/// sample. The cost of a sample may depend only on its own copy of the parameters.
///
/// # Panics
///
/// If `f` does not return one number for each sample.
#[must_use]
#[track_caller]
pub fn per_sample_gradients<T: Real, F>(
    f: F,
    parameters: &[Tensor<T>],
    samples: usize,
) -> Vec<Tensor<T>>
where
    F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    let tape = Tape::new();
    let mut vars = Vec::new();
    for parameter in parameters {
        vars.push(tape.var(parameter.broadcast_to(joined(&[samples], parameter.shape()))));
    }
    let costs = f(&vars);
    assert!(
        costs.shape()[..] == [samples],
        "per_sample_gradients: costs of shape {} for {samples} samples",
        costs.shape()
    );
    let gradients = costs.sum().gradients();
    gradients.wrt_all(&vars)
}

/// Records `f` at `x`, with each item of `x` as a variable.
fn record<'t, T: Real, F>(tape: &'t Tape<T>, f: F, x: &[Tensor<T>]) -> (Vec<Var<'t, T>>, Var<'t, T>)
where
    F: FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
{
    let vars: Vec<_> = x.iter().map(|x| tape.var(x)).collect();
    let y = f(&vars);
    (vars, y)
}

/// The Jacobian of `y` with respect to each variable, of shape `[y…, x…]`.
#[track_caller]
pub(crate) fn jacobians<T: Real>(y: Var<'_, T>, wrt: &[Var<'_, T>]) -> Vec<Tensor<T>> {
    let shape = y.shape();
    let empty = |x: &Var<'_, T>| Tensor::zeros(joined(&shape, &x.shape()));
    let mut jacobians: Vec<Tensor<T>> = wrt.iter().map(empty).collect();
    let mut gradients = Gradients::default();
    let mut unit = Tensor::zeros(&shape);
    for row in 0..shape.size() {
        unit.data_mut()[row] = T::from_f64(1.0);
        gradients.update_vjp(y, &unit);
        unit.data_mut()[row] = T::default();
        for (jacobian, &x) in jacobians.iter_mut().zip(wrt) {
            let size = x.size();
            gradients.add_to(
                x,
                T::from_f64(1.0),
                &mut jacobian.data_mut()[row * size..][..size],
            );
        }
    }
    jacobians
}

/// The sum of the scalar products of gradients with directions; `None` if there are none.
pub(super) fn along<'t, T: Real, D>(
    gradients: impl IntoIterator<Item = Var<'t, T>>,
    directions: &[D],
) -> Option<Var<'t, T>>
where
    for<'d> Var<'t, T>: Mul<&'d D, Output = Var<'t, T>>,
{
    let terms = gradients.into_iter().zip(directions);
    terms
        .map(|(g, direction)| (g * direction).sum())
        .reduce(|sum, term| sum + term)
}

/// The extents of `outer` and then of `inner`.
pub(super) fn joined(outer: &[usize], inner: &[usize]) -> Shape {
    Shape::from(&[outer, inner].concat()[..])
}

#[track_caller]
pub(super) fn check_number(operation: &str, shape: &Shape) {
    assert!(
        shape.size() == 1,
        "{operation}: the function's value has shape {shape}, and must be one number"
    );
}

/// # Panics
///
/// If there is not one direction for each input, of its shape.
#[track_caller]
pub(super) fn check_directions<A: Algebra>(operation: &str, x: &[A], directions: &[A]) {
    assert!(
        x.len() == directions.len(),
        "{operation}: {} directions for {} inputs",
        directions.len(),
        x.len()
    );
    for (x, direction) in x.iter().zip(directions) {
        assert!(
            x.shape() == direction.shape(),
            "{operation}: a direction of shape {} for an input of shape {}",
            direction.shape(),
            x.shape()
        );
    }
}
