//! Selection by a mask, `y = mask ? a : b`, and the comparisons that return masks.
//!
//! ```text
//! vjp   ā = mask ? ȳ : 0,   b̄ = mask ? 0 : ȳ
//! ```
//!
//! The rule selects instead of multiplying by the mask, so that a NaN that is not selected does not spread.

use super::prelude::*;
use autodiff_kernels::broadcast::Walk;

/// Selection by a mask, which is a constant.
#[derive(Clone, Debug)]
pub(crate) struct Select(Tensor<u8>);

impl<T: Real> Op<T> for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (mask, a, b) = (&self.0, x[0], x[1]);
        let common = a
            .shape()
            .broadcast(b.shape())
            .and_then(|shape| shape.broadcast(mask.shape()));
        let Some(shape) = common else {
            panic!(
                "select: shapes {}, {} and {} cannot be broadcast together",
                mask.shape(),
                a.shape(),
                b.shape()
            );
        };
        let mask = mask.broadcast_to(&shape);
        let (a, b) = (a.broadcast_to(&shape), b.broadcast_to(&shape));
        let (mask, a, b) = (mask.data(), a.data(), b.data());
        Tensor::from_flat_fn(shape, |i| if mask[i] != 0 { a[i] } else { b[i] })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || A::select(&self.0, &y_bar, 0.0));
        x_bar.add(1, || {
            let zero = y_bar.constant(Tensor::scalar(T::default()));
            A::select(&self.0, zero, &y_bar)
        });
    }

    built_in!(Select);
}

/// Comparisons.
impl<T: Real> Tensor<T> {
    /// Returns the mask that is 1 where `self < other`, and 0 elsewhere.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let mask = Tensor::from([1.0, 3.0]).less(&Tensor::scalar(2.0));
    /// assert_eq!(mask.data(), [1_u8, 0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes cannot be broadcast together.
    #[must_use]
    #[track_caller]
    pub fn less(&self, other: &Tensor<T>) -> Tensor<u8> {
        self.compare("less", other, |a, b| a < b)
    }

    /// Returns the mask that is 1 where `self == other`, and 0 elsewhere.
    ///
    /// # Panics
    ///
    /// If the shapes cannot be broadcast together.
    #[must_use]
    #[track_caller]
    pub fn equal(&self, other: &Tensor<T>) -> Tensor<u8> {
        self.compare("equal", other, |a, b| a == b)
    }

    #[track_caller]
    fn compare(&self, name: &str, other: &Tensor<T>, holds: impl Fn(T, T) -> bool) -> Tensor<u8> {
        let Some(shape) = self.shape().broadcast(other.shape()) else {
            panic!(
                "{name}: shapes {} and {} cannot be broadcast together",
                self.shape(),
                other.shape()
            );
        };
        let walk = Walk::new(self.shape(), other.shape(), &shape);
        let (a, b) = (self.data(), other.data());
        Tensor::made(shape, |out: &mut [u8]| {
            walk.rows(|at_a, at_b, at| {
                for i in 0..walk.inner.extent {
                    out[at + i] = u8::from(holds(
                        a[at_a + i * walk.inner.a],
                        b[at_b + i * walk.inner.b],
                    ));
                }
            });
        })
    }
}

methods! {
    /// Selection by a mask.
    pub trait SelectMethods;

    /// Returns the elements of `a` where the mask is not 0, and of `b` where it is 0. All three are broadcast.
    ///
    /// A NaN in an element that is not selected affects neither the value nor a gradient.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor, Var};
    /// let tape = Tape::new();
    /// let x = tape.var([-1.0, 4.0]);
    /// let positive = Tensor::scalar(0.0).less(&x.value());
    /// let y = Var::select(&positive, x.sqrt(), 0.0).sum();
    /// assert_eq!(y.item(), 2.0);
    /// assert_eq!(y.gradients().wrt(x).data(), [0.0, 0.25]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes cannot be broadcast together, or the variables are on different tapes.
    pub fn select(mask: &Tensor<u8>, a: impl Borrow<Self>, b: impl Operand<Self>) -> Self {
        let a = a.borrow();
        Self::apply(Select(mask.clone()), &[a, b.beside(a).borrow()])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let shapes: [[&[usize]; 3]; 9] = [
        [&[], &[], &[]],
        [&[1], &[1], &[1]],
        [&[0], &[0], &[0]],
        [&[5], &[5], &[5]],
        [&[3, 4], &[3, 4], &[3, 4]],
        [&[3, 4], &[], &[4]],
        [&[4], &[3, 1], &[]],
        [&[3, 4], &[1], &[1]],
        [&[2, 1], &[1, 3], &[4, 1, 1]],
    ];
    let sample = |[mask, a, b]: [&[usize]; 3]| {
        let mask = Tensor::from_flat_fn(Shape::from(mask), |i| u8::from(i % 3 != 1));
        CheckCase::new("select", &[a, b], move |x| Var::select(&mask, x[0], x[1]))
    };
    shapes.into_iter().map(sample).collect()
}
