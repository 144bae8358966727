//! The squared distance `y = ‖a − b‖²`, the paper's cost (Introducing Neural Networks).
//!
//! ```text
//! vjp   ā = 2 ȳ (a − b),   b̄ = −ā
//! ```

use super::super::adjoints::Adjoints;
use super::super::algebra::Algebra;
use super::super::array::Tensor;
use super::super::element::Real;
use super::super::op::{Op, Point, Value};
use super::super::sample::Sample;
use super::super::var::{Operand, Var};

/// The sum of the squares of all differences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SquaredDistance;

impl<T: Real> Op<T> for SquaredDistance {
    fn name(&self) -> &'static str {
        "squared_distance"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
        x[0].squared_distance(x[1]).into()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let twice = y_bar.scaled(2.0);
        x_bar.add(0, || at.x[0].minus(at.x[1]).absorbing_mul(&twice));
        x_bar.add(1, || at.x[1].minus(at.x[0]).absorbing_mul(&twice));
    }
}

impl<T: Real> Tensor<T> {
    /// The squared distance `Σ (self − other)²`, a scalar.
    ///
    /// # Panics
    ///
    /// If the shapes differ. (They are not broadcast: a cost in which a target is stretched is a mistake.)
    #[must_use]
    #[track_caller]
    pub fn squared_distance(&self, other: &Tensor<T>) -> Tensor<T> {
        assert!(
            self.shape() == other.shape(),
            "squared_distance: shapes {} and {} differ",
            self.shape(),
            other.shape()
        );
        (self - other).square().sum()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The squared distance `Σ (self − other)²`, a scalar.
    ///
    /// # Panics
    ///
    /// If the shapes differ. (They are not broadcast: a cost in which a target is stretched is a mistake.)
    #[must_use]
    #[track_caller]
    pub fn squared_distance(self, other: impl Operand<'t, T>) -> Var<'t, T> {
        self.tape
            .record(SquaredDistance, [self, other.on(self.tape)])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let shapes: [&[usize]; 8] = [
        &[],
        &[1],
        &[0],
        &[5],
        &[3, 4],
        &[2, 3, 2],
        &[0, 3],
        &[1, 10],
    ];
    let sample = |shape| {
        Sample::new("squared_distance", &[shape, shape], |x| {
            x[0].squared_distance(x[1])
        })
    };
    shapes.map(sample).into()
}
