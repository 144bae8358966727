//! Comparison of every kernel with the plain loop.

use super::*;
use std::ops::Range;

#[test]
fn every_kernel_agrees_with_the_plain_loop() {
    let (single, double) = kernels();
    agree(&single, 1e-6);
    agree(&double, 2e-15);
}

/// Extents close to the sizes of blocks, and some that occur in practice.
fn extents() -> Vec<(usize, usize, usize)> {
    let product = |rows: &[usize], inner: &[usize], columns: &[usize]| -> Vec<_> {
        let pairs = rows
            .iter()
            .flat_map(|&m| inner.iter().map(move |&k| (m, k)));
        pairs
            .flat_map(|(m, k)| columns.iter().map(move |&n| (m, k, n)))
            .collect()
    };
    if cfg!(miri) {
        return product(&[0, 1, 3, 10], &[0, 1, 9], &[0, 1, 7, 17]);
    }
    // With every remainder of a vector of sixteen, and some remainders of four such vectors.
    let columns: Vec<usize> = (0..=17).chain([31, 63, 64, 65]).collect();
    let mut extents = product(
        &[0, 1, 2, 3, 4, 5, 9, 11, 20],
        &[0, 1, 3, 7, 8, 9, 16, 35],
        &columns,
    );
    extents.extend([
        (1, 784, 10),
        (10, 3, 784),
        (13, 17, 11),
        (16, 8, 129),
        (128, 1, 70),
        (5, 7000, 6),
        (7, 3000, 21),
        // More rows or columns than one block, and rows that are cut.
        (90, 800, 6),
        (90, 800, 17),
        (5, 801, 170),
        (7, 200, 150),
        (131, 40, 21),
        (6, 255, 130),
        // Rows that start in the same set of a cache.
        (9, 512, 13),
        (9, 1024, 13),
    ]);
    extents
}

/// Compares every kernel with the plain loop, in every orientation that the kernel takes.
fn agree<T: Number>(kernels: &[Kernels<T>], bound: f64) {
    for (m, k, n) in extents() {
        let values = |len: usize, step: f64| -> Vec<T> {
            (0..len)
                .map(|i| T::from_f64((i as f64 * step).sin()))
                .collect()
        };
        let (a, b) = (values(m * k, 0.37), values(k * n, 0.71));
        let columns = Matrix::new(&b, n, k).transposed();
        let left = [Matrix::new(&a, m, k), Matrix::new(&a, k, m).transposed()];
        for kernels in kernels {
            compare(kernels.dot, left[0], columns, bound);
            for a in left {
                compare_sum(kernels.axpy, a, Matrix::new(&b, k, n), bound);
                if k < MIN_LONG_DOT {
                    compare(kernels.axpy_transposed, a, columns, bound);
                }
            }
            for &black in BLACK {
                let bound = 255.0 * bound;
                let bytes = pictures(m, k, black);
                let pictures_left = Matrix::new(&bytes, m, k);
                compare(kernels.dot_bytes, pictures_left, columns, bound);
                let bytes = pictures(k, n, black);
                let pictures_right = Matrix::new(&bytes, k, n);
                compare_sum(kernels.axpy_bytes, left[1], pictures_right, bound);
            }
        }
    }
}

/// Compares a kernel for sums of products with the plain loop: the product with a row-major `b`, and the same product
/// as a sum of two and of three products, one of which may have no terms.
#[track_caller]
fn compare_sum<B, T>(kernel: SumKernel<B, T>, a: Matrix<'_, T>, b: Matrix<'_, B>, bound: f64)
where
    B: Copy + Into<f64>,
    T: Number,
{
    let (m, k, n) = (a.rows(), a.columns(), b.columns());
    let columns = |range: Range<usize>| -> Vec<T> {
        let elements = range.flat_map(|l| (0..m).map(move |i| (i, l)));
        elements.map(|(i, l)| a.at(i, l)).collect()
    };
    let all_cuts = [&[0, k][..], &[0, 1.min(k), 1.min(k), k], &[0, k / 3, k]];
    for cuts in &all_cuts[..if cfg!(miri) { 2 } else { 3 }] {
        // Products that are cut into runs are not summed in one pass.
        if cuts.len() > 2 && k > MAX_SEQUENTIAL_TERMS {
            continue;
        }
        let ranges = cuts.windows(2).map(|cut| cut[0]..cut[1]);
        let parts: Vec<_> = ranges
            .map(|range| (columns(range.clone()), range))
            .collect();
        let mut factors: Vec<_> = parts
            .iter()
            .map(|(columns, range)| {
                let a = Matrix::new(columns, range.len(), m).transposed();
                (a, b.some_rows(range.clone()))
            })
            .collect();
        // The original `a` may have another layout.
        if let [(one, _)] = &mut factors[..] {
            *one = a;
        }
        for (write, before) in [(Write::Set, f64::NAN), (Write::Add, 1.0)] {
            let mut out = vec![T::from_f64(before); m * n];
            kernel(
                T::from_f64(-2.0),
                &factors,
                &mut out,
                Epilogue::Write(write),
            );
            agrees(&out, a, b, write, bound);
        }
    }
}

/// Compares a kernel with the plain loop, writing and adding.
#[track_caller]
fn compare<A, B, T>(kernel: Kernel<A, B, T>, a: Matrix<'_, A>, b: Matrix<'_, B>, bound: f64)
where
    A: Copy + Into<f64>,
    B: Copy + Into<f64>,
    T: Number,
{
    for (write, before) in [(Write::Set, f64::NAN), (Write::Add, 1.0)] {
        let mut out = vec![T::from_f64(before); a.rows() * b.columns()];
        kernel(T::from_f64(-2.0), &a, &b, &mut out, write);
        agrees(&out, a, b, write, bound);
    }
}

/// Compares −2 · a · b, written or added to ones, with the plain loop.
#[track_caller]
fn agrees<A, B, T>(out: &[T], a: Matrix<'_, A>, b: Matrix<'_, B>, write: Write, bound: f64)
where
    A: Copy + Into<f64>,
    B: Copy + Into<f64>,
    T: Number,
{
    let (m, k, n) = (a.rows(), a.columns(), b.columns());
    for (at, &out) in out.iter().enumerate() {
        let (i, j) = (at / n, at % n);
        let sum: f64 = (0..k).map(|l| a.at(i, l).into() * b.at(l, j).into()).sum();
        let expected = if write == Write::Add { 1.0 } else { 0.0 } - 2.0 * sum;
        let error = (out.into() - expected).abs();
        assert!(
            error <= bound * (1 + k) as f64,
            "{m}×{k}·{k}×{n} at ({i}, {j}): {} and not {expected}",
            out.into()
        );
    }
}
