//! Gradients by the scalar tape, compared with the plain function and with the gradient written out by hand;
//! `log_sum_exp` as one node; and the memory that checkpoints save in a long loop, with their cost in time.

use autodiff::scalar::{Gradients, Tape, Var, checkpoint, log_sum_exp};
use benches::scalar_problems::{Ours, Problem, Visitor, disagreement, visit_all};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

struct Timed<'c> {
    criterion: &'c mut Criterion,
}

impl Visitor for Timed<'_> {
    fn visit<P: Problem>(&mut self, problem: &P) {
        let x = problem.parameters();
        let (mut by_hand, mut gradient) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let mut ours = Ours::default();
        problem.gradient(x, &mut by_hand);
        ours.gradient(problem, x, &mut gradient);
        let distance = disagreement(&gradient, &by_hand);
        assert!(distance <= 1e-11, "{}: off by {distance:e}", problem.name());

        let mut group = self.criterion.benchmark_group("scalar_tape");
        let id = |what| BenchmarkId::new(what, problem.name());
        group.bench_function(id("value only"), |b| b.iter(|| problem.value(black_box(x))));
        group.bench_function(id("by hand"), |b| {
            b.iter(|| problem.gradient(black_box(x), &mut by_hand));
        });
        group.bench_function(id("ours"), |b| {
            b.iter(|| ours.gradient(problem, black_box(x), &mut gradient));
        });
        group.finish();
    }
}

fn scalar_tape(criterion: &mut Criterion) {
    visit_all(&mut Timed { criterion });
}

fn log_sum_exp_as_one_node(criterion: &mut Criterion) {
    let x: Vec<f64> = (0..1000)
        .map(|i| f64::from(i * 7919 % 1000) / 250.0 - 2.0)
        .collect();
    let plain = |x: &[f64]| {
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        x.iter().map(|x| (x - max).exp()).sum::<f64>().ln() + max
    };
    let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
    let mut ours = |x: &[f64]| {
        tape.reset();
        let x = tape.vars(x);
        let y = log_sum_exp(&x);
        gradients.update([y]);
        (y.value(), gradients.wrt(x[0]))
    };
    let (value, slope) = ours(&x);
    assert!((value - plain(&x)).abs() <= 1e-13);
    assert!((slope - (x[0] - value).exp()).abs() <= 1e-13 * slope);

    let mut group = criterion.benchmark_group("log_sum_exp of 1000");
    group.bench_function("value only", |b| b.iter(|| plain(black_box(&x))));
    group.bench_function("ours", |b| b.iter(|| ours(black_box(&x))));
    group.finish();
}

/// A step of the long loop: two recorded operations.
fn step<'t>(x: Var<'t>, y: Var<'t>) -> Var<'t> {
    x.sin() * y + x
}

/// The loop of `side`² steps, without checkpoints.
fn plain<'t>(x: Var<'t>, y: Var<'t>, side: usize) -> Var<'t> {
    (0..side * side).fold(x, |x, _| step(x, y))
}

/// The same loop as `side` parts of `side` steps, which the backward pass recomputes.
fn in_parts<'t>(x: Var<'t>, y: Var<'t>, side: usize) -> Var<'t> {
    (0..side).fold(x, |x, _| {
        checkpoint(
            move |[x, y]| vec![(0..side).fold(x[0], |x, _| step(x, y[0]))],
            [&[x], &[y]],
        )[0]
    })
}

fn checkpoints(criterion: &mut Criterion) {
    println!("bytes on the tape of a loop of n steps");
    println!(
        "{:>12}{:>14}{:>14}{:>14}{:>8}",
        "n", "plain", "checkpoints", "and one part", "/ √n"
    );
    for side in [10, 32, 100, 316, 1000] {
        let bytes = |record: &dyn for<'t> Fn(Var<'t>, Var<'t>) -> Var<'t>| {
            let tape = Tape::new();
            let [x, y] = tape.vars([0.5, 1e-3]);
            black_box(record(x, y));
            tape.bytes()
        };
        let all = bytes(&|x, y| plain(x, y, side));
        let kept = bytes(&|x, y| in_parts(x, y, side));
        // In the backward pass the parts are recorded one after the other, in the same memory.
        let part = bytes(&|x, y| (0..side).fold(x, |x, _| step(x, y)));
        println!(
            "{:12}{all:14}{kept:14}{part:14}{:8.0}",
            side * side,
            (kept + part) as f64 / side as f64
        );
    }

    let mut group = criterion.benchmark_group("loop of 10,000 steps");
    let mut gradient = |name: &str, record: for<'t> fn(Var<'t>, Var<'t>, usize) -> Var<'t>| {
        let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
        group.bench_function(name, |b| {
            b.iter(|| {
                tape.reset();
                let [x, y] = tape.vars([0.5, 1e-3]);
                gradients.update([record(x, y, 100)]);
                gradients.wrt(y)
            });
        });
    };
    gradient("plain", plain);
    gradient("checkpoints", in_parts);
    group.finish();
}

criterion_group!(benches, scalar_tape, log_sum_exp_as_one_node, checkpoints);
criterion_main!(benches);
