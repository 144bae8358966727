//! Conversion of the element type, maps, search, and accumulation in place.

use super::Tensor;
use crate::tensor::storage::axes::Axis;
use crate::tensor::storage::element::{Element, Real};
use autodiff_kernels::simd::vectorized;
use num_traits::AsPrimitive;

/// Conversion, maps and search.
impl<T: Element> Tensor<T> {
    /// Converts every element to another type, as the operator `as` does.
    #[must_use]
    #[doc(alias("astype", "to", "as"))]
    pub fn cast<U: Element>(&self) -> Tensor<U>
    where
        T: AsPrimitive<U>,
    {
        Tensor::made(self.shape().clone(), |out| {
            for (out, x) in out.iter_mut().zip(self.data()) {
                *out = x.as_();
            }
        })
    }

    /// Applies `f` to every element.
    #[must_use]
    pub fn map<U: Element>(&self, f: impl Fn(T) -> U) -> Tensor<U> {
        Tensor::made(self.shape().clone(), |out| {
            vectorized(
                #[inline(always)]
                move || {
                    for (out, &x) in out.iter_mut().zip(self.data()) {
                        *out = f(x);
                    }
                },
            );
        })
    }

    /// Returns the index of the largest element along an axis, the first of equal ones. A NaN counts as the largest.
    ///
    /// # Panics
    ///
    /// If there is no such axis, or its extent is 0 and the result is not empty.
    #[must_use]
    #[track_caller]
    pub fn arg_max(&self, axis: impl Into<Axis>) -> Tensor<u32> {
        let axis = axis.into().of(self.shape(), "arg_max");
        let (_, extent, inner) = self.shape().split(axis, axis);
        let shape = self.shape().reduced(&[axis], false);
        assert!(
            extent > 0 || shape.size() == 0,
            "arg_max: axis {axis} of shape {} has extent 0",
            self.shape()
        );
        let x = self.data();
        Tensor::from_flat_fn(shape, |i| {
            let first = i / inner * inner * extent + i % inner;
            let mut best = 0;
            for place in 1..extent {
                let (candidate, largest) = (x[first + place * inner], x[first + best * inner]);
                if candidate > largest || (is_nan(candidate) && !is_nan(largest)) {
                    best = place;
                }
            }
            best as u32
        })
    }
}

/// Whether `x` is NaN: only a NaN differs from itself.
#[expect(clippy::eq_op, reason = "the definition of NaN, for any element type")]
fn is_nan<T: PartialEq + Copy>(x: T) -> bool {
    x != x
}

impl<T: Real> Tensor<T> {
    /// Adds `term`, of the same shape, in place if the memory of either is unshared.
    pub(crate) fn accumulate(&mut self, mut term: Tensor<T>) {
        if !self.is_unshared() && term.is_unshared() {
            std::mem::swap(self, &mut term);
        }
        let (sum, term) = (self.data_mut(), term.data());
        vectorized(
            #[inline(always)]
            move || {
                for (sum, &x) in sum.iter_mut().zip(term) {
                    *sum = *sum + x;
                }
            },
        );
    }
}
