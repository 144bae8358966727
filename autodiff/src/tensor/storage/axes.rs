//! `Axes`: the axes of a reduction.

use super::shape::Shape;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Deref;

/// One axis or several, in any order: from `1`, `[0, 2]`, a slice, or an iterator by `collect`.
///
/// ```
/// # use autodiff::Tensor;
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_over(0), Tensor::from([4.0, 6.0]));
/// assert_eq!(x.sum_over([0, 1]), x.sum());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Axes(SmallVec<[usize; 4]>);

impl Axes {
    /// All axes of a shape.
    pub(crate) fn all_of(shape: &Shape) -> Axes {
        (0..shape.rank()).collect()
    }

    /// The axes as runs `(first, last)` of neighbouring axes, the last run first.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut remaining = self.0.clone();
        remaining.sort_unstable();
        std::iter::from_fn(move || {
            let last = remaining.pop()?;
            let mut first = last;
            while remaining.last().is_some_and(|&axis| axis + 1 == first) {
                first -= 1;
                remaining.pop();
            }
            Some((first, last))
        })
    }

    /// Checks that a shape has these axes, and that none is named twice.
    ///
    /// # Panics
    ///
    /// If an axis does not exist or is named twice.
    #[track_caller]
    pub(crate) fn check(&self, shape: &Shape, operation: &str) {
        for (place, axis) in self.iter().enumerate() {
            assert!(
                *axis < shape.rank(),
                "{operation}: a tensor of shape {shape} has no axis {axis}"
            );
            assert!(
                !self[..place].contains(axis),
                "{operation}: axis {axis} is named twice"
            );
        }
    }
}

impl Deref for Axes {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<usize> for Axes {
    #[inline]
    fn from(axis: usize) -> Axes {
        Axes(SmallVec::from_buf_and_len([axis; 4], 1))
    }
}

impl From<&[usize]> for Axes {
    fn from(axes: &[usize]) -> Axes {
        Axes(SmallVec::from_slice(axes))
    }
}

impl<const N: usize> From<[usize; N]> for Axes {
    fn from(axes: [usize; N]) -> Axes {
        Axes(SmallVec::from_slice(&axes))
    }
}

impl<const N: usize> From<&[usize; N]> for Axes {
    fn from(axes: &[usize; N]) -> Axes {
        Axes(SmallVec::from_slice(axes))
    }
}

impl FromIterator<usize> for Axes {
    fn from_iter<I: IntoIterator<Item = usize>>(axes: I) -> Axes {
        Axes(axes.into_iter().collect())
    }
}

impl fmt::Debug for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Axes;

    #[test]
    fn neighbours_form_runs() {
        let runs = |axes: &[usize]| Axes::from(axes).runs().collect::<Vec<_>>();
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[2]), [(2, 2)]);
        assert_eq!(runs(&[4, 0, 1]), [(4, 4), (0, 1)]);
        assert_eq!(runs(&[2, 0, 1]), [(0, 2)]);
    }
}
