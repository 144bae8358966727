//! Sums and maxima along an axis, of data seen as (outer, extent, inner).
//!
//! Sums are formed pairwise, so that the rounding error grows with the logarithm of the length and not with the length.

use super::super::buffer::Buffer;
use super::super::element::Real;
use super::super::shape::Shape;
use super::Write;
use super::simd::vectorized;

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
