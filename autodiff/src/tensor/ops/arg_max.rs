//! The index of the largest and of the smallest element along an axis.
//!
//! Indices are constants: no gradient flows through them.

use super::prelude::*;

/// The index along an axis of the element that no other is preferred to, the first of equal ones. A NaN is preferred to
/// every number.
///
/// # Panics
///
/// If there is no such axis, or its extent is 0 and the result is not empty.
#[track_caller]
fn arg_best<T: Element>(
    operation: &str,
    x: &Tensor<T>,
    axis: Axis,
    is_preferred: impl Fn(T, T) -> bool,
) -> Tensor<u32> {
    let axis = axis.of(x.shape(), operation);
    let (_, extent, inner) = x.shape().split(axis, axis);
    let shape = x.shape().reduced(&[axis], false);
    assert!(
        extent > 0 || shape.size() == 0,
        "{operation}: axis {axis} of shape {} has extent 0",
        x.shape()
    );
    let x = x.data();
    Tensor::from_flat_fn(shape, |i| {
        let first = i / inner * inner * extent + i % inner;
        let mut best = 0;
        for place in 1..extent {
            let (a, b) = (x[first + place * inner], x[first + best * inner]);
            if is_preferred(a, b) || (is_nan(a) && !is_nan(b)) {
                best = place;
            }
        }
        best as u32
    })
}

/// Whether `x` is NaN: only a NaN differs from itself.
#[expect(clippy::eq_op, reason = "the definition of NaN, for any element type")]
pub(super) fn is_nan<T: PartialEq + Copy>(x: T) -> bool {
    x != x
}

methods! {
    /// Indices of largest and smallest elements.
    pub trait ArgMaxMethods for any element;

    /// Returns the index of the largest element along an axis; of equal elements, the first. A NaN counts as the
    /// largest. The axis is removed, and the result is a constant: it has no gradient.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]]);
    /// assert_eq!(x.arg_max(1).data(), [1, 0]);
    /// assert_eq!(x.reshape([6]).arg_max(0).item(), 1);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or its extent is 0 and the result is not empty.
    #[doc(alias("argmax"))]
    pub fn arg_max(self, axis: impl Into<Axis>) -> Tensor<u32> {
        self.value().arg_max(axis)
    } on tensors {
        arg_best("arg_max", self, axis.into(), |a, b| a > b)
    }

    /// Returns the index of the smallest element along an axis, which is removed; the first of equal ones. A NaN counts
    /// as the smallest.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 3.0, 1.0], [2.0, 0.0, 1.0]]);
    /// assert_eq!(x.arg_min(1).data(), [0, 1]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or its extent is 0 and the result is not empty.
    #[doc(alias("argmin"))]
    pub fn arg_min(self, axis: impl Into<Axis>) -> Tensor<u32> {
        self.value().arg_min(axis)
    } on tensors {
        arg_best("arg_min", self, axis.into(), |a, b| a < b)
    }
}

/// The extreme elements, taken by their indices.
pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], usize); 9] = [
        (&[1], 0),
        (&[5], 0),
        (&[3, 4], 0),
        (&[3, 4], 1),
        (&[2, 3, 4], 1),
        (&[2, 3, 2], 2),
        (&[0, 3], 1),
        (&[1, 3], 0),
        (&[3, 1], 1),
    ];
    let both = |(shape, axis): (&[usize], usize)| {
        let kept = Shape::from(shape).reduced(&[axis], true);
        let of_smallest = kept.clone();
        [
            CheckCase::new("arg_max", &[shape], move |x| {
                x[0].take_along(axis, x[0].arg_max(axis).reshape(&kept))
            }),
            CheckCase::new("arg_min", &[shape], move |x| {
                x[0].take_along(axis, x[0].arg_min(axis).reshape(&of_smallest))
            }),
        ]
    };
    cases.into_iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Algebra, Tape, Tensor};

    fn both<A: Algebra>(x: &A, axis: isize) -> [Vec<u32>; 2] {
        [x.arg_max(axis), x.arg_min(axis)].map(|indices| indices.data().to_vec())
    }

    #[test]
    fn the_first_extreme_element_is_found_along_each_axis() {
        let x = Tensor::from([[1.0, 3.0, 3.0], [1.0, 0.0, 4.0]]);
        let tape = Tape::new();
        let variable = tape.var(&x);
        for (axis, expected) in [
            (1, [vec![1, 2], vec![0, 1]]),
            (-1, [vec![1, 2], vec![0, 1]]),
            (0, [vec![0, 0, 1], vec![0, 1, 0]]),
        ] {
            assert_eq!(both(&x, axis), expected);
            assert_eq!(both(&variable, axis), expected);
        }
        assert_eq!(tape.len(), 1);
        assert_eq!(Tensor::from([3_u8, 7, 2]).arg_min(0).item(), 2);
    }

    #[test]
    fn a_nan_is_found() {
        let x = Tensor::from([1.0, f64::NAN, f64::INFINITY, f64::NAN]);
        assert_eq!((x.arg_max(0).item(), x.arg_min(0).item()), (1, 1));
    }
}
