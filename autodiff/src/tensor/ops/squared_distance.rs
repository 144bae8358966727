//! The squared distance `y = ‖a − b‖²`, the paper's cost (Introducing Neural Networks).
//!
//! ```text
//! vjp   ā = 2 ȳ (a − b),   b̄ = −ā
//! ```

use super::prelude::*;

/// The sum of the squares of all differences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SquaredDistance;

impl<T: Real> Op<T> for SquaredDistance {
    fn name(&self) -> &'static str {
        "squared_distance"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (a, b) = (x[0], x[1]);
        assert!(
            a.shape() == b.shape(),
            "squared_distance: shapes {} and {} differ",
            a.shape(),
            b.shape()
        );
        (a - b).square().sum()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let twice = 2.0 * y_bar;
        x_bar.add(0, || (at.x[0] - at.x[1]).absorbing_mul(&twice));
        x_bar.add(1, || (at.x[1] - at.x[0]).absorbing_mul(&twice));
    }

    built_in!(SquaredDistance);
}

methods! {
    /// Squared distance.
    pub trait SquaredDistanceMethods;

    /// Returns the squared distance `Σ (self − other)²`, a scalar.
    ///
    /// # Panics
    ///
    /// If the shapes differ. They are not broadcast, since a cost with a broadcast target is usually a mistake.
    #[doc(alias("mse", "squared_error"))]
    pub fn squared_distance(self, other: impl Operand<Self>) -> Self {
        Self::apply(SquaredDistance, &[self, other.beside(self).borrow()])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
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
        CheckCase::new("squared_distance", &[shape, shape], |x| {
            x[0].squared_distance(x[1])
        })
    };
    shapes.map(sample).into()
}
