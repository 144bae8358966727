//! Slices along an axis, picked by their numbers, and added up by their numbers: each is the other's rule.
//!
//! ```text
//! gather        x̄ = the sum, for each number, of the slices of ȳ that were picked by it
//! scatter_add   x̄ = the slices of ȳ to which those of x were added
//! ```

use super::prelude::*;
use super::sum::check_axes;
use smallvec::SmallVec;

/// The slices along an axis with the given numbers.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    axis: usize,
    numbers: Tensor<u32>,
}

impl<T: Real> Op<T> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        picked(x[0], self.axis, &self.numbers)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let extent = at.x[0].shape()[self.axis];
        x_bar.add(0, || y_bar.scatter_add(self.axis, &self.numbers, extent));
    }

    built_in!(Gather);
}

/// The sums of the slices along an axis that have the same number.
#[derive(Clone, Debug)]
pub(crate) struct ScatterAdd {
    axis: usize,
    numbers: Tensor<u32>,
    extent: usize,
}

impl<T: Real> Op<T> for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (x, extent, numbers) = (x[0], self.extent, &self.numbers);
        let (rank, axes) = (x.shape().rank(), numbers.shape().rank());
        let fits = self.axis + axes <= rank
            && x.shape()[self.axis..self.axis + axes] == numbers.shape()[..];
        assert!(
            fits,
            "scatter_add: numbers of shape {} for the axes from {} on of shape {}",
            numbers.shape(),
            self.axis,
            x.shape()
        );
        let (before, after) = (&x.shape()[..self.axis], &x.shape()[self.axis + axes..]);
        check_numbers("scatter_add", numbers, extent);
        let inner: usize = after.iter().product();
        let data = x.data();
        Tensor::made(shape_of(before, &[extent], after), |out| {
            out.fill(T::default());
            for (slice, x) in data.chunks_exact(inner.max(1)).enumerate() {
                let (row, position) = (slice / numbers.size(), slice % numbers.size());
                let number = numbers.data()[position] as usize;
                let out = &mut out[(row * extent + number) * inner..][..inner];
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
        x_bar.add(0, || y_bar.gather(self.axis, &self.numbers));
    }

    built_in!(ScatterAdd);
}

#[track_caller]
fn picked<T: Element>(x: &Tensor<T>, axis: usize, numbers: &Tensor<u32>) -> Tensor<T> {
    check_axes(x, "gather", &[axis]);
    let (_, extent, inner) = x.shape().split(axis, axis);
    check_numbers("gather", numbers, extent);
    let (before, after) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
    let data = x.data();
    Tensor::made(shape_of(before, numbers.shape(), after), |out| {
        for (slice, out) in out.chunks_exact_mut(inner.max(1)).enumerate() {
            let (row, position) = (slice / numbers.size(), slice % numbers.size());
            let number = numbers.data()[position] as usize;
            out.copy_from_slice(&data[(row * extent + number) * inner..][..inner]);
        }
    })
}

/// # Panics
///
/// If a number is not below the extent.
#[track_caller]
fn check_numbers(operation: &str, numbers: &Tensor<u32>, extent: usize) {
    if let Some(number) = numbers.data().iter().find(|&&n| n as usize >= extent) {
        panic!("{operation}: there is no slice {number} along an axis of extent {extent}")
    }
}

/// The shape with the axes of all three.
fn shape_of(before: &[usize], middle: &[usize], after: &[usize]) -> Shape {
    let axes = [before, middle, after].into_iter().flatten();
    let extents: SmallVec<[usize; 4]> = axes.copied().collect();
    Shape::from(&extents[..])
}

methods! {
    /// Slices along an axis, picked by their numbers.
    pub trait GatherMethods for any element;

    /// The slices along an axis with the given numbers: the rows of a table of embeddings, say, if the axis is the first.
    ///
    /// The axes of `numbers` take the place of the axis. A slice may be picked several times; its gradient is then the sum
    /// over all of them, added in the order of the numbers.
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
    /// If there is no such axis, or a number is not below its extent.
    pub fn gather(self, axis: usize, numbers: impl Into<Tensor<u32>>) -> Self {
        Self::apply(Gather { axis, numbers: numbers.into() }, &[self])
    } on tensors {
        picked(self, axis, &numbers.into())
    }
}

methods! {
    /// Slices along an axis, added up by their numbers.
    pub trait ScatterMethods;

    /// The sums of the slices that have the same number, as the slices with these numbers of a tensor of the given extent
    /// along the axis. Where no slice has the number, it is zero.
    ///
    /// The axes from `axis` on are those of `numbers`; one axis takes their place. Slices of one number are added in the
    /// order in which they come.
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
    /// If the axes from `axis` on are not those of the numbers, or a number is not below the extent.
    pub fn scatter_add(self, axis: usize, numbers: impl Into<Tensor<u32>>, extent: usize) -> Self {
        Self::apply(ScatterAdd { axis, numbers: numbers.into(), extent }, &[self])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    // The shape of what is picked from, the axis, and the shape of the numbers.
    let cases: [(&[usize], usize, &[usize]); 11] = [
        (&[5], 0, &[3]),
        (&[1], 0, &[1]),
        (&[1], 0, &[4]),
        (&[4], 0, &[]),
        (&[3, 2], 0, &[5]),
        (&[3, 2], 1, &[3]),
        (&[3, 2], 0, &[2, 3]),
        (&[2, 3, 2], 1, &[2, 2]),
        (&[3, 2], 0, &[0]),
        (&[0, 3], 1, &[2]),
        (&[0], 0, &[0]),
    ];
    let mut samples = Vec::new();
    for (shape, axis, of_numbers) in cases {
        let extent = shape[axis];
        // Some numbers come several times, and some not at all.
        let numbers = Tensor::from_fn(of_numbers, |i| (i * i % extent.max(1)) as u32);
        let picked = shape_of(&shape[..axis], of_numbers, &shape[axis + 1..]);
        let scattered = numbers.clone();
        samples.push(Sample::new("gather", &[shape], move |x| {
            x[0].gather(axis, &numbers)
        }));
        samples.push(Sample::new("scatter_add", &[&picked], move |x| {
            x[0].scatter_add(axis, &scattered, extent)
        }));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::super::super::{Tape, Tensor};

    #[test]
    fn slices_of_one_number_are_added_in_their_order() {
        // In any other order the small numbers would be lost, or the sum would be another.
        let x = Tensor::from([1e16, -1e16, 1.0, 0.5]);
        assert_eq!(x.scatter_add(0, [0, 0, 0, 0], 1).data(), [1.5]);
        let tape = Tape::new();
        let table = tape.var([0.0]);
        let gradient = table.gather(0, [0, 0, 0, 0]).vjp(&x).wrt(table);
        assert_eq!(gradient.data(), [1.5]);
    }

    #[test]
    fn slices_of_any_element_type_are_picked() {
        let x = Tensor::from([[1_u8, 2], [3, 4]]);
        assert_eq!(x.gather(1, [1]), Tensor::from([[2_u8], [4]]));
    }
}
