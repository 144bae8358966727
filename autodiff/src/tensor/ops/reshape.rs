//! The same elements in another shape.
//!
//! ```text
//! vjp   x̄ = ȳ, in the shape of x
//! ```

use super::super::adjoints::Adjoints;
use super::super::algebra::Algebra;
use super::super::array::Tensor;
use super::super::element::Real;
use super::super::op::{Op, Point, Value};
use super::super::sample::Sample;
use super::super::shape::Shape;
use super::super::var::Var;

/// Reshaping; the data stay where they are.
#[derive(Clone, Debug)]
pub(crate) struct Reshape(Shape);

impl<T: Real> Op<T> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
        x[0].reshape(&self.0).into()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || y_bar.reshape(&at.x[0].extents()));
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The same elements, row by row, in another shape.
    ///
    /// # Panics
    ///
    /// If the shapes differ in size.
    #[must_use]
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Var<'t, T> {
        self.tape.record(Reshape(shape.into()), [self])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let cases: [(&[usize], &[usize]); 10] = [
        (&[3, 1, 2], &[6]),
        (&[1, 1], &[1]),
        (&[], &[]),
        (&[], &[1, 1]),
        (&[1], &[]),
        (&[0], &[3, 0]),
        (&[6], &[2, 3]),
        (&[2, 3], &[6]),
        (&[2, 3], &[3, 2]),
        (&[2, 3, 4], &[4, 6]),
    ];
    let sample = |(from, to): (&[usize], &'static [usize])| {
        Sample::new("reshape", &[from], move |x| x[0].reshape(to))
    };
    cases.into_iter().map(sample).collect()
}
