//! Times the matrix products of a training step with several crates, in one program, and prints a table in GFLOP/s.
//!
//! `cargo run --release -- [threads] [milliseconds for each figure] [samples,inputs,outputs]...`.

use autodiff::tensor::raw::{add_product_rows, plain, transposed};
use autodiff::tensor::{Real, Tensor};
use pulp::{Simd, WithSimd};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A product `a · b`, or its first rows: extents, and whether the operands are transposed.
struct Product {
    what: &'static str,
    /// The number of rows of `a`.
    all_rows: usize,
    /// The number of rows of the product to compute.
    rows: usize,
    inner: usize,
    columns: usize,
    a_transposed: bool,
    b_transposed: bool,
}

/// The number of rows of a wide layer's gradient that are computed at a time.
const BLOCK: usize = 48;

/// The products of a layer: `X Wᵀ` (forward), `Δᵀ X` (the gradient of the weights), its first rows, and `Δ W` (the
/// adjoint of the inputs).
fn of_layer(samples: usize, inputs: usize, outputs: usize) -> [Product; 4] {
    let product = |what, rows, inner, columns, a_transposed, b_transposed| Product {
        what,
        all_rows: rows,
        rows,
        inner,
        columns,
        a_transposed,
        b_transposed,
    };
    [
        product("X Wᵀ", samples, inputs, outputs, false, true),
        product("Δᵀ X", outputs, samples, inputs, true, false),
        Product {
            rows: outputs.min(BLOCK),
            ..product("rows of Δᵀ X", outputs, samples, inputs, true, false)
        },
        product("Δ W", samples, outputs, inputs, false, false),
    ]
}

/// The number of independent chains of multiply-adds: enough to hide their latency, and few enough for the registers.
const CHAINS: usize = 10;

/// Accumulates a product with one crate.
type Multiply<T> = fn(&Product, &Tensor<T>, &Tensor<T>, &mut [T], usize);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments
        .next()
        .map_or(1, |word| word.parse().expect("a number of threads"));
    let milliseconds = arguments
        .next()
        .map_or(60, |word| word.parse().expect("a number of milliseconds"));
    let time = Duration::from_millis(milliseconds);
    let wanted: Vec<String> = arguments.collect();
    // SAFETY: no other thread is running yet.
    unsafe { std::env::set_var("MATMUL_NUM_THREADS", threads.to_string()) };
    println!("{threads} thread(s), GFLOP/s; ours runs on one thread always\n");
    println!(
        "| precision | product | extents | ours | gemm | faer | matrixmultiply | peak of one thread | ours / peak |"
    );
    println!("|---|---|---|---:|---:|---:|---:|---:|---:|");
    let mut layers = Vec::new();
    for samples in [1, 4, 16, 32, 64, 256, 1024] {
        layers.push((samples, 784, 10));
    }
    for samples in [1, 4, 16, 32, 64, 128, 256, 1024] {
        layers.push((samples, 784, 128));
    }
    for samples in [16, 32, 64, 128, 256] {
        layers.push((samples, 128, 64));
    }
    for (inputs, outputs) in [(512, 512), (784, 512), (128, 128), (512, 128)] {
        for samples in [1, 16, 32, 64, 128, 256] {
            layers.push((samples, inputs, outputs));
        }
    }
    layers.extend([
        (1, 10, 10),
        (1, 64, 10),
        (1, 128, 64),
        (4, 128, 64),
        (2, 784, 128),
        (2, 784, 10),
        (2, 128, 64),
        (3, 784, 10),
        (32, 64, 64),
        (64, 256, 256),
        (256, 256, 256),
        (16, 64, 10),
        (64, 10, 10),
        (64, 16, 10),
        (64, 32, 10),
        (64, 32, 64),
        (64, 64, 64),
        (64, 64, 10),
        (256, 64, 10),
    ]);
    let wanted = |extents: &String| wanted.is_empty() || wanted.contains(extents);
    for &(samples, inputs, outputs) in &layers {
        if !wanted(&format!("{samples},{inputs},{outputs}")) {
            continue;
        }
        for product in of_layer(samples, inputs, outputs) {
            row(
                "f32",
                &product,
                threads,
                time,
                [ours, gemm_f32, faer_product, matrixmultiply_f32],
                peak_f32,
            );
            row(
                "f64",
                &product,
                threads,
                time,
                [ours, gemm_f64, faer_product, matrixmultiply_f64],
                peak_f64,
            );
        }
    }
}

/// Times a product with all crates in turn, together with the peak, and prints the medians.
fn row<T: Real>(
    precision: &str,
    product: &Product,
    threads: usize,
    time: Duration,
    all: [Multiply<T>; 4],
    peak: fn(f64) -> f64,
) {
    let Product {
        what,
        all_rows,
        rows,
        inner,
        columns,
        a_transposed,
        b_transposed,
    } = *product;
    let values = |shape: [usize; 2], step: usize| {
        Tensor::from_flat_fn(shape, |i| {
            T::from_f64((i * step % 251) as f64 / 251.0 - 0.5)
        })
    };
    let a = values(
        if a_transposed {
            [inner, all_rows]
        } else {
            [all_rows, inner]
        },
        31,
    );
    let b = values(
        if b_transposed {
            [columns, inner]
        } else {
            [inner, columns]
        },
        17,
    );
    let mut out = vec![T::default(); rows * columns];
    let flops = 2.0 * (rows * inner * columns) as f64;
    // Enough repetitions to make reading the clock negligible.
    let repeat = (200_000.0 / flops).ceil();
    let mut speeds: [Vec<f64>; 5] = Default::default();
    let begin = Instant::now();
    while begin.elapsed() < 4 * time || speeds[0].len() < 5 {
        for (multiply, speeds) in all.iter().zip(&mut speeds) {
            let begin = Instant::now();
            for _ in 0..repeat as usize {
                multiply(product, black_box(&a), black_box(&b), &mut out, threads);
            }
            speeds.push(repeat * flops / begin.elapsed().as_secs_f64() / 1e9);
        }
        speeds[4].push(peak((repeat * flops).min(2e6)) / 1e9);
    }
    let [ours, gemm, faer, matrixmultiply, peak] = speeds.map(|mut speeds| {
        speeds.sort_unstable_by(f64::total_cmp);
        speeds[speeds.len() / 2]
    });
    let rows = if rows < all_rows {
        format!("{rows} of {all_rows}")
    } else {
        rows.to_string()
    };
    println!(
        "| {precision} | {what} | {rows}×{inner} · {inner}×{columns} \
         | {ours:.1} | {gemm:.1} | {faer:.1} | {matrixmultiply:.1} | {peak:.1} | {:.0} % |",
        100.0 * ours / peak
    );
}

fn ours<T: Real>(product: &Product, a: &Tensor<T>, b: &Tensor<T>, out: &mut [T], _threads: usize) {
    let a = if product.a_transposed {
        transposed(a)
    } else {
        plain(a)
    };
    let b = if product.b_transposed {
        transposed(b)
    } else {
        plain(b)
    };
    add_product_rows(T::from_f64(1.0), a, b, 0..product.rows, out);
}

impl Product {
    /// The row and column strides of both operands.
    fn steps(&self) -> [isize; 4] {
        let (all_rows, inner, columns) = (
            self.all_rows as isize,
            self.inner as isize,
            self.columns as isize,
        );
        let a = if self.a_transposed {
            [1, all_rows]
        } else {
            [inner, 1]
        };
        let b = if self.b_transposed {
            [1, inner]
        } else {
            [columns, 1]
        };
        [a[0], a[1], b[0], b[1]]
    }
}

macro_rules! raw {
    ($gemm:ident, $matrixmultiply:ident, $peak:ident: $T:ty, $function:path, $splat:ident, $mul_add:ident) => {
        fn $gemm(
            product: &Product,
            a: &Tensor<$T>,
            b: &Tensor<$T>,
            out: &mut [$T],
            threads: usize,
        ) {
            let [a_row, a_column, b_row, b_column] = product.steps();
            let parallelism = match threads {
                1 => gemm::Parallelism::None,
                threads => gemm::Parallelism::Rayon(threads),
            };
            // SAFETY: the strides describe matrices that fill their tensors, or the first rows of one, and `out` has
            // rows × columns elements.
            unsafe {
                gemm::gemm(
                    product.rows,
                    product.columns,
                    product.inner,
                    out.as_mut_ptr(),
                    1,
                    product.columns as isize,
                    true,
                    a.data().as_ptr(),
                    a_column,
                    a_row,
                    b.data().as_ptr(),
                    b_column,
                    b_row,
                    1.0,
                    1.0,
                    false,
                    false,
                    false,
                    parallelism,
                );
            }
        }

        fn $matrixmultiply(
            product: &Product,
            a: &Tensor<$T>,
            b: &Tensor<$T>,
            out: &mut [$T],
            _threads: usize,
        ) {
            let [a_row, a_column, b_row, b_column] = product.steps();
            // SAFETY: as above.
            unsafe {
                $function(
                    product.rows,
                    product.inner,
                    product.columns,
                    1.0,
                    a.data().as_ptr(),
                    a_row,
                    a_column,
                    b.data().as_ptr(),
                    b_row,
                    b_column,
                    1.0,
                    out.as_mut_ptr(),
                    product.columns as isize,
                    1,
                );
            }
        }

        /// The floating-point operations per second of one thread that only multiplies and adds in registers, measured
        /// over about `flops` operations.
        fn $peak(flops: f64) -> f64 {
            struct Loop(usize);
            impl WithSimd for Loop {
                type Output = f64;

                #[inline(always)]
                fn with_simd<S: Simd>(self, simd: S) -> f64 {
                    let factor = simd.$splat(black_box(0.999));
                    let mut sums = [factor; CHAINS];
                    for _ in 0..self.0 {
                        for sum in &mut sums {
                            *sum = simd.$mul_add(factor, *sum, factor);
                        }
                    }
                    black_box(sums);
                    (2 * self.0 * size_of_val(&sums) / size_of::<$T>()) as f64
                }
            }
            let begin = Instant::now();
            let done = pulp::Arch::new().dispatch(Loop((flops / (32 * CHAINS) as f64) as usize));
            done / begin.elapsed().as_secs_f64()
        }
    };
}
raw!(gemm_f32, matrixmultiply_f32, peak_f32: f32, matrixmultiply::sgemm, splat_f32s, mul_add_f32s);
raw!(gemm_f64, matrixmultiply_f64, peak_f64: f64, matrixmultiply::dgemm, splat_f64s, mul_add_f64s);

fn faer_product<T: Real + faer::traits::ComplexField>(
    product: &Product,
    a: &Tensor<T>,
    b: &Tensor<T>,
    out: &mut [T],
    threads: usize,
) {
    use faer::{Accum, MatMut, MatRef, Par};
    let [a, b] = [(a, product.a_transposed), (b, product.b_transposed)].map(|(x, transposed)| {
        let matrix = MatRef::from_row_major_slice(x.data(), x.shape()[0], x.shape()[1]);
        if transposed {
            matrix.transpose()
        } else {
            matrix
        }
    });
    let a = a.subrows(0, product.rows);
    let out = MatMut::from_row_major_slice_mut(out, product.rows, product.columns);
    let par = if threads == 1 {
        Par::Seq
    } else {
        Par::rayon(threads)
    };
    faer::linalg::matmul::matmul(out, Accum::Add, a, b, T::from_f64_impl(1.0), par);
}
