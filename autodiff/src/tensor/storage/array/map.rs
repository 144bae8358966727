//! Conversion of the element type, maps, and accumulation in place.

use super::Tensor;
use crate::tensor::storage::element::{Element, Real};
use autodiff_kernels::simd::vectorized;
use num_traits::AsPrimitive;

/// Conversion and maps.
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
