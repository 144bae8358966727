//! Softmax over the elements that a mask allows, and its logarithm.
//!
//! A logit that is not allowed is replaced by −∞, and its probability by the constant 0, so its gradient is 0. Where
//! nothing is allowed, the logits are replaced by 0 instead, since the softmax of −∞ alone is NaN.

use super::prelude::*;
use autodiff_kernels::Float;

/// The mask of the elements to leave out, and the logits without them.
#[track_caller]
fn hidden<A: Algebra>(
    operation: &str,
    x: &A,
    mask: &Tensor<u8>,
    axes: &AxisSet,
) -> (Tensor<u8>, A) {
    let shape = x.shape();
    assert!(
        mask.shape().stretches_to(&shape),
        "{operation}: a mask of shape {} cannot be stretched to {shape}",
        mask.shape()
    );
    let allowed = mask.broadcast_to(&shape);
    let anything_allowed = allowed.any_over_keepdims(axes);
    let hidden = !allowed;
    let fill = anything_allowed
        .map(|any| A::Element::from_f64(if any != 0 { f64::NEG_INFINITY } else { 0.0 }));
    let logits = x.masked_fill(&hidden, x.constant(fill));
    (hidden, logits)
}

methods! {
    /// Softmax with a mask.
    pub trait MaskedSoftmaxMethods;

    /// Returns the softmax over the given axes, restricted to the elements where the mask is not 0. The other
    /// probabilities are 0, and their logits have gradient 0, even if they are infinite or NaN. If no element along
    /// the axes is kept, all probabilities are 0.
    ///
    /// The mask selects what is kept, as in PyTorch's `scaled_dot_product_attention`; in
    /// [`masked_fill`](crate::Tensor::masked_fill) it selects what is replaced. It is broadcast to the shape of `self`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let scores = Tensor::from([[1.0, 1.0, 5.0], [2.0, 3.0, 4.0]]);
    /// let allowed = Tensor::from([[1, 1, 0], [0, 0, 0]]);
    /// assert_eq!(scores.masked_softmax(&allowed, 1), Tensor::from([[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]));
    /// ```
    #[doc = include_str!("../../infinite_logits.md")]
    ///
    /// # Panics
    ///
    /// If there is no such axis, an axis is named twice, or the mask cannot be broadcast to the shape of `self`.
    pub fn masked_softmax(self, mask: &Tensor<u8>, axes: impl Into<Axes>) -> Self {
        let axes = axes.into().of(&self.shape(), "masked_softmax");
        let (hidden, logits) = hidden("masked_softmax", self, mask, &axes);
        logits.softmax(&axes).masked_fill(&hidden, 0.0)
    }

    /// Returns the logarithm of the softmax over the given axes, restricted to the elements where the mask is not 0. The
    /// other logarithms are −∞, and their logits have gradient 0, even if they are infinite or NaN. If no element along
    /// the axes is kept, all logarithms are −∞. The mask is broadcast to the shape of `self`.
    #[doc = include_str!("../../infinite_logits.md")]
    ///
    /// # Panics
    ///
    /// If there is no such axis, an axis is named twice, or the mask cannot be broadcast to the shape of `self`.
    pub fn masked_log_softmax(self, mask: &Tensor<u8>, axes: impl Into<Axes>) -> Self {
        let axes = axes.into().of(&self.shape(), "masked_log_softmax");
        let (hidden, logits) = hidden("masked_log_softmax", self, mask, &axes);
        logits.log_softmax(&axes).masked_fill(&hidden, f64::NEG_INFINITY)
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    // The shape, the shape of the mask, and the axes.
    let cases: [(&[usize], &[usize], &[usize]); 11] = [
        (&[], &[], &[]),
        (&[1], &[1], &[0]),
        (&[0], &[0], &[0]),
        (&[5], &[5], &[0]),
        (&[3, 4], &[3, 4], &[1]),
        (&[3, 4], &[3, 1], &[1]),
        (&[3, 4], &[4], &[0]),
        (&[3, 4], &[3, 4], &[0, 1]),
        (&[2, 3, 2], &[3, 1], &[0, 2]),
        (&[2, 2, 3], &[2, 2, 3], &[1]),
        (&[0, 3], &[3], &[1]),
    ];
    let both = |(shape, of_mask, axes): (&[usize], &[usize], &'static [usize])| {
        // Some lines are allowed as a whole, some in part, and some not at all.
        let mask =
            Tensor::from_flat_fn(Shape::from(of_mask), |i| u8::from(i % 3 != 1 && i / 4 != 1));
        let allowed = mask.clone();
        [
            CheckCase::new("masked_softmax", &[shape], move |x| {
                x[0].masked_softmax(&mask, axes)
            }),
            // Infinite values have no differences.
            CheckCase::new("masked_log_softmax", &[shape], move |x| {
                let y = x[0].masked_log_softmax(&allowed, axes);
                y.masked_fill(&!&allowed, 0.0)
            }),
        ]
    };
    cases.into_iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    const INF: f64 = f64::INFINITY;

    #[test]
    fn only_what_is_allowed_has_a_share() {
        let tape = Tape::new();
        let x = tape.var([[0.0, f64::NAN, 0.0], [INF, 1.0, -INF]]);
        let mask = Tensor::from([[1, 0, 1], [0, 0, 0]]);
        let y = x.masked_softmax(&mask, -1);
        assert_eq!(y.value(), Tensor::from([[0.5, 0.0, 0.5], [0.0; 3]]));
        let gradient = y.vjp([[1.0, 7.0, 0.0], [1.0, 2.0, 3.0]]).wrt(x);
        assert_eq!(gradient, Tensor::from([[0.25, 0.0, -0.25], [0.0; 3]]));
        let y = x.masked_log_softmax(&mask, -1);
        let ln_half = 0.5_f64.ln();
        assert_eq!(
            y.value(),
            Tensor::from([[ln_half, -INF, ln_half], [-INF; 3]])
        );
        let gradient = y.vjp([[1.0, 7.0, 0.0], [1.0, 2.0, 3.0]]).wrt(x);
        assert_eq!(gradient, Tensor::from([[0.5, 0.0, -0.5], [0.0; 3]]));
    }
}
