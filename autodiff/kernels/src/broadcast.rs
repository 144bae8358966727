//! Iteration over two broadcast operands, row by row.

use smallvec::SmallVec;

/// The strides of two operands that are broadcast to a common shape.
///
/// Neighbouring axes are merged if both operands step through them uniformly, so that most pairs have one or two axes.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The innermost axis. Each operand's step along it is 0 (broadcast) or 1.
    pub inner: Axis,
    /// The other axes, outermost first.
    outer: SmallVec<[Axis; 4]>,
}

/// An axis of the common shape, and the step of each operand along it.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// The number of elements along the axis.
    pub extent: usize,
    /// The step of the first operand.
    pub a: usize,
    /// The step of the second operand.
    pub b: usize,
}

impl Walk {
    /// Creates the walk over operands of shapes `a` and `b`, both broadcast to `target`.
    ///
    /// # Panics
    ///
    /// If the number of elements of `target` overflows `usize`.
    #[must_use]
    #[track_caller]
    pub fn new(a: &[usize], b: &[usize], target: &[usize]) -> Walk {
        let size = size(target);
        // The most frequent pairs first: operands of one shape, and a scalar operand.
        match (a == target, b == target) {
            (true, true) => return Walk::flat(size, 1, 1),
            (true, false) if b.is_empty() => return Walk::flat(size, 1, 0),
            (false, true) if a.is_empty() => return Walk::flat(size, 0, 1),
            _ => {}
        }
        let steps = steps(a, target).into_iter().zip(steps(b, target));
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
            // Along an innermost axis with a longer step, an operand is not a slice; it is walked by element.
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

    /// The walk over a single axis.
    fn flat(extent: usize, a: usize, b: usize) -> Walk {
        Walk {
            inner: Axis { extent, a, b },
            outer: SmallVec::new(),
        }
    }

    /// Calls `row` for every row along the innermost axis, with its offsets in `a`, in `b` and in the output.
    #[inline(always)]
    pub fn rows(&self, mut row: impl FnMut(usize, usize, usize)) {
        let rows: usize = self.outer.iter().map(|axis| axis.extent).product();
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.outer.len());
        let (mut a, mut b) = (0, 0);
        for number in 0..rows {
            row(a, b, number * self.inner.extent);
            // Increments the index like an odometer.
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

/// The number of elements of a shape.
///
/// # Panics
///
/// If the number overflows `usize`.
#[inline]
#[track_caller]
fn size(shape: &[usize]) -> usize {
    let size = match *shape {
        // The most frequent ranks, without a loop.
        [m, n] => m.checked_mul(n),
        [n] => Some(n),
        _ => shape
            .iter()
            .try_fold(1_usize, |size, &extent| size.checked_mul(extent)),
    };
    match size {
        Some(size) => size,
        None => panic!("a shape {shape:?} has more elements than can be counted"),
    }
}

/// Returns, for each axis of `target`, the step through the data of an operand of the given shape that is broadcast to
/// it: 0 along broadcast axes.
///
/// # Panics
///
/// If the operand has more axes than `target`.
fn steps(shape: &[usize], target: &[usize]) -> SmallVec<[usize; 4]> {
    let mut steps: SmallVec<[usize; 4]> = SmallVec::from_elem(0, target.len());
    let mut step = 1;
    let added = target.len() - shape.len();
    for (steps, &extent) in steps[added..].iter_mut().zip(shape).rev() {
        *steps = if extent == 1 { 0 } else { step };
        step *= extent;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares every element's offset in both operands with the definition.
    fn check<const N: usize, const M: usize>(a: [usize; N], b: [usize; M], rows_expected: usize) {
        let rank = N.max(M);
        let aligned = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
            Some(own) => shape[own],
            None => 1,
        };
        let common = |axis| match (aligned(&a, axis), aligned(&b, axis)) {
            (1, extent) | (extent, _) => extent,
        };
        let target: Vec<usize> = (0..rank).map(common).collect();
        let walk = Walk::new(&a, &b, &target);
        let mut found = vec![(usize::MAX, usize::MAX); size(&target)];
        let mut rows = 0;
        walk.rows(|at_a, at_b, at| {
            rows += 1;
            for i in 0..walk.inner.extent {
                found[at + i] = (at_a + i * walk.inner.a, at_b + i * walk.inner.b);
            }
        });
        let place = |shape: &[usize], mut flat: usize| {
            let steps = steps(shape, &target);
            let mut place = 0;
            for axis in (0..target.len()).rev() {
                place += flat % target[axis] * steps[axis];
                flat /= target[axis];
            }
            place
        };
        for (flat, &pair) in found.iter().enumerate() {
            assert_eq!(
                pair,
                (place(&a, flat), place(&b, flat)),
                "{a:?} with {b:?} at {flat}"
            );
        }
        assert_eq!(rows, rows_expected, "{a:?} with {b:?}");
    }

    #[test]
    fn every_element_is_visited_in_as_few_rows_as_possible() {
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

    #[test]
    fn stretched_axes_have_step_zero() {
        let target = [2, 3, 4];
        assert_eq!(steps(&[3, 1], &target)[..], [0, 1, 0]);
        assert_eq!(steps(&target, &target)[..], [12, 4, 1]);
        assert_eq!(steps(&[], &target)[..], [0, 0, 0]);
    }
}
