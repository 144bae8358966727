//! Sums and products of all elements up to each one, along an axis.
//!
//! ```text
//! cumsum    yᵢ = x₀ + … + xᵢ     x̄ᵢ = ȳᵢ + … + ȳₙ₋₁, the same sum from the other end
//! cumprod   yᵢ = x₀ ⋯ xᵢ
//! ```
//!
//! The cumulative product is composed of elementwise products of 2, 4, 8, … neighbours. Their rules do not divide, so
//! the derivatives of every order are right for factors of zero.

use super::prelude::*;

/// The sums of the elements up to each one along an axis, or of the elements from each one on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CumulativeSum {
    axis: usize,
    from_the_end: bool,
}

impl<T: Real> Op<T> for CumulativeSum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let x = x[0];
        let (_, extent, inner) = x.shape().split(self.axis, self.axis);
        let block = (extent * inner).max(1);
        Tensor::made(x.shape().clone(), |out| {
            let blocks = x.data().chunks_exact(block);
            for (x, out) in blocks.zip(out.chunks_exact_mut(block)) {
                for line in 0..inner {
                    let mut sum = CompensatedSum::default();
                    for step in 0..extent {
                        let place = if self.from_the_end {
                            extent - 1 - step
                        } else {
                            step
                        };
                        sum.add(x[place * inner + line].to_f64());
                        out[place * inner + line] = T::from_f64(sum.total());
                    }
                }
            }
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let reversed = CumulativeSum {
            axis: self.axis,
            from_the_end: !self.from_the_end,
        };
        x_bar.add(0, || A::apply(reversed, &[&y_bar]));
    }

    built_in!(CumulativeSum);
}

/// A sum whose rounding errors are added up separately (Neumaier 1974), so that they do not grow with the length.
#[derive(Default)]
struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        let (large, small) = if self.sum.abs() >= x.abs() {
            (self.sum, x)
        } else {
            (x, self.sum)
        };
        self.lost += (large - sum) + small;
        self.sum = sum;
    }

    fn total(&self) -> f64 {
        if self.sum.is_finite() {
            self.sum + self.lost
        } else {
            self.sum
        }
    }
}

methods! {
    /// Cumulative sums and products.
    pub trait CumulativeMethods;

    /// Returns the sums of the elements up to each one along an axis: `yᵢ = x₀ + … + xᵢ`.
    ///
    /// The rounding error does not grow with the length of the axis.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let y = x.cumsum(1);
    /// assert_eq!(y.value(), Tensor::from([[1.0, 3.0, 6.0], [4.0, 9.0, 15.0]]));
    /// assert_eq!(y.sum().gradients().wrt(x), Tensor::from([[3.0, 2.0, 1.0]; 2]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    #[doc(alias("cumulative_sum", "prefix_sum"))]
    pub fn cumsum(self, axis: impl Into<Axis>) -> Self {
        let axis = axis.into().of(&self.shape(), "cumsum");
        Self::apply(CumulativeSum { axis, from_the_end: false }, &[self])
    }

    /// Returns the products of the elements up to each one along an axis: `yᵢ = x₀ ⋯ xᵢ`.
    ///
    /// The gradient does not divide by the elements and is right where some are 0.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([2.0, 0.0, 5.0]);
    /// let y = x.cumprod(0);
    /// assert_eq!(y.value().data(), [2.0, 0.0, 0.0]);
    /// assert_eq!(y.sum().gradients().wrt(x).data(), [1.0, 12.0, 0.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    #[doc(alias("cumulative_product"))]
    pub fn cumprod(self, axis: impl Into<Axis>) -> Self {
        let axis = axis.into().of(&self.shape(), "cumprod");
        let extent = self.shape()[axis];
        let mut y = self.clone();
        // Each element is the product of the last `reach` ones up to it.
        let mut reach = 1;
        while reach < extent {
            let product = y.narrow(axis, reach..extent) * y.narrow(axis, 0..extent - reach);
            y = Self::concat(&[y.narrow(axis, 0..reach), product], axis);
            reach *= 2;
        }
        y
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], usize); 12] = [
        (&[1], 0),
        (&[0], 0),
        (&[5], 0),
        (&[6], 0),
        (&[3, 4], 0),
        (&[3, 4], 1),
        (&[2, 3, 4], 1),
        (&[2, 3, 2], 2),
        (&[0, 3], 1),
        (&[2, 0], 1),
        (&[1, 3], 0),
        (&[3, 1], 1),
    ];
    let both = |(shape, axis): (&[usize], usize)| {
        [
            CheckCase::new("cumsum", &[shape], move |x| x[0].cumsum(axis)),
            CheckCase::new("cumprod", &[shape], move |x| x[0].cumprod(axis)),
        ]
    };
    cases.into_iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn sums_along_each_axis() {
        let x = Tensor::from_flat_fn([2, 2, 3], |i| i as f64);
        let expected = [
            0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 6.0, 7.0, 8.0, 15.0, 17.0, 19.0,
        ];
        assert_eq!(x.cumsum(1).data(), expected);
        assert_eq!(x.cumsum(-2).data(), expected);
        let expected = [
            0.0, 1.0, 3.0, 3.0, 7.0, 12.0, 6.0, 13.0, 21.0, 9.0, 19.0, 30.0,
        ];
        assert_eq!(x.cumsum(2).data(), expected);
    }

    #[test]
    fn small_terms_are_not_lost() {
        let x = Tensor::from([1.0, 1e100, 1.0, -1e100]);
        assert_eq!(x.cumsum(0).data(), [1.0, 1e100, 1e100, 2.0]);
        let x = Tensor::full([1 << 20], 0.1_f32);
        let last = x.cumsum(0).data()[(1 << 20) - 1];
        assert_eq!(last, (f64::from(0.1_f32) * f64::from(1 << 20)) as f32);
    }

    #[test]
    fn an_infinity_and_a_nan_stay() {
        let x = Tensor::from([1.0, f64::INFINITY, 1.0, f64::NEG_INFINITY]);
        let y = x.cumsum(0);
        assert_eq!(y.data()[..3], [1.0, f64::INFINITY, f64::INFINITY]);
        assert!(y.data()[3].is_nan());
    }

    #[test]
    fn products_are_right_for_factors_of_zero() {
        let tape = Tape::new();
        let x = tape.var([2.0, 0.0, 3.0, 0.0, 5.0]);
        let y = x.cumprod(0);
        assert_eq!(y.value().data(), [2.0, 0.0, 0.0, 0.0, 0.0]);
        let gradient = y.sum().recorded_gradients(&[x])[0];
        assert_eq!(gradient.value().data(), [1.0, 8.0, 0.0, 0.0, 0.0]);
        // ∂/∂x₁ = x₀ (1 + x₂ + x₂ x₃ + x₂ x₃ x₄)
        let second = gradient.narrow(0, 1..2).sum().gradients().wrt(x);
        assert_eq!(second.data(), [4.0, 0.0, 2.0, 36.0, 0.0]);
    }
}
