//! Sums and maxima along an axis, of data seen as (outer, extent, inner).
//!
//! Sums are formed pairwise, so that the rounding error grows with the logarithm of the length and not with the length.

use super::Write;
use super::simd::vectorized;
use crate::tensor::storage::buffer::Buffer;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use std::ops::Range;

/// The number of terms that are added one after the other.
const BLOCK: usize = 64;

/// The number of running sums within a block; they are independent, so that the compiler vectorises them.
const LANES: usize = 16;

/// Writes or adds the sum along the middle axis to `out`, of shape (outer, inner).
pub(crate) fn sum<T: Real>(x: &[T], extent: usize, inner: usize, out: &mut [T], write: Write) {
    if inner == 1 {
        // The elements of a row lie side by side.
        for (row, out) in out.iter_mut().enumerate() {
            let sum = sum_of(&x[row * extent..(row + 1) * extent]);
            *out = if write == Write::Add { *out + sum } else { sum };
        }
    } else if inner > 0 {
        for (row, out) in out.chunks_exact_mut(inner).enumerate() {
            if write == Write::Set {
                out.fill(zero());
            }
            add_rows(
                &x[row * extent * inner..(row + 1) * extent * inner],
                inner,
                out,
            );
        }
    }
}

/// The sum of all elements.
pub(crate) fn sum_of<T: Real>(x: &[T]) -> T {
    if x.len() > BLOCK * LANES {
        // The halves begin at multiples of a block, so that they stay aligned.
        let (first, second) = x.split_at((x.len() / 2).next_multiple_of(BLOCK * LANES));
        return sum_of(first) + sum_of(second);
    }
    let mut lanes = [zero::<T>(); LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = *lane + x;
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = *lane + x;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = lanes[i] + lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Writes or adds a sum of so many `terms` to `out`, of which `part` writes or adds those of at most `most` at a time. The
/// parts are added pairwise.
///
/// A `part` that answers false has written nothing; the others are then not asked for, and the answer is the same.
pub(crate) fn pairwise<T: Real>(
    terms: Range<usize>,
    most: usize,
    out: &mut [T],
    write: Write,
    part: &mut impl FnMut(Range<usize>, &mut [T], Write) -> bool,
) -> bool {
    if terms.len() <= most {
        return part(terms, out, write);
    }
    // The second half begins with a whole line of the cache, if the first does.
    let middle = terms.start + (terms.len() / 2).next_multiple_of(64);
    let mut rest = middle..terms.end;
    if write == Write::Set {
        if !pairwise(terms.start..middle, most, out, write, part) {
            return false;
        }
    } else {
        // What is there may be large, and nothing is added to it but the whole sum.
        rest = terms;
    }
    let mut is_written = false;
    let sum = Buffer::filled::<T>(Shape::from([out.len()]), |sum| {
        is_written = pairwise(rest, most, sum, Write::Set, part);
    });
    if is_written {
        for (out, &x) in out.iter_mut().zip(sum.data::<T>()) {
            *out = *out + x;
        }
    }
    is_written
}

/// A sum of terms that come one by one, formed pairwise too.
pub(crate) struct RunningSum {
    /// For each bit that is set in the number of terms, the sum of as many terms as the bit is worth.
    sums: [f64; 64],
    terms: u64,
}

impl RunningSum {
    pub(crate) fn new() -> Self {
        RunningSum {
            sums: [0.0; 64],
            terms: 0,
        }
    }

    /// Adds a term.
    #[inline]
    pub(crate) fn add(&mut self, term: f64) {
        // As in counting: each carry adds two sums of equally many terms.
        let (mut sum, mut bit) = (term, 0);
        while self.terms >> bit & 1 == 1 {
            sum += self.sums[bit];
            bit += 1;
        }
        self.sums[bit] = sum;
        self.terms += 1;
    }

    /// The sum of all terms.
    #[inline]
    pub(crate) fn total(&self) -> f64 {
        let bits = (0..64).take_while(|bit| self.terms >> bit > 0);
        bits.filter(|bit| self.terms >> bit & 1 == 1)
            .fold(0.0, |total, bit| total + self.sums[bit])
    }
}

/// Adds the rows of `x`, each as long as `out`, to `out`.
fn add_rows<T: Real>(x: &[T], length: usize, out: &mut [T]) {
    let rows = x.len() / length;
    if rows <= BLOCK {
        return vectorized(
            #[inline(always)]
            || add_few_rows(x, length, out),
        );
    }
    let (first, second) = x.split_at((rows / 2).next_multiple_of(BLOCK) * length);
    add_rows(first, length, out);
    if second.len() <= BLOCK * length && first.len() <= BLOCK * length {
        // Two blocks side by side are still short enough to go into one running sum.
        add_rows(second, length, out);
        return;
    }
    let partial = Buffer::filled::<T>(Shape::from([length]), |partial| {
        partial.fill(zero());
        add_rows(second, length, partial);
    });
    for (out, &partial) in out.iter_mut().zip(partial.data::<T>()) {
        *out = *out + partial;
    }
}

/// Adds rows to `out`, one after the other: in registers, as many columns at a time as a vector has lanes.
#[inline(always)]
fn add_few_rows<T: Real>(x: &[T], length: usize, out: &mut [T]) {
    let (sixteens, rest) = out.as_chunks_mut::<16>();
    let (eights, rest) = rest.as_chunks_mut::<8>();
    let mut column = 0;
    for sums in sixteens {
        add_columns(x, length, column, sums);
        column += 16;
    }
    for sums in eights {
        add_columns(x, length, column, sums);
        column += 8;
    }
    for sum in rest {
        add_columns(x, length, column, std::array::from_mut(sum));
        column += 1;
    }
}

/// Adds the columns from `column` on, which each row is as long as `length`, to their sums.
#[inline(always)]
fn add_columns<T: Real, const N: usize>(x: &[T], length: usize, column: usize, sums: &mut [T; N]) {
    let mut total = *sums;
    for row in x.chunks_exact(length) {
        for (total, &x) in total.iter_mut().zip(&row[column..column + N]) {
            *total = *total + x;
        }
    }
    *sums = total;
}

/// Writes the largest element along the middle axis to `out`; a NaN wins.
pub(crate) fn max<T: Real>(x: &[T], extent: usize, inner: usize, out: &mut [T]) {
    if inner == 0 || extent == 0 {
        return;
    }
    for (block, out) in x
        .chunks_exact(extent * inner)
        .zip(out.chunks_exact_mut(inner))
    {
        out.copy_from_slice(&block[..inner]);
        for row in block[inner..].chunks_exact(inner) {
            for (out, &x) in out.iter_mut().zip(row) {
                *out = out.max(x);
            }
        }
    }
}

fn zero<T: Real>() -> T {
    T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_along_every_axis_agree_with_the_definition() {
        for (outer, extent, inner) in [
            (1, 1, 1),
            (2, 3, 1),
            (2, 3, 4),
            (3, 0, 2),
            (1, 5000, 1),
            (1, 1000, 3),
            (2, 130, 7),
        ] {
            let x: Vec<f64> = (0..outer * extent * inner)
                .map(|i| ((i * 7919) % 1013) as f64)
                .collect();
            let mut out = vec![1.0; outer * inner];
            sum(&x, extent, inner, &mut out, Write::Add);
            for o in 0..outer {
                for i in 0..inner {
                    let expected: f64 = (0..extent).map(|e| x[(o * extent + e) * inner + i]).sum();
                    assert_eq!(
                        out[o * inner + i],
                        expected + 1.0,
                        "({outer}, {extent}, {inner})"
                    );
                }
            }
        }
    }

    #[test]
    fn a_running_sum_is_that_of_its_terms() {
        let mut sum = RunningSum::new();
        assert_eq!(sum.total(), 0.0);
        for terms in 1..200 {
            sum.add(f64::from(terms));
            assert_eq!(sum.total(), f64::from(terms * (terms + 1) / 2));
        }
        sum.add(f64::INFINITY);
        sum.add(1.0);
        assert_eq!(sum.total(), f64::INFINITY);
    }

    #[test]
    fn the_error_of_a_running_sum_stays_small() {
        let (mut sum, mut plain) = (RunningSum::new(), 0.0);
        let terms = if cfg!(miri) { 1 << 10 } else { 1 << 20 };
        for _ in 0..terms {
            sum.add(0.1);
            plain += 0.1;
        }
        let exact = 0.1 * f64::from(terms);
        assert!((sum.total() / exact - 1.0).abs() <= 2.0 * f64::EPSILON);
        assert!((plain / exact - 1.0).abs() > 10.0 * f64::EPSILON);
    }

    #[test]
    fn the_error_of_a_long_sum_stays_small() {
        let x = vec![0.1_f32; 1 << 22];
        let exact = 0.1_f32 as f64 * x.len() as f64;
        assert!((f64::from(sum_of(&x)) / exact - 1.0).abs() < 1e-6);
        let mut columns = [0.0_f32; 2];
        sum(&x, x.len() / 2, 2, &mut columns, Write::Set);
        assert!((f64::from(columns[1]) / (exact / 2.0) - 1.0).abs() < 4e-6);
        // The plain loop is off by far more, so the bound means something.
        let plain: f32 = x.iter().sum();
        assert!((f64::from(plain) / exact - 1.0).abs() > 1e-3);
    }
}
