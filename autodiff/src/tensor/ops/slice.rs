//! Slices: parts of a tensor by ranges, steps and indices, and their transpose, which spreads elements among zeros.
//!
//! ```text
//! slice    x̄ = ȳ at the selected positions, and 0 elsewhere
//! spread   x̄ = ȳ at the positions that the elements are put at
//! ```
//!
//! A range without a step is [`narrow`](crate::Tensor::narrow), which has a rule of its own.

use super::prelude::*;
use crate::tensor::storage::slices::{AxisRange, AxisSlice, Positions, Slices};

/// The elements at equally spaced positions along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    axis: usize,
    positions: Positions,
}

impl<T: Real> Op<T> for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        sliced(x[0], self.axis, self.positions)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let Slice { axis, positions } = *self;
        let extent = at.x[0].shape()[axis];
        x_bar.add(0, || {
            let spread = Spread {
                axis,
                positions,
                extent,
            };
            A::apply(spread, &[&y_bar])
        });
    }

    built_in!(Slice);
}

/// The elements at equally spaced positions along an axis of the given extent, and zeros elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    axis: usize,
    positions: Positions,
    extent: usize,
}

impl<T: Real> Op<T> for Spread {
    fn name(&self) -> &'static str {
        "spread"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        spread(x[0], self.axis, self.positions, self.extent)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let Spread {
            axis, positions, ..
        } = *self;
        x_bar.add(0, || A::apply(Slice { axis, positions }, &[&y_bar]));
    }

    built_in!(Spread);
}

#[track_caller]
fn sliced<T: Element>(x: &Tensor<T>, axis: usize, positions: Positions) -> Tensor<T> {
    let (_, extent, inner) = x.shape().split(axis, axis);
    let mut shape = x.shape().clone();
    shape.set(axis, positions.count);
    let (x, run) = (x.data(), positions.count * inner);
    Tensor::made(shape, |out| {
        for (row, out) in out.chunks_exact_mut(run.max(1)).enumerate() {
            for (i, out) in out.chunks_exact_mut(inner).enumerate() {
                let from = (row * extent + positions.at(i)) * inner;
                out.copy_from_slice(&x[from..from + inner]);
            }
        }
    })
}

#[track_caller]
fn spread<T: Element>(
    x: &Tensor<T>,
    axis: usize,
    positions: Positions,
    extent: usize,
) -> Tensor<T> {
    let (_, count, inner) = x.shape().split(axis, axis);
    let mut shape = x.shape().clone();
    shape.set(axis, extent);
    let (x, run) = (x.data(), count * inner);
    Tensor::made(shape, |out| {
        out.fill(T::default());
        for (row, x) in x.chunks_exact(run.max(1)).enumerate() {
            for (i, x) in x.chunks_exact(inner).enumerate() {
                let to = (row * extent + positions.at(i)) * inner;
                out[to..to + inner].copy_from_slice(x);
            }
        }
    })
}

/// The positions that a slice selects along an axis.
///
/// # Panics
///
/// If they are not inside the axis.
#[track_caller]
fn positions_of(shape: &Shape, axis: usize, slice: AxisSlice) -> Positions {
    match slice.within(shape[axis]) {
        Some(positions) => positions,
        None => panic!("slice_axis: {slice:?} lies outside of axis {axis} of shape {shape}"),
    }
}

/// # Panics
///
/// If there are more entries than axes, or an entry is not inside its axis.
#[track_caller]
fn check_slices(shape: &Shape, slices: &Slices) {
    let entries = slices.entries();
    assert!(
        entries.len() <= shape.rank(),
        "slice: {slices:?} has {} entries, and shape {shape} has {} axes",
        entries.len(),
        shape.rank()
    );
    for (axis, entry) in entries.iter().enumerate() {
        assert!(
            entry.within(shape[axis]).is_some(),
            "slice: {entry:?} of {slices:?} lies outside of axis {axis} of shape {shape}"
        );
    }
}

/// The positions that `range` selects along an axis of the given extent, one for each element along `axis` of `shape`.
///
/// # Panics
///
/// If the range is not inside the extent or does not select as many positions as there are elements, or the result has
/// more elements than can be counted.
#[track_caller]
fn spread_positions(shape: &Shape, axis: usize, range: AxisRange, extent: usize) -> Positions {
    let Some(positions) = range.within(extent) else {
        panic!(
            "spread: {range:?} lies outside of the extent {extent}, for axis {axis} of shape {shape}"
        )
    };
    assert!(
        positions.count == shape[axis],
        "spread: {range:?} selects {} of {extent} positions for axis {axis} of shape {shape}",
        positions.count
    );
    let mut spread = shape.clone();
    spread.set(axis, extent);
    assert!(
        spread.checked_size().is_some(),
        "spread: axis {axis} of shape {shape} with extent {extent} has more elements than can be counted"
    );
    positions
}

methods! {
    /// Slices.
    pub trait SliceMethods for any element;

    /// Returns a part of the tensor, by one entry for each axis. Axes without an entry are whole.
    ///
    /// An entry is an integer, which selects one position and removes the axis; a range; or a range with a
    /// [`step`](crate::tensor::step). Negative numbers count from the end of the axis. Tensors share memory if the part
    /// is contiguous, for example a range of the first axis.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor, step};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.slice(-1).value(), Tensor::from([4.0, 5.0, 6.0]));
    /// assert_eq!(x.slice((.., 1..)).value(), Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    /// assert_eq!(x.slice((0, step(.., -2))).value(), Tensor::from([3.0, 1.0]));
    /// let y = x.slice((.., step(.., 2)));
    /// assert_eq!(y.sum().gradients().wrt(x), Tensor::from([[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there are more entries than axes, or an entry is not inside its axis.
    #[doc(alias("index", "getitem", "strided_slice"))]
    pub fn slice(self, slices: impl Into<Slices>) -> Self {
        let slices = slices.into();
        check_slices(&self.shape(), &slices);
        let (mut x, mut axis) = (self.clone(), 0);
        for &entry in slices.entries() {
            x = x.slice_axis(axis, entry);
            axis += usize::from(!entry.removes_axis());
        }
        x
    }

    /// Returns the part of the tensor that an integer or a range selects along one axis, as
    /// [`slice`](Tensor::slice) does. An integer removes the axis.
    ///
    /// ```
    /// # use autodiff::tensor::{Tensor, step};
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.slice_axis(-1, -1), Tensor::from([3, 6]));
    /// assert_eq!(x.slice_axis(-1, step(.., 2)), Tensor::from([[1, 3], [4, 6]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or the selected positions are not inside it.
    #[doc(alias = "select")]
    pub fn slice_axis(self, axis: impl Into<Axis>, slice: impl Into<AxisSlice>) -> Self {
        let (shape, slice) = (self.shape(), slice.into());
        let axis = axis.into().of(&shape, "slice_axis");
        let positions = positions_of(&shape, axis, slice);
        let part = match positions.as_range() {
            Some(range) if range.len() == shape[axis] => self.clone(),
            Some(range) => self.narrow(axis, range),
            None => Self::apply(Slice { axis, positions }, &[self]),
        };
        if slice.removes_axis() {
            part.reshape(shape.reduced(&[axis], false))
        } else {
            part
        }
    } on tensors {
        let (shape, slice) = (self.shape(), slice.into());
        let axis = axis.into().of(shape, "slice_axis");
        let positions = positions_of(shape, axis, slice);
        let part = match positions.as_range() {
            Some(range) => self.narrow(axis, range),
            None => sliced(self, axis, positions),
        };
        if slice.removes_axis() {
            part.reshape(shape.reduced(&[axis], false))
        } else {
            part
        }
    }

    /// Returns zeros of the given `extent` along an axis, with the elements of `self` at the positions in `range`.
    ///
    /// If `y = x.spread(axis, range, extent)`, then `y.slice_axis(axis, range)` is `x`. This is the transpose of
    /// [`slice_axis`](Tensor::slice_axis).
    ///
    /// ```
    /// # use autodiff::tensor::{Tensor, step};
    /// let x = Tensor::from([1, 2, 3]);
    /// assert_eq!(x.spread(0, step(.., 2), 5).data(), [1, 0, 2, 0, 3]);
    /// assert_eq!(x.spread(0, step(..3, -1), 4).data(), [3, 2, 1, 0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, the range is not inside the extent or does not select as many positions as the axis
    /// has elements, or there is not enough memory.
    #[doc(alias("dilate", "unslice"))]
    pub fn spread(self, axis: impl Into<Axis>, range: impl Into<AxisRange>, extent: usize) -> Self {
        let axis = axis.into().of(&self.shape(), "spread");
        let positions = spread_positions(&self.shape(), axis, range.into(), extent);
        Self::apply(Spread { axis, positions, extent }, &[self])
    } on tensors {
        let axis = axis.into().of(self.shape(), "spread");
        let positions = spread_positions(self.shape(), axis, range.into(), extent);
        spread(self, axis, positions, extent)
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    use crate::tensor::storage::slices::step;
    let mut checks = Vec::new();
    let mut sliced = |shape: &[usize], slices: Slices| {
        checks.push(CheckCase::new("slice", &[shape], move |x| {
            x[0].slice(slices.clone())
        }));
    };
    sliced(&[], ().into());
    sliced(&[0], step(.., -2).into());
    sliced(&[1], (-1).into());
    sliced(&[5], step(.., 2).into());
    sliced(&[6], step(-5..-1, -3).into());
    sliced(&[3, 4], (1.., step(.., 2)).into());
    sliced(&[3, 5], (-1, step(..4, -2)).into());
    sliced(&[2, 3, 4], (1, .., -1).into());
    sliced(&[4, 3, 5], (step(.., 3), step(.., -1), 1..=3).into());
    sliced(&[2, 0, 3], (.., step(.., 2), step(.., 2)).into());
    sliced(&[2, 3, 2, 2], (.., 0..0).into());
    let cases: [(&[usize], isize, AxisRange); 9] = [
        (&[0], 0, step(.., 2)),
        (&[1], 0, (..).into()),
        (&[2], -1, step(.., 4)),
        (&[6], 0, step(.., -2)),
        (&[7], 0, step(-6..-1, 2)),
        (&[3, 4], -1, step(.., 3)),
        (&[4, 3], 0, (1..2).into()),
        (&[2, 5, 3], -2, step(.., -2)),
        (&[2, 4, 0], 1, step(.., 2)),
    ];
    for (shape, axis, range) in cases {
        checks.push(CheckCase::new("slice_axis", &[shape], move |x| {
            x[0].slice_axis(axis, range)
        }));
    }
    let cases: [(&[usize], isize, AxisRange, usize); 9] = [
        (&[0], 0, step(.., 2), 0),
        (&[0, 3], 0, (1..1).into(), 3),
        (&[1], -1, (-1..).into(), 3),
        (&[3], 0, step(.., 2), 5),
        (&[3], 0, step(1.., -2), 6),
        (&[2, 3], -1, step(.., 3), 7),
        (&[2, 4], 0, (1..3).into(), 4),
        (&[2, 2, 3], -2, step(.., -1), 2),
        (&[2, 2, 0], 1, step(.., 2), 3),
    ];
    for (shape, axis, range, extent) in cases {
        checks.push(CheckCase::new("spread", &[shape], move |x| {
            x[0].spread(axis, range, extent)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor, step};

    fn counted() -> Tensor<i32> {
        Tensor::from_flat_fn([2, 3, 4], |i| i as i32)
    }

    #[test]
    fn each_entry_selects_along_its_axis() {
        let x = counted();
        assert_eq!(x.slice((1, 2, 3)), Tensor::scalar(23));
        assert_eq!(x.slice([-1, 0]), Tensor::from([12, 13, 14, 15]));
        assert_eq!(
            x.slice((.., 1)),
            Tensor::from([[4, 5, 6, 7], [16, 17, 18, 19]])
        );
        assert_eq!(x.slice((0, 1.., ..=1)), Tensor::from([[4, 5], [8, 9]]));
        let stepped = Tensor::from([[23, 21], [15, 13]]);
        assert_eq!(x.slice((-1, step(.., -2), step(.., -2))), stepped);
        assert_eq!(x.slice(()), x);
        assert_eq!(x.slice([0; 0]), x);
    }

    #[test]
    fn ranges_of_the_first_axis_share_memory() {
        let x = counted();
        assert!(x.slice(1..).shares_memory_with(&x));
        assert!(x.slice((1, 1..3)).shares_memory_with(&x));
        assert!(x.slice((1, 1, 2)).shares_memory_with(&x));
        assert!(!x.slice((.., 1..3)).shares_memory_with(&x));
    }

    #[test]
    fn a_gradient_is_zero_where_nothing_was_selected() {
        let tape = Tape::new();
        let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let y = x.slice((.., step(.., -2)));
        assert_eq!(y.value(), Tensor::from([[3.0, 1.0], [6.0, 4.0]]));
        let gradient = y.vjp(Tensor::from([[1.0, 2.0], [3.0, 4.0]])).wrt(x);
        assert_eq!(gradient, Tensor::from([[2.0, 0.0, 1.0], [4.0, 0.0, 3.0]]));
    }

    #[test]
    fn a_slice_undoes_a_spread() {
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        let spread = x.spread(-1, step(1.., -2), 4);
        assert_eq!(
            spread,
            Tensor::from([[0.0, 2.0, 0.0, 1.0], [0.0, 4.0, 0.0, 3.0]])
        );
        assert_eq!(spread.slice_axis(-1, step(1.., -2)), x);
    }
}
