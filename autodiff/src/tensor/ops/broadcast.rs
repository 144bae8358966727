//! Stretching to a larger shape, as NumPy does.
//!
//! ```text
//! vjp   x̄ = Σ ȳ, over the axes that were stretched
//! ```

use super::super::adjoints::Adjoints;
use super::super::algebra::Algebra;
use super::super::array::Tensor;
use super::super::element::{Element, Real};
use super::super::kernels::broadcast::Walk;
use super::super::op::{Op, Point, Value};
use super::super::sample::Sample;
use super::super::shape::Shape;
use super::super::var::Var;

/// Stretching to a shape.
#[derive(Clone, Debug)]
pub(crate) struct Broadcast(Shape);

impl<T: Real> Op<T> for Broadcast {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
        x[0].broadcast_to(&self.0).into()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        // The adjoint has the stretched shape, and is summed back to the input's as every term is.
        x_bar.add(0, || y_bar);
    }
}

impl<T: Element> Tensor<T> {
    /// The tensor stretched to a shape: aligned at the last axis, axes of extent 1 are repeated.
    ///
    /// # Panics
    ///
    /// If it cannot be stretched to that shape.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Tensor<T> {
        let shape = shape.into();
        if *self.shape() == shape {
            return self.clone();
        }
        let fits = self
            .shape()
            .broadcast(&shape)
            .is_some_and(|common| common == shape);
        assert!(
            fits,
            "broadcast_to: shape {} cannot be stretched to {shape}",
            self.shape()
        );
        let walk = Walk::new(self.shape(), &shape, &shape);
        let x = self.data();
        Tensor::made(shape, |out| {
            walk.rows(|from, _, to| {
                let out = &mut out[to..to + walk.inner.extent];
                match walk.inner.a {
                    0 => out.fill(x[from]),
                    _ => out.copy_from_slice(&x[from..from + walk.inner.extent]),
                }
            });
        })
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The tensor stretched to a shape: aligned at the last axis, axes of extent 1 are repeated.
    ///
    /// # Panics
    ///
    /// If it cannot be stretched to that shape.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Var<'t, T> {
        self.tape.record(Broadcast(shape.into()), [self])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let cases: [(&[usize], &[usize]); 11] = [
        (&[2, 1, 1], &[2, 2, 3]),
        (&[], &[]),
        (&[], &[3]),
        (&[1], &[1]),
        (&[1], &[4]),
        (&[0], &[2, 0]),
        (&[4], &[3, 4]),
        (&[3, 1], &[3, 4]),
        (&[3, 1, 2], &[2, 3, 4, 2]),
        (&[1], &[0]),
        (&[3, 4], &[3, 4]),
    ];
    let sample = |(from, to): (&[usize], &'static [usize])| {
        Sample::new("broadcast_to", &[from], move |x| x[0].broadcast_to(to))
    };
    cases.into_iter().map(sample).collect()
}
