//! Selection by a mask, `y = mask ? a : b`.
//!
//! ```text
//! vjp   ā = mask ? ȳ : 0,   b̄ = mask ? 0 : ȳ
//! ```
//!
//! The rule selects instead of multiplying by the mask, so that a NaN that is not selected does not spread.

use super::broadcast::{BROADCAST_SHAPES, common_shape};
use super::prelude::*;
use autodiff_kernels::simd::vectorized;

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
        let shape = common_shape("select", [mask.shape(), a.shape(), b.shape()]);
        let mask = mask.broadcast_to(&shape);
        let (a, b) = (a.broadcast_to(&shape), b.broadcast_to(&shape));
        let (mask, a, b) = (mask.data(), a.data(), b.data());
        Tensor::made(shape, |y| {
            vectorized(
                #[inline(always)]
                move || {
                    for (((y, &mask), &a), &b) in y.iter_mut().zip(mask).zip(a).zip(b) {
                        *y = if mask != 0 { a } else { b };
                    }
                },
            );
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || A::select(&self.0, &y_bar, 0.0));
        x_bar.add(1, || A::select(&self.0, 0.0, &y_bar));
    }

    built_in!(Select);
}

methods! {
    /// Selection by a mask.
    pub trait SelectMethods;

    /// Returns the elements of `a` where the mask is not 0, and of `b` where it is 0. All three are broadcast.
    ///
    /// A NaN in an element that is not selected affects neither the value nor a gradient.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Var};
    /// let tape = Tape::new();
    /// let x = tape.var([-1.0, 4.0]);
    /// let y = Var::select(&x.greater(0.0), x.sqrt(), 0.0).sum();
    /// assert_eq!(y.item(), 2.0);
    /// assert_eq!(y.gradients().wrt(x).data(), [0.0, 0.25]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes cannot be broadcast together, the variables are on different tapes, or neither operand is a
    /// variable (or, of tensors, a tensor).
    #[doc(alias("where", "if_else", "cond"))]
    pub fn select(mask: &Tensor<u8>, a: impl Operand<Self>, b: impl Operand<Self>) -> Self {
        let Some(beside) = a.as_algebra().or(b.as_algebra()).cloned() else {
            panic!("select: neither operand is a variable or a tensor to select for")
        };
        let (a, b) = (a.beside(&beside), b.beside(&beside));
        Self::apply(Select(mask.clone()), &[a.borrow(), b.borrow()])
    }

    /// Returns `value` where the mask is not 0, and the elements of `self` elsewhere. All three are broadcast.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let scores = Tensor::from([1.0, 2.0, 3.0]);
    /// let hidden = scores.less(2.5);
    /// assert_eq!(scores.masked_fill(&hidden, f64::NEG_INFINITY).softmax(0).data(), [0.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes cannot be broadcast together, or the variables are on different tapes.
    pub fn masked_fill(self, mask: &Tensor<u8>, value: impl Operand<Self>) -> Self {
        let value = value.beside(self);
        Self::apply(Select(mask.clone()), &[value.borrow(), self])
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
    let mut checks: Vec<CheckCase> = shapes.into_iter().map(sample).collect();
    for [x, mask] in BROADCAST_SHAPES {
        let mask = Tensor::from_flat_fn(Shape::from(mask), |i| u8::from(i % 2 == 0));
        checks.push(CheckCase::new("masked_fill", &[x], move |x| {
            x[0].masked_fill(&mask, -2.0)
        }));
    }
    checks
}
