#![allow(unsafe_code)]

mod bits;
mod plain_loop;
mod zeros;

use super::*;

/// A kernel for a product.
type Kernel<A, B, T> = fn(T, &Matrix<'_, A>, &Matrix<'_, B>, &mut [T], Write);

/// A kernel for a sum of products.
type SumKernel<B, T> = fn(T, &[Factors<'_, T, B>], &mut [T], Epilogue<T>);

/// The kernels for one precision and one instruction set.
struct Kernels<T> {
    dot: Kernel<T, T, T>,
    axpy: SumKernel<T, T>,
    axpy_transposed: Kernel<T, T, T>,
    dot_bytes: Kernel<u8, T, T>,
    axpy_bytes: SumKernel<u8, T>,
}

/// The kernels of a module, which this machine can run.
#[cfg(target_arch = "x86_64")]
macro_rules! kernels_of {
    ($module:ident) => {
        Kernels {
            // SAFETY: the processor has these instructions.
            dot: |s, a, b, out, w| unsafe { x86::$module::dot(s, a, b, out, w) },
            // SAFETY: as above.
            axpy: |s, factors, out, end| unsafe { x86::$module::axpy(s, factors, out, end) },
            axpy_transposed: |s, a, b, out, w| {
                // SAFETY: as above.
                unsafe { x86::$module::axpy_transposed(s, a, b, out, w) }
            },
            // SAFETY: as above.
            dot_bytes: |s, a, b, out, w| unsafe { x86::$module::dot_bytes(s, a, b, out, w) },
            axpy_bytes: |s, factors, out, end| {
                // SAFETY: as above.
                unsafe { x86::$module::axpy_bytes(s, factors, out, end) }
            },
        }
    };
}

/// The kernels that this machine can run, whatever the limit of the environment.
fn kernels() -> (Vec<Kernels<f32>>, Vec<Kernels<f64>>) {
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(unused_mut, reason = "the kernels are for x86-64 alone")
    )]
    let (mut single, mut double) = (Vec::new(), Vec::new());
    #[cfg(target_arch = "x86_64")]
    {
        if pulp::x86::V4::is_available() {
            single.push(kernels_of!(f32_avx512));
            double.push(kernels_of!(f64_avx512));
        }
        if pulp::x86::V3::is_available() {
            single.push(kernels_of!(f32_avx2));
            double.push(kernels_of!(f64_avx2));
        }
    }
    // Under Miri, only instructions enabled at compile time are available.
    assert!(single.len() == 2 || !cfg!(target_feature = "avx512f"));
    (single, double)
}

/// How many thirds of a picture are black, in runs of several pixels and rows: two, none, and all.
const BLACK: &[usize] = if cfg!(miri) { &[2] } else { &[2, 0, 3] };

/// Pictures of which `black` thirds are zeros.
fn pictures(rows: usize, pixels: usize, black: usize) -> Vec<u8> {
    let pixel = |row: usize, at: usize| match (row / 2 * 5 + at / 11) % 3 < black {
        true => 0,
        false => (row * 101 + at * 37) as u8,
    };
    let pixels = |row| (0..pixels).map(move |at| pixel(row, at));
    (0..rows).flat_map(pixels).collect()
}

/// A precision, as a type for these tests.
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

/// Without vectors, no product is taken; with vectors, one product of each layout is.
#[test]
fn products_are_taken_where_there_are_vectors() {
    fn check<T: crate::Float>() {
        let vectors = cfg!(target_arch = "x86_64") && !matches!(simd::arch(), pulp::Arch::Scalar);
        let (x, bytes) = ([T::default(); 256], [0; 256]);
        let (x, bytes) = (Matrix::new(&x, 16, 16), Matrix::new(&bytes, 16, 16));
        let (one, mut out) = (T::from_f64(1.0), [T::from_f64(f64::NAN); 256]);
        let end = Epilogue::Write(Write::Set);
        for (number, is_taken) in [
            T::unpacked_product(one, &x, &x.transposed(), &mut out, Write::Set),
            T::unpacked_product_with_left_bytes(one, &bytes, &x.transposed(), &mut out, Write::Set),
            T::unpacked_sum(one, &[(x.transposed(), x)], &mut out, end),
            T::unpacked_sum_with_right_bytes(one, &[(x.transposed(), bytes)], &mut out, end),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(is_taken, vectors, "{number}");
        }
        assert!(out.iter().all(|&x| (x == T::default()) == vectors));
    }
    check::<f32>();
    check::<f64>();
}
