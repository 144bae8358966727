//! Numbers at equal distances.

use super::Tensor;
use crate::tensor::storage::element::{Element, Real};
use crate::tensor::storage::shape::Shape;
use std::ops::Range;

/// Numbers at equal distances.
impl<T: Element> Tensor<T> {
    /// Creates the vector of `start`, `start + 1`, …, up to the last number below `end`.
    ///
    /// It is empty if `start` is not below `end`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// assert_eq!(Tensor::arange(0..5), Tensor::from([0, 1, 2, 3, 4]));
    /// assert_eq!(Tensor::arange(0.5..3.0), Tensor::from([0.5, 1.5, 2.5]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not enough memory, which includes an infinite range.
    #[must_use]
    #[track_caller]
    pub fn arange(range: Range<T>) -> Self {
        stepped(range, T::ONE)
    }

    /// Creates the vector of `start`, `start + step`, `start + 2 step`, …, up to the last number below `end`.
    ///
    /// Floating-point elements are computed in `f64` as `start + i step`, so errors do not accumulate. Their number
    /// depends on rounding if `end` is near one of them. [`linspace`](Tensor::linspace) takes the number of elements
    /// instead, and can count down.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// assert_eq!(Tensor::arange_step(0..10, 4), Tensor::from([0, 4, 8]));
    /// assert_eq!(Tensor::arange_step(0.0..1.0, 0.25), Tensor::from([0.0, 0.25, 0.5, 0.75]));
    /// ```
    ///
    /// # Panics
    ///
    /// If `step` is not above 0, or there is not enough memory.
    #[must_use]
    #[track_caller]
    #[doc(alias = "step_by")]
    pub fn arange_step(range: Range<T>, step: T) -> Self {
        assert!(
            step > T::default(),
            "arange_step: the step {step} is not above 0"
        );
        stepped(range, step)
    }
}

#[track_caller]
fn stepped<T: Element>(Range { start, end }: Range<T>, step: T) -> Tensor<T> {
    let count = T::steps(start, end, step);
    Tensor::from_flat_fn([count], |i| T::after_steps(start, i, step))
}

impl<T: Real> Tensor<T> {
    /// Creates the vector of `count` numbers at equal distances from `start` to `end`, both included.
    ///
    /// The last element is exactly `end`. A single element is `start`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5), Tensor::from([0.0, 0.25, 0.5, 0.75, 1.0]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    pub fn linspace(start: T, end: T, count: usize) -> Self {
        let first: f64 = start.as_();
        let last: f64 = end.as_();
        // Half of it, since the distance of large numbers may overflow.
        let half = 0.5 * last - 0.5 * first;
        Tensor::made(Shape::from([count]), |out| {
            for (i, x) in out.iter_mut().enumerate() {
                let step = half * (i as f64 / (count - 1).max(1) as f64);
                *x = T::from_f64(first + step + step);
            }
            // Rounding may miss it.
            if let [_, .., last] = out {
                *last = end;
            }
        })
    }
}
