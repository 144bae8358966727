//! `Shape`, and the rules of broadcasting.

use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// The extent of a tensor along each axis; a scalar has none.
#[derive(Eq, Default)]
pub struct Shape(SmallVec<[usize; INLINE]>);

/// Ranks up to this are stored inline.
const INLINE: usize = 4;

impl Shape {
    /// The shape of a scalar.
    pub(crate) const fn scalar() -> Shape {
        Shape(SmallVec::new_const())
    }

    /// The shape whose extents are the concatenation of `parts`.
    pub(crate) fn joined(parts: [&[usize]; 3]) -> Shape {
        Shape(parts.into_iter().flatten().copied().collect())
    }

    /// The number of elements: the product of the extents, and 1 for a scalar.
    ///
    /// # Panics
    ///
    /// If the product of the extents other than 0 overflows `usize`.
    #[must_use]
    #[track_caller]
    #[doc(alias("numel", "len"))]
    pub fn size(&self) -> usize {
        match self.checked_size() {
            Some(size) => size,
            None => panic!(
                "shape {self} has more elements than can be counted, which is {}",
                usize::MAX
            ),
        }
    }

    /// The number of elements; `None` if the product of the extents other than 0 overflows `usize`.
    #[inline]
    pub(crate) fn checked_size(&self) -> Option<usize> {
        match self[..] {
            // The most frequent ranks, without a loop.
            [m, n] => m.checked_mul(n),
            [n] => Some(n),
            _ => {
                let mut extents = self.iter().filter(|&&extent| extent != 0);
                let product = extents.try_fold(1_usize, |size, &extent| size.checked_mul(extent));
                // If this product does not overflow, no product of some extents does, even if another extent is 0.
                product.map(|size| if self.contains(&0) { 0 } else { size })
            }
        }
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Whether the last extents are the extents of `other`.
    #[inline]
    pub(crate) fn ends_with(&self, other: &Shape) -> bool {
        // As in `eq`: a loop instead of a call.
        let axes_before = self.rank().checked_sub(other.rank());
        axes_before
            .is_some_and(|before| self[before..].iter().zip(other.iter()).all(|(a, b)| a == b))
    }

    /// Whether `self` can be broadcast to `target`.
    pub(crate) fn stretches_to(&self, target: &Shape) -> bool {
        let Some(added) = target.rank().checked_sub(self.rank()) else {
            return false;
        };
        let mut axes = self.iter().zip(&target[added..]);
        axes.all(|(own, stretched)| own == stretched || *own == 1)
    }

    /// Whether the shape has no axes.
    pub(crate) fn is_scalar(&self) -> bool {
        self.0.is_empty()
    }

    /// The shape to which `self` and `other` are both broadcast, as in NumPy: shapes are aligned at the last axis, and
    /// an extent of 1 is repeated. `None` if two extents differ and neither is 1.
    #[must_use]
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        // The most frequent pairs first.
        if other.is_scalar() || self == other {
            return Some(self.clone());
        }
        let rank = self.rank().max(other.rank());
        let extents =
            (0..rank).map(
                |axis| match (self.aligned(axis, rank), other.aligned(axis, rank)) {
                    (a, b) if a == b => Some(a),
                    (1, b) => Some(b),
                    (a, 1) => Some(a),
                    _ => None,
                },
            );
        extents.collect::<Option<SmallVec<_>>>().map(Shape)
    }

    /// The shape without the given axes or, if `keepdims`, with extent 1 along them.
    pub(crate) fn reduced(&self, axes: &[usize], keepdims: bool) -> Shape {
        let extents = self.iter().enumerate();
        if keepdims {
            Shape(
                extents
                    .map(|(axis, &extent)| if axes.contains(&axis) { 1 } else { extent })
                    .collect(),
            )
        } else {
            Shape(
                extents
                    .filter(|(axis, _)| !axes.contains(axis))
                    .map(|(_, &extent)| extent)
                    .collect(),
            )
        }
    }

    /// Sets the extent along an axis.
    pub(crate) fn set(&mut self, axis: usize, extent: usize) {
        self.0[axis] = extent;
    }

    /// The numbers of elements before, along and after the axes from `first` to `last`: `(outer, extent, inner)`.
    pub(crate) fn split(&self, first: usize, last: usize) -> (usize, usize, usize) {
        let count = |extents: &[usize]| extents.iter().product();
        (
            count(&self[..first]),
            count(&self[first..=last]),
            count(&self[last + 1..]),
        )
    }

    /// The extent along `axis` in a shape of rank `rank` to which `self` is aligned at the last axis; 1 for an added
    /// axis.
    fn aligned(&self, axis: usize, rank: usize) -> usize {
        (axis + self.rank())
            .checked_sub(rank)
            .map_or(1, |own| self[own])
    }
}

impl Clone for Shape {
    #[inline]
    fn clone(&self) -> Self {
        // The most frequent ranks first, by comparisons: branches are predicted better than a jump table.
        match self[..] {
            [m, n] => Shape::from([m, n]),
            [n] => Shape::from([n]),
            _ => Shape(SmallVec::from_slice(self)),
        }
    }
}

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Shape) -> bool {
        // The most frequent rank first, and then a loop: shapes are short, and a comparison of slices is a call.
        match (&self[..], &other[..]) {
            ([m, n], [k, l]) => m == k && n == l,
            (a, b) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b),
        }
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl From<&[usize]> for Shape {
    fn from(extents: &[usize]) -> Self {
        Shape(SmallVec::from_slice(extents))
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[inline]
    fn from(extents: [usize; N]) -> Self {
        if N > INLINE {
            return Shape(SmallVec::from_slice(&extents));
        }
        let mut padded = [0; INLINE];
        padded[..N].copy_from_slice(&extents);
        Shape(SmallVec::from_buf_and_len(padded, N))
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        **self == other[..]
    }
}

impl<const N: usize> PartialEq<[usize; N]> for &Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        self[..] == other[..]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &**self)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &**self)
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    fn broadcast<const N: usize, const M: usize>(a: [usize; N], b: [usize; M]) -> Option<Shape> {
        Shape::from(a).broadcast(&Shape::from(b))
    }

    #[test]
    fn broadcasting_follows_numpy() {
        assert_eq!(broadcast([3, 4], [4]).unwrap(), [3, 4]);
        assert_eq!(broadcast([3, 1], [1, 5]).unwrap(), [3, 5]);
        assert_eq!(broadcast([], [2, 0]).unwrap(), [2, 0]);
        assert_eq!(broadcast([1], [0]).unwrap(), [0]);
        assert!(broadcast([3], [4]).is_none());
        assert!(broadcast([2, 3], [2]).is_none());
        assert!(broadcast([0], [3]).is_none());
    }

    #[test]
    fn a_size_is_the_product_of_the_extents() {
        assert_eq!(Shape::from([2, 3, 4, 5, 6]).size(), 720);
        assert_eq!(Shape::from([usize::MAX, 0, 1]).size(), 0);
        assert_eq!(Shape::from([]).size(), 1);
    }

    #[test]
    fn a_size_that_overflows_is_refused_even_with_an_extent_of_zero() {
        for shape in [
            Shape::from([usize::MAX, 2]),
            Shape::from([1, usize::MAX, 2]),
            Shape::from([usize::MAX, 2, 0]),
            Shape::from([0, usize::MAX, 2]),
        ] {
            let refused = std::panic::catch_unwind(|| shape.size());
            assert!(refused.is_err(), "{shape}");
        }
    }

    #[test]
    fn a_shape_stretches_to_its_broadcast_shapes() {
        let shapes = [
            &[][..],
            &[1],
            &[3],
            &[1, 3],
            &[2, 1],
            &[2, 3],
            &[3, 2],
            &[0],
            &[1, 2, 3],
        ];
        for (a, b) in shapes
            .iter()
            .flat_map(|a| shapes.map(|b| (Shape::from(*a), Shape::from(b))))
        {
            let expected = a.broadcast(&b).as_ref() == Some(&b);
            assert_eq!(a.stretches_to(&b), expected, "{a} {b}");
        }
    }
}
