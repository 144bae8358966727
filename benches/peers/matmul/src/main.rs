//! Times the matrix products of a training step by several crates, in one program, and prints a table in GFLOP/s.
//!
//! `cargo run --release -- [threads] [milliseconds for each figure]`.

use autodiff::tensor::{Real, Tensor, add_product, plain, transposed};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A product `a · b` as a step forms it: extents, and which operands are read transposed.
struct Product {
    what: &'static str,
    rows: usize,
    inner: usize,
    columns: usize,
    a_transposed: bool,
    b_transposed: bool,
}

/// The forward product of a layer, `X Wᵀ`, the gradient of its weights, `Δᵀ X`, and the adjoint of its inputs, `Δ W`.
fn of_layer(samples: usize, inputs: usize, outputs: usize) -> [Product; 3] {
    let product = |what, rows, inner, columns, a_transposed, b_transposed| Product {
        what,
        rows,
        inner,
        columns,
        a_transposed,
        b_transposed,
    };
    [
        product("X Wᵀ", samples, inputs, outputs, false, true),
        product("Δᵀ X", outputs, samples, inputs, true, false),
        product("Δ W", samples, outputs, inputs, false, false),
    ]
}

/// One crate's product, added to the result.
type Multiply<T> = fn(&Product, &Tensor<T>, &Tensor<T>, &mut [T], usize);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().map_or(1, |word| word.parse().expect("a number of threads"));
    let milliseconds = arguments.next().map_or(60, |word| word.parse().expect("a number of milliseconds"));
    let time = Duration::from_millis(milliseconds);
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("MATMUL_NUM_THREADS", threads.to_string()) };
    println!("{threads} thread(s), GFLOP/s; ours runs on one thread always\n");
    println!("| precision | product | extents | ours | gemm | faer | matrixmultiply |");
    println!("|---|---|---|---:|---:|---:|---:|");
    let mut layers = Vec::new();
    for samples in [1, 4, 16, 64, 256, 1024] {
        layers.push((samples, 784, 10));
    }
    for samples in [1, 4, 16, 64, 128, 256, 1024] {
        layers.push((samples, 784, 128));
    }
    for samples in [1, 16, 64, 128, 256] {
        layers.push((samples, 512, 512));
    }
    layers.extend([(64, 10, 10), (64, 128, 64), (64, 64, 10), (256, 64, 10)]);
    for &(samples, inputs, outputs) in &layers {
        for product in of_layer(samples, inputs, outputs) {
            row::<f32>("f32", &product, threads, time, [ours, gemm_f32, faer_product, matrixmultiply_f32]);
        }
    }
    for (samples, inputs, outputs) in [(64, 784, 10), (64, 784, 128), (128, 512, 512)] {
        for product in of_layer(samples, inputs, outputs) {
            row::<f64>("f64", &product, threads, time, [ours, gemm_f64, faer_product, matrixmultiply_f64]);
        }
    }
}

/// Times a product by all, in turn, and prints the medians.
fn row<T: Real>(precision: &str, product: &Product, threads: usize, time: Duration, all: [Multiply<T>; 4]) {
    let Product { what, rows, inner, columns, a_transposed, b_transposed } = *product;
    let values = |shape: [usize; 2], step: usize| {
        Tensor::from_fn(shape, |i| T::from_f64((i * step % 251) as f64 / 251.0 - 0.5))
    };
    let a = values(if a_transposed { [inner, rows] } else { [rows, inner] }, 31);
    let b = values(if b_transposed { [columns, inner] } else { [inner, columns] }, 17);
    let mut out = vec![T::default(); rows * columns];
    let flops = 2.0 * (rows * inner * columns) as f64;
    // So many at a time that reading the clock does not count.
    let repeat = (200_000.0 / flops).ceil() as usize;
    let mut times: [Vec<f64>; 4] = Default::default();
    let begin = Instant::now();
    while begin.elapsed() < 4 * time || times[0].len() < 5 {
        for (multiply, times) in all.iter().zip(&mut times) {
            let begin = Instant::now();
            for _ in 0..repeat {
                multiply(product, black_box(&a), black_box(&b), &mut out, threads);
            }
            times.push(begin.elapsed().as_secs_f64() / repeat as f64);
        }
    }
    let speeds = times.map(|mut times| {
        times.sort_unstable_by(f64::total_cmp);
        format!("{:.1}", flops / times[times.len() / 2] / 1e9)
    });
    println!("| {precision} | {what} | {rows}×{inner} · {inner}×{columns} | {} |", speeds.join(" | "));
}

fn ours<T: Real>(product: &Product, a: &Tensor<T>, b: &Tensor<T>, out: &mut [T], _threads: usize) {
    let a = if product.a_transposed { transposed(a) } else { plain(a) };
    let b = if product.b_transposed { transposed(b) } else { plain(b) };
    add_product(T::from_f64(1.0), a, b, out);
}

impl Product {
    /// The steps between rows and columns of both operands.
    fn steps(&self) -> [isize; 4] {
        let (rows, inner, columns) = (self.rows as isize, self.inner as isize, self.columns as isize);
        let a = if self.a_transposed { [1, rows] } else { [inner, 1] };
        let b = if self.b_transposed { [1, inner] } else { [columns, 1] };
        [a[0], a[1], b[0], b[1]]
    }
}

macro_rules! raw {
    ($gemm:ident, $matrixmultiply:ident: $T:ty, $function:path) => {
        fn $gemm(product: &Product, a: &Tensor<$T>, b: &Tensor<$T>, out: &mut [$T], threads: usize) {
            let [a_row, a_column, b_row, b_column] = product.steps();
            let parallelism = match threads {
                1 => gemm::Parallelism::None,
                threads => gemm::Parallelism::Rayon(threads),
            };
            // SAFETY: the steps are those of matrices that fill their tensors, and `out` has rows × columns elements.
            unsafe {
                gemm::gemm(
                    product.rows, product.columns, product.inner,
                    out.as_mut_ptr(), 1, product.columns as isize, true,
                    a.data().as_ptr(), a_column, a_row,
                    b.data().as_ptr(), b_column, b_row,
                    1.0, 1.0, false, false, false, parallelism,
                );
            }
        }

        fn $matrixmultiply(product: &Product, a: &Tensor<$T>, b: &Tensor<$T>, out: &mut [$T], _threads: usize) {
            let [a_row, a_column, b_row, b_column] = product.steps();
            // SAFETY: as above.
            unsafe {
                $function(
                    product.rows, product.inner, product.columns, 1.0,
                    a.data().as_ptr(), a_row, a_column,
                    b.data().as_ptr(), b_row, b_column,
                    1.0, out.as_mut_ptr(), product.columns as isize, 1,
                );
            }
        }
    };
}
raw!(gemm_f32, matrixmultiply_f32: f32, matrixmultiply::sgemm);
raw!(gemm_f64, matrixmultiply_f64: f64, matrixmultiply::dgemm);

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
        if transposed { matrix.transpose() } else { matrix }
    });
    let out = MatMut::from_row_major_slice_mut(out, product.rows, product.columns);
    let par = if threads == 1 { Par::Seq } else { Par::rayon(threads) };
    faer::linalg::matmul::matmul(out, Accum::Add, a, b, T::from_f64_impl(1.0), par);
}
