//! The overhead of the tape over the gradient written by hand: value, closed form and tape, for the gradient alone and
//! for whole steps, on one thread.
//!
//! Both use the same kernels on the same chunks, and both reuse their memory between steps, as in training.

use benches::{Case, NETWORKS, Trainer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mnist_core::gradient::{EitherGradient, Method};
use nn::{OptimizerSettings, SgdSettings, Supervised, evaluate};
use std::hint::black_box;

fn tape_vs_closed_form(c: &mut Criterion) {
    // One thread, because the overhead of more threads is the same for both.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .expect("no pool was built before");
    for case in NETWORKS.iter().flat_map(Case::of) {
        let mut group = c.benchmark_group(format!("tape_vs_closed_form/{}", case.network_name()));
        let samples = case.batch.len();
        group.throughput(Throughput::Elements(samples as u64));
        let parameters = case.parameters();
        let name = |what: &str| BenchmarkId::new(what, samples);

        let model = Supervised::new(&case.network, case.loss);
        let value = || evaluate(&model, black_box(&parameters), &case.batch).cost;
        group.bench_function(name("value"), |b| b.iter(value));
        for (label, method) in [("closed form", Method::Delta), ("tape", Method::Tape)] {
            let mut gradient = EitherGradient::new(&case.network, case.loss, method);
            group.bench_function(name(&format!("gradient, {label}")), |b| {
                b.iter(|| gradient.compute(black_box(&parameters), &case.batch).0);
            });
            let descent = OptimizerSettings::Sgd(SgdSettings::new(1e-6));
            let mut trainer = Trainer::new(&case, method, descent);
            group.bench_function(name(&format!("step, {label}")), |b| {
                b.iter(|| trainer.step(black_box(&case.batch)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, tape_vs_closed_form);
criterion_main!(benches);
