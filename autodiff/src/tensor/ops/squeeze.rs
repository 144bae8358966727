//! Axes of extent 1, added and removed, and flattening. The elements stay in their order: all are reshapes.

use super::prelude::*;

/// The shape without the given axes.
///
/// # Panics
///
/// If there is no such axis, an axis is named twice, or its extent is not 1.
#[track_caller]
fn squeezed(shape: &Shape, axes: &Axes) -> Shape {
    let axes = axes.of(shape, "squeeze");
    for &axis in axes.iter() {
        assert!(
            shape[axis] == 1,
            "squeeze: axis {axis} of shape {shape} has extent {}, and not 1",
            shape[axis]
        );
    }
    shape.reduced(&axes, false)
}

/// The shape with an added axis of extent 1.
///
/// # Panics
///
/// If the new shape has no such axis.
#[track_caller]
fn unsqueezed(shape: &Shape, axis: Axis) -> Shape {
    let axis = new_axis(shape, axis, "unsqueeze");
    Shape::joined([&shape[..axis], &[1], &shape[axis..]])
}

/// The number of an axis that is added to a shape: 0 is the first of the new shape, and −1 the last.
///
/// # Panics
///
/// If the new shape has no such axis.
#[track_caller]
pub(super) fn new_axis(shape: &Shape, axis: Axis, operation: &str) -> usize {
    match axis.within(shape.rank() + 1) {
        Some(axis) => axis,
        None => panic!("{operation}: axis {axis:?} cannot be added to shape {shape}"),
    }
}

methods! {
    /// Axes of extent 1, and flattening.
    pub trait SqueezeMethods for any element;

    /// Removes the given axes, each of which must have extent 1. On tensors, the result shares the memory of `self`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2, 3]]);
    /// assert_eq!(x.squeeze(0), Tensor::from([1, 2, 3]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, an axis is named twice, or its extent is not 1.
    pub fn squeeze(self, axes: impl Into<Axes>) -> Self {
        self.reshape(squeezed(&self.shape(), &axes.into()))
    }

    /// Adds an axis of extent 1, which is axis number `axis` of the result; −1 is the last. On tensors, the result
    /// shares the memory of `self`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([1, 2]);
    /// assert_eq!(x.unsqueeze(0), Tensor::from([[1, 2]]));
    /// assert_eq!(x.unsqueeze(-1), Tensor::from([[1], [2]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the result has no such axis.
    #[doc(alias("expand_dims", "newaxis"))]
    pub fn unsqueeze(self, axis: impl Into<Axis>) -> Self {
        self.reshape(unsqueezed(&self.shape(), axis.into()))
    }

    /// Returns the elements in row-major order as a vector of shape `[size]`. On tensors, the result shares the memory
    /// of `self`.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.flatten(), Tensor::from([1, 2, 3, 4]));
    /// ```
    #[doc(alias("ravel", "reshape"))]
    pub fn flatten(self) -> Self {
        self.reshape([self.shape().size()])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], &[isize]); 9] = [
        (&[], &[]),
        (&[1], &[0]),
        (&[1, 0], &[0]),
        (&[3, 4], &[]),
        (&[1, 4], &[-2]),
        (&[4, 1], &[-1]),
        (&[1, 1], &[0, 1]),
        (&[2, 1, 3], &[1]),
        (&[1, 3, 1, 2, 1], &[-1, 0, 2]),
    ];
    let mut checks = Vec::new();
    for (shape, axes) in cases {
        checks.push(CheckCase::new("squeeze", &[shape], move |x| {
            x[0].squeeze(axes)
        }));
    }
    let cases: [(&[usize], isize); 9] = [
        (&[], 0),
        (&[], -1),
        (&[1], 1),
        (&[0], 0),
        (&[5], -1),
        (&[3, 4], 1),
        (&[2, 4], -3),
        (&[2, 3, 4], 3),
        (&[2, 0, 4], -2),
    ];
    for (shape, axis) in cases {
        checks.push(CheckCase::new("unsqueeze", &[shape], move |x| {
            x[0].unsqueeze(axis)
        }));
        checks.push(CheckCase::new("flatten", &[shape], |x| x[0].flatten()));
    }
    checks.push(CheckCase::new("flatten", &[&[1, 2, 1, 3]], |x| {
        x[0].flatten()
    }));
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn axes_are_added_and_removed_where_they_are_named() {
        let x = Tensor::<u8>::zeros([2, 3]);
        assert_eq!(x.unsqueeze(0).shape(), [1, 2, 3]);
        assert_eq!(x.unsqueeze(1).shape(), [2, 1, 3]);
        assert_eq!(x.unsqueeze(2).shape(), [2, 3, 1]);
        assert_eq!(x.unsqueeze(-1).shape(), [2, 3, 1]);
        assert_eq!(x.unsqueeze(-3).shape(), [1, 2, 3]);
        assert!(x.unsqueeze(-3).shares_memory_with(&x));
        let y = Tensor::<u8>::zeros([1, 2, 1, 3, 1]);
        assert_eq!(y.squeeze([0, -1]).shape(), [2, 1, 3]);
        assert_eq!(y.squeeze(2).shape(), [1, 2, 3, 1]);
        assert_eq!(Tensor::<u8>::zeros([1, 1]).squeeze(..), Tensor::scalar(0));
    }

    #[test]
    fn a_flat_tensor_has_one_axis() {
        assert_eq!(Tensor::scalar(3.0).flatten().shape(), [1]);
        assert_eq!(Tensor::<f64>::zeros([2, 0]).flatten().shape(), [0]);
        let x = Tensor::from_flat_fn([2, 1, 3], |i| i as f64);
        assert_eq!(x.flatten(), Tensor::from_flat_fn([6], |i| i as f64));
    }
}
