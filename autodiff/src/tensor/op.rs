//! What an operation is: a value, and the rule that carries an adjoint back through it.

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

/// An operation on tensors that can be differentiated.
///
/// The rule is written once, against the [`Algebra`]: run on plain tensors it is the backward pass; run on variables
/// it records the backward pass, which can be differentiated in turn. A rule never concerns itself with broadcasting,
/// with inputs that lead to no variable, or with adding up: [`Adjoints`] does all that.
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
/// In a model, or in the rule of another operation, that is generic over the algebra, [`A::apply`](Algebra::apply) is
/// the same.
///
/// # Zero meets infinity
///
/// An adjoint or a slope that is exactly zero absorbs an infinite or NaN partner: `x.exp().min(1.0)` has gradient 0 where
/// `x.exp()` overflows, and a branch that [`select`](Var::select) does not take adds nothing, whatever it holds. This is
/// so in every elementwise function, product and selection. A rule obeys it by
/// [`absorbing_mul`](crate::tensor::methods::ElementwiseMethods::absorbing_mul).
/// It does not hold inside matrix products, those of [`matmul`](Var::matmul), [`linear`](Var::linear) and
/// [`layer`](Var::layer) and their rules: there 0 · ∞ is NaN.
pub trait Op<T: Real>: Debug + Send + Sync + Sized + 'static {
    /// The name, as messages and pictures give it.
    fn name(&self) -> &'static str;

    /// The value at the inputs `x`.
    ///
    /// # Panics
    ///
    /// If the shapes of the inputs do not fit.
    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T>;

    /// The value at the inputs `x`, and intermediate results that the rule will want to use again.
    ///
    /// The rule finds them as [`Point::saved`], and mostly [recalls](Algebra::recall) them. It is called where the value
    /// is recorded and depends on a variable; elsewhere [`value`](Op::value) is.
    ///
    /// # Panics
    ///
    /// If the shapes of the inputs do not fit.
    #[inline]
    #[track_caller]
    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        (self.value(x), Saved::nothing())
    }

    /// Adds to the adjoint of every input what the output's adjoint ȳ makes of it: x̄ += (∂y/∂x)ᵀ ȳ.
    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    );

    /// Whether each element of the value is a function of the elements of the inputs at the same position, which are
    /// broadcast. [`Tape::first_non_finite`](crate::tensor::Tape::first_non_finite) then compares elements one by one.
    fn is_elementwise(&self) -> bool {
        false
    }

    /// Whether it is one of the crate's own, whose value may be computed while the tape is read.
    #[doc(hidden)]
    const BUILT_IN: bool = false;

    /// The operation as a tape stores it.
    #[doc(hidden)]
    fn stored(self) -> Stored<T> {
        Stored::custom(self)
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
    /// The tensor that [`Op::value_and_saved`] saved at a position.
    ///
    /// # Panics
    ///
    /// If it saved none there, or one of another element type.
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

/// An operation behind one face, with a method for each reading of its rule.
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
