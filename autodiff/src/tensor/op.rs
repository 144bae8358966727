//! What an operation is: a value, and the rule that carries an adjoint back through it.

use super::adjoints::Adjoints;
use super::algebra::Algebra;
use super::array::Tensor;
use super::element::Real;
use super::node::Node;
use super::var::Var;
use std::fmt::Debug;

/// An operation on tensors that can be differentiated.
///
/// The rule is written once, against the [`Algebra`]: run on plain tensors it is the backward pass; run on variables
/// it records the backward pass, which can be differentiated in turn. A rule never concerns itself with broadcasting,
/// with inputs that lead to no variable, or with adding up: [`Adjoints`] does all that.
///
/// # Zero meets infinity
///
/// An adjoint or a slope that is exactly zero absorbs an infinite or NaN partner: `x.exp().min(1.0)` has gradient 0 where
/// `x.exp()` overflows, and a branch that [`select`](Var::select) does not take adds nothing, whatever it holds. This is
/// so in every elementwise function, product and selection. A rule obeys it by [`absorbing_mul`](Algebra::absorbing_mul).
/// It does not hold inside matrix products, those of [`matmul`](Var::matmul), [`linear`](Var::linear) and
/// [`layer`](Var::layer) and their rules: there 0 · ∞ is NaN.
///
/// ```
/// use autodiff::tensor::{Adjoints, Algebra, Op, Point, Real, Tape, Tensor, Value};
///
/// /// The cube of every element, `y = x³`; x̄ = 3 x² ȳ.
/// #[derive(Debug)]
/// struct Cube;
///
/// impl<T: Real> Op<T> for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///     fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
///         x[0].powi(3).into()
///     }
///     fn vjp<A: Algebra<Element = T>>(&self, at: &Point<'_, A>, y_bar: A, x_bar: &mut Adjoints<'_, A>) {
///         x_bar.add(0, || at.x[0].times(at.x[0]).scaled(3.0).absorbing_mul(&y_bar));
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.var([1.0, 2.0]);
/// let y = tape.apply(Cube, &[x]).sum();
/// assert_eq!(y.gradients().wrt(x).data(), [3.0, 12.0]);
/// ```
pub trait Op<T: Real>: Debug + Send + Sync {
    /// The name, as messages and pictures give it.
    fn name(&self) -> &'static str;

    /// The value at the inputs `x`.
    ///
    /// # Panics
    ///
    /// If the shapes of the inputs do not fit.
    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T>;

    /// Adds to the adjoint of every input what the output's adjoint ȳ makes of it: x̄ += (∂y/∂x)ᵀ ȳ.
    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    );
}

/// What an operation gives: its value, and what its rule will want to use again.
#[derive(Debug)]
pub struct Value<T: Real> {
    /// The value.
    pub y: Tensor<T>,
    /// An intermediate result for the rule, which finds it as [`Point::saved`] and mostly [recalls](Algebra::recall) it.
    pub saved: Option<Tensor<T>>,
}

impl<T: Real> From<Tensor<T>> for Value<T> {
    fn from(y: Tensor<T>) -> Self {
        Value { y, saved: None }
    }
}

/// Where a rule is evaluated.
#[derive(Debug)]
pub struct Point<'a, A: Algebra> {
    /// The inputs.
    pub x: &'a [&'a A],
    /// The output.
    pub y: &'a A,
    /// The node whose rule is run.
    pub(super) node: &'a Node<A::Element>,
}

impl<'a, A: Algebra> Point<'a, A> {
    /// What [`Op::value`] saved.
    ///
    /// # Panics
    ///
    /// If it saved nothing.
    #[must_use]
    #[track_caller]
    pub fn saved(&self) -> &'a Tensor<A::Element> {
        let Node {
            operation,
            saved,
            caller,
            ..
        } = self.node;
        match saved {
            Some(saved) => saved,
            None => panic!(
                "{}: the rule asks for what `Op::value` saved, and it saved nothing (recorded at {caller})",
                operation.name()
            ),
        }
    }
}

/// An operation behind one face, with a method for each reading of its rule.
pub(crate) trait ErasedOp<T: Real>: Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn vjp_computed(
        &self,
        at: &Point<'_, Tensor<T>>,
        y_bar: Tensor<T>,
        x_bar: &mut Adjoints<'_, Tensor<T>>,
    );
    fn vjp_recorded<'t>(
        &self,
        at: &Point<'_, Var<'t, T>>,
        y_bar: Var<'t, T>,
        x_bar: &mut Adjoints<'_, Var<'t, T>>,
    );
}

impl<T: Real, O: Op<T>> ErasedOp<T> for O {
    fn name(&self) -> &'static str {
        Op::name(self)
    }

    #[inline(never)] // A sweep then executes the code of the rules that occur, and nothing of the others.
    fn vjp_computed(
        &self,
        at: &Point<'_, Tensor<T>>,
        y_bar: Tensor<T>,
        x_bar: &mut Adjoints<'_, Tensor<T>>,
    ) {
        self.vjp(at, y_bar, x_bar);
    }

    fn vjp_recorded<'t>(
        &self,
        at: &Point<'_, Var<'t, T>>,
        y_bar: Var<'t, T>,
        x_bar: &mut Adjoints<'_, Var<'t, T>>,
    ) {
        self.vjp(at, y_bar, x_bar);
    }
}
