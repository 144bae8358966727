//! Elements along an axis: taken by index, and added by index. Each is the other's rule.
//!
//! ```text
//! take_along   y[i][j] = x[index[i][j]][j] (axis 0)       x̄ = ȳ, added along the axis
//! add_along    y[k][j] = Σ x[i][j], index[i][j] = k       x̄ = ȳ, taken along the axis
//! ```

use super::prelude::*;

/// The elements along an axis with the given indices.
#[derive(Clone, Debug)]
pub(crate) struct TakeAlong {
    axis: usize,
    indices: Tensor<u32>,
}

impl<T: Real> Op<T> for TakeAlong {
    fn name(&self) -> &'static str {
        "take_along"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        taken(x[0], self.axis, &self.indices)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let extent = at.x[0].shape()[self.axis];
        x_bar.add(0, || y_bar.add_along(self.axis, &self.indices, extent));
    }

    built_in!(TakeAlong);
}

/// The sums of the elements along an axis that have the same index.
#[derive(Clone, Debug)]
pub(crate) struct AddAlong {
    axis: usize,
    indices: Tensor<u32>,
    extent: usize,
}

impl<T: Real> Op<T> for AddAlong {
    fn name(&self) -> &'static str {
        "add_along"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, axis, indices) = (x[0], self.axis, &self.indices);
        assert!(
            x.shape() == indices.shape(),
            "add_along: indices of shape {} for shape {}",
            indices.shape(),
            x.shape()
        );
        let mut shape = x.shape().clone();
        shape.set(axis, self.extent);
        check_indices("add_along", indices, axis, &shape);
        let (_, added, inner) = x.shape().split(axis, axis);
        Tensor::made(shape, |out| {
            out.fill(T::default());
            // The size of the result has been checked.
            let (from, to) = ((added * inner).max(1), (self.extent * inner).max(1));
            let blocks = x.data().chunks_exact(from);
            let blocks = blocks.zip(indices.data().chunks_exact(from));
            for ((x, indices), out) in blocks.zip(out.chunks_exact_mut(to)) {
                for (i, (&x, &index)) in x.iter().zip(indices).enumerate() {
                    let sum = &mut out[index as usize * inner + i % inner];
                    *sum = *sum + x;
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
        x_bar.add(0, || y_bar.take_along(self.axis, &self.indices));
    }

    built_in!(AddAlong);
}

#[track_caller]
fn taken<T: Element>(x: &Tensor<T>, axis: usize, indices: &Tensor<u32>) -> Tensor<T> {
    let fits = indices.shape().rank() == x.shape().rank()
        && indices.shape().reduced(&[axis], true) == x.shape().reduced(&[axis], true);
    assert!(
        fits,
        "take_along: indices of shape {} for axis {axis} of shape {}",
        indices.shape(),
        x.shape()
    );
    check_indices("take_along", indices, axis, x.shape());
    let (_, extent, inner) = x.shape().split(axis, axis);
    let (from, to) = (
        (extent * inner).max(1),
        (indices.shape()[axis] * inner).max(1),
    );
    Tensor::made(indices.shape().clone(), |out| {
        let blocks = x.data().chunks_exact(from);
        let blocks = blocks.zip(indices.data().chunks_exact(to));
        for ((x, indices), out) in blocks.zip(out.chunks_exact_mut(to)) {
            for (i, (out, &index)) in out.iter_mut().zip(indices).enumerate() {
                *out = x[index as usize * inner + i % inner];
            }
        }
    })
}

/// # Panics
///
/// If an index is not below the extent of the axis.
#[track_caller]
fn check_indices(operation: &str, indices: &Tensor<u32>, axis: usize, shape: &Shape) {
    let extent = shape[axis];
    if let Some(index) = indices.data().iter().find(|&&i| i as usize >= extent) {
        panic!("{operation}: index {index} lies outside of axis {axis} of shape {shape}")
    }
}

methods! {
    /// Taking elements along an axis.
    pub trait TakeAlongMethods for any element;

    /// Returns the elements at `indices` along an axis: for axis 0 of a matrix, `y[i][j] = x[indices[i][j]][j]`.
    ///
    /// This is `gather` in PyTorch and `take_along_axis` in NumPy. The result has the shape of `indices`, which must
    /// equal the shape of `self` except along the axis. An element may be
    /// taken several times; its gradient is then the sum over its copies. [`arg_sort`](crate::Tensor::arg_sort) and
    /// [`top_k`](crate::Tensor::top_k) return such indices. To take whole slices, see
    /// [`gather`](crate::Tensor::gather).
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let y = x.take_along(1, [[2, 0], [1, 1]]);
    /// assert_eq!(y.value(), Tensor::from([[3.0, 1.0], [5.0, 5.0]]));
    /// assert_eq!(y.sum().gradients().wrt(x), Tensor::from([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, the shapes differ along another axis, or an index is not below the extent of the axis.
    #[doc(alias("gather", "take_along_axis", "take_along_dim"))]
    pub fn take_along(self, axis: impl Into<Axis>, indices: impl Into<Tensor<u32>>) -> Self {
        let axis = axis.into().of(&self.shape(), "take_along");
        Self::apply(TakeAlong { axis, indices: indices.into() }, &[self])
    } on tensors {
        taken(self, axis.into().of(self.shape(), "take_along"), &indices.into())
    }
}

methods! {
    /// Adding elements along an axis.
    pub trait AddAlongMethods;

    /// Sums the elements along an axis that have the same index: for axis 0 of a matrix, `y[k][j]` is the sum of all
    /// `x[i][j]` with `indices[i][j] = k`, and 0 if there are none.
    ///
    /// This is `scatter_add` onto zeros in PyTorch. `indices` has the shape of `self`, and the result has the given
    /// `extent` along the axis. Elements with the same index are added in ascending order of their positions. To add
    /// whole slices, see [`scatter_add`](crate::Tensor::scatter_add).
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let sums = x.add_along(1, [[0, 1, 0], [1, 1, 1]], 2);
    /// assert_eq!(sums, Tensor::from([[4.0, 2.0], [0.0, 15.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, the shapes differ, or an index is not below the extent.
    #[doc(alias("scatter_add", "index_add"))]
    pub fn add_along(self, axis: impl Into<Axis>, indices: impl Into<Tensor<u32>>, extent: usize) -> Self {
        let axis = axis.into().of(&self.shape(), "add_along");
        Self::apply(AddAlong { axis, indices: indices.into(), extent }, &[self])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    // The shape, the axis, and the extent of the indices along it.
    let cases: [(&[usize], usize, usize); 12] = [
        (&[1], 0, 1),
        (&[1], 0, 3),
        (&[0], 0, 0),
        (&[5], 0, 3),
        (&[5], 0, 0),
        (&[3, 4], 0, 5),
        (&[3, 4], 1, 2),
        (&[2, 3, 2], 1, 4),
        (&[2, 3, 2], 2, 1),
        (&[0, 3], 1, 2),
        (&[2, 1], 0, 2),
        (&[1, 2, 2, 1], 2, 3),
    ];
    let mut checks = Vec::new();
    for (shape, axis, extent) in cases {
        let mut of_indices = Shape::from(shape);
        of_indices.set(axis, extent);
        let own = shape[axis];
        // Some indices occur several times, and some never.
        let indices = Tensor::from_flat_fn(&of_indices, |i| (i * i % own.max(1)) as u32);
        let added = indices.clone();
        checks.push(CheckCase::new("take_along", &[shape], move |x| {
            x[0].take_along(axis, &indices)
        }));
        checks.push(CheckCase::new("add_along", &[&of_indices], move |x| {
            x[0].add_along(axis, &added, own)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn elements_along_each_axis_are_taken() {
        let x = Tensor::from_flat_fn([2, 3, 2], |i| i as u8);
        let indices = Tensor::new([2, 1, 2], [2_u32, 0, 1, 1]);
        assert_eq!(x.take_along(1, &indices).data(), [4, 1, 8, 9]);
        assert_eq!(x.take_along(-2, &indices).data(), [4, 1, 8, 9]);
        let indices = Tensor::new([1, 3, 2], [1_u32, 0, 1, 0, 1, 0]);
        assert_eq!(x.take_along(0, &indices).data(), [6, 1, 8, 3, 10, 5]);
    }

    #[test]
    fn what_is_taken_is_added_back() {
        let tape = Tape::new();
        let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
        let y = x.take_along(0, [[1, 0], [1, 1], [0, 0]]);
        assert_eq!(y.value().data(), [3.0, 2.0, 3.0, 4.0, 1.0, 2.0]);
        let y_bar = Tensor::from([[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]]);
        let gradient = y.vjp(y_bar).wrt(x);
        assert_eq!(gradient, Tensor::from([[16.0, 34.0], [5.0, 8.0]]));
    }
}
