//! Slices along an axis: gathered by index, and added by index. Each is the other's rule.
//!
//! ```text
//! gather        x̄ = for each index, the sum of the slices of ȳ that were gathered from it
//! scatter_add   x̄ = the slices of ȳ to which the slices of x were added
//! ```

use super::prelude::*;

/// The slices along an axis with the given indices.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    axis: usize,
    indices: Tensor<u32>,
}

impl<T: Real> Op<T> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        picked(x[0], self.axis, &self.indices)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        if self.axis == 0 {
            x_bar.add_slices(0, &self.indices, y_bar);
        } else {
            let extent = at.x[0].shape()[self.axis];
            x_bar.add(0, || y_bar.scatter_add(self.axis, &self.indices, extent));
        }
    }

    built_in!(Gather);
}

/// The sums of the slices along an axis that have the same index.
#[derive(Clone, Debug)]
pub(crate) struct ScatterAdd {
    axis: usize,
    indices: Tensor<u32>,
    extent: usize,
}

impl<T: Real> Op<T> for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, extent, indices) = (x[0], self.extent, &self.indices);
        let (rank, axes) = (x.shape().rank(), indices.shape().rank());
        let fits = rank.checked_sub(axes).is_some_and(|last| self.axis <= last)
            && x.shape()[self.axis..self.axis + axes] == indices.shape()[..];
        if !fits {
            do_not_fit(indices, self.axis.into(), x.shape());
        }
        let (before, after) = (&x.shape()[..self.axis], &x.shape()[self.axis + axes..]);
        check_indices("scatter_add", indices, extent);
        let inner: usize = after.iter().product();
        let data = x.data();
        Tensor::made(Shape::joined([before, &[extent], after]), |out| {
            out.fill(T::default());
            for (slice, x) in data.chunks_exact(inner.max(1)).enumerate() {
                let (row, position) = (slice / indices.size(), slice % indices.size());
                let index = indices.data()[position] as usize;
                let out = &mut out[(row * extent + index) * inner..][..inner];
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = *out + x;
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
        x_bar.add(0, || y_bar.gather(self.axis, &self.indices));
    }

    built_in!(ScatterAdd);
}

#[track_caller]
fn picked<T: Element>(x: &Tensor<T>, axis: usize, indices: &Tensor<u32>) -> Tensor<T> {
    let (_, extent, inner) = x.shape().split(axis, axis);
    check_indices("gather", indices, extent);
    let (before, after) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
    let data = x.data();
    Tensor::made(Shape::joined([before, indices.shape(), after]), |out| {
        for (slice, out) in out.chunks_exact_mut(inner.max(1)).enumerate() {
            let (row, position) = (slice / indices.size(), slice % indices.size());
            let index = indices.data()[position] as usize;
            out.copy_from_slice(&data[(row * extent + index) * inner..][..inner]);
        }
    })
}

/// # Panics
///
/// If an index is not below the axis's extent.
#[track_caller]
fn check_indices(operation: &str, indices: &Tensor<u32>, extent: usize) {
    if let Some(index) = indices.data().iter().find(|&&i| i as usize >= extent) {
        panic!("{operation}: index {index} is not below the extent {extent} of the axis")
    }
}

#[cold]
#[track_caller]
fn do_not_fit(indices: &Tensor<u32>, axis: Axis, shape: &Shape) -> ! {
    panic!(
        "scatter_add: indices of shape {} for the axes from {axis:?} on of shape {shape}",
        indices.shape()
    )
}

methods! {
    /// Gathering slices by index.
    pub trait GatherMethods for any element;

    /// Returns the slices along an axis with the given indices: with axis 0, for example, rows of a table of
    /// embeddings.
    ///
    /// In the result, the axes of `indices` replace the axis. A slice may be gathered several times. Its
    /// gradient is then the sum over all of its copies, added in the order of the indices.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let table = tape.var([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// let words = table.gather(0, [2, 0, 2]);
    /// assert_eq!(words.value(), Tensor::from([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]));
    /// assert_eq!(words.sum().gradients().wrt(table), Tensor::from([[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or an index is not below its extent.
    #[doc(alias("index_select", "embedding", "take"))]
    pub fn gather(self, axis: impl Into<Axis>, indices: impl Into<Tensor<u32>>) -> Self {
        let axis = axis.into().of(&self.shape(), "gather");
        Self::apply(Gather { axis, indices: indices.into() }, &[self])
    } on tensors {
        picked(self, axis.into().of(self.shape(), "gather"), &indices.into())
    }
}

methods! {
    /// Adding slices by index.
    pub trait ScatterMethods;

    /// Sums the slices that have the same index. Slice `i` of the result, along an axis of the given extent, is the sum
    /// of the slices whose index is `i`, and zero if there are none.
    ///
    /// From `axis` on, the shape of `self` begins with the shape of `indices`. In the result, a single axis, number
    /// `axis`, replaces these axes. Slices with the same index are added in their order.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// let sums = x.scatter_add(0, [1, 0, 1], 3);
    /// assert_eq!(sums, Tensor::from([[3.0, 4.0], [6.0, 8.0], [0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the shape from `axis` on does not begin with the shape of `indices`, or an index is not below the extent.
    #[doc(alias("index_add", "segment_sum"))]
    pub fn scatter_add(self, axis: impl Into<Axis>, indices: impl Into<Tensor<u32>>, extent: usize) -> Self {
        let (axis, indices, shape) = (axis.into(), indices.into(), self.shape());
        let rank_of_result = (shape.rank() + 1).saturating_sub(indices.shape().rank());
        let Some(axis) = axis.within(rank_of_result) else {
            do_not_fit(&indices, axis, &shape)
        };
        Self::apply(ScatterAdd { axis, indices, extent }, &[self])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    // The shape of the input, the axis, and the shape of the indices.
    let cases: [(&[usize], usize, &[usize]); 12] = [
        (&[5], 0, &[3]),
        (&[1], 0, &[1]),
        (&[1], 0, &[4]),
        (&[4], 0, &[]),
        (&[3, 2], 0, &[5]),
        (&[3, 2], 1, &[3]),
        (&[3, 2], 0, &[2, 3]),
        (&[2, 3, 2], 1, &[2, 2]),
        (&[3, 2], 0, &[0]),
        (&[1, 2, 2, 1], 2, &[3]),
        (&[0, 3], 1, &[2]),
        (&[0], 0, &[0]),
    ];
    let mut checks = Vec::new();
    for (shape, axis, of_indices) in cases {
        let extent = shape[axis];
        // Some indices occur several times, and some never.
        let indices = Tensor::from_flat_fn(of_indices, |i| (i * i % extent.max(1)) as u32);
        let picked = Shape::joined([&shape[..axis], of_indices, &shape[axis + 1..]]);
        let scattered = indices.clone();
        checks.push(CheckCase::new("gather", &[shape], move |x| {
            x[0].gather(axis, &indices)
        }));
        checks.push(CheckCase::new("scatter_add", &[&picked], move |x| {
            x[0].scatter_add(axis, &scattered, extent)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn slices_of_one_index_are_added_in_their_order() {
        // In another order, the small terms would be lost or the sum would differ.
        let x = Tensor::from([1e16, -1e16, 1.0, 0.5]);
        assert_eq!(x.scatter_add(0, [0, 0, 0, 0], 1).data(), [1.5]);
        let tape = Tape::new();
        let table = tape.var([0.0]);
        let gradient = table.gather(0, [0, 0, 0, 0]).vjp(&x).wrt(table);
        assert_eq!(gradient.data(), [1.5]);
    }

    #[test]
    fn an_axis_of_the_result_may_be_counted_from_its_end() {
        let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
        let sums = |axis: isize| x.scatter_add(axis, [[0, 1], [1, 1]], 2);
        assert_eq!(sums(-2), Tensor::from([[1.0, 2.0], [15.0, 18.0]]));
        assert_eq!(sums(-2), sums(0));
    }

    #[test]
    fn slices_of_any_element_type_are_picked() {
        let x = Tensor::from([[1_u8, 2], [3, 4]]);
        assert_eq!(x.gather(1, [1]), Tensor::from([[2_u8], [4]]));
    }
}
