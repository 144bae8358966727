//! `Op`: an operation's value and its vector–Jacobian product.

pub(super) mod closure;
mod saved;

use super::algebra::Algebra;
use super::ops::Stored;
use super::var::Var;
use crate::tensor::engine::adjoints::Adjoints;
use crate::tensor::engine::node::Node;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::{Element, Real};
pub use saved::Saved;
use std::fmt::Debug;

/// A differentiable operation on tensors.
///
/// The rule [`vjp`](Op::vjp) is written once, in terms of [`Algebra`]. Run on tensors, it is the backward pass. Run on
/// variables, it records the backward pass, which can then be differentiated again. A rule does not undo broadcasting,
/// skip inputs that need no gradient, or accumulate: [`Adjoints`] does.
///
/// ```
/// use autodiff::tensor::{Adjoints, Algebra, Op, Point, Real, Tape, Tensor};
///
/// /// The cube of every element, `y = x³`; x̄ = 3 x² ȳ.
/// #[derive(Debug)]
/// struct Cube;
///
/// impl<T: Real> Op<T> for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///     fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
///         x[0].powi(3)
///     }
///     fn vjp<A: Algebra<Element = T>>(&self, at: &Point<'_, A>, y_bar: A, x_bar: &mut Adjoints<'_, A>) {
///         x_bar.add(0, || (3.0 * at.x[0].square()).absorbing_mul(&y_bar));
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.var([1.0, 2.0]);
/// let y = tape.apply(Cube, &[x]).sum();
/// assert_eq!(y.gradients().wrt(x).data(), [3.0, 12.0]);
/// ```
///
/// Code that is generic over the algebra, such as a model or another operation's rule, calls
/// [`A::apply`](Algebra::apply) instead of [`Tape::apply`](crate::tensor::Tape::apply).
///
/// # Zero meets infinity
///
/// In the product of an adjoint and a slope, an exactly zero factor absorbs an infinite or NaN factor: the product is
/// zero. `x.exp().min(1.0)` has gradient 0 where `x.exp()` overflows, and a branch that
/// [`select`](Var::select) does not take adds nothing, whatever it holds. This holds in every elementwise function,
/// elementwise product and selection. A rule follows it by multiplying with
/// [`absorbing_mul`](crate::tensor::methods::ElementwiseMethods::absorbing_mul).
///
/// It does not hold inside matrix products ([`matmul`](Var::matmul), [`linear`](Var::linear), [`dense`](Var::dense))
/// and their rules: there 0 · ∞ is NaN.
pub trait Op<T: Real>: Debug + Send + Sync + Sized + 'static {
    /// The operation's name in messages and pictures.
    fn name(&self) -> &'static str;

    /// Computes the value at the inputs `x`.
    ///
    /// # Panics
    ///
    /// If the shapes of the inputs do not fit the operation.
    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T>;

    /// Computes the value at the inputs `x`, and intermediate results that the rule uses again.
    ///
    /// The rule reads them with [`Point::saved`], usually through [`Algebra::recall`]. The tape calls this method if
    /// the result depends on a variable, and [`value`](Op::value) otherwise. The default saves nothing.
    ///
    /// # Panics
    ///
    /// If the shapes of the inputs do not fit the operation.
    #[inline]
    #[track_caller]
    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        (self.value(x), Saved::nothing())
    }

    /// Adds to the adjoint of every input its term from the output's adjoint ȳ: x̄ += (∂y/∂x)ᵀ ȳ.
    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    );

    /// Whether each element of the value depends only on the elements of the inputs, broadcast, at the same position.
    ///
    /// If so, [`Tape::first_non_finite`](crate::tensor::Tape::first_non_finite) compares elements. The default is
    /// `false`.
    fn is_elementwise(&self) -> bool {
        false
    }

    /// Whether the operation is built in, so that its value may be computed while the tape's nodes are borrowed.
    #[doc(hidden)]
    const BUILT_IN: bool = false;

    /// The operation as a tape stores it.
    #[doc(hidden)]
    fn stored(self) -> Stored<T> {
        Stored::custom(self)
    }
}

/// The inputs and the output at which a rule is evaluated, and the saved tensors.
#[derive(Debug)]
pub struct Point<'a, A: Algebra> {
    /// The inputs.
    pub x: &'a [&'a A],
    /// The output.
    pub y: &'a A,
    /// The node whose rule is evaluated.
    pub(super) node: &'a Node<A::Element>,
}

impl<'a, A: Algebra> Point<'a, A> {
    /// Returns tensor number `position` of those that [`Op::value_and_saved`] saved.
    ///
    /// # Panics
    ///
    /// If there is no saved tensor at `position`, or its elements are not of type `E`.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn saved<E: Element>(&self, position: usize) -> &'a Tensor<E> {
        match self.node.saved.get(position) {
            Some(saved) => saved,
            None => self.has_not_saved(position, std::any::type_name::<E>()),
        }
    }

    #[cold]
    #[track_caller]
    fn has_not_saved(&self, position: usize, element_type: &str) -> ! {
        let (name, location) = (self.node.operation.name(), self.node.location);
        panic!(
            "{name}: the rule asks for saved tensor {position}, of {element_type}, and `Op::value_and_saved` saved {:?} \
             (recorded at {location})",
            self.node.saved.element_types(),
        )
    }
}

/// An operation as a trait object, with the rule instantiated for tensors and for variables.
pub(crate) trait ErasedOp<T: Real>: Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn is_elementwise(&self) -> bool;
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

    fn is_elementwise(&self) -> bool {
        Op::is_elementwise(self)
    }

    #[inline(never)] // A sweep then loads only the code of the rules that it runs.
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
