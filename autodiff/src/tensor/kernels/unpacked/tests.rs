#![allow(unsafe_code)]

use super::*;

/// A kernel, the precision aside.
type Kernel<T> = fn(Kind, T, Matrix<'_, T>, Matrix<'_, T>, &mut [T], Write);

/// The kernels that this machine can run.
fn kernels() -> (Vec<Kernel<f32>>, Vec<Kernel<f64>>) {
    let (mut single, mut double): (Vec<Kernel<f32>>, Vec<Kernel<f64>>) = Default::default();
    #[cfg(target_arch = "x86_64")]
    {
        if x86::has_avx512() {
            // SAFETY: the processor has these instructions.
            single
                .push(|k, s, a, b, out, w| unsafe { x86::f32_avx512::product(k, s, a, b, out, w) });
            // SAFETY: as above.
            double
                .push(|k, s, a, b, out, w| unsafe { x86::f64_avx512::product(k, s, a, b, out, w) });
        }
        if x86::has_avx2() {
            // SAFETY: the processor has these instructions.
            single.push(|k, s, a, b, out, w| unsafe { x86::f32_avx2::product(k, s, a, b, out, w) });
            // SAFETY: as above.
            double.push(|k, s, a, b, out, w| unsafe { x86::f64_avx2::product(k, s, a, b, out, w) });
        }
    }
    (single, double)
}

const EXTENTS: [(usize, usize, usize); 14] = [
    (1, 1, 1),
    (1, 784, 10),
    (10, 3, 784),
    (64, 10, 10),
    (7, 33, 5),
    (13, 17, 11),
    (4, 16, 5),
    (9, 100, 16),
    (16, 8, 129),
    (2, 0, 3),
    (0, 5, 2),
    (3, 5, 0),
    (128, 1, 70),
    (5, 31, 63),
];

/// Compares every kernel with the plain loop, in every orientation that it takes, writing and adding.
fn agree<T: Copy + Into<f64>>(kernels: &[Kernel<T>], number: fn(f64) -> T, bound: f64) {
    for (m, k, n) in EXTENTS {
        let values = |len: usize, step: f64| -> Vec<T> {
            (0..len).map(|i| number((i as f64 * step).sin())).collect()
        };
        let (a, b) = (values(m * k, 0.37), values(k * n, 0.71));
        let dots = (Matrix::new(&a, m, k), Matrix::new(&b, n, k).transposed());
        let plain = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
        let transposed = (Matrix::new(&a, k, m).transposed(), Matrix::new(&b, k, n));
        let cases = [
            (Kind::Dots, dots),
            (Kind::Transposing, dots),
            (Kind::Combinations, plain),
            (Kind::Combinations, transposed),
        ];
        for (kind, (a, b)) in cases {
            for kernel in kernels {
                for (write, before) in [(Write::Set, f64::NAN), (Write::Add, 1.0)] {
                    let mut out = vec![number(before); m * n];
                    kernel(kind, number(-2.0), a, b, &mut out, write);
                    for i in 0..m {
                        for j in 0..n {
                            let sum: f64 =
                                (0..k).map(|l| a.at(i, l).into() * b.at(l, j).into()).sum();
                            let expected = if write == Write::Add { 1.0 } else { 0.0 } - 2.0 * sum;
                            let error = (out[i * n + j].into() - expected).abs();
                            assert!(
                                error <= bound * (1 + k) as f64,
                                "{kind:?} {m}×{k}·{k}×{n} at ({i}, {j})"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_kernel_agrees_with_the_plain_loop() {
    let (single, double) = kernels();
    agree(&single, |x| x as f32, 1e-6);
    agree(&double, |x| x, 1e-15);
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
    // Wide ones, and rows or columns that are not contiguous.
    assert_eq!(
        Kind::of(&matrix(256, 300), &matrix(128, 300).transposed()),
        None
    );
    assert_eq!(Kind::of(&matrix(64, 128), &matrix(128, 784)), None);
    assert_eq!(
        Kind::of(&matrix(784, 64).transposed(), &matrix(784, 128)),
        None
    );
    assert_eq!(
        Kind::of(&matrix(784, 20).transposed(), &matrix(10, 784).transposed()),
        None
    );
}
