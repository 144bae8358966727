//! Reductions of masks. Anything but 0 is true.

use super::prelude::*;
use super::sum::elements_reduced;
use autodiff_kernels::broadcast::Walk;

/// Reductions of masks, in which anything but 0 is true.
impl Tensor<u8> {
    /// Whether any element is true; `false` if there are no elements.
    #[must_use]
    pub fn any(&self) -> bool {
        self.data().iter().any(|&x| x != 0)
    }

    /// Whether all elements are true; `true` if there are no elements.
    #[must_use]
    pub fn all(&self) -> bool {
        self.data().iter().all(|&x| x != 0)
    }

    /// The number of true elements.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [5.0, 7.0]]);
    /// let mask = x.greater(2.0);
    /// assert_eq!(mask.count(), 3);
    /// assert!(mask.any() && !mask.all());
    /// assert_eq!(mask.count_over(1).data(), [1, 2]);
    /// assert_eq!(mask.all_over(1).data(), [0, 1]);
    /// ```
    #[must_use]
    #[doc(alias("count_nonzero"))]
    pub fn count(&self) -> usize {
        self.data().iter().filter(|&&x| x != 0).count()
    }
}

/// Declares the methods of each reduction over axes.
macro_rules! mask_reductions {
    ($($over:ident, $keepdims:ident = $reduce:ident -> $Element:ident: $what:literal, $empty:literal;)*) => {
        /// Reductions of masks, in which anything but 0 is true.
        impl Tensor<u8> {
            $(
                #[doc = concat!("Returns ", $what, " over the given axes, which are removed.")]
                #[doc = concat!("Over an axis of extent 0, the result is ", $empty, ".")]
                ///
                /// # Panics
                ///
                /// If there is no such axis, or an axis is named twice.
                #[must_use]
                #[track_caller]
                pub fn $over(&self, axes: impl Into<Axes>) -> Tensor<$Element> {
                    $reduce(self, &axes.into().of(self.shape(), stringify!($over)), false)
                }

                #[doc = concat!("Returns ", $what, " over the given axes, which keep extent 1.")]
                #[doc = concat!("Over an axis of extent 0, the result is ", $empty, ".")]
                ///
                /// # Panics
                ///
                /// If there is no such axis, or an axis is named twice.
                #[must_use]
                #[track_caller]
                pub fn $keepdims(&self, axes: impl Into<Axes>) -> Tensor<$Element> {
                    $reduce(self, &axes.into().of(self.shape(), stringify!($keepdims)), true)
                }
            )*
        }
    };
}
mask_reductions! {
    any_over, any_over_keepdims = any -> u8: "whether an element is true, 1 or 0,", "0";
    all_over, all_over_keepdims = all -> u8: "whether all elements are true, 1 or 0,", "1";
    count_over, count_over_keepdims = count -> u32: "the number of true elements", "0";
}

/// The number of nonzero elements over axes.
#[track_caller]
fn count(mask: &Tensor<u8>, axes: &AxisSet, keepdims: bool) -> Tensor<u32> {
    let kept = mask.shape().reduced(axes, true);
    let walk = Walk::new(mask.shape(), &kept, mask.shape());
    let mask_data = mask.data();
    let counts = Tensor::made(kept, |counts: &mut [u32]| {
        counts.fill(0);
        walk.rows(|at_mask, at_counts, _| {
            for i in 0..walk.inner.extent {
                counts[at_counts + i * walk.inner.b] +=
                    u32::from(mask_data[at_mask + i * walk.inner.a] != 0);
            }
        });
    });
    counts.reshape(mask.shape().reduced(axes, keepdims))
}

#[track_caller]
fn any(mask: &Tensor<u8>, axes: &AxisSet, keepdims: bool) -> Tensor<u8> {
    count(mask, axes, keepdims).not_equal(0)
}

#[track_caller]
fn all(mask: &Tensor<u8>, axes: &AxisSet, keepdims: bool) -> Tensor<u8> {
    count(mask, axes, keepdims).equal(elements_reduced(mask.shape(), axes) as u32)
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn masks_are_reduced_over_any_axes() {
        let mask = Tensor::new([2, 2, 3], [0_u8, 1, 0, 0, 1, 2, 1, 1, 0, 0, 1, 0]);
        assert_eq!(mask.count(), 6);
        assert_eq!(mask.count_over(..).item(), 6);
        assert_eq!(mask.count_over(1).data(), [0, 2, 1, 1, 2, 0]);
        assert_eq!(mask.count_over([0, -1]).data(), [3, 3]);
        assert_eq!(mask.any_over(-1).data(), [1, 1, 1, 1]);
        assert_eq!(
            mask.any_over_keepdims([0, 1]),
            Tensor::new([1, 1, 3], [1, 1, 1])
        );
        assert_eq!(mask.all_over([0, 1]).data(), [0, 1, 0]);
        assert_eq!(
            mask.all_over_keepdims(0),
            Tensor::new([1, 2, 3], [0, 1, 0, 0, 1, 0])
        );
        assert_eq!(
            mask.count_over_keepdims([0; 0]).data(),
            [0, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0]
        );
    }

    #[test]
    fn masks_without_elements_and_scalars() {
        let none = Tensor::<u8>::zeros([2, 0]);
        assert!(!none.any() && none.all() && none.count() == 0);
        assert_eq!(none.any_over(1).data(), [0, 0]);
        assert_eq!(none.all_over(1).data(), [1, 1]);
        assert_eq!(none.all_over(0).size(), 0);
        let one = Tensor::scalar(7_u8);
        assert!(one.any() && one.all());
        assert_eq!(one.all_over(..).item(), 1);
    }
}
