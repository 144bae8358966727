//! `Operand`: the second argument of an operation.

use super::Algebra;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use autodiff_kernels::Float;
use std::borrow::Borrow;

/// The second argument of an operation on an `A`, a tensor or a variable.
///
/// It is another `A`, by value or by reference, or a number. On a variable it may also be a tensor. Numbers and tensors
/// become constants. A number is an `f64` in either precision, or an `f32` in single precision.
pub trait Operand<A: Algebra> {
    /// The operand as an `A`, owned or borrowed.
    type Held: Borrow<A>;

    /// Returns the operand as an `A`, on the tape of `other` if that is a variable.
    #[track_caller]
    fn beside(self, other: &A) -> Self::Held;

    /// Returns the elements as a plain tensor. Nothing is recorded.
    fn plain(self) -> Tensor<A::Element>;

    /// Returns the operand if it is an `A` itself.
    fn as_algebra(&self) -> Option<&A> {
        None
    }
}

impl<A: Algebra> Operand<A> for A {
    type Held = A;

    #[inline(always)]
    fn beside(self, _other: &A) -> A {
        self
    }

    fn plain(self) -> Tensor<A::Element> {
        self.value()
    }

    fn as_algebra(&self) -> Option<&A> {
        Some(self)
    }
}

impl<'a, A: Algebra> Operand<A> for &'a A {
    type Held = &'a A;

    #[inline(always)]
    fn beside(self, _other: &A) -> &'a A {
        self
    }

    fn plain(self) -> Tensor<A::Element> {
        self.value()
    }

    fn as_algebra(&self) -> Option<&A> {
        Some(self)
    }
}

impl<A: Algebra> Operand<A> for f64 {
    type Held = A;

    #[track_caller]
    fn beside(self, other: &A) -> A {
        other.constant(Operand::<A>::plain(self))
    }

    fn plain(self) -> Tensor<A::Element> {
        Tensor::scalar(Float::from_f64(self))
    }
}

impl Operand<Tensor<f32>> for f32 {
    type Held = Tensor<f32>;

    fn beside(self, _other: &Tensor<f32>) -> Tensor<f32> {
        Tensor::scalar(self)
    }

    fn plain(self) -> Tensor<f32> {
        Tensor::scalar(self)
    }
}

impl<'t> Operand<Var<'t, f32>> for f32 {
    type Held = Var<'t, f32>;

    #[track_caller]
    fn beside(self, other: &Var<'t, f32>) -> Var<'t, f32> {
        other.tape.constant(self)
    }

    fn plain(self) -> Tensor<f32> {
        Tensor::scalar(self)
    }
}

impl<'t, T: Real> Operand<Var<'t, T>> for Tensor<T> {
    type Held = Var<'t, T>;

    #[track_caller]
    fn beside(self, other: &Var<'t, T>) -> Var<'t, T> {
        other.tape.constant(self)
    }

    fn plain(self) -> Tensor<T> {
        self
    }
}

impl<'t, T: Real> Operand<Var<'t, T>> for &Tensor<T> {
    type Held = Var<'t, T>;

    #[track_caller]
    fn beside(self, other: &Var<'t, T>) -> Var<'t, T> {
        other.tape.constant(self)
    }

    fn plain(self) -> Tensor<T> {
        self.clone()
    }
}
