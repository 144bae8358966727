//! Sums and means, over all elements or over axes.
//!
//! ```text
//! vjp   x̄ = ȳ, broadcast over the summed axes
//! ```

use super::prelude::*;
use crate::tensor::storage::buffer::Pooled;
use autodiff_kernels::{Write, reduce};

/// The sum over axes, which keep extent 1 or are removed.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    axes: AxisSet,
    keepdims: bool,
}

impl<T: Real> Op<T> for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let x = x[0];
        sum_over_axes(x, &self.axes).reshape(x.shape().reduced(&self.axes, self.keepdims))
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let shape = at.x[0].shape();
        x_bar.add(0, || {
            y_bar
                .reshape(shape.reduced(&self.axes, true))
                .broadcast_to(&shape)
        });
    }

    built_in!(Sum);
}

/// The sum over axes, which keep extent 1.
pub(super) fn sum_over_axes<T: Real>(x: &Tensor<T>, axes: &AxisSet) -> Tensor<T> {
    reduce_over_axes(x, axes, |x, extent, inner, out| {
        reduce::sum(x, extent, inner, out, Write::Set, &Pooled);
    })
}

/// Applies a reduction over axes, which keep extent 1, to one run of neighbouring axes after the other.
pub(super) fn reduce_over_axes<T: Real>(
    x: &Tensor<T>,
    axes: &AxisSet,
    kernel: impl Fn(&[T], usize, usize, &mut [T]),
) -> Tensor<T> {
    let mut reduced = x.clone();
    for (first, last) in axes.runs() {
        let (_, extent, inner) = reduced.shape().split(first, last);
        let mut shape = reduced.shape().clone();
        (first..=last).for_each(|axis| shape.set(axis, 1));
        reduced = Tensor::made(shape, |out| kernel(reduced.data(), extent, inner, out));
    }
    reduced
}

#[track_caller]
pub(super) fn total<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    let axes = axes.clone();
    A::apply(Sum { axes, keepdims }, &[x])
}

#[track_caller]
pub(super) fn average<A: Algebra>(x: &A, axes: &AxisSet, keepdims: bool) -> A {
    total(x, axes, keepdims) / elements_reduced(&x.shape(), axes)
}

/// The number of elements that are reduced to one, over the given axes.
pub(super) fn elements_reduced(shape: &Shape, axes: &AxisSet) -> f64 {
    axes.iter().map(|&axis| shape[axis] as f64).product()
}

reductions! {
    /// Sums and means.
    pub trait SumMethods;

    /// The sum is formed pairwise, so that the rounding error hardly grows with the number of elements.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum().item(), 10.0);
    /// assert_eq!(x.sum_over(0), Tensor::from([4.0, 6.0]));
    /// assert_eq!(x.sum_over_keepdims(0), Tensor::from([[4.0, 6.0]]));
    /// ```
    pub fn sum_over, sum_over_keepdims, sum = total: "the sum", "0";

    #[doc(alias("average"))]
    pub fn mean_over, mean_over_keepdims, mean = average: "the mean", "NaN";
}

/// Implements sums of iterators for the type `$A` and for references to it.
macro_rules! sums {
    ($(impl $parameters:tt for $A:ty;)*) => { $(
        sums!(one $parameters $A, $A);
        sums!(one $parameters $A, &'a $A);
    )* };
    (one [$($parameters:tt)*] $A:ty, $Term:ty) => {
        impl<'a, $($parameters)*> std::iter::Sum<$Term> for $A {
            /// Adds the terms in their order, broadcasting.
            ///
            /// # Panics
            ///
            /// If there are no terms: their sum has no shape.
            #[track_caller]
            fn sum<I: Iterator<Item = $Term>>(mut terms: I) -> $A {
                let Some(first) = terms.next() else {
                    panic!("sum: there are no terms")
                };
                let mut sum = <$A>::clone(first.borrow());
                for term in terms {
                    sum += term;
                }
                sum
            }
        }
    };
}
sums! {
    impl [T: Real] for Tensor<T>;
    impl ['t, T: Real] for Var<'t, T>;
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let all: [&[usize]; 9] = [
        &[],
        &[1],
        &[0],
        &[5],
        &[3, 4],
        &[2, 3, 4],
        &[0, 3],
        &[1, 1],
        &[70, 2],
    ];
    let mut checks: Vec<CheckCase> = all
        .map(|shape| CheckCase::new("sum", &[shape], |x| x[0].sum()))
        .into();
    let some: [(&[usize], &[usize]); 14] = [
        (&[], &[]),
        (&[1], &[0]),
        (&[5], &[0]),
        (&[1, 1], &[0, 1]),
        (&[2, 1, 3], &[0, 1]),
        (&[3, 4], &[0]),
        (&[3, 4], &[1]),
        (&[3, 4], &[1, 0]),
        (&[2, 3, 4], &[1]),
        (&[2, 3, 4], &[0, 2]),
        (&[2, 0, 4], &[1]),
        (&[2, 0, 4], &[0]),
        (&[1, 3], &[0]),
        (&[4, 3], &[]),
    ];
    for (shape, axes) in some {
        checks.push(CheckCase::new("sum_over", &[shape], move |x| {
            x[0].sum_over(axes)
        }));
        checks.push(CheckCase::new("sum_over_keepdims", &[shape], move |x| {
            x[0].sum_over_keepdims(axes)
        }));
        if !shape.contains(&0) {
            checks.push(CheckCase::new("mean_over", &[shape], move |x| {
                x[0].mean_over(axes)
            }));
            checks.push(CheckCase::new("mean_over_keepdims", &[shape], move |x| {
                x[0].mean_over_keepdims(axes)
            }));
            checks.push(CheckCase::new("mean", &[shape], |x| x[0].mean()));
        }
    }
    checks
}
