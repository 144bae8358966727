//! Softmax and its logarithm, along the middle axis of data seen as (outer, extent, inner).
//!
//! The exponentials of many lines are taken in one loop: a line by itself, ten classes say, is too short for vectors.

use super::super::element::Real;
use super::elementary::value::{exp, ln};
use super::simd::{MultiplyAdd, vectorized_with};
use std::ops::Range;

/// Writes exp(xᵢ − m) / Σⱼ exp(xⱼ − m), where m = maxⱼ xⱼ, which leaves the value as it is and cannot overflow.
pub(crate) fn softmax<T: Real>(x: &[T], extent: usize, inner: usize, y: &mut [T]) {
    let part = part(extent * inner);
    for (x, y) in x.chunks(part).zip(y.chunks_mut(part)) {
        vectorized_with(
            #[inline(always)]
            move |how| match inner {
                // The usual step is a constant to the compiler.
                1 => softmax_lines(x, extent, 1, y, how),
                _ => softmax_lines(x, extent, inner, y, how),
            },
        );
    }
}

#[inline(always)]
fn softmax_lines<T: Real>(x: &[T], extent: usize, inner: usize, y: &mut [T], how: MultiplyAdd) {
    exp_below_maxima(x, extent, inner, y, how);
    for line in lines(x.len(), extent, inner) {
        let sum = sum(&y[line.clone()], inner);
        for y in y[line].iter_mut().step_by(inner) {
            *y = *y / sum;
        }
    }
}

/// Writes xᵢ − m − ln Σⱼ exp(xⱼ − m).
pub(crate) fn log_softmax<T: Real>(x: &[T], extent: usize, inner: usize, y: &mut [T]) {
    let part = part(extent * inner);
    for (x, y) in x.chunks(part).zip(y.chunks_mut(part)) {
        vectorized_with(
            #[inline(always)]
            move |how| match inner {
                1 => log_softmax_lines(x, extent, 1, y, how),
                _ => log_softmax_lines(x, extent, inner, y, how),
            },
        );
    }
}

#[inline(always)]
fn log_softmax_lines<T: Real>(x: &[T], extent: usize, inner: usize, y: &mut [T], how: MultiplyAdd) {
    exp_below_maxima(x, extent, inner, y, how);
    for line in lines(x.len(), extent, inner) {
        let (x, y) = (&x[line.clone()], &mut y[line]);
        let shift = maximum(x, inner) + ln(sum(y, inner), how);
        for (y, &x) in y.iter_mut().step_by(inner).zip(x.iter().step_by(inner)) {
            *y = x - shift;
        }
    }
}

/// The most rows that are taken at once.
const ROWS: usize = 64;

/// The most numbers of a row that is padded, as many as a vector has lanes.
const SHORT: usize = 16;

/// How many numbers are taken at once: as many blocks as stay in the first-level cache, and one at least.
fn part(block: usize) -> usize {
    let block = block.max(1);
    (2048 / block).max(1) * block
}

/// Writes the softmax of every row of `x` to `y`, and calls `then` with the number of the row, what was written for it,
/// and `ln Σ exp(xᵢ)`.
pub(crate) fn softmax_rows<T: Real>(
    x: &[T],
    extent: usize,
    y: &mut [T],
    mut then: impl FnMut(usize, &mut [T], T),
) {
    if x.len() == extent && extent <= SHORT {
        let log = vectorized_with(
            #[inline(always)]
            |how| softmax_short_row(x, y, how),
        );
        return then(0, y, log);
    }
    let rows = (2048 / extent).clamp(1, ROWS);
    let blocks = x.chunks(rows * extent).zip(y.chunks_mut(rows * extent));
    for (block, (x, y)) in blocks.enumerate() {
        let mut logs = [T::default(); ROWS];
        let logs = &mut logs[..x.len() / extent];
        vectorized_with(
            #[inline(always)]
            |how| softmax_block(x, extent, y, logs, how),
        );
        for (i, (y, &mut log)) in y.chunks_exact_mut(extent).zip(logs).enumerate() {
            then(block * rows + i, y, log);
        }
    }
}

/// Writes the softmax of one short row to `y`, and gives its `ln Σ exp(xᵢ)`.
///
/// The row is padded to a whole vector, so that ten numbers take one exponential and not ten.
#[inline(always)]
fn softmax_short_row<T: Real>(x: &[T], y: &mut [T], how: MultiplyAdd) -> T {
    let mut lanes = [-T::INFINITY; SHORT];
    lanes[..x.len()].copy_from_slice(x);
    let m = largest(lanes);
    for lane in &mut lanes {
        *lane = exp(below(*lane, m), how);
    }
    // In the order of a longer row's sum.
    let sum = sum(&lanes[..x.len()], 1);
    let share = sum.recip();
    for lane in &mut lanes {
        *lane = *lane * share;
    }
    y.copy_from_slice(&lanes[..x.len()]);
    m + ln(sum, how)
}

/// The largest number of a short row, found in halves.
#[inline(always)]
fn largest<T: Real>(mut lanes: [T; SHORT]) -> T {
    let mut half = SHORT / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = lanes[i].max(lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// Writes the softmax of a few rows to `y`, and to `logs` their `ln Σ exp(xᵢ)`.
#[inline(always)]
fn softmax_block<T: Real>(x: &[T], extent: usize, y: &mut [T], logs: &mut [T], how: MultiplyAdd) {
    let mut maxima = [T::default(); ROWS];
    let maxima = &mut maxima[..logs.len()];
    let rows = x.chunks_exact(extent).zip(y.chunks_exact_mut(extent));
    for ((x, y), m) in rows.zip(maxima.iter_mut()) {
        *m = maximum(x, 1);
        // Through no iterator that could step over elements, so that the loop is vectorised.
        for (y, &x) in y.iter_mut().zip(x) {
            *y = below(x, *m);
        }
    }
    for y in y.iter_mut() {
        *y = exp(*y, how);
    }
    for (y, log) in y.chunks_exact_mut(extent).zip(logs.iter_mut()) {
        *log = sum(y, 1);
        let share = log.recip();
        for y in y {
            *y = *y * share;
        }
    }
    for (log, &mut m) in logs.iter_mut().zip(maxima) {
        *log = m + ln(*log, how);
    }
}

/// Writes exp(xᵢ − m) for each line with its maximum m.
#[inline(always)]
fn exp_below_maxima<T: Real>(x: &[T], extent: usize, step: usize, y: &mut [T], how: MultiplyAdd) {
    for line in lines(x.len(), extent, step) {
        let (x, y) = (&x[line.clone()], &mut y[line]);
        let m = maximum(x, step);
        for (y, &x) in y.iter_mut().step_by(step).zip(x.iter().step_by(step)) {
            *y = below(x, m);
        }
    }
    for y in y {
        *y = exp(*y, how);
    }
}

/// x − m; where both are the same infinity, as if they were any same number.
#[inline(always)]
fn below<T: Real>(x: T, m: T) -> T {
    if x == m { T::default() } else { x - m }
}

#[inline(always)]
fn maximum<T: Real>(line: &[T], step: usize) -> T {
    line.iter()
        .step_by(step)
        .fold(-T::INFINITY, |m, &x| m.max(x))
}

#[inline(always)]
fn sum<T: Real>(line: &[T], step: usize) -> T {
    line.iter()
        .step_by(step)
        .fold(T::default(), |sum, &x| sum + x)
}

/// The lines along the middle axis of `size` numbers: each from its first element to its last, which lie `inner` apart.
#[inline(always)]
fn lines(size: usize, extent: usize, inner: usize) -> impl Iterator<Item = Range<usize>> {
    let block = extent * inner;
    let blocks = size.checked_div(block).unwrap_or(0);
    let first = (0..blocks).flat_map(move |i| i * block..i * block + inner);
    first.map(move |first| first..first + block - inner + 1)
}
