#![allow(unsafe_code)]

use super::*;
use std::ops::{Add, Mul, Range, Sub};

/// A kernel, the precision aside.
type Kernel<A, B, T> = fn(T, &Matrix<'_, A>, &Matrix<'_, B>, &mut [T], Write);

/// A kernel for sums of products.
type SumKernel<B, T> = fn(T, &[Factors<'_, T, B>], &mut [T], Epilogue<T>);

/// The kernels for one precision and one instruction set.
struct Kernels<T> {
    dots: Kernel<T, T, T>,
    combinations: SumKernel<T, T>,
    combinations_of_columns: Kernel<T, T, T>,
    dots_of_bytes: Kernel<u8, T, T>,
    combinations_of_bytes: SumKernel<u8, T>,
}

/// Those of the given module, which this machine can run.
#[cfg(target_arch = "x86_64")]
macro_rules! kernels_of {
    ($module:ident) => {
        Kernels {
            // SAFETY: the processor has these instructions.
            dots: |s, a, b, out, w| unsafe { x86::$module::dots(s, a, b, out, w) },
            // SAFETY: as above.
            combinations: |s, factors, out, end| unsafe {
                x86::$module::combinations(s, factors, out, end)
            },
            combinations_of_columns: |s, a, b, out, w| {
                // SAFETY: as above.
                unsafe { x86::$module::combinations_of_columns(s, a, b, out, w) }
            },
            // SAFETY: as above.
            dots_of_bytes: |s, a, b, out, w| unsafe {
                x86::$module::dots_of_bytes(s, a, b, out, w)
            },
            combinations_of_bytes: |s, factors, out, end| {
                // SAFETY: as above.
                unsafe { x86::$module::combinations_of_bytes(s, factors, out, end) }
            },
        }
    };
}

/// The kernels that this machine can run.
fn kernels() -> (Vec<Kernels<f32>>, Vec<Kernels<f64>>) {
    let (mut single, mut double) = (Vec::new(), Vec::new());
    #[cfg(target_arch = "x86_64")]
    {
        if x86::has_avx512() {
            single.push(kernels_of!(f32_avx512));
            double.push(kernels_of!(f64_avx512));
        }
        if x86::has_avx2() {
            single.push(kernels_of!(f32_avx2));
            double.push(kernels_of!(f64_avx2));
        }
    }
    // Where the compiler is told that there are such instructions, as Miri is, both kernels are there.
    assert!(single.len() == 2 || !cfg!(target_feature = "avx512f"));
    (single, double)
}

/// Extents about those of the blocks, and some that occur.
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
    // With every rest of a vector of sixteen, and some of four of them.
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
        // More rows, or columns, than are used together, and rows that are cut.
        (90, 800, 6),
        (90, 800, 17),
        (5, 801, 170),
        (7, 200, 150),
        (131, 40, 21),
        (6, 255, 130),
        // Rows that begin on the same line of a cache.
        (9, 512, 13),
        (9, 1024, 13),
    ]);
    extents
}

/// How much of pictures is black: most, in runs of several pixels and rows, and nothing, and all.
const BLACK: &[usize] = if cfg!(miri) { &[2] } else { &[2, 0, 3] };

/// Pictures, of each three runs of which so many are black.
fn pictures(rows: usize, pixels: usize, black: usize) -> Vec<u8> {
    let pixel = |row: usize, at: usize| match (row / 2 * 5 + at / 11) % 3 < black {
        true => 0,
        false => (row * 101 + at * 37) as u8,
    };
    let pixels = |row| (0..pixels).map(move |at| pixel(row, at));
    (0..rows).flat_map(pixels).collect()
}

/// Compares every kernel with the plain loop, in every orientation that it takes.
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
            compare(kernels.dots, left[0], columns, bound);
            for a in left {
                compare_sum(kernels.combinations, a, Matrix::new(&b, k, n), bound);
                if k < LONG {
                    compare(kernels.combinations_of_columns, a, columns, bound);
                }
            }
            for &black in BLACK {
                let bound = 255.0 * bound;
                let bytes = pictures(m, k, black);
                let pictures_left = Matrix::new(&bytes, m, k);
                compare(kernels.dots_of_bytes, pictures_left, columns, bound);
                let bytes = pictures(k, n, black);
                let pictures_right = Matrix::new(&bytes, k, n);
                compare_sum(
                    kernels.combinations_of_bytes,
                    left[1],
                    pictures_right,
                    bound,
                );
            }
        }
    }
}

/// Compares a kernel for sums of products with the plain loop: the product with a row-major `b`, and the same product as
/// the sum of two and of three, of which one may be of nothing.
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
        // Products that are cut into runs are not summed in one go.
        if cuts.len() > 2 && k > UNCUT {
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
        // As it was given, it may lie in another way.
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

/// A precision, as these tests need it.
trait Number: Copy + Into<f64> + PartialEq + std::fmt::Debug {
    fn from_f64(x: f64) -> Self;
}

impl Number for f32 {
    fn from_f64(x: f64) -> f32 {
        x as f32
    }
}

impl Number for f64 {
    fn from_f64(x: f64) -> f64 {
        x
    }
}

#[test]
fn every_kernel_agrees_with_the_plain_loop() {
    let (single, double) = kernels();
    agree(&single, 1e-6);
    agree(&double, 2e-15);
}

/// The sum of products along the tree, each formed by itself.
fn tree<B: Copy, T: Number + Add<Output = T>>(
    kernel: SumKernel<B, T>,
    scale: T,
    factors: &[Factors<'_, T, B>],
    size: usize,
) -> Vec<T> {
    if let [one] = factors {
        let mut out = vec![T::from_f64(0.0); size];
        kernel(scale, &[*one], &mut out, Epilogue::Write(Write::Add));
        return out;
    }
    let (first, rest) = factors.split_at(factors.len().next_power_of_two() / 2);
    let [first, rest] = [first, rest].map(|part| tree(kernel, scale, part, size));
    first.into_iter().zip(rest).map(|(a, b)| a + b).collect()
}

#[test]
fn a_sum_of_products_has_the_bits_of_the_tree() {
    fn check_kernel<B, T>(kernel: SumKernel<B, T>, right: &[Vec<B>], [m, n]: [usize; 2])
    where
        B: Copy,
        T: Number + Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
    {
        let left: Vec<Vec<T>> = (0..right.len())
            .map(|l| {
                let element = |i| T::from_f64(((i + 5 * l) as f64 * 0.37).sin());
                (0..right[l].len() / n * m).map(element).collect()
            })
            .collect();
        let all: Vec<Factors<'_, T, B>> = left
            .iter()
            .zip(right)
            .map(|(a, b)| {
                let k = b.len() / n;
                (Matrix::new(a, k, m).transposed(), Matrix::new(b, k, n))
            })
            .collect();
        for count in 1..=all.len() {
            let (factors, scale) = (&all[..count], T::from_f64(0.3));
            let expected = tree(kernel, scale, factors, m * n);
            let mut sum = vec![T::from_f64(f64::NAN); m * n];
            kernel(scale, factors, &mut sum, Epilogue::Write(Write::Set));
            assert!(sum == expected, "{count} products of {m}×{n}");
            let start = |i: usize| match i % 3 {
                0 => T::from_f64(-0.0),
                _ => T::from_f64((i as f64 * 0.11).cos()),
            };
            let rate = T::from_f64(0.7);
            let mut at: Vec<T> = (0..m * n).map(start).collect();
            kernel(scale, factors, &mut at, Epilogue::Descend(rate));
            for (i, (&found, &gradient)) in at.iter().zip(&expected).enumerate() {
                let expected = start(i) - rate * gradient;
                assert_eq!(found, expected, "{count} products of {m}×{n}");
                if found == T::from_f64(0.0) {
                    let signs = [found, expected].map(|zero| format!("{zero:?}"));
                    assert_eq!(signs[0], signs[1], "the sign of a zero");
                }
            }
        }
    }
    fn check<T>(kernels: &[Kernels<T>])
    where
        T: Number + Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
    {
        let most = if cfg!(miri) { 3 } else { PRODUCTS };
        for kernels in kernels {
            // One product of one sample is formed in another way, and never beside others.
            for (products, least) in [(most, 2), (1, 1)] {
                for extents @ [_, n] in [[1, 1], [6, 16], [5, 37], [29, 70]] {
                    let samples = |l: usize| least + 3 * l % 7;
                    let numbers = |l: usize| -> Vec<T> {
                        let element = |i| match i % 4 {
                            0 => T::from_f64(0.0),
                            _ => T::from_f64(((i + l) as f64 * 0.71).sin()),
                        };
                        (0..samples(l) * n).map(element).collect()
                    };
                    let right: Vec<_> = (0..products).map(numbers).collect();
                    check_kernel(kernels.combinations, &right, extents);
                    for &black in BLACK {
                        let bytes = |l| pictures(samples(l), n, black);
                        let right: Vec<_> = (0..products).map(bytes).collect();
                        check_kernel(kernels.combinations_of_bytes, &right, extents);
                    }
                }
            }
        }
    }
    let (single, double) = kernels();
    check(&single);
    check(&double);
}

/// An element of dots has the same bits in whatever block it is.
#[test]
fn an_element_of_dots_depends_on_its_row_and_column_alone() {
    fn check<T: Number>(kernels: &[Kernels<T>]) {
        // Short rows, and some that are cut; few columns, and more of them.
        let extents = [
            (5, 17, 6),
            (11, 45, 13),
            (5, 1700, 6),
            (17, 45, 19),
            (5, 1700, 21),
        ];
        let of_interest = if cfg!(miri) { &extents[..1] } else { &extents };
        for &(m, k, n) in of_interest {
            let values = |len: usize, step: f64| -> Vec<T> {
                (0..len)
                    .map(|i| T::from_f64((i as f64 * step).sin()))
                    .collect()
            };
            let (a, b) = (values(m * k, 0.37), values(k * n, 0.71));
            for kernels in kernels {
                check_elements(kernels.dots, &a, &b, k);
                for &black in BLACK {
                    check_elements(kernels.dots_of_bytes, &pictures(m, k, black), &b, k);
                }
            }
        }
    }
    fn check_elements<A, T: Number>(kernel: Kernel<A, T, T>, a: &[A], b: &[T], k: usize) {
        let product = |a: &[A], b: &[T]| {
            let (m, n) = (a.len() / k, b.len() / k);
            let mut out = vec![T::from_f64(0.3); m * n];
            let (a, b) = (Matrix::new(a, m, k), Matrix::new(b, n, k).transposed());
            kernel(T::from_f64(0.7), &a, &b, &mut out, Write::Add);
            out
        };
        let all = product(a, b);
        let n = b.len() / k;
        for (i, a) in a.chunks(k).enumerate() {
            for (j, b) in b.chunks(k).enumerate() {
                assert_eq!(product(a, b), [all[i * n + j]], "({i}, {j})");
            }
        }
    }
    let (single, double) = kernels();
    check(&single);
    check(&double);
}

/// A weight, or a δ, that is no number shows where a byte is not 0, and not where they all are.
#[test]
fn what_no_byte_meets_is_passed_over() {
    fn check<T: Number>(kernels: &[Kernels<T>]) {
        const PIXELS: usize = 80;
        let mut bytes = vec![0; 2 * PIXELS];
        (bytes[PIXELS / 2], bytes[PIXELS + PIXELS / 2]) = (1, 2);
        let pictures = Matrix::new(&bytes, 2, PIXELS);
        for kernels in kernels {
            for (lit, at) in [(false, 0), (true, PIXELS / 2), (false, PIXELS - 1)] {
                let mut weights = [T::from_f64(0.5); PIXELS];
                weights[at] = T::from_f64(f64::NAN);
                let weights = Matrix::new(&weights, 1, PIXELS).transposed();
                let mut out = [T::from_f64(0.0); 2];
                let one = T::from_f64(1.0);
                (kernels.dots_of_bytes)(one, &pictures, &weights, &mut out, Write::Set);
                assert!(out.iter().all(|&out| out.into().is_nan() == lit), "{at}");

                let delta = [T::from_f64(f64::NAN), one];
                let delta = Matrix::new(&delta, 2, 1).transposed();
                let mut out = [one; PIXELS];
                let factors = [(delta, pictures)];
                let end = Epilogue::Write(Write::Add);
                (kernels.combinations_of_bytes)(one, &factors, &mut out, end);
                assert_eq!(out[at].into().is_nan(), lit, "{at}");
            }
        }
    }
    let (single, double) = kernels();
    check(&single);
    check(&double);
}

#[test]
fn only_unpacked_products_are_taken() {
    let x = vec![0.0_f32; 128 * 784];
    let matrix = |rows, columns| Matrix::new(&x[..rows * columns], rows, columns);
    // The forward product of ten neurons, its gradient, and the adjoint of what goes into them.
    assert_eq!(
        Kind::of(&matrix(64, 784), &matrix(10, 784).transposed()),
        Some(Kind::Dots)
    );
    assert_eq!(
        Kind::of(&matrix(64, 10).transposed(), &matrix(64, 784)),
        Some(Kind::Combinations)
    );
    assert_eq!(
        Kind::of(&matrix(64, 10), &matrix(10, 128)),
        Some(Kind::Combinations)
    );
    // One sample, into a wide layer and a narrow one.
    for (columns, inner) in [(128, 784), (10, 10)] {
        assert_eq!(
            Kind::of(&matrix(1, inner), &matrix(columns, inner).transposed()),
            Some(Kind::Dots)
        );
    }
    // A chunk of samples into a wide layer, into a narrow one and out of it.
    assert_eq!(
        Kind::of(&matrix(128, 784), &matrix(128, 784).transposed()),
        Some(Kind::Dots)
    );
    assert_eq!(
        Kind::of(&matrix(16, 128), &matrix(64, 128).transposed()),
        Some(Kind::Dots)
    );
    assert_eq!(
        Kind::of(&matrix(256, 64), &matrix(10, 64).transposed()),
        Some(Kind::Dots)
    );
    // The gradient of a wide layer, and the adjoint of what goes into it.
    assert_eq!(
        Kind::of(&matrix(128, 128).transposed(), &matrix(128, 784)),
        Some(Kind::Combinations)
    );
    assert_eq!(
        Kind::of(&matrix(64, 128), &matrix(128, 784)),
        Some(Kind::Combinations)
    );
    // A gradient whose factors both lie in columns and rows of 4096 bytes, in a short sum and in a long one.
    let gradient = |inner| {
        let x = vec![0.0_f64; inner * 512];
        let x = Matrix::new(&x, inner, 512);
        Kind::of(&x.transposed(), &x)
    };
    assert_eq!(gradient(128), Some(Kind::Combinations));
    assert_eq!(gradient(256), None);
    // Short dot products of many rows.
    for (rows, columns, inner) in [
        (128, 64, 128),
        (64, 128, 128),
        (64, 20, 10),
        (16, 10, 10),
        (64, 2, 10),
    ] {
        assert_eq!(
            Kind::of(&matrix(rows, inner), &matrix(columns, inner).transposed()),
            Some(Kind::CombinationsOfColumns)
        );
    }
    // Few of them, long combinations, and rows or columns that are not contiguous.
    for (rows, columns) in [(15, 10), (64, 1)] {
        assert_eq!(
            Kind::of(&matrix(rows, 10), &matrix(columns, 10).transposed()),
            None
        );
    }
    assert_eq!(
        Kind::of(&matrix(784, 64).transposed(), &matrix(784, 128)),
        None
    );
    assert_eq!(
        Kind::of(&matrix(784, 20).transposed(), &matrix(10, 784).transposed()),
        None
    );
}
