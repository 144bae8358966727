//! `Dispatch`: calls from code that is generic over the algebra to code that cannot be, such as a trait object.

use super::Algebra;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::{ByPrecision, Real};
use crate::tensor::var::Var;
use std::marker::PhantomData;

/// A computation with a method for each implementor of [`Algebra`] and precision, for code that cannot be generic.
///
/// A trait object has no generic methods, but it can have these four. [`Algebra::dispatch`] calls the method for its
/// own type and precision.
///
/// ```
/// use autodiff::tensor::{Algebra, Dispatch, Tape, Tensor, Var};
///
/// /// Returns the name of the type that it is called with.
/// struct Name;
///
/// impl Dispatch for Name {
///     type Input<'i, A: Algebra + 'i> = &'i A;
///     type Output<A: Algebra> = &'static str;
///
///     fn tensor_f32<'i>(self, _: &'i Tensor<f32>) -> &'static str { "a tensor in f32" }
///     fn tensor_f64<'i>(self, _: &'i Tensor<f64>) -> &'static str { "a tensor in f64" }
///     fn var_f32<'i, 't: 'i>(self, _: &'i Var<'t, f32>) -> &'static str { "a variable in f32" }
///     fn var_f64<'i, 't: 'i>(self, _: &'i Var<'t, f64>) -> &'static str { "a variable in f64" }
/// }
///
/// fn name<A: Algebra>(x: &A) -> &'static str {
///     A::dispatch(Name, x)
/// }
///
/// assert_eq!(name(&Tensor::scalar(1.0_f32)), "a tensor in f32");
/// assert_eq!(name(&Tape::new().var(1.0_f64)), "a variable in f64");
/// ```
pub trait Dispatch {
    /// The argument.
    type Input<'i, A: Algebra + 'i>;
    /// The result.
    type Output<A: Algebra>;

    /// The computation on tensors, in single precision.
    fn tensor_f32<'i>(self, input: Self::Input<'i, Tensor<f32>>) -> Self::Output<Tensor<f32>>;

    /// The computation on tensors, in double precision.
    fn tensor_f64<'i>(self, input: Self::Input<'i, Tensor<f64>>) -> Self::Output<Tensor<f64>>;

    /// The computation on variables, in single precision.
    fn var_f32<'i, 't: 'i>(
        self,
        input: Self::Input<'i, Var<'t, f32>>,
    ) -> Self::Output<Var<'t, f32>>;

    /// The computation on variables, in double precision.
    fn var_f64<'i, 't: 'i>(
        self,
        input: Self::Input<'i, Var<'t, f64>>,
    ) -> Self::Output<Var<'t, f64>>;
}

/// A [`Dispatch`] on tensors, which remains to be resolved by precision.
pub(super) struct OnTensors<'i, D>(pub(super) D, pub(super) PhantomData<&'i ()>);

impl<'i, D: Dispatch> ByPrecision for OnTensors<'i, D> {
    type Input<T: Real> = D::Input<'i, Tensor<T>>;
    type Output<T: Real> = D::Output<Tensor<T>>;

    fn in_f32(self, input: D::Input<'i, Tensor<f32>>) -> D::Output<Tensor<f32>> {
        self.0.tensor_f32(input)
    }

    fn in_f64(self, input: D::Input<'i, Tensor<f64>>) -> D::Output<Tensor<f64>> {
        self.0.tensor_f64(input)
    }
}

/// A [`Dispatch`] on variables, which remains to be resolved by precision.
pub(super) struct OnVariables<'i, 't, D>(pub(super) D, pub(super) PhantomData<(&'i (), &'t ())>);

impl<'i, 't: 'i, D: Dispatch> ByPrecision for OnVariables<'i, 't, D> {
    type Input<T: Real> = D::Input<'i, Var<'t, T>>;
    type Output<T: Real> = D::Output<Var<'t, T>>;

    fn in_f32(self, input: D::Input<'i, Var<'t, f32>>) -> D::Output<Var<'t, f32>> {
        self.0.var_f32(input)
    }

    fn in_f64(self, input: D::Input<'i, Var<'t, f64>>) -> D::Output<Var<'t, f64>> {
        self.0.var_f64(input)
    }
}
