//! Derivatives of tensors that are defined by an equation: fixed points and minima.
//!
//! The derivative follows from the equation at its solution (the implicit function theorem), so it does not depend on
//! how the solution was found, and none of the solver's steps are recorded.

#[cfg(test)]
mod tests;

use crate::tensor::engine::sweep::record_pull_back;
use crate::tensor::engine::tape::Tape;
use crate::tensor::op::closure::ClosureRule;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use std::sync::Arc;
use thiserror::Error;

/// When the iteration of a [`fixed_point`] ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convergence {
    /// The iteration ends when no element changes by more than `tolerance` times the largest magnitude so far.
    pub tolerance: f64,
    /// The largest number of iterations after the first evaluation of the function.
    pub max_iterations: usize,
}

/// The iteration of a [`fixed_point`] has not converged.
#[derive(Clone, Debug, Error, PartialEq)]
#[error(
    "the iteration has not converged: after {iterations} iterations an element changes by {change}, and the largest \
     magnitude is {magnitude}"
)]
pub struct NotConverged {
    /// The number of iterations.
    pub iterations: usize,
    /// The largest change of an element in the last iteration; NaN if an element is NaN, and ∞ if there was none.
    pub change: f64,
    /// The largest magnitude of an element in all iterations.
    pub magnitude: f64,
}

/// Returns the solution of `x = f(x, inputs)`, found by iterating `f` from `start`.
///
/// With J = ∂f/∂x at the solution, the adjoint of an input θ is θ̄ = (∂f/∂θ)ᵀ w, where w solves w = x̄ + Jᵀ w and is
/// found by iteration too. This converges if the iteration of `f` does. If `w` has not converged after
/// `max_iterations`, the gradient is NaN. Derivatives of every order are supported.
///
/// The tape stores `f`, which cannot capture a variable: pass every variable as an input.
///
/// ```
/// use autodiff::tensor::{Convergence, Tape, fixed_point};
///
/// let tape = Tape::new();
/// let a = tape.var([2.0_f64, 9.0]);
/// // Heron's iteration for the square root.
/// let convergence = Convergence { tolerance: 1e-15, max_iterations: 100 };
/// let root = fixed_point(|x, a| (x + a[0] / x) * 0.5, [1.0, 1.0], &[a], convergence)?;
/// assert!((root.value().at([0]) - 2.0_f64.sqrt()).abs() < 1e-15);
/// let slope = root.sum().gradients().wrt(a);
/// assert!((slope.data()[1] - 1.0 / 6.0).abs() < 1e-15);
/// # Ok::<(), autodiff::tensor::NotConverged>(())
/// ```
///
/// # Errors
///
/// If the iteration has not converged after `max_iterations` iterations.
///
/// # Panics
///
/// If there are no inputs, the inputs lie on different tapes, or `f` returns a tensor of another shape than `start`.
#[track_caller]
pub fn fixed_point<'t, T, F>(
    f: F,
    start: impl Into<Tensor<T>>,
    inputs: &[Var<'t, T>],
    convergence: Convergence,
) -> Result<Var<'t, T>, NotConverged>
where
    T: Real,
    F: for<'s> Fn(Var<'s, T>, &[Var<'s, T>]) -> Var<'s, T> + Send + Sync + 'static,
{
    let values: Vec<Tensor<T>> = inputs.iter().map(|input| input.value()).collect();
    let step = |x: &Tensor<T>| {
        let tape = Tape::new();
        let inputs: Vec<_> = values.iter().map(|value| tape.constant(value)).collect();
        f(tape.constant(x), &inputs).value()
    };
    let start = start.into();
    let first = step(&start);
    assert!(
        first.shape() == start.shape(),
        "fixed_point: the function returns a tensor of shape {} for one of shape {}",
        first.shape(),
        start.shape()
    );
    let solution = iterate(first, convergence, step)?;
    let op = FixedPoint {
        f: Arc::new(f),
        solution,
        convergence,
    };
    Ok(op.apply(inputs))
}

/// Returns `minimiser`, the x that minimises `cost(x, inputs)`, as a variable that depends on the inputs.
///
/// `minimiser` may be found by any method. This function neither searches for it nor checks it.
///
/// With H the Hessian of the cost with respect to x at the minimum, the adjoint of an input θ is
/// θ̄ = −(∂²cost/∂θ∂x) w, where w solves H w = x̄ by conjugate gradients. H must be positive definite there. If the
/// iteration meets a direction without positive curvature, or does not converge, the gradient is NaN. Derivatives of
/// every order are supported.
///
/// The tape stores `cost`, which cannot capture a variable: pass every variable as an input. The derivative is as
/// accurate as the minimiser.
///
/// ```
/// use autodiff::tensor::{Tape, Tensor, minimum};
///
/// // The x that minimises (x − a)² + b x² is a / (1 + b).
/// let tape = Tape::new();
/// let (a, b) = (tape.var(3.0), tape.var(0.5));
/// let minimiser = Tensor::scalar(2.0);
/// let x = minimum(|x, p| (x - p[0]).square() + p[1] * x.square(), minimiser, &[a, b]);
/// let gradients = x.gradients();
/// assert!((gradients.wrt(a).item() - 1.0_f64 / 1.5).abs() < 1e-15);
/// assert!((gradients.wrt(b).item() + 3.0_f64 / (1.5 * 1.5)).abs() < 1e-15);
/// ```
///
/// # Panics
///
/// If there are no inputs, or the inputs lie on different tapes. The backward pass panics if the cost is not one number.
#[must_use]
#[track_caller]
pub fn minimum<'t, T, F>(
    cost: F,
    minimiser: impl Into<Tensor<T>>,
    inputs: &[Var<'t, T>],
) -> Var<'t, T>
where
    T: Real,
    F: for<'s> Fn(Var<'s, T>, &[Var<'s, T>]) -> Var<'s, T> + Send + Sync + 'static,
{
    let op = Minimum {
        cost: Arc::new(cost),
        solution: minimiser.into(),
    };
    op.apply(inputs)
}

/// A function of the unknown tensor and of the inputs.
type Function<T> = dyn for<'s> Fn(Var<'s, T>, &[Var<'s, T>]) -> Var<'s, T> + Send + Sync;

/// Iterates `f` from `start`.
fn iterate<T: Real>(
    start: Tensor<T>,
    convergence: Convergence,
    mut f: impl FnMut(&Tensor<T>) -> Tensor<T>,
) -> Result<Tensor<T>, NotConverged> {
    let mut x = start;
    let (mut change, mut magnitude) = (f64::INFINITY, largest(&x));
    for _ in 0..convergence.max_iterations {
        let next = f(&x);
        change = largest(&(&next - &x));
        magnitude = magnitude.max(largest(&next));
        x = next;
        if change.is_finite() && change <= convergence.tolerance * magnitude {
            return Ok(x);
        }
    }
    Err(NotConverged {
        iterations: convergence.max_iterations,
        change,
        magnitude,
    })
}

/// The largest magnitude of an element; NaN if one is NaN, and 0 if there are none.
fn largest<T: Real>(x: &Tensor<T>) -> f64 {
    crate::tensor::raw::largest_magnitude(x.data())
}

/// The fixed point of a function.
struct FixedPoint<T: Real> {
    f: Arc<Function<T>>,
    solution: Tensor<T>,
    convergence: Convergence,
}

impl<T: Real> FixedPoint<T> {
    /// Returns the solution of w = ȳ + Jᵀ w; NaN if it is not found.
    fn adjoint(&self, inputs: &[Var<'_, T>], y_bar: &Tensor<T>) -> Tensor<T> {
        let tape = Tape::new();
        let x = tape.var(&self.solution);
        let inputs: Vec<_> = inputs.iter().map(|x| tape.var(x.value())).collect();
        let y = (self.f)(x, &inputs);
        let solution = iterate(y_bar.clone(), self.convergence, |w| y_bar + y.vjp(w).wrt(x));
        solution.unwrap_or_else(|_| y_bar * f64::NAN)
    }
}

impl<T: Real> ClosureRule<T> for FixedPoint<T> {
    fn name(&self) -> &'static str {
        "fixed_point"
    }

    fn value(&self, _inputs: &[&Tensor<T>]) -> Tensor<T> {
        self.solution.clone()
    }

    fn record_terms<'t>(
        &self,
        inputs: &[Var<'t, T>],
        x: Var<'t, T>,
        x_bar: Var<'t, T>,
    ) -> Vec<Var<'t, T>> {
        // w is itself a fixed point, which depends on x̄, x and the inputs.
        let f = Arc::clone(&self.f);
        let adjoint = FixedPoint {
            f: Arc::new(move |w: Var<'_, T>, of: &[Var<'_, T>]| {
                let x = of[1].as_new_node();
                of[0] + record_pull_back(f(x, &of[2..]), w, &[x])[0]
            }),
            solution: self.adjoint(inputs, &x_bar.value()),
            convergence: self.convergence,
        };
        let w = adjoint.apply(&[&[x_bar, x], inputs].concat());
        let inputs: Vec<_> = inputs.iter().map(|input| input.as_new_node()).collect();
        record_pull_back((self.f)(x, &inputs), w, &inputs)
    }
}

/// The minimiser of a cost.
struct Minimum<T: Real> {
    cost: Arc<Function<T>>,
    solution: Tensor<T>,
}

impl<T: Real> Minimum<T> {
    /// Returns the solution of H w = x̄; NaN if it is not found.
    fn adjoint(&self, inputs: &[Var<'_, T>], x_bar: &Tensor<T>) -> Tensor<T> {
        let tape = Tape::new();
        let x = tape.var(&self.solution);
        let inputs: Vec<_> = inputs.iter().map(|x| tape.var(x.value())).collect();
        let slope = (self.cost)(x, &inputs).recorded_gradients(&[x])[0];
        conjugate_gradients(x_bar, |w| slope.vjp(w).wrt(x))
    }
}

impl<T: Real> ClosureRule<T> for Minimum<T> {
    fn name(&self) -> &'static str {
        "minimum"
    }

    fn value(&self, _inputs: &[&Tensor<T>]) -> Tensor<T> {
        self.solution.clone()
    }

    fn record_terms<'t>(
        &self,
        inputs: &[Var<'t, T>],
        x: Var<'t, T>,
        x_bar: Var<'t, T>,
    ) -> Vec<Var<'t, T>> {
        // w minimises ½ wᵀ H w − x̄ᵀ w, which depends on x̄, x and the inputs.
        let cost = Arc::clone(&self.cost);
        let adjoint = Minimum {
            cost: Arc::new(move |w: Var<'_, T>, of: &[Var<'_, T>]| {
                let x = of[1].as_new_node();
                let slope = cost(x, &of[2..]).recorded_gradients(&[x])[0];
                // w is a constant in the direction of differentiation.
                let product = record_pull_back((slope * w).sum(), unit(w), &[x])[0];
                ((0.5 * product - of[0]) * w).sum()
            }),
            solution: self.adjoint(inputs, &x_bar.value()),
        };
        let w = adjoint.apply(&[&[x_bar, x], inputs].concat());
        let inputs: Vec<_> = inputs.iter().map(|input| input.as_new_node()).collect();
        let x = x.as_new_node();
        let slope = (self.cost)(x, &inputs).recorded_gradients(&[x])[0];
        record_pull_back(-(slope * w).sum(), unit(w), &inputs)
    }
}

/// The adjoint 1 of a number, on the tape of `x`.
fn unit<T: Real>(x: Var<'_, T>) -> Var<'_, T> {
    x.tape().constant(T::from_f64(1.0))
}

/// Returns the solution of H w = b for a positive definite H, given as the product with a vector; NaN if H is not
/// positive definite, or the residual does not become small.
///
/// Source: Hestenes and Stiefel, Methods of Conjugate Gradients for Solving Linear Systems, 1952.
fn conjugate_gradients<T: Real>(
    b: &Tensor<T>,
    product: impl Fn(&Tensor<T>) -> Tensor<T>,
) -> Tensor<T> {
    // The solution is linear in b. Numbers of the order of 1 have squares that neither overflow nor underflow.
    let scale = largest(b);
    if scale == 0.0 || !scale.is_finite() {
        return b * scale;
    }
    let dot = |a: &Tensor<T>, b: &Tensor<T>| -> f64 {
        let terms = a.data().iter().zip(b.data());
        terms.map(|(a, b)| a.to_f64() * b.to_f64()).sum()
    };
    let b = &(b / scale);
    let (mut w, mut residual) = (Tensor::zeros(b.shape()), b.clone());
    let mut direction = residual.clone();
    let (first, tolerance) = (dot(b, b), T::EPSILON.to_f64());
    let mut square = first;
    // In exact arithmetic the solution is found after as many steps as there are unknowns.
    for _ in 0..10 * b.size() + 10 {
        if square <= tolerance * tolerance * first {
            return w * scale;
        }
        let image = product(&direction);
        let curvature = dot(&direction, &image);
        if curvature.is_nan() || curvature <= 0.0 {
            break;
        }
        let step = square / curvature;
        w += &direction * step;
        residual -= image * step;
        let next = dot(&residual, &residual);
        direction = &residual + direction * (next / square);
        square = next;
    }
    // A residual that rounding keeps from becoming smaller still.
    if square <= 1e4 * tolerance * tolerance * first {
        w * scale
    } else {
        b * f64::NAN
    }
}
