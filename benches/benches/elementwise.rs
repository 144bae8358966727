//! Elementwise functions of tensors, and softmax and cross-entropy in rows of ten. They are compared with two loops
//! over slices: the same function applied value by value with the standard library, and a plain copy, the limit of the
//! memory.

use autodiff::tensor::{Real, Shape, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const SIZES: [usize; 4] = [64, 640, 4096, 65_536];
const CLASSES: usize = 10;

/// Times a function of `n` numbers between 0.1 and 5.1: on tensors, in a loop, and as a copy.
fn compare<T: Real, R>(
    criterion: &mut Criterion,
    name: &str,
    shape_of: impl Fn(usize) -> Shape,
    on_tensor: impl Fn(&Tensor<T>) -> R,
    by_loop: impl Fn(&[T], &mut [T]),
) {
    let mut group = criterion.benchmark_group(format!("{name}/{}", std::any::type_name::<T>()));
    for size in SIZES {
        let x = Tensor::from_flat_fn(shape_of(size), |i| {
            T::from_f64(0.1 + (i as f64 * 0.37) % 5.0)
        });
        let mut y = x.data().to_vec();
        group.throughput(Throughput::Elements(x.size() as u64));
        group.bench_function(BenchmarkId::new("tensor", size), |b| {
            b.iter(|| on_tensor(black_box(&x)));
        });
        group.bench_function(BenchmarkId::new("one at a time", size), |b| {
            b.iter(|| by_loop(black_box(x.data()), black_box(&mut y)));
        });
        group.bench_function(BenchmarkId::new("copy", size), |b| {
            b.iter(|| black_box(&mut y[..]).copy_from_slice(black_box(x.data())));
        });
    }
    group.finish();
}

/// A loop that applies `f` value by value.
fn each<T: Real>(f: impl Fn(T) -> T) -> impl Fn(&[T], &mut [T]) {
    move |x, y| {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = f(x);
        }
    }
}

/// Computes the softmax of a row value by value, and returns `ln Σ exp(xᵢ)`.
fn softmax_row<T: Real>(x: &[T], y: &mut [T]) -> T {
    let m = x.iter().fold(-T::INFINITY, |m, &x| m.max(x));
    let mut sum = T::from_f64(0.0);
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - m).exp();
        sum = sum + *y;
    }
    for y in y {
        *y = *y / sum;
    }
    m + sum.ln()
}

fn functions<T: Real>(criterion: &mut Criterion) {
    let flat = |size| Shape::from([size]);
    let rows = |size: usize| Shape::from([size / CLASSES, CLASSES]);
    compare::<T, _>(criterion, "exp", flat, |x| x.exp(), each(|x: T| x.exp()));
    compare::<T, _>(criterion, "ln", flat, |x| x.ln(), each(|x: T| x.ln()));
    compare::<T, _>(criterion, "tanh", flat, |x| x.tanh(), each(|x: T| x.tanh()));
    compare::<T, _>(
        criterion,
        "sigmoid",
        flat,
        |x| x.sigmoid(),
        each(|x: T| x.sigmoid()),
    );
    compare::<T, _>(
        criterion,
        "softplus",
        flat,
        |x| x.softplus(),
        each(|x: T| x.softplus()),
    );
    compare::<T, _>(criterion, "relu", flat, |x| x.relu(), each(|x: T| x.relu()));
    compare::<T, _>(criterion, "add", flat, |x| x + x, each(|x: T| x + x));
    compare::<T, _>(criterion, "mul", flat, |x| x * x, each(|x: T| x * x));
    compare::<T, _>(
        criterion,
        "softmax",
        rows,
        |x| x.softmax(1),
        |x, y| {
            for (x, y) in x.chunks_exact(CLASSES).zip(y.chunks_exact_mut(CLASSES)) {
                softmax_row(x, y);
            }
        },
    );
    let classes =
        SIZES.map(|size| Tensor::from_flat_fn([size / CLASSES], |i| (i % CLASSES) as u32));
    let classes_of = |x: &Tensor<T>| {
        let fits = |classes: &&Tensor<u32>| classes.size() == x.shape()[0];
        classes.iter().find(fits).unwrap().clone()
    };
    compare::<T, _>(
        criterion,
        "cross_entropy",
        rows,
        |x| x.cross_entropy(classes_of(x)),
        |x, y| {
            let mut cost = 0.0;
            let rows = x.chunks_exact(CLASSES).zip(y.chunks_exact_mut(CLASSES));
            for (i, (x, y)) in rows.enumerate() {
                let class = i % CLASSES;
                cost += (softmax_row(x, y) - x[class]).to_f64();
                y[class] = y[class] - T::from_f64(1.0);
            }
            black_box(cost);
        },
    );
}

fn elementwise(criterion: &mut Criterion) {
    functions::<f32>(criterion);
    functions::<f64>(criterion);
}

criterion_group!(benches, elementwise);
criterion_main!(benches);
