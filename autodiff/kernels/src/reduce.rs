//! Sums and maxima along the middle axis of data of shape (outer, extent, inner).
//!
//! Sums are formed pairwise, so that the rounding error grows with the logarithm of the length instead of the length.

use crate::simd::vectorized;
use crate::{Float, Scratch, Write, float};
use std::ops::Range;

/// The number of terms that are added sequentially.
const BLOCK: usize = 64;

/// The number of running sums in a block. They are independent, so that the compiler vectorizes them.
const LANES: usize = 16;

/// Writes or adds the sums along the middle axis to `out`, of shape (outer, inner).
pub fn sum<T: Float>(
    x: &[T],
    extent: usize,
    inner: usize,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
) {
    if inner == 1 {
        // The elements of a row are contiguous.
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
                scratch,
            );
        }
    }
}

/// The sum of all elements.
pub(crate) fn sum_of<T: Float>(x: &[T]) -> T {
    if x.len() > BLOCK * LANES {
        // Both halves start at a multiple of a block, so that their blocks stay aligned.
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

/// Writes or adds the sum over `terms` to `out`. `sum_run` writes or adds the sum over a run of at most
/// `max_run_length` terms; the runs are added pairwise. Returns `false`, and writes nothing, if the first call of
/// `sum_run` does.
pub(crate) fn pairwise<T: Float>(
    terms: Range<usize>,
    max_run_length: usize,
    out: &mut [T],
    write: Write,
    scratch: &impl Scratch,
    sum_run: &mut impl FnMut(Range<usize>, &mut [T], Write) -> bool,
) -> bool {
    if terms.len() <= max_run_length {
        return sum_run(terms, out, write);
    }
    // If the first half starts on a cache line, so does the second.
    let middle = terms.start + (terms.len() / 2).next_multiple_of(64);
    let mut rest = middle..terms.end;
    if write == Write::Set {
        if !pairwise(
            terms.start..middle,
            max_run_length,
            out,
            write,
            scratch,
            sum_run,
        ) {
            return false;
        }
    } else {
        // The output may be large, so that only the whole sum is added to it.
        rest = terms;
    }
    let mut is_written = false;
    scratch.with(out.len(), |sum: &mut [T]| {
        is_written = pairwise(rest, max_run_length, sum, Write::Set, scratch, sum_run);
        if is_written {
            add(out, sum);
        }
    });
    is_written
}

/// A sum of terms that are added one at a time. It is formed pairwise as well.
#[derive(Clone, Debug)]
pub struct RunningSum {
    /// For each bit set in the number of terms, the sum of 2ᵇⁱᵗ terms.
    sums: [f64; 64],
    terms: u64,
}

impl Default for RunningSum {
    fn default() -> Self {
        RunningSum::new()
    }
}

impl RunningSum {
    /// Creates the sum of no terms.
    #[must_use]
    pub fn new() -> Self {
        RunningSum {
            sums: [0.0; 64],
            terms: 0,
        }
    }

    /// Adds a term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        // Like binary counting: each carry adds two sums of the same number of terms.
        let (mut sum, mut bit) = (term, 0);
        while self.terms >> bit & 1 == 1 {
            sum += self.sums[bit];
            bit += 1;
        }
        self.sums[bit] = sum;
        self.terms += 1;
    }

    /// Returns the sum of all terms.
    #[inline]
    pub fn total(&self) -> f64 {
        let bits = (0..64).take_while(|bit| self.terms >> bit > 0);
        bits.filter(|bit| self.terms >> bit & 1 == 1)
            .fold(0.0, |total, bit| total + self.sums[bit])
    }
}

/// Adds the rows of `x`, each as long as `out`, to `out` (`length` elements).
fn add_rows<T: Float>(x: &[T], length: usize, out: &mut [T], scratch: &impl Scratch) {
    let rows = x.len() / length;
    if rows <= BLOCK {
        return vectorized(
            #[inline(always)]
            || add_few_rows(x, length, out),
        );
    }
    let (first, second) = x.split_at((rows / 2).next_multiple_of(BLOCK) * length);
    add_rows(first, length, out, scratch);
    if second.len() <= BLOCK * length && first.len() <= BLOCK * length {
        // Two adjacent blocks are still short enough for a single running sum.
        add_rows(second, length, out, scratch);
        return;
    }
    scratch.with(length, |partial: &mut [T]| {
        partial.fill(zero());
        add_rows(second, length, partial, scratch);
        add(out, partial);
    });
}

/// Adds each term to the corresponding element of `out`.
fn add<T: Float>(out: &mut [T], terms: &[T]) {
    for (out, &term) in out.iter_mut().zip(terms) {
        *out = *out + term;
    }
}

/// Adds rows to `out` sequentially, with as many columns in registers as a vector has lanes.
#[inline(always)]
fn add_few_rows<T: Float>(x: &[T], length: usize, out: &mut [T]) {
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

/// Adds columns `column` to `column + N` of the rows, which have `length` elements, to `sums`.
#[inline(always)]
fn add_columns<T: Float, const N: usize>(x: &[T], length: usize, column: usize, sums: &mut [T; N]) {
    let mut total = *sums;
    for row in x.chunks_exact(length) {
        for (total, &x) in total.iter_mut().zip(&row[column..column + N]) {
            *total = *total + x;
        }
    }
    *sums = total;
}

/// Writes the largest elements along the middle axis to `out`, of shape (outer, inner). A NaN counts as the largest.
pub fn max<T: Float>(x: &[T], extent: usize, inner: usize, out: &mut [T]) {
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
                *out = float::max(*out, x);
            }
        }
    }
}

fn zero<T: Float>() -> T {
    T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Heap;

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
            sum(&x, extent, inner, &mut out, Write::Add, &Heap);
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
    fn a_running_sum_is_the_sum_of_its_terms() {
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
        let x = vec![0.1_f32; 1 << if cfg!(miri) { 10 } else { 22 }];
        let exact = 0.1_f32 as f64 * x.len() as f64;
        assert!((f64::from(sum_of(&x)) / exact - 1.0).abs() < 1e-6);
        let mut columns = [0.0_f32; 2];
        sum(&x, x.len() / 2, 2, &mut columns, Write::Set, &Heap);
        assert!((f64::from(columns[1]) / (exact / 2.0) - 1.0).abs() < 4e-6);
        // A sequential sum exceeds the bound by far, so the bound is a real check.
        let plain: f32 = x.iter().sum();
        assert!(cfg!(miri) || (f64::from(plain) / exact - 1.0).abs() > 1e-3);
    }
}
