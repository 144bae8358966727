//! `Slices`: how a caller names a part of a tensor, with one entry for each axis.

use smallvec::SmallVec;
use std::fmt;
use std::ops::{
    Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

/// A range of positions along an axis, with a step: from `a..b`, `a..=b`, `a..`, `..b`, `..=b`, `..` or [`step`].
///
/// A negative end counts from the end of the axis: `..-1` is everything but the last element.
///
/// The range must be inside the axis. It is not clipped, as it would be in NumPy.
///
/// Clippy's lint `reversed_empty_ranges` takes literal ranges such as `1..-1` for a mistake. Allow the lint, or count
/// both ends from the same side.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AxisRange {
    // An `i128` holds every `usize` and every `isize`, and their sums.
    start: i128,
    end: Bound<i128>,
    step: isize,
}

/// Returns `range` with a step, which selects every `|step|`-th of its positions.
///
/// A positive step starts at the first position of the range, a negative step at the last. The range is always written
/// forward: NumPy's `x[4:0:-2]` is `step(1..5, -2)`.
///
/// ```
/// # use autodiff::tensor::{Tensor, step};
/// let x = Tensor::from([0, 1, 2, 3, 4, 5]);
/// assert_eq!(x.slice(step(.., 2)).data(), [0, 2, 4]);
/// assert_eq!(x.slice(step(1..5, 2)).data(), [1, 3]);
/// assert_eq!(x.slice(step(.., -1)).data(), [5, 4, 3, 2, 1, 0]);
/// assert_eq!(x.slice(step(1..5, -2)).data(), [4, 2]);
/// ```
///
/// # Panics
///
/// If `step` is 0, or `range` has a step already.
#[must_use]
#[track_caller]
pub fn step(range: impl Into<AxisRange>, step: isize) -> AxisRange {
    let range = range.into();
    assert!(step != 0, "step: the step of {range:?} is 0");
    assert!(range.step == 1, "step: {range:?} has a step already");
    AxisRange { step, ..range }
}

impl AxisRange {
    /// The positions that this range selects along an axis; `None` if the range is not inside the axis.
    pub(crate) fn within(self, extent: usize) -> Option<Positions> {
        let extent = extent as i128;
        let from_first = |position: i128| match position {
            0.. => position,
            _ => position + extent,
        };
        let start = from_first(self.start);
        let end = match self.end {
            Bound::Unbounded => extent,
            Bound::Excluded(end) => from_first(end),
            // Position −1 would give an empty range, but is not inside.
            Bound::Included(last) if from_first(last) < 0 => return None,
            Bound::Included(last) => from_first(last) + 1,
        };
        if start < 0 || end < start || extent < end {
            return None;
        }
        let first = if self.step > 0 || start == end {
            start
        } else {
            end - 1
        };
        Some(Positions {
            first: first as usize,
            step: self.step,
            count: ((end - start) as usize).div_ceil(self.step.unsigned_abs()),
        })
    }
}

impl fmt::Debug for AxisRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.step != 1 {
            f.write_str("step(")?;
        }
        if self.start != 0 {
            write!(f, "{}", self.start)?;
        }
        match self.end {
            Bound::Unbounded => f.write_str("..")?,
            Bound::Excluded(end) => write!(f, "..{end}")?,
            Bound::Included(last) => write!(f, "..={last}")?,
        }
        if self.step != 1 {
            write!(f, ", {})", self.step)?;
        }
        Ok(())
    }
}

/// The part of one axis that a slice takes: an integer, which is one position and removes the axis, or an
/// [`AxisRange`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AxisSlice(Selected);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Selected {
    Index(i128),
    Range(AxisRange),
}

impl AxisSlice {
    /// Whether the axis is removed.
    pub(crate) fn removes_axis(self) -> bool {
        matches!(self.0, Selected::Index(_))
    }

    /// The positions that this slice selects along an axis; `None` if they are not inside the axis.
    pub(crate) fn within(self, extent: usize) -> Option<Positions> {
        match self.0 {
            Selected::Range(range) => range.within(extent),
            Selected::Index(index) => {
                let (start, end) = (index, Bound::Included(index));
                AxisRange {
                    start,
                    end,
                    step: 1,
                }
                .within(extent)
            }
        }
    }
}

impl fmt::Debug for AxisSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Selected::Index(index) => index.fmt(f),
            Selected::Range(range) => range.fmt(f),
        }
    }
}

impl From<AxisRange> for AxisSlice {
    fn from(range: AxisRange) -> AxisSlice {
        AxisSlice(Selected::Range(range))
    }
}

/// A part of a tensor: one [`AxisSlice`] for each axis, from a tuple (`(1..3, .., -1)`), an array (`[0, 2]`), a single
/// entry (`1..3`), or an iterator by `collect`. Axes without an entry are whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Slices(SmallVec<[AxisSlice; 2]>);

impl Slices {
    /// The entries, in the order of the axes.
    pub(crate) fn entries(&self) -> &[AxisSlice] {
        &self.0
    }
}

impl fmt::Debug for Slices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [entry] => entry.fmt(f),
            entries => {
                f.write_str("(")?;
                for (axis, entry) in entries.iter().enumerate() {
                    let comma = if axis == 0 { "" } else { ", " };
                    write!(f, "{comma}{entry:?}")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl<S: Into<AxisSlice>> FromIterator<S> for Slices {
    fn from_iter<I: IntoIterator<Item = S>>(entries: I) -> Slices {
        Slices(entries.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<AxisSlice>, const N: usize> From<[S; N]> for Slices {
    fn from(entries: [S; N]) -> Slices {
        entries.into_iter().collect()
    }
}

/// Implements the conversion from one entry.
macro_rules! single_entries {
    ($($Entry:ty)*) => { $(
        impl From<$Entry> for Slices {
            fn from(entry: $Entry) -> Slices {
                Slices::from_iter([entry])
            }
        }
    )* };
}
single_entries!(AxisSlice AxisRange RangeFull);

/// Implements the conversions from one type of range.
macro_rules! ranges {
    ($($Range:ty, of $Integer:ty;)*) => { $(
        impl From<$Range> for AxisRange {
            fn from(range: $Range) -> AxisRange {
                let start = match RangeBounds::<$Integer>::start_bound(&range) {
                    Bound::Included(&start) | Bound::Excluded(&start) => start as i128,
                    Bound::Unbounded => 0,
                };
                let end = RangeBounds::<$Integer>::end_bound(&range).map(|&end| end as i128);
                AxisRange { start, end, step: 1 }
            }
        }

        impl From<$Range> for AxisSlice {
            fn from(range: $Range) -> AxisSlice {
                AxisRange::from(range).into()
            }
        }
    )* };
}
ranges!(RangeFull, of isize;);

/// Implements the conversions from one type of integer and from its ranges.
macro_rules! integers {
    ($($Integer:ty)*) => { $(
        impl From<$Integer> for AxisSlice {
            fn from(index: $Integer) -> AxisSlice {
                AxisSlice(Selected::Index(index as i128))
            }
        }

        ranges! {
            Range<$Integer>, of $Integer;
            RangeInclusive<$Integer>, of $Integer;
            RangeFrom<$Integer>, of $Integer;
            RangeTo<$Integer>, of $Integer;
            RangeToInclusive<$Integer>, of $Integer;
        }

        single_entries! {
            $Integer Range<$Integer> RangeInclusive<$Integer> RangeFrom<$Integer> RangeTo<$Integer>
            RangeToInclusive<$Integer>
        }
    )* };
}
integers!(usize isize i32);

/// Implements the conversions from tuples.
macro_rules! tuples {
    ($(($($S:ident)*))*) => { $(
        impl<$($S: Into<AxisSlice>),*> From<($($S,)*)> for Slices {
            #[expect(non_snake_case, reason = "a value is named after its type parameter")]
            fn from(($($S,)*): ($($S,)*)) -> Slices {
                [$($S.into()),*].into_iter().collect::<Slices>()
            }
        }
    )* };
}
tuples!((A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F));

impl From<()> for Slices {
    fn from((): ()) -> Slices {
        Slices(SmallVec::new())
    }
}

/// Positions along an axis at equal distances: `first`, `first + step`, …; there are `count`, and all are inside the
/// axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Positions {
    pub(crate) first: usize,
    pub(crate) step: isize,
    pub(crate) count: usize,
}

impl Positions {
    /// Position number `i`.
    #[inline]
    pub(crate) fn at(self, i: usize) -> usize {
        // The position is inside the axis, so that the result is exact even if the product wraps around.
        self.first
            .wrapping_add_signed(self.step.wrapping_mul(i as isize))
    }

    /// The positions as a range, if they are neighbours in ascending order.
    pub(crate) fn as_range(self) -> Option<Range<usize>> {
        (self.step == 1 || self.count <= 1).then(|| self.first..self.first + self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::{AxisRange, AxisSlice, Slices, step};

    fn positions(slice: impl Into<AxisSlice>, extent: usize) -> Option<Vec<usize>> {
        let positions = slice.into().within(extent)?;
        Some((0..positions.count).map(|i| positions.at(i)).collect())
    }

    #[test]
    fn ends_count_from_either_end() {
        assert_eq!(positions(1..3, 5), Some(vec![1, 2]));
        assert_eq!(positions(1..=3, 5), Some(vec![1, 2, 3]));
        assert_eq!(positions(-2.., 5), Some(vec![3, 4]));
        assert_eq!(positions(..-3, 5), Some(vec![0, 1]));
        assert_eq!(positions(..=-3, 5), Some(vec![0, 1, 2]));
        assert_eq!(positions(-4..-1, 5), Some(vec![1, 2, 3]));
        assert_eq!(positions(.., 3), Some(vec![0, 1, 2]));
        assert_eq!(positions(5.., 5), Some(vec![]));
        assert_eq!(positions(2..2_usize, 5), Some(vec![]));
        assert_eq!(positions(-5, 5), Some(vec![0]));
        assert_eq!(positions(4_usize, 5), Some(vec![4]));
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "one is refused")]
    fn positions_outside_of_the_axis_are_refused() {
        for outside in [0..6, -6..5, 3..2, isize::MIN..0, 0..isize::MAX] {
            assert_eq!(positions(outside.clone(), 5), None, "{outside:?}");
        }
        assert_eq!(positions(0..usize::MAX, 5), None);
        assert_eq!(positions(..=-6, 5), None);
        assert_eq!(positions(..=5, 5), None);
        assert_eq!(positions(..=-1, 0), None);
        for outside in [5, -6, isize::MAX, isize::MIN] {
            assert_eq!(positions(outside, 5), None, "{outside}");
        }
        assert_eq!(positions(0, 0), None);
    }

    #[test]
    fn steps_go_forward_from_the_first_and_backward_from_the_last() {
        assert_eq!(positions(step(.., 2), 5), Some(vec![0, 2, 4]));
        assert_eq!(positions(step(.., 2), 4), Some(vec![0, 2]));
        assert_eq!(positions(step(-5..-1, 2), 6), Some(vec![1, 3]));
        assert_eq!(positions(step(.., -1), 3), Some(vec![2, 1, 0]));
        assert_eq!(positions(step(1..5, -2), 6), Some(vec![4, 2]));
        assert_eq!(positions(step(.., isize::MIN), 6), Some(vec![5]));
        assert_eq!(positions(step(.., isize::MAX), 6), Some(vec![0]));
        assert_eq!(positions(step(.., -1), 0), Some(vec![]));
    }

    #[test]
    fn slices_are_shown_as_they_are_written() {
        assert_eq!(
            format!("{:?}", Slices::from((1..3, .., -1))),
            "(1..3, .., -1)"
        );
        assert_eq!(format!("{:?}", Slices::from(..=4)), "..=4");
        assert_eq!(format!("{:?}", AxisRange::from(-2..)), "-2..");
        assert_eq!(format!("{:?}", step(..5, -2)), "step(..5, -2)");
    }
}
