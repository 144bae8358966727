//! Reversal and rotation along axes.
//!
//! ```text
//! flip   yᵢ = xₙ₋₁₋ᵢ             x̄ = ȳ, reversed
//! roll   yᵢ = x₍ᵢ₋ₖ₎ mod ₙ       x̄ = ȳ, rotated by −k
//! ```
//!
//! A reversal is a slice with step −1. A rotation by `k` concatenates the last `k` elements and the others.

use super::prelude::*;
use crate::tensor::storage::slices::step;

methods! {
    /// Reversal and rotation.
    pub trait FlipMethods for any element;

    /// Reverses the order of the elements along the given axes.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.flip(-1), Tensor::from([[3, 2, 1], [6, 5, 4]]));
    /// assert_eq!(x.flip([0, 1]), Tensor::from([[6, 5, 4], [3, 2, 1]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or an axis is named twice.
    #[doc(alias("reverse", "fliplr", "flipud"))]
    pub fn flip(self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into().of(&self.shape(), "flip");
        let mut flipped = self.clone();
        for &axis in axes.iter() {
            flipped = flipped.slice_axis(axis, step(.., -1));
        }
        flipped
    }

    /// Shifts the elements along an axis by `by` positions towards its end, or towards its start if `by` is negative.
    /// Elements that are shifted beyond one end reappear at the other.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([1, 2, 3, 4]);
    /// assert_eq!(x.roll(0, 1), Tensor::from([4, 1, 2, 3]));
    /// assert_eq!(x.roll(0, -1), Tensor::from([2, 3, 4, 1]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    #[doc(alias("rotate", "circshift"))]
    pub fn roll(self, axis: impl Into<Axis>, by: isize) -> Self {
        let axis = axis.into().of(&self.shape(), "roll");
        let extent = self.shape()[axis];
        // The position of the element that becomes the first; `None` if the axis is empty.
        match (-(by as i128)).checked_rem_euclid(extent as i128) {
            None | Some(0) => self.clone(),
            Some(cut) => {
                let cut = cut as usize;
                let (first, last) = (self.narrow(axis, 0..cut), self.narrow(axis, cut..extent));
                Self::concat(&[last, first], axis)
            }
        }
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], &[isize]); 9] = [
        (&[], &[]),
        (&[1], &[0]),
        (&[0], &[-1]),
        (&[5], &[0]),
        (&[3, 4], &[-1]),
        (&[4, 3], &[0, 1]),
        (&[2, 3, 4], &[1]),
        (&[3, 2, 2], &[-1, 0]),
        (&[2, 0, 3], &[2]),
    ];
    let mut checks = Vec::new();
    for (shape, axes) in cases {
        checks.push(CheckCase::new("flip", &[shape], move |x| x[0].flip(axes)));
    }
    let cases: [(&[usize], isize, isize); 9] = [
        (&[1], 0, 1),
        (&[0], 0, 2),
        (&[5], 0, 2),
        (&[4], -1, -1),
        (&[3, 4], 0, 7),
        (&[4, 3], -1, -2),
        (&[2, 3, 2], 1, 1),
        (&[2, 2, 3], -1, 2),
        (&[0, 3], 1, 1),
    ];
    for (shape, axis, by) in cases {
        checks.push(CheckCase::new("roll", &[shape], move |x| {
            x[0].roll(axis, by)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn a_gradient_is_moved_back() {
        let tape = Tape::new();
        let x = tape.var([1.0, 2.0, 3.0]);
        let y_bar = Tensor::from([10.0, 20.0, 30.0]);
        let flipped = x.flip(0).vjp(&y_bar).wrt(x);
        assert_eq!(flipped, Tensor::from([30.0, 20.0, 10.0]));
        let rolled = x.roll(0, 1).vjp(&y_bar).wrt(x);
        assert_eq!(rolled, Tensor::from([20.0, 30.0, 10.0]));
    }

    #[test]
    fn a_rotation_takes_any_number_of_positions() {
        let x = Tensor::from([[0_u8, 1, 2], [3, 4, 5]]);
        let by_one = Tensor::from([[2_u8, 0, 1], [5, 3, 4]]);
        for by in [
            1,
            4,
            -2,
            -5,
            1 + 3 * (isize::MAX / 6),
            1 - 3 * (isize::MAX / 6),
        ] {
            assert_eq!(x.roll(1, by), by_one, "{by}");
        }
        assert_eq!(x.roll(0, 0), x);
        assert_eq!(x.roll(-2, isize::MIN), x);
        assert_eq!(Tensor::<u8>::zeros([0]).roll(0, 5).shape(), [0]);
    }
}
