//! Softmax and its logarithm, along the middle axis of data seen as (outer, extent, inner).

use super::super::element::Real;

/// Writes exp(xᵢ − m) / Σⱼ exp(xⱼ − m), where m = maxⱼ xⱼ, which leaves the value as it is and cannot overflow.
pub(crate) fn softmax<T: Real>(x: &[T], extent: usize, inner: usize, y: &mut [T]) {
    each_line(x, extent, inner, y, |line, step, y| {
        let m = maximum(line, step);
        let mut sum = T::default();
        for (y, &x) in y.iter_mut().step_by(step).zip(line.iter().step_by(step)) {
            *y = exp_below(x, m);
            sum = sum + *y;
        }
        for y in y.iter_mut().step_by(step) {
            *y = *y / sum;
        }
    });
}

/// Writes xᵢ − m − ln Σⱼ exp(xⱼ − m).
pub(crate) fn log_softmax<T: Real>(x: &[T], extent: usize, inner: usize, y: &mut [T]) {
    each_line(x, extent, inner, y, |line, step, y| {
        let m = maximum(line, step);
        let shift = m + log_sum_exp_below(line, step, m);
        for (y, &x) in y.iter_mut().step_by(step).zip(line.iter().step_by(step)) {
            *y = x - shift;
        }
    });
}

/// Writes the softmax of a row to `y`, and gives `ln Σ exp(xᵢ)`.
pub(crate) fn softmax_row<T: Real>(x: &[T], y: &mut [T]) -> T {
    let m = maximum(x, 1);
    let mut sum = T::default();
    for (y, &x) in y.iter_mut().zip(x) {
        *y = exp_below(x, m);
        sum = sum + *y;
    }
    let share = sum.recip();
    for y in y {
        *y = *y * share;
    }
    m + sum.ln()
}

fn log_sum_exp_below<T: Real>(line: &[T], step: usize, m: T) -> T {
    let sum = line
        .iter()
        .step_by(step)
        .fold(T::default(), |sum, &x| sum + exp_below(x, m));
    sum.ln()
}

/// exp(x − m) for a maximum m; where both are the same infinity, as if they were any same number.
fn exp_below<T: Real>(x: T, m: T) -> T {
    if x == m {
        x.constant(1.0)
    } else {
        (x - m).exp()
    }
}

fn maximum<T: Real>(line: &[T], step: usize) -> T {
    line.iter()
        .step_by(step)
        .fold(-T::INFINITY, |m, &x| m.max(x))
}

/// Calls `body` with every line along the middle axis: input from its first element on, the step from one element to
/// the next, and output likewise.
fn each_line<T: Real>(
    x: &[T],
    extent: usize,
    inner: usize,
    y: &mut [T],
    body: impl Fn(&[T], usize, &mut [T]),
) {
    let block = extent * inner;
    if block == 0 {
        return;
    }
    let span = block - inner + 1;
    for (x, y) in x.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
        for i in 0..inner {
            body(&x[i..i + span], inner, &mut y[i..i + span]);
        }
    }
}
