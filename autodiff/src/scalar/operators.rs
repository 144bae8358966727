//! Operators of variables and forward-mode numbers, with each other and with plain numbers on either side.

use super::dual::Dual;
use super::number::{Plain, Scalar};
use super::var::Var;
use crate::Number;
use crate::elementwise::{Binary, Unary};
use std::cmp::Ordering;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

/// Implements one operator of one type: by value and by reference, with assignment, and with plain numbers. The
/// arguments are the result for two operands, and the result for an operand and a constant on its right.
///
/// A plain number on the right is of any type, so that it is a bound of [`Scalar`]. On the left, and by reference, it
/// must be one of the types that the language knows, since other crates may implement `Plain` for theirs.
macro_rules! operator {
    ([$($generics:tt)*] $V:ty: $Op:ident $op:ident $Assign:ident $assign:ident,
        |$a:ident, $b:ident| $result:expr, constant |$x:ident, $c:ident| $with_constant:expr) => {
        operator!(@pair [$($generics)* T: Scalar] $V, $V => $V: $Op $op, |$a, $b| $result);
        operator!(@pair [$($generics)* T: Scalar] &$V, $V => $V: $Op $op, |a, b| (*a).$op(b));
        operator!(@pair [$($generics)* T: Scalar] $V, &$V => $V: $Op $op, |a, b| a.$op(*b));
        operator!(@pair [$($generics)* T: Scalar] &$V, &$V => $V: $Op $op, |a, b| (*a).$op(*b));
        operator!(@assign [$($generics)* T: Scalar] $V, $V: $op $Assign $assign, |a, b| a.$op(b));
        operator!(@assign [$($generics)* T: Scalar] $V, &$V: $op $Assign $assign, |a, b| a.$op(*b));
        operator!(@pair [$($generics)* T: Scalar<Plain = P>, P: Plain] $V, P => $V: $Op $op,
            |$x, c| { let $c = <$V>::from_plain(c); $with_constant });
        operator!(@pair [$($generics)* T: Scalar<Plain = P>, P: Plain] &$V, P => $V: $Op $op, |a, b| (*a).$op(b));
        operator!(@assign [$($generics)* T: Scalar<Plain = P>, P: Plain] $V, P: $op $Assign $assign, |a, b| a.$op(b));
        operator!(@plain [$($generics)* T: Scalar<Plain = f64>] $V, f64: $Op $op $Assign $assign);
        operator!(@plain [$($generics)* T: Scalar<Plain = f32>] $V, f32: $Op $op $Assign $assign);
    };
    (@plain [$($generics:tt)*] $V:ty, $plain:ty: $Op:ident $op:ident $Assign:ident $assign:ident) => {
        operator!(@pair [$($generics)*] $V, &$plain => $V: $Op $op, |a, b| a.$op(*b));
        operator!(@pair [$($generics)*] &$V, &$plain => $V: $Op $op, |a, b| (*a).$op(*b));
        operator!(@pair [$($generics)*] $plain, $V => $V: $Op $op, |a, b| <$V>::from(a).$op(b));
        operator!(@pair [$($generics)*] $plain, &$V => $V: $Op $op, |a, b| <$V>::from(a).$op(*b));
        operator!(@pair [$($generics)*] &$plain, $V => $V: $Op $op, |a, b| <$V>::from(*a).$op(b));
        operator!(@pair [$($generics)*] &$plain, &$V => $V: $Op $op, |a, b| <$V>::from(*a).$op(*b));
        operator!(@assign [$($generics)*] $V, &$plain: $op $Assign $assign, |a, b| a.$op(*b));
    };
    (@pair [$($generics:tt)*] $A:ty, $B:ty => $V:ty: $Op:ident $op:ident, |$a:ident, $b:ident| $result:expr) => {
        impl<$($generics)*> $Op<$B> for $A {
            type Output = $V;

            #[inline(always)]
            #[track_caller]
            fn $op(self, other: $B) -> $V {
                let ($a, $b) = (self, other);
                $result
            }
        }
    };
    (@assign [$($generics:tt)*] $V:ty, $B:ty: $op:ident $Assign:ident $assign:ident, |$a:ident, $b:ident| $result:expr) => {
        impl<$($generics)*> $Assign<$B> for $V {
            #[inline(always)]
            #[track_caller]
            fn $assign(&mut self, other: $B) {
                let ($a, $b) = (*self, other);
                *self = $result;
            }
        }
    };
}

macro_rules! operators {
    ($([$($generics:tt)*] $V:ty;)*) => { $(
        operator!([$($generics)*] $V: Add add AddAssign add_assign,
            |a, b| a.binary(Binary::Add, b), constant |a, c| a.chain_with_constant(Binary::Add, c));
        operator!([$($generics)*] $V: Sub sub SubAssign sub_assign,
            |a, b| a.binary(Binary::Sub, b), constant |a, c| a.chain_with_constant(Binary::Sub, c));
        operator!([$($generics)*] $V: Mul mul MulAssign mul_assign,
            |a, b| a.binary(Binary::Mul, b), constant |a, c| a.chain_with_constant(Binary::Mul, c));
        operator!([$($generics)*] $V: Div div DivAssign div_assign,
            |a, b| a.binary(Binary::Div, b), constant |a, c| a.chain_with_constant(Binary::Div, c));
        operator!([$($generics)*] $V: Rem rem RemAssign rem_assign,
            |a, b| a.remainder(b), constant |a, c| a.remainder(c));
        negation!([$($generics)* T: Scalar] $V => $V);
        negation!([$($generics)* T: Scalar] &$V => $V);
        comparison!([$($generics)* T: Scalar<Plain = f64>] $V, f64);
        comparison!([$($generics)* T: Scalar<Plain = f32>] $V, f32);
    )* };
}

macro_rules! negation {
    ([$($generics:tt)*] $A:ty => $V:ty) => {
        impl<$($generics)*> Neg for $A {
            type Output = $V;

            #[inline(always)]
            #[track_caller]
            fn neg(self) -> $V {
                Number::unary(self.to_owned(), Unary::Neg)
            }
        }
    };
}

/// Implements comparison with plain numbers on either side, by value.
macro_rules! comparison {
    ([$($generics:tt)*] $V:ty, $plain:ty) => {
        comparison!([$($generics)*] $V, $plain: |a, b| *a, <$V>::from(*b));
        comparison!([$($generics)*] $plain, $V: |a, b| <$V>::from(*a), *b);
    };
    ([$($generics:tt)*] $A:ty, $B:ty: |$a:ident, $b:ident| $left:expr, $right:expr) => {
        impl<$($generics)*> PartialEq<$B> for $A {
            comparison!(@by PartialEq: eq -> bool, $B: |$a, $b| $left, $right);
        }

        impl<$($generics)*> PartialOrd<$B> for $A {
            comparison!(@by PartialOrd: partial_cmp -> Option<Ordering>, $B: |$a, $b| $left, $right);
            comparison!(@by PartialOrd: lt -> bool, $B: |$a, $b| $left, $right);
            comparison!(@by PartialOrd: le -> bool, $B: |$a, $b| $left, $right);
            comparison!(@by PartialOrd: gt -> bool, $B: |$a, $b| $left, $right);
            comparison!(@by PartialOrd: ge -> bool, $B: |$a, $b| $left, $right);
        }
    };
    (@by $Trait:ident: $name:ident -> $R:ty, $B:ty: |$a:ident, $b:ident| $left:expr, $right:expr) => {
        #[inline]
        #[track_caller]
        fn $name(&self, other: &$B) -> $R {
            let ($a, $b) = (self, other);
            $Trait::$name(&$left, &$right)
        }
    };
}

operators! {
    ['t,] Var<'t, T>;
    [const K: usize,] Dual<T, K>;
}
