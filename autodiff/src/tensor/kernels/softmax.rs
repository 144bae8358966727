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

/// As many numbers as each of the two vectors has that a short row is read as.
const HALF: usize = 8;

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
    if x.len() == extent
        && let Some(ends) = ends(x)
    {
        let log = vectorized_with(
            #[inline(always)]
            |how| softmax_short_row(ends, y, how),
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

/// Writes the softmax of one row of 8 to 16 numbers to `y`, and gives its `ln Σ exp(xᵢ)`.
#[inline(always)]
fn softmax_short_row<T: Real>(mut ends: Ends<T>, y: &mut [T], how: MultiplyAdd) -> T {
    let m = largest(ends);
    for x in ends.as_flattened_mut() {
        *x = exp(below(*x, m), how);
    }
    let sum = sum_of_ends(ends, y.len());
    let share = sum.recip();
    for x in ends.as_flattened_mut() {
        *x = *x * share;
    }
    write_ends(y, ends);
    m + ln(sum, how)
}

/// The first and the last numbers of a row of 8 to 16, which overlap unless there are 16: whole vectors, where a loop over
/// ten numbers leaves two to be taken one by one.
type Ends<T> = [[T; HALF]; 2];

/// Those of such a row.
#[inline(always)]
fn ends<T: Real>(row: &[T]) -> Option<Ends<T>> {
    match (row.first_chunk(), row.last_chunk()) {
        (Some(head), Some(tail)) if row.len() <= 2 * HALF => Some([*head, *tail]),
        _ => None,
    }
}

/// Writes the first and the last numbers of a row.
#[inline(always)]
fn write_ends<T: Real>(y: &mut [T], [head, tail]: Ends<T>) {
    if let Some(first) = y.first_chunk_mut() {
        *first = head;
    }
    if let Some(last) = y.last_chunk_mut() {
        *last = tail;
    }
}

/// The largest of the numbers.
///
/// A NaN may be passed over: it makes the whole row NaN, whatever is subtracted from it.
#[inline(always)]
fn largest<T: Real>([mut lanes, others]: Ends<T>) -> T {
    for (lane, other) in lanes.iter_mut().zip(others) {
        *lane = larger(*lane, other);
    }
    in_halves(lanes, larger)
}

/// The sum of the numbers of a row of the given length.
#[inline(always)]
fn sum_of_ends<T: Real>([mut lanes, tail]: Ends<T>, len: usize) -> T {
    let twice = 2 * HALF - len;
    for (i, (lane, x)) in lanes.iter_mut().zip(tail).enumerate() {
        *lane = *lane + if i < twice { T::default() } else { x };
    }
    in_halves(lanes, |a, b| a + b)
}

/// Folds lanes in halves, since one after the other would wait for each.
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
fn larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// Writes the softmax of a few rows to `y`, and to `logs` their `ln Σ exp(xᵢ)`.
#[inline(always)]
fn softmax_block<T: Real>(x: &[T], extent: usize, y: &mut [T], logs: &mut [T], how: MultiplyAdd) {
    let mut maxima = [T::default(); ROWS];
    let maxima = &mut maxima[..logs.len()];
    let rows = x.chunks_exact(extent).zip(y.chunks_exact_mut(extent));
    for ((x, y), m) in rows.zip(maxima.iter_mut()) {
        if let Some(mut ends) = ends(x) {
            *m = largest(ends);
            for x in ends.as_flattened_mut() {
                *x = below(*x, *m);
            }
            write_ends(y, ends);
            continue;
        }
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
        if let Some(mut ends) = ends(y) {
            *log = sum_of_ends(ends, extent);
            let share = log.recip();
            for y in ends.as_flattened_mut() {
                *y = *y * share;
            }
            write_ends(y, ends);
            continue;
        }
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

#[cfg(test)]
mod tests {
    use super::softmax_rows;

    /// The softmax and the logarithm of each row of `x`.
    fn rows(x: &[f32], extent: usize) -> (Vec<u32>, Vec<u32>) {
        let mut y = vec![0.0; x.len()];
        let mut logs = Vec::new();
        softmax_rows(x, extent, &mut y, |_, _, log| logs.push(log.to_bits()));
        (y.into_iter().map(f32::to_bits).collect(), logs)
    }

    #[test]
    fn a_row_by_itself_has_the_bits_that_it_has_among_others() {
        for extent in 1..40 {
            let mut x: Vec<f32> = (0..5 * extent)
                .map(|i| (i as f32 * 0.7).sin() * 9.0)
                .collect();
            x[extent] = f32::NEG_INFINITY;
            x[3 * extent - 1] = f32::INFINITY;
            let (all, logs) = rows(&x, extent);
            for (row, x) in x.chunks_exact(extent).enumerate() {
                let (alone, log) = rows(x, extent);
                assert_eq!(alone, all[row * extent..][..extent], "{x:?}");
                assert_eq!(log, [logs[row]]);
            }
        }
    }

    #[test]
    fn a_nan_makes_its_row_nan_and_no_other() {
        for (extent, place) in [(1, 0), (7, 3), (10, 0), (10, 9), (16, 8), (17, 2)] {
            let mut x = vec![1.0; 2 * extent];
            x[place] = f32::NAN;
            let is_nan = |bits: &u32| f32::from_bits(*bits).is_nan();
            let (y, logs) = rows(&x, extent);
            assert!(y[..extent].iter().all(is_nan) && !y[extent..].iter().any(is_nan));
            assert!(is_nan(&logs[0]) && !is_nan(&logs[1]));
            let (alone, log) = rows(&x[..extent], extent);
            assert!(alone.iter().chain(&log).all(is_nan));
        }
    }
}
