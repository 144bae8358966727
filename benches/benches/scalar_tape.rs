//! Gradients by the scalar tape, beside the plain function and the gradient written out by hand.

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

criterion_group!(benches, scalar_tape);
criterion_main!(benches);
