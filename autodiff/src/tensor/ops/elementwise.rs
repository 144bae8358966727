//! The elementwise functions of the table: `y = f(x)`, and `y = f(a, b)` with broadcasting.
//!
//! ```text
//! vjp   x̄ = ȳ ⊙ f′(x)
//!       ā = ȳ ⊙ ∂f/∂a,   b̄ = ȳ ⊙ ∂f/∂b
//! ```

use super::broadcast::{BROADCAST_SHAPES, common_shape};
use super::prelude::*;
use crate::Number;
use crate::elementwise::{Binary, Unary, elementwise_table};
use crate::tensor::loops::Loops;
use autodiff_kernels::broadcast::Walk;

/// A function of one variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map(Unary);

impl<T: Real> Op<T> for Map {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let x = x[0];
        Tensor::made(x.shape().clone(), |y| {
            Loops::unary(self.0, x.data(), y);
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || A::unary_vjp(self.0, at.x[0], at.y, y_bar));
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    built_in!(Map);
}

/// A function of two variables, with broadcasting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zip(Binary);

impl<T: Real> Op<T> for Zip {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (a, b) = (x[0], x[1]);
        // A backward pass starts with an adjoint of 1; the product with it is not computed.
        let is_product = matches!(self.0, Binary::Mul | Binary::AbsorbingMul);
        if is_product && b.shape().is_scalar() && *b.data() == [T::from_f64(1.0)] {
            return a.clone();
        }
        let shape = common_shape(self.0.name(), [a.shape(), b.shape()]);
        let walk = Walk::new(a.shape(), b.shape(), &shape);
        Tensor::made(shape, |y| {
            Loops::binary(self.0, &walk, a.data(), b.data(), y);
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        for operand in [0, 1] {
            x_bar.add(operand, || {
                A::binary_vjp(self.0, operand, at.x[0], at.x[1], at.y, &y_bar)
            });
        }
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    built_in!(Zip);
}

/// Declares the methods from the rows of the table.
macro_rules! table_methods {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $Variant:ident $row:tt)* }
        binary { $($(#[$doc2:meta])* $name2:ident as $Variant2:ident $row2:tt)* }
        $($operators:tt)*
    ) => {
        methods! {
            /// Elementwise functions of the [table](crate::elementwise).
            ///
            /// A function of two variables broadcasts, and panics if the shapes cannot be broadcast together.
            ///
            /// The slopes of `tanh`, `sigmoid` and `exp` are computed from the value. The slopes 1 − y² of `tanh` and y
            /// (1 − y) of `sigmoid` have an absolute error of at most 4 ε: where the function saturates, few of their
            /// digits are correct, or they are 0. The slopes on scalar variables are more accurate there. The slope of
            /// `exp` has the relative error of its value, at most ε.
            pub trait ElementwiseMethods;

            $(
                $(#[$doc])*
                pub fn $name(self, $($p: $P),*) -> Self {
                    self.unary(Unary::$Variant { $($p),* })
                }
            )*
            $(
                $(#[$doc2])*
                pub fn $name2(self, other: impl Operand<Self>) -> Self {
                    self.binary(Binary::$Variant2, other)
                }
            )*

            /// Applies a function of one variable.
            pub fn unary(self, function: Unary) -> Self {
                Self::apply(Map(function), &[self])
            }

            /// Applies a function of two variables.
            pub fn binary(self, function: Binary, other: impl Operand<Self>) -> Self {
                Self::apply(Zip(function), &[self, other.beside(self).borrow()])
            }
        }
    };
}
elementwise_table!(table_methods);

impl<T: Real> Number for Var<'_, T> {
    type Mask = Tensor<u8>;

    #[track_caller]
    fn constant(self, c: f64) -> Self {
        c.beside(&self)
    }

    #[track_caller]
    fn less(self, other: Self) -> Tensor<u8> {
        Var::less(self, other)
    }

    #[track_caller]
    fn equal(self, other: Self) -> Tensor<u8> {
        Var::equal(self, other)
    }

    #[track_caller]
    fn select(mask: &Tensor<u8>, a: Self, b: Self) -> Self {
        Var::select(mask, a, b)
    }

    #[track_caller]
    fn unary(self, function: Unary) -> Self {
        Var::unary(self, function)
    }

    #[track_caller]
    fn binary(self, function: Binary, other: Self) -> Self {
        Var::binary(self, function, other)
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let mut checks = Vec::new();
    for (function, intervals) in Unary::catalogue() {
        for &interval in intervals {
            for [shape, _] in BROADCAST_SHAPES {
                checks.push(CheckCase::within(
                    function.name(),
                    &[shape],
                    &[interval],
                    move |x| x[0].unary(function),
                ));
            }
        }
    }
    for (function, rectangles) in Binary::catalogue() {
        for &(a, b) in rectangles {
            for shapes in BROADCAST_SHAPES {
                let sample = CheckCase::within(function.name(), &shapes, &[a, b], move |x| {
                    x[0].binary(function, x[1])
                });
                checks.push(sample);
            }
        }
    }
    // A variable that is both operands gets both terms.
    for function in [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Powf,
    ] {
        checks.push(CheckCase::within(
            function.name(),
            &[&[2, 3]],
            &[(0.4, 1.2)],
            move |x| x[0].binary(function, x[0]),
        ));
    }
    checks
}
