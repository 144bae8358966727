//! Walking over two broadcast operands, row by row.

use crate::tensor::storage::shape::Shape;
use smallvec::SmallVec;

/// How two operands lie under a common shape: axes that both step through alike are merged, so that most pairs
/// come down to one or two axes.
pub(crate) struct Walk {
    /// Extent and steps of the innermost axis; a step is 0 (stretched) or 1.
    pub(crate) inner: Axis,
    /// The other axes, outermost first.
    outer: SmallVec<[Axis; 4]>,
}

/// An axis of the common shape, and the step of each operand along it.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) extent: usize,
    pub(crate) a: usize,
    pub(crate) b: usize,
}

impl Walk {
    /// The walk over operands of shapes `a` and `b`, both broadcast to `target`.
    ///
    /// # Panics
    ///
    /// If `target` has more elements than can be counted.
    #[track_caller]
    pub(crate) fn new(a: &Shape, b: &Shape, target: &Shape) -> Walk {
        let size = target.size();
        // The usual pairs first: operands of one shape, and a number beside a tensor.
        match (a == target, b == target) {
            (true, true) => return Walk::flat(size, 1, 1),
            (true, false) if b.is_scalar() => return Walk::flat(size, 1, 0),
            (false, true) if a.is_scalar() => return Walk::flat(size, 0, 1),
            _ => {}
        }
        let steps = a
            .broadcast_steps(target)
            .into_iter()
            .zip(b.broadcast_steps(target));
        let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
        for (&extent, (a, b)) in target.iter().zip(steps).filter(|(extent, _)| **extent != 1) {
            match axes.last_mut() {
                Some(last) if last.a == a * extent && last.b == b * extent => {
                    *last = Axis {
                        extent: last.extent * extent,
                        a,
                        b,
                    };
                }
                _ => axes.push(Axis { extent, a, b }),
            }
        }
        match axes.last().copied() {
            // An innermost axis along which an operand takes longer steps cannot be a slice: it is walked one by one.
            Some(inner) if inner.a <= 1 && inner.b <= 1 => {
                axes.pop();
                Walk { inner, outer: axes }
            }
            Some(_) => Walk {
                inner: Axis {
                    extent: 1,
                    a: 1,
                    b: 1,
                },
                outer: axes,
            },
            None => Walk::flat(1, 1, 1),
        }
    }

    /// The walk over one axis.
    fn flat(extent: usize, a: usize, b: usize) -> Walk {
        Walk {
            inner: Axis { extent, a, b },
            outer: SmallVec::new(),
        }
    }

    /// Calls `row` for every row along the innermost axis, with where it begins in `a`, in `b` and in the output.
    #[inline(always)]
    pub(crate) fn rows(&self, mut row: impl FnMut(usize, usize, usize)) {
        let rows: usize = self.outer.iter().map(|axis| axis.extent).product();
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.outer.len());
        let (mut a, mut b) = (0, 0);
        for number in 0..rows {
            row(a, b, number * self.inner.extent);
            // Count on, as an odometer does.
            for (axis, position) in self.outer.iter().zip(&mut index).rev() {
                *position += 1;
                (a, b) = (a + axis.a, b + axis.b);
                if *position < axis.extent {
                    break;
                }
                (a, b) = (a - axis.a * axis.extent, b - axis.b * axis.extent);
                *position = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element's place in both operands, from the walk and from the definition.
    fn check<const N: usize, const M: usize>(a: [usize; N], b: [usize; M], rows_expected: usize) {
        let (a, b) = (Shape::from(a), Shape::from(b));
        let target = a.broadcast(&b).unwrap();
        let walk = Walk::new(&a, &b, &target);
        let mut found = vec![(usize::MAX, usize::MAX); target.size()];
        let mut rows = 0;
        walk.rows(|at_a, at_b, at| {
            rows += 1;
            for i in 0..walk.inner.extent {
                found[at + i] = (at_a + i * walk.inner.a, at_b + i * walk.inner.b);
            }
        });
        let place = |shape: &Shape, mut flat: usize| {
            let steps = shape.broadcast_steps(&target);
            let mut place = 0;
            for axis in (0..target.rank()).rev() {
                place += flat % target[axis] * steps[axis];
                flat /= target[axis];
            }
            place
        };
        for (flat, &pair) in found.iter().enumerate() {
            assert_eq!(
                pair,
                (place(&a, flat), place(&b, flat)),
                "{a} with {b} at {flat}"
            );
        }
        assert_eq!(rows, rows_expected, "{a} with {b}");
    }

    #[test]
    fn every_element_is_met_with_as_few_rows_as_can_be() {
        check([4, 5], [4, 5], 1);
        check([4, 5], [], 1);
        check([4, 5], [5], 4);
        check([4, 5], [4, 1], 4);
        check([4, 1], [1, 5], 4);
        check([2, 3, 4], [3, 4], 2);
        check([2, 3, 4], [3, 1], 6);
        check([2, 1, 4], [3, 1], 6);
        check([], [], 1);
        check([1, 1], [1], 1);
        check([0, 3], [3], 0);
    }
}
