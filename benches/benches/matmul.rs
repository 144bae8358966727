//! The matrix products of a training step, compared with `matrixmultiply` and with direct calls of the `gemm` crate, in
//! floating-point operations per second.
//!
//! All products run on one thread, as in training, where the threads share a batch by its samples.
//! `benches/peers/matmul` compares the same products with `faer` and with the peak of the processor.
#![expect(unsafe_code, reason = "the other crates take raw pointers")]

use autodiff::tensor::raw::{add_product, plain};
use autodiff::tensor::{Real, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// A layer: samples, inputs, outputs.
const LAYERS: [(usize, usize, usize); 15] = [
    (1, 784, 10),
    (16, 784, 10),
    (64, 784, 10),
    (256, 784, 10),
    (1024, 784, 10),
    (1, 784, 128),
    (16, 784, 128),
    (64, 784, 128),
    (128, 784, 128),
    (1024, 784, 128),
    (16, 128, 64),
    (64, 128, 64),
    (1, 512, 512),
    (128, 512, 512),
    (10, 784, 1024),
];

/// A product `a · b`: its extents, and whether the factors are transposed.
struct Product {
    name: &'static str,
    rows: usize,
    inner: usize,
    columns: usize,
    a_transposed: bool,
    b_transposed: bool,
}

impl Product {
    /// The products of a layer: `X Wᵀ` (forward), `Δᵀ X` (gradient of the weights), `Δ W` (adjoint of the inputs).
    fn of_layer((samples, inputs, outputs): (usize, usize, usize)) -> [Product; 3] {
        let product =
            |name, [rows, inner, columns]: [usize; 3], a_transposed, b_transposed| Product {
                name,
                rows,
                inner,
                columns,
                a_transposed,
                b_transposed,
            };
        [
            product("X Wᵀ", [samples, inputs, outputs], false, true),
            product("Δᵀ X", [outputs, samples, inputs], true, false),
            product("Δ W", [samples, outputs, inputs], false, false),
        ]
    }

    /// The factors in their memory layout.
    fn factors<T: Real>(&self) -> [Tensor<T>; 2] {
        let values = |rows, columns, is_transposed| {
            let shape = if is_transposed {
                [columns, rows]
            } else {
                [rows, columns]
            };
            Tensor::from_flat_fn(shape, |i| T::from_f64((i % 251) as f64 / 251.0 - 0.5))
        };
        [
            values(self.rows, self.inner, self.a_transposed),
            values(self.inner, self.columns, self.b_transposed),
        ]
    }

    /// The row and column strides of both factors.
    fn steps(&self) -> [[isize; 2]; 2] {
        let steps = |rows: usize, columns: usize, is_transposed| {
            if is_transposed {
                [1, rows as isize]
            } else {
                [columns as isize, 1]
            }
        };
        [
            steps(self.rows, self.inner, self.a_transposed),
            steps(self.inner, self.columns, self.b_transposed),
        ]
    }
}

/// Accumulates a product in a row-major matrix.
type AddProduct<T> = fn(&Product, &Tensor<T>, &Tensor<T>, &mut [T]);

fn ours<T: Real>(product: &Product, a: &Tensor<T>, b: &Tensor<T>, out: &mut [T]) {
    let (mut a, mut b) = (plain(a), plain(b));
    if product.a_transposed {
        a = a.t();
    }
    if product.b_transposed {
        b = b.t();
    }
    add_product(T::from_f64(1.0), a, b, out);
}

fn gemm<T: Real>(product: &Product, a: &Tensor<T>, b: &Tensor<T>, out: &mut [T]) {
    let one = T::from_f64(1.0);
    let [[a_row, a_column], [b_row, b_column]] = product.steps();
    // SAFETY: the strides describe matrices that fill their tensors, and `out` has rows × columns elements.
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
            one,
            one,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

macro_rules! matrixmultiply {
    ($name:ident: $T:ty, $function:path) => {
        fn $name(product: &Product, a: &Tensor<$T>, b: &Tensor<$T>, out: &mut [$T]) {
            let [[a_row, a_column], [b_row, b_column]] = product.steps();
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
    };
}
matrixmultiply!(matrixmultiply_f32: f32, matrixmultiply::sgemm);
matrixmultiply!(matrixmultiply_f64: f64, matrixmultiply::dgemm);

fn products<T: Real>(criterion: &mut Criterion, all: [(&str, AddProduct<T>); 3]) {
    for product in LAYERS.into_iter().flat_map(Product::of_layer) {
        let Product {
            name,
            rows,
            inner,
            columns,
            ..
        } = product;
        let precision = std::any::type_name::<T>();
        let mut group = criterion.benchmark_group(format!("matmul/{precision}/{name}"));
        // An element of the throughput is a floating-point operation, so that Gelem/s are GFLOP/s.
        group.throughput(Throughput::Elements(2 * (rows * inner * columns) as u64));
        let [a, b] = product.factors::<T>();
        let mut out = vec![T::from_f64(0.0); rows * columns];
        for (label, multiply) in all {
            let id = BenchmarkId::new(label, format!("{rows}×{inner}·{inner}×{columns}"));
            group.bench_function(id, |bencher| {
                bencher
                    .iter(|| multiply(&product, black_box(&a), black_box(&b), black_box(&mut out)));
            });
        }
        group.finish();
    }
}

fn matmul(criterion: &mut Criterion) {
    let all: [(_, AddProduct<f32>); 3] = [
        ("ours", ours),
        ("gemm", gemm),
        ("matrixmultiply", matrixmultiply_f32),
    ];
    products(criterion, all);
    let all: [(_, AddProduct<f64>); 3] = [
        ("ours", ours),
        ("gemm", gemm),
        ("matrixmultiply", matrixmultiply_f64),
    ];
    products(criterion, all);
}

criterion_group!(benches, matmul);
criterion_main!(benches);
