//! Sorting along an axis, and the largest elements.
//!
//! The elements are taken along the axis by the indices of their order, which are constants. The gradient follows the
//! elements to their places.

use super::arg_max::is_nan;
use super::prelude::*;
use std::cmp::Ordering;

/// Ascending order, with NaN last.
fn ascending<T: Element>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

/// Descending order, with NaN first.
fn descending<T: Element>(a: T, b: T) -> Ordering {
    ascending(b, a)
}

/// The indices of the first `count` elements along an axis in the given order. Equal elements keep their order.
#[track_caller]
fn first_in_order<T: Element>(
    x: &Tensor<T>,
    axis: usize,
    count: usize,
    order: impl Fn(T, T) -> Ordering,
) -> Tensor<u32> {
    let mut shape = x.shape().clone();
    shape.set(axis, count);
    if shape.size() == 0 {
        return Tensor::zeros(shape);
    }
    let (_, extent, inner) = x.shape().split(axis, axis);
    let Ok(numbers) = u32::try_from(extent) else {
        panic!(
            "arg_sort: axis {axis} of shape {} has more elements than a u32 can number",
            x.shape()
        )
    };
    let (from, to) = ((extent * inner).max(1), (count * inner).max(1));
    let mut indices: Vec<u32> = Vec::with_capacity(extent);
    Tensor::made(shape, |out| {
        let blocks = x.data().chunks_exact(from);
        for (x, out) in blocks.zip(out.chunks_exact_mut(to)) {
            for line in 0..inner {
                let element = |index: u32| x[index as usize * inner + line];
                let order = |&i: &u32, &j: &u32| order(element(i), element(j)).then(i.cmp(&j));
                indices.clear();
                indices.extend(0..numbers);
                if count < extent {
                    indices.select_nth_unstable_by(count, order);
                }
                indices[..count].sort_unstable_by(order);
                for (place, &index) in indices[..count].iter().enumerate() {
                    out[place * inner + line] = index;
                }
            }
        }
    })
}

/// The indices of the `k` largest elements along an axis.
#[track_caller]
fn top_indices<T: Element>(x: &Tensor<T>, k: usize, axis: usize) -> Tensor<u32> {
    assert!(
        k <= x.shape()[axis],
        "top_k: axis {axis} of shape {} does not have {k} elements",
        x.shape()
    );
    first_in_order(x, axis, k, descending)
}

methods! {
    /// Sorting.
    pub trait SortMethods for any element;

    /// Returns the indices that sort the elements along an axis in ascending order, with NaN last. Equal elements keep
    /// their order.
    ///
    /// [`take_along`](crate::Tensor::take_along) with these indices sorts other tensors by the elements of this one.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 2.0]);
    /// assert_eq!(x.arg_sort(0).data(), [1, 2, 0]);
    /// let names = Tensor::from([10_u8, 20, 30]);
    /// assert_eq!(names.take_along(0, x.arg_sort(0)).data(), [20, 30, 10]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    #[doc(alias("argsort"))]
    pub fn arg_sort(self, axis: impl Into<Axis>) -> Tensor<u32> {
        self.value().arg_sort(axis)
    } on tensors {
        let axis = axis.into().of(self.shape(), "arg_sort");
        first_in_order(self, axis, self.shape()[axis], ascending)
    }

    /// Returns the elements along an axis in ascending order, with NaN last. Equal elements keep their order.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0, 1.0, 2.0]);
    /// let y = x.sort(0);
    /// assert_eq!(y.value().data(), [1.0, 2.0, 3.0]);
    /// assert_eq!(y.vjp([10.0, 20.0, 30.0]).wrt(x).data(), [30.0, 10.0, 20.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    pub fn sort(self, axis: impl Into<Axis>) -> Self {
        let axis = axis.into().of(&self.shape(), "sort");
        self.take_along(axis, self.arg_sort(axis))
    } on tensors {
        let axis = axis.into().of(self.shape(), "sort");
        self.take_along(axis, self.arg_sort(axis))
    }

    /// Returns the elements along an axis in descending order, with NaN first. Equal elements keep their order.
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    pub fn sort_descending(self, axis: impl Into<Axis>) -> Self {
        let axis = axis.into().of(&self.shape(), "sort_descending");
        self.top_k(self.shape()[axis], axis).0
    } on tensors {
        let axis = axis.into().of(self.shape(), "sort_descending");
        self.top_k(self.shape()[axis], axis).0
    }

    /// Returns the `k` largest elements along an axis in descending order, and their indices. A NaN counts as the
    /// largest; equal elements keep their order.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var([[3.0, 1.0, 2.0], [4.0, 6.0, 5.0]]);
    /// let (values, indices) = x.top_k(2, 1);
    /// assert_eq!(values.value(), Tensor::from([[3.0, 2.0], [6.0, 5.0]]));
    /// assert_eq!(indices, Tensor::from([[0, 2], [1, 2]]));
    /// assert_eq!(values.sum().gradients().wrt(x), Tensor::from([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or it has fewer than `k` elements.
    #[doc(alias("topk"))]
    pub fn top_k(self, k: usize, axis: impl Into<Axis>) -> (Self, Tensor<u32>) {
        let axis = axis.into().of(&self.shape(), "top_k");
        let indices = top_indices(&self.value(), k, axis);
        (self.take_along(axis, &indices), indices)
    } on tensors {
        let axis = axis.into().of(self.shape(), "top_k");
        let indices = top_indices(self, k, axis);
        (self.take_along(axis, &indices), indices)
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], usize, usize); 12] = [
        (&[1], 0, 1),
        (&[0], 0, 0),
        (&[5], 0, 3),
        (&[6], 0, 6),
        (&[3, 4], 0, 1),
        (&[3, 4], 1, 2),
        (&[2, 3, 4], 1, 2),
        (&[2, 3, 2], 2, 1),
        (&[0, 3], 1, 2),
        (&[2, 0], 1, 0),
        (&[1, 3], 0, 0),
        (&[3, 1], 1, 1),
    ];
    let all = |(shape, axis, k): (&[usize], usize, usize)| {
        [
            CheckCase::new("sort", &[shape], move |x| x[0].sort(axis)),
            CheckCase::new("sort_descending", &[shape], move |x| {
                x[0].sort_descending(axis)
            }),
            CheckCase::new("arg_sort", &[shape], move |x| {
                x[0].take_along(axis, x[0].arg_sort(axis))
            }),
            CheckCase::new("top_k", &[shape], move |x| x[0].top_k(k, axis).0),
        ]
    };
    cases.into_iter().flat_map(all).collect()
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    const NAN: f64 = f64::NAN;

    #[test]
    fn elements_are_sorted_along_each_axis() {
        let x = Tensor::from([[3, 1, 2], [0, 5, 2]]);
        assert_eq!(x.sort(1), Tensor::from([[1, 2, 3], [0, 2, 5]]));
        assert_eq!(x.sort(-2), Tensor::from([[0, 1, 2], [3, 5, 2]]));
        assert_eq!(x.sort_descending(1), Tensor::from([[3, 2, 1], [5, 2, 0]]));
        assert_eq!(x.arg_sort(1), Tensor::from([[1, 2, 0], [0, 2, 1]]));
    }

    #[test]
    fn equal_elements_keep_their_order_and_nan_is_the_largest() {
        let x = Tensor::from([1.0, NAN, 0.0, 1.0, -0.0, NAN, 1.0, f64::INFINITY]);
        assert_eq!(x.arg_sort(0).data(), [2, 4, 0, 3, 6, 7, 1, 5]);
        let (values, indices) = x.top_k(5, 0);
        assert_eq!(indices.data(), [1, 5, 7, 0, 3]);
        assert!(values.data()[1].is_nan() && values.data()[2] == f64::INFINITY);
    }

    #[test]
    fn the_largest_elements_are_the_first_of_the_descending_order() {
        let x = Tensor::from_flat_fn([2, 50, 3], |i| ((i * 37) % 101 % 20) as f64);
        let sorted = x.sort_descending(1);
        for k in [0, 1, 7, 49, 50] {
            assert_eq!(x.top_k(k, 1).0, sorted.narrow(1, 0..k));
        }
    }

    #[test]
    fn the_gradient_follows_the_elements() {
        let tape = Tape::new();
        let x = tape.var([2.0, 1.0, 2.0]);
        let gradient = x.sort(0).vjp([1.0, 2.0, 4.0]).wrt(x);
        assert_eq!(gradient.data(), [2.0, 1.0, 4.0]);
    }
}
