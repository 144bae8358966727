//! `+ − * /` of tensors and of variables, by value and by reference, with a number on either side.

use super::Operand;
use crate::elementwise::{Binary, Unary};
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A bound on a type other than `Self`, which follows from a bound on `Self`; see [`Implies`].
pub trait Is<T> {
    /// The other type, `T`.
    type Type;
}

impl<T, U: ?Sized> Is<T> for U {
    type Type = T;
}

/// Makes a bound on `T` follow from a bound on `Self`.
///
/// From a bound `A: Trait`, the compiler infers the supertraits of `Trait` and the bounds on their associated types,
/// but no `where` clause on another type. `trait Operators: Implies<f64, Type: Mul<Self>>` states `f64: Mul<Self>` as a
/// bound on an associated type.
pub trait Implies<T>: Is<T, Type = T> {}

impl<T, U: ?Sized> Implies<T> for U {}

/// Declares the trait `Operators` from the list of binary operators.
macro_rules! operators_trait {
    ($($Trait:ident $Assign:ident)*) => {
        /// The operators `+ − * /` and negation on values and references, elementwise and broadcasting, with a number
        /// on either side; and `+= −= *= /=`.
        pub trait Operators:
            Sized
            + Neg<Output = Self>
            $(+ $Trait<Self, Output = Self> + for<'b> $Trait<&'b Self, Output = Self> + $Trait<f64, Output = Self>)*
            $(+ $Assign<Self> + for<'b> $Assign<&'b Self> + $Assign<f64>)*
            + for<'a> Implies<&'a Self, Type: Neg<Output = Self>
                $(+ $Trait<Self, Output = Self> + for<'b> $Trait<&'b Self, Output = Self> + $Trait<f64, Output = Self>)*
            >
            + Implies<f64, Type: Sized
                $(+ $Trait<Self, Output = Self> + for<'b> $Trait<&'b Self, Output = Self>)*
            >
        {
        }
    };
}
operators_trait!(Add AddAssign Sub SubAssign Mul MulAssign Div DivAssign);

impl<T: Real> Operators for Tensor<T> {}
impl<T: Real> Operators for Var<'_, T> {}

/// Implements the operators for the type `$A`, whose generic parameters are in brackets, and for references to it.
macro_rules! operators {
    (impl $parameters:tt for $A:ty: $($Trait:ident::$method:ident, $Assign:ident::$assign:ident;)*) => {
        operators!(negative $parameters $A => $A);
        operators!(negative $parameters &$A => $A);
        $(
            operators!(right $parameters $A => $A, $Trait::$method);
            operators!(right $parameters &$A => $A, $Trait::$method);
            operators!(left $parameters $A => $A, $Trait::$method);
            operators!(left $parameters &$A => $A, $Trait::$method);
            operators!(assign $parameters $A, $Trait, $Assign::$assign);
        )*
    };
    (negative [$($parameters:tt)*] $Operand:ty => $A:ty) => {
        impl<$($parameters)*> Neg for $Operand {
            type Output = $A;

            #[track_caller]
            fn neg(self) -> $A {
                self.unary(Unary::Neg)
            }
        }
    };
    (right [$($parameters:tt)*] $Left:ty => $A:ty, $Trait:ident::$method:ident) => {
        impl<$($parameters)*, R: Operand<$A>> $Trait<R> for $Left {
            type Output = $A;

            #[track_caller]
            fn $method(self, other: R) -> $A {
                self.binary(Binary::$Trait, other)
            }
        }
    };
    (assign [$($parameters:tt)*] $A:ty, $Trait:ident, $Assign:ident::$assign:ident) => {
        impl<$($parameters)*, R: Operand<$A>> $Assign<R> for $A {
            #[track_caller]
            fn $assign(&mut self, other: R) {
                *self = self.binary(Binary::$Trait, other);
            }
        }
    };
    (left [$($parameters:tt)*] $Right:ty => $A:ty, $Trait:ident::$method:ident) => {
        impl<$($parameters)*> $Trait<$Right> for f64 {
            type Output = $A;

            #[track_caller]
            fn $method(self, other: $Right) -> $A {
                Operand::<$A>::beside(self, &other).binary(Binary::$Trait, other)
            }
        }
    };
}
operators! {
    impl [T: Real] for Tensor<T>:
    Add::add, AddAssign::add_assign;
    Sub::sub, SubAssign::sub_assign;
    Mul::mul, MulAssign::mul_assign;
    Div::div, DivAssign::div_assign;
}
operators! {
    impl ['t, T: Real] for Var<'t, T>:
    Add::add, AddAssign::add_assign;
    Sub::sub, SubAssign::sub_assign;
    Mul::mul, MulAssign::mul_assign;
    Div::div, DivAssign::div_assign;
}

/// Implements the operators with a tensor on the left and a variable on the right.
macro_rules! tensor_and_variable {
    ($($Trait:ident::$method:ident)*) => { $(
        impl<'t, T: Real> $Trait<Var<'t, T>> for Tensor<T> {
            type Output = Var<'t, T>;

            #[track_caller]
            fn $method(self, other: Var<'t, T>) -> Var<'t, T> {
                self.beside(&other).binary(Binary::$Trait, other)
            }
        }

        impl<'t, T: Real> $Trait<Var<'t, T>> for &Tensor<T> {
            type Output = Var<'t, T>;

            #[track_caller]
            fn $method(self, other: Var<'t, T>) -> Var<'t, T> {
                self.beside(&other).binary(Binary::$Trait, other)
            }
        }
    )* };
}
tensor_and_variable!(Add::add Sub::sub Mul::mul Div::div);
