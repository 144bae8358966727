//! The elementwise functions of the table on tensors: `y = f(x)` and `y = f(a, b)`, broadcasting.
//!
//! ```text
//! vjp   x̄ = ȳ ⊙ f′(x)
//!       ā = ȳ ⊙ ∂f/∂a,   b̄ = ȳ ⊙ ∂f/∂b
//! ```

use super::super::adjoints::Adjoints;
use super::super::algebra::Algebra;
use super::super::array::Tensor;
use super::super::element::Real;
use super::super::op::{Op, Point, Value};
use super::super::sample::Sample;
use super::super::var::{Operand, Var};
use crate::elementwise::{Binary, Unary, elementwise_table};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A function of one variable, elementwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map(Unary);

impl<T: Real> Op<T> for Map {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
        Algebra::unary(x[0], self.0).into()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add_unary_vjp(0, self.0, at, y_bar);
    }
}

/// A function of two variables, elementwise and broadcasting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zip(Binary);

impl<T: Real> Op<T> for Zip {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
        Algebra::binary(x[0], self.0, x[1]).into()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add_binary_vjp(0, self.0, at, &y_bar);
        x_bar.add_binary_vjp(1, self.0, at, &y_bar);
    }
}

/// Records a function of one variable.
#[track_caller]
pub(crate) fn map<T: Real>(function: Unary, x: Var<'_, T>) -> Var<'_, T> {
    x.tape.record(Map(function), [x])
}

/// Records a function of two variables.
#[track_caller]
pub(crate) fn zip<'t, T: Real>(function: Binary, a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
    a.tape.record(Zip(function), [a, b])
}

/// Makes the methods of tensors and of variables.
macro_rules! methods {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $Variant:ident $row:tt)* }
        binary { $($(#[$doc2:meta])* $name2:ident as $Variant2:ident $row2:tt)* }
        $($operators:tt)*
    ) => {
        /// The functions of the [table](crate::elementwise), elementwise; those of two broadcast, and panic where the
        /// shapes do not allow it.
        impl<T: Real> Tensor<T> {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(&self, $($p: $P),*) -> Tensor<T> {
                    Algebra::unary(self, Unary::$Variant { $($p),* })
                }
            )*
            $(
                $(#[$doc2])*
                #[must_use]
                #[track_caller]
                pub fn $name2(&self, other: impl Into<Tensor<T>>) -> Tensor<T> {
                    Algebra::binary(self, Binary::$Variant2, &other.into())
                }
            )*
        }

        /// The functions of the [table](crate::elementwise), elementwise; those of two broadcast, and panic where the
        /// shapes do not allow it.
        ///
        /// The slopes of `tanh`, `sigmoid` and `exp` are read from the value. Those of `tanh`, 1 − y², and of `sigmoid`,
        /// y (1 − y), have an absolute error of at most 4 ε: where the function saturates they are 0 or few digits, and
        /// those of scalar variables have more. The slope of `exp` has the relative error of its value, at most ε.
        impl<'t, T: Real> Var<'t, T> {
            $(
                $(#[$doc])*
                #[must_use]
                #[track_caller]
                pub fn $name(self, $($p: $P),*) -> Var<'t, T> {
                    map(Unary::$Variant { $($p),* }, self)
                }
            )*
            $(
                $(#[$doc2])*
                #[must_use]
                #[track_caller]
                pub fn $name2(self, other: impl Operand<'t, T>) -> Var<'t, T> {
                    zip(Binary::$Variant2, self, other.on(self.tape))
                }
            )*
        }
    };
}
elementwise_table!(methods);

macro_rules! operators {
    ($($Trait:ident::$method:ident),*) => { $(
        operators!($Trait::$method for Tensor<T>);
        operators!($Trait::$method for &Tensor<T>);
        operators!(number $Trait::$method f32);
        operators!(number $Trait::$method f64);
    )* };
    ($Trait:ident::$method:ident for $Left:ty) => {
        impl<T: Real, R: Into<Tensor<T>>> $Trait<R> for $Left {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: R) -> Tensor<T> {
                Algebra::binary(&self.clone(), Binary::$Trait, &other.into())
            }
        }
    };
    (number $Trait:ident::$method:ident $T:ty) => {
        impl $Trait<&Tensor<$T>> for $T {
            type Output = Tensor<$T>;

            fn $method(self, other: &Tensor<$T>) -> Tensor<$T> {
                Algebra::binary(&Tensor::scalar(self), Binary::$Trait, other)
            }
        }
    };
}
operators!(Add::add, Sub::sub, Mul::mul, Div::div);

impl<T: Real> Neg for &Tensor<T> {
    type Output = Tensor<T>;

    fn neg(self) -> Tensor<T> {
        Algebra::unary(self, Unary::Neg {})
    }
}

/// Shapes of two operands: equal, scalar, of extent 1, empty, and stretched in every way.
const SHAPES: [[&[usize]; 2]; 12] = [
    [&[], &[]],
    [&[1], &[1]],
    [&[0], &[0]],
    [&[5], &[5]],
    [&[3, 4], &[3, 4]],
    [&[3, 4], &[]],
    [&[], &[3, 4]],
    [&[3, 4], &[4]],
    [&[3, 1], &[1, 4]],
    [&[2, 3, 2], &[3, 1]],
    [&[0, 3], &[3]],
    [&[1], &[2, 1, 3]],
];

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (function, intervals) in Unary::catalogue() {
        for &interval in intervals {
            for [shape, _] in SHAPES {
                samples.push(Sample::within(
                    function.name(),
                    &[shape],
                    &[interval],
                    move |x| map(function, x[0]),
                ));
            }
        }
    }
    for (function, rectangles) in Binary::catalogue() {
        for &(a, b) in rectangles {
            for shapes in SHAPES {
                let sample = Sample::within(function.name(), &shapes, &[a, b], move |x| {
                    zip(function, x[0], x[1])
                });
                samples.push(sample);
            }
        }
    }
    // The same variable on both sides gets both terms.
    for function in [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Powf,
    ] {
        samples.push(Sample::within(
            function.name(),
            &[&[2, 3]],
            &[(0.4, 1.2)],
            move |x| zip(function, x[0], x[0]),
        ));
    }
    samples
}
