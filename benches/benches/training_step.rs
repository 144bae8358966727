//! Whole training steps, by the tape and by the δ formulas, on one and on two threads.

use benches::{Case, Trainer, WORKLOADS};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mnist_core::gradient::Method;

fn training_step(c: &mut Criterion) {
    for workload in WORKLOADS {
        let mut group = c.benchmark_group(format!("training_step/{}", workload.name));
        group.throughput(Throughput::Elements(workload.batch as u64));
        let case = Case::new(workload.widths, workload.batch);
        for threads in [1, 2] {
            let pool = benches::pool(threads);
            for (label, method) in [("closed form", Method::Delta), ("tape", Method::Tape)] {
                let id = BenchmarkId::new(label, format!("{threads} threads"));
                group.bench_function(id, |b| {
                    pool.install(|| {
                        let mut trainer = Trainer::new(&case, method, workload.optimizer);
                        b.iter(|| trainer.step(&case.batch));
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, training_step);
criterion_main!(benches);
