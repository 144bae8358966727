//! Softmax and its logarithm, along the middle axis of data of shape (outer, extent, inner).
//!
//! A line is a run of elements along the middle axis. The exponentials of many lines are computed in one loop: a single
//! line of, say, ten classes is too short for vectors.

#[cfg(test)]
mod tests;

use crate::Float;
use crate::elementary::value::{exp, ln};
use crate::float::{abs, max, one};
use crate::reduce;
use crate::simd::{MultiplyAdd, vectorized_with};
use std::hint::cold_path;
use std::ops::Range;

/// Writes exp(xᵢ − m) / Σⱼ exp(xⱼ − m) along every line, where m is the largest number of the line, so that nothing
/// overflows. A line with several +∞, or with only −∞, becomes NaN.
pub fn softmax<T: Float>(x: &[T], extent: usize, inner: usize, y: &mut [T]) {
    let part = part(extent * inner);
    for (x, y) in x.chunks(part).zip(y.chunks_mut(part)) {
        vectorized_with(
            #[inline(always)]
            move |how| match inner {
                // The usual step is a constant, for which the compiler specializes the loop.
                1 => softmax_lines(x, extent, 1, y, how),
                _ => softmax_lines(x, extent, inner, y, how),
            },
        );
    }
}

#[inline(always)]
fn softmax_lines<T: Float>(x: &[T], extent: usize, inner: usize, y: &mut [T], how: MultiplyAdd) {
    exp_below_maxima(x, extent, inner, y, how);
    for line in lines(x.len(), extent, inner) {
        let sum = sum(&y[line.clone()], inner);
        for y in y[line].iter_mut().step_by(inner) {
            *y = *y / sum;
        }
    }
}

/// Writes xᵢ − m − ln Σⱼ exp(xⱼ − m) along every line, with m as in [`softmax`].
pub fn log_softmax<T: Float>(x: &[T], extent: usize, inner: usize, y: &mut [T]) {
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
fn log_softmax_lines<T: Float>(
    x: &[T],
    extent: usize,
    inner: usize,
    y: &mut [T],
    how: MultiplyAdd,
) {
    exp_below_maxima(x, extent, inner, y, how);
    for line in lines(x.len(), extent, inner) {
        let (x, y) = (&x[line.clone()], &mut y[line]);
        let normalizer = Normalizer {
            shift: shift(x, inner),
            ln_of_sum: ln(sum(y, inner), how),
        };
        for (y, &x) in y.iter_mut().step_by(inner).zip(x.iter().step_by(inner)) {
            *y = normalizer.log_softmax(x);
        }
    }
}

/// The constants of a line that turn its numbers into logarithms of the softmax.
#[derive(Clone, Copy, Debug)]
pub struct Normalizer<T> {
    /// The [`shift`] m.
    shift: T,
    /// ln Σⱼ exp(xⱼ − m).
    ln_of_sum: T,
}

impl<T: Float> Normalizer<T> {
    /// Returns xᵢ − ln Σⱼ exp(xⱼ) for a number of the line.
    #[inline(always)]
    pub fn log_softmax(self, x: T) -> T {
        below(x, self.shift) - self.ln_of_sum
    }
}

/// The largest number of rows that are computed together.
const ROWS: usize = 64;

/// The largest number of elements of a line that are added sequentially.
const MAX_SEQUENTIAL: usize = 1024;

/// The number of elements in each of the two vectors that a short row is loaded as.
const HALF: usize = 8;

/// How many numbers are computed together: as many whole blocks as fit into the first-level cache, and at least one.
fn part(block: usize) -> usize {
    let block = block.max(1);
    (2048 / block).max(1) * block
}

/// Writes the softmax of every row of `x` to `y`. Then calls `then` with the row's number, its softmax, and its
/// [`Normalizer`].
pub fn softmax_rows<T: Float>(
    x: &[T],
    extent: usize,
    y: &mut [T],
    mut then: impl FnMut(usize, &mut [T], Normalizer<T>),
) {
    if x.len() == extent
        && let Some(ends) = ends(x)
    {
        let normalizer = vectorized_with(
            #[inline(always)]
            |how| softmax_short_row(x, ends, y, how),
        );
        return then(0, y, normalizer);
    }
    let rows = (2048 / extent).clamp(1, ROWS);
    let blocks = x.chunks(rows * extent).zip(y.chunks_mut(rows * extent));
    for (block, (x, y)) in blocks.enumerate() {
        let [mut shifts, mut logs] = [[T::default(); ROWS]; 2];
        let rows_left = x.len() / extent;
        let (shifts, logs) = (&mut shifts[..rows_left], &mut logs[..rows_left]);
        vectorized_with(
            #[inline(always)]
            |how| softmax_block(x, extent, y, shifts, logs, how),
        );
        let normalizers = shifts.iter().zip(logs);
        for (i, (y, (&shift, &mut ln_of_sum))) in
            y.chunks_exact_mut(extent).zip(normalizers).enumerate()
        {
            then(block * rows + i, y, Normalizer { shift, ln_of_sum });
        }
    }
}

/// Writes the softmax of a row `x` of 8 to 16 numbers, whose ends are `ends`, to `y`.
#[inline(always)]
fn softmax_short_row<T: Float>(
    x: &[T],
    mut ends: Ends<T>,
    y: &mut [T],
    how: MultiplyAdd,
) -> Normalizer<T> {
    let shift = shift_from(largest(ends), x, 1);
    for x in ends.as_flattened_mut() {
        *x = exp(below(*x, shift), how);
    }
    let sum = sum_of_ends(ends, y.len());
    let share = one::<T>() / sum;
    for x in ends.as_flattened_mut() {
        *x = *x * share;
    }
    write_ends(y, ends);
    Normalizer {
        shift,
        ln_of_sum: ln(sum, how),
    }
}

/// The first and the last eight numbers of a row of 8 to 16, which overlap unless there are 16. Each is a whole vector.
/// A loop over ten numbers would compute two of them individually.
type Ends<T> = [[T; HALF]; 2];

/// The ends of a row of 8 to 16 numbers; `None` for another length.
#[inline(always)]
fn ends<T: Float>(row: &[T]) -> Option<Ends<T>> {
    match (row.first_chunk(), row.last_chunk()) {
        (Some(head), Some(tail)) if row.len() <= 2 * HALF => Some([*head, *tail]),
        _ => None,
    }
}

/// Writes the first and the last eight numbers of a row.
#[inline(always)]
fn write_ends<T: Float>(y: &mut [T], [head, tail]: Ends<T>) {
    if let Some(first) = y.first_chunk_mut() {
        *first = head;
    }
    if let Some(last) = y.last_chunk_mut() {
        *last = tail;
    }
}

/// The largest of the numbers.
///
/// A NaN may be ignored: it makes the whole row NaN, whatever number is subtracted.
#[inline(always)]
fn largest<T: Float>([mut lanes, others]: Ends<T>) -> T {
    for (lane, other) in lanes.iter_mut().zip(others) {
        *lane = larger(*lane, other);
    }
    in_halves(lanes, larger)
}

/// The sum of the numbers of a row of length `len`, from its ends.
#[inline(always)]
fn sum_of_ends<T: Float>([mut lanes, tail]: Ends<T>, len: usize) -> T {
    let twice = 2 * HALF - len;
    for (i, (lane, x)) in lanes.iter_mut().zip(tail).enumerate() {
        *lane = *lane + if i < twice { T::default() } else { x };
    }
    in_halves(lanes, |a, b| a + b)
}

/// Folds the lanes in halves: a shorter chain of dependent operations than a sequential fold.
#[inline(always)]
fn in_halves<T: Copy>(mut lanes: [T; HALF], fold: impl Fn(T, T) -> T) -> T {
    let mut half = HALF / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = fold(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn larger<T: Float>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// Writes the softmax of some rows to `y`, their [shifts](shift) to `shifts`, and the logarithms of the sums to `logs`.
#[inline(always)]
fn softmax_block<T: Float>(
    x: &[T],
    extent: usize,
    y: &mut [T],
    shifts: &mut [T],
    logs: &mut [T],
    how: MultiplyAdd,
) {
    let rows = x.chunks_exact(extent).zip(y.chunks_exact_mut(extent));
    for ((x, y), m) in rows.zip(shifts) {
        if let Some(mut ends) = ends(x) {
            *m = shift_from(largest(ends), x, 1);
            for x in ends.as_flattened_mut() {
                *x = below(*x, *m);
            }
            write_ends(y, ends);
            continue;
        }
        *m = shift(x, 1);
        // A loop with `step_by` would not be vectorized.
        for (y, &x) in y.iter_mut().zip(x) {
            *y = below(x, *m);
        }
    }
    for y in y.iter_mut() {
        *y = exp(*y, how);
    }
    for (y, log) in y.chunks_exact_mut(extent).zip(logs.iter_mut()) {
        if let Some(mut ends) = ends(y) {
            *log = sum_of_ends(ends, extent);
            let share = one::<T>() / *log;
            for y in ends.as_flattened_mut() {
                *y = *y * share;
            }
            write_ends(y, ends);
            continue;
        }
        *log = sum(y, 1);
        let share = one::<T>() / *log;
        for y in y {
            *y = *y * share;
        }
    }
    for log in logs {
        *log = ln(*log, how);
    }
}

/// Writes exp(xᵢ − m) along every line, where m is the line's [`shift`].
#[inline(always)]
fn exp_below_maxima<T: Float>(x: &[T], extent: usize, step: usize, y: &mut [T], how: MultiplyAdd) {
    for line in lines(x.len(), extent, step) {
        let (x, y) = (&x[line.clone()], &mut y[line]);
        let shift = shift(x, step);
        for (y, &x) in y.iter_mut().step_by(step).zip(x.iter().step_by(step)) {
            *y = below(x, shift);
        }
    }
    for y in y {
        *y = exp(*y, how);
    }
}

/// The number that is subtracted from all numbers of a line: the largest, or NaN if several are +∞ or all are −∞, since
/// the line then has no softmax.
#[inline(always)]
fn shift<T: Float>(line: &[T], step: usize) -> T {
    shift_from(maximum(line, step), line, step)
}

/// Like [`shift`], for a line whose largest number is known.
#[inline(always)]
fn shift_from<T: Float>(maximum: T, line: &[T], step: usize) -> T {
    if abs(maximum) == T::INFINITY {
        cold_path();
        let largest = line.iter().step_by(step).filter(|&&x| x == maximum);
        if maximum < T::default() || largest.count() > 1 {
            return T::from_f64(f64::NAN);
        }
    }
    maximum
}

/// x − m, and 0 if x = m, even if both are infinite.
#[inline(always)]
fn below<T: Float>(x: T, m: T) -> T {
    if x == m { T::default() } else { x - m }
}

#[inline(always)]
fn maximum<T: Float>(line: &[T], step: usize) -> T {
    line.iter()
        .step_by(step)
        .fold(-T::INFINITY, |m, &x| max(m, x))
}

#[inline(always)]
fn sum<T: Float>(line: &[T], step: usize) -> T {
    if line.len() > MAX_SEQUENTIAL * step {
        cold_path();
        return sum_of_long(line, step);
    }
    line.iter()
        .step_by(step)
        .fold(T::default(), |sum, &x| sum + x)
}

/// The sum of a long line, formed pairwise, so that the error hardly grows with the length.
#[inline(never)]
fn sum_of_long<T: Float>(line: &[T], step: usize) -> T {
    if step == 1 {
        return reduce::sum_of(line);
    }
    let half = line.len().div_ceil(step) / 2;
    if half < 32 {
        let terms = line.iter().step_by(step);
        return terms.fold(T::default(), |sum, &x| sum + x);
    }
    let (first, second) = line.split_at(half * step);
    sum_of_long(first, step) + sum_of_long(second, step)
}

/// The lines along the middle axis of `size` numbers, each as a range from its first element to its last. The elements
/// of a line are `inner` apart.
#[inline(always)]
fn lines(size: usize, extent: usize, inner: usize) -> impl Iterator<Item = Range<usize>> {
    let block = extent * inner;
    let blocks = size.checked_div(block).unwrap_or(0);
    let first = (0..blocks).flat_map(move |i| i * block..i * block + inner);
    first.map(move |first| first..first + block - inner + 1)
}
