//! `Axis` and `Axes`: how a caller names the axes that an operation works along.

use super::shape::Shape;
use smallvec::SmallVec;
use std::fmt;
use std::ops::{Deref, RangeFull};

/// An axis of a tensor: 0 is the first, and −1 the last.
///
/// Every argument of type `impl Into<Axis>` takes a `usize`, an `isize` or an integer literal.
///
/// ```
/// # use autodiff::Tensor;
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.narrow(-1, 0..1), x.narrow(1, 0..1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Axis(isize);

impl Axis {
    /// Returns the number of this axis in a tensor of the given shape, from 0.
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    #[inline]
    #[track_caller]
    pub(crate) fn of(self, shape: &Shape, operation: &str) -> usize {
        match self.within(shape.rank()) {
            Some(axis) => axis,
            None => panic!("{operation}: a tensor of shape {shape} has no axis {self:?}"),
        }
    }

    /// The number of this axis among `rank` axes, if it exists.
    #[inline]
    pub(crate) fn within(self, rank: usize) -> Option<usize> {
        let axis = match usize::try_from(self.0) {
            Ok(axis) => axis,
            Err(_) => rank.checked_sub(self.0.unsigned_abs())?,
        };
        (axis < rank).then_some(axis)
    }
}

impl fmt::Debug for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One axis or several, in any order: from `1`, `-1`, `[0, 2]`, a slice, or an iterator by `collect`; `..` names all
/// axes.
///
/// ```
/// # use autodiff::Tensor;
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_over(-1), Tensor::from([3.0, 7.0]));
/// assert_eq!(x.max_over([0, 1]), x.max_over(..));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axes(Named);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Named {
    All,
    These(SmallVec<[Axis; 4]>),
}

impl Axes {
    /// Returns the numbers of these axes in a tensor of the given shape, in ascending order.
    ///
    /// # Panics
    ///
    /// If an axis does not exist or is named twice.
    #[inline]
    #[track_caller]
    pub(crate) fn of(&self, shape: &Shape, operation: &str) -> AxisSet {
        let mut axes = self.in_order(shape, operation);
        axes.sort_unstable();
        if let Some(twice) = axes.windows(2).find(|pair| pair[0] == pair[1]) {
            panic!("{operation}: axis {} is named twice", twice[0])
        }
        AxisSet(axes)
    }

    /// Returns the numbers of these axes in a tensor of the given shape, in the order in which they are named.
    ///
    /// # Panics
    ///
    /// If an axis does not exist.
    #[inline]
    #[track_caller]
    pub(crate) fn in_order(&self, shape: &Shape, operation: &str) -> SmallVec<[usize; 4]> {
        match &self.0 {
            Named::All => (0..shape.rank()).collect(),
            Named::These(axes) => {
                let mut numbers = SmallVec::new();
                for axis in axes {
                    numbers.push(axis.of(shape, operation));
                }
                numbers
            }
        }
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Axes {
        Axes(Named::All)
    }
}

impl<A: Into<Axis>> FromIterator<A> for Axes {
    fn from_iter<I: IntoIterator<Item = A>>(axes: I) -> Axes {
        Axes(Named::These(axes.into_iter().map(Into::into).collect()))
    }
}

impl From<Axis> for Axes {
    fn from(axis: Axis) -> Axes {
        Axes(Named::These(SmallVec::from_slice(&[axis])))
    }
}

impl From<&AxisSet> for Axes {
    fn from(axes: &AxisSet) -> Axes {
        axes.iter().copied().collect()
    }
}

/// Implements the conversions from one type of integer.
macro_rules! axis_numbers {
    ($($Integer:ty)*) => { $(
        impl From<$Integer> for Axis {
            #[inline]
            fn from(axis: $Integer) -> Axis {
                // A number outside of `isize` is no axis either way.
                Axis(isize::try_from(axis).unwrap_or(isize::MAX))
            }
        }

        impl From<$Integer> for Axes {
            #[inline]
            fn from(axis: $Integer) -> Axes {
                Axis::from(axis).into()
            }
        }

        impl From<&[$Integer]> for Axes {
            fn from(axes: &[$Integer]) -> Axes {
                axes.iter().copied().collect()
            }
        }

        impl<const N: usize> From<[$Integer; N]> for Axes {
            fn from(axes: [$Integer; N]) -> Axes {
                axes.into_iter().collect()
            }
        }

        impl<const N: usize> From<&[$Integer; N]> for Axes {
            fn from(axes: &[$Integer; N]) -> Axes {
                axes.iter().copied().collect()
            }
        }
    )* };
}
axis_numbers!(usize isize i32);

/// Axes of one tensor as numbers from 0, in ascending order, each once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AxisSet(SmallVec<[usize; 4]>);

impl AxisSet {
    /// The axes of a tensor of rank `rank` that `belongs` selects.
    pub(crate) fn filtered(rank: usize, belongs: impl FnMut(&usize) -> bool) -> AxisSet {
        AxisSet((0..rank).filter(belongs).collect())
    }

    /// The axes as runs `(first, last)` of neighbouring axes, the last run first.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut remaining = &self.0[..];
        std::iter::from_fn(move || {
            let (&last, mut before) = remaining.split_last()?;
            let mut first = last;
            while let Some((&axis, rest)) = before.split_last()
                && axis + 1 == first
            {
                (first, before) = (axis, rest);
            }
            remaining = before;
            Some((first, last))
        })
    }
}

impl Deref for AxisSet {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Axes, Axis, AxisSet};
    use crate::tensor::Shape;

    #[test]
    fn neighbours_form_runs() {
        let runs = |axes: &[usize]| {
            let axes = AxisSet::filtered(5, |axis| axes.contains(axis));
            axes.runs().collect::<Vec<_>>()
        };
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[2]), [(2, 2)]);
        assert_eq!(runs(&[4, 0, 1]), [(4, 4), (0, 1)]);
        assert_eq!(runs(&[2, 0, 1]), [(0, 2)]);
    }

    #[test]
    fn negative_axes_count_from_the_last() {
        let shape = Shape::from([2, 3, 4]);
        let of = |axes: Axes| axes.of(&shape, "sum").to_vec();
        assert_eq!(of(Axes::from(-1)), [2]);
        assert_eq!(of(Axes::from([-1, 0])), [0, 2]);
        assert_eq!(of(Axes::from(..)), [0, 1, 2]);
        for outside in [3, -4, isize::MIN, isize::MAX] {
            assert_eq!(Axis::from(outside).within(3), None);
        }
        assert_eq!(Axis::from(usize::MAX).within(3), None);
    }
}
