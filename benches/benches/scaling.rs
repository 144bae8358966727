//! Training steps of growing width, depth and batch, by the tape on one thread. The images have no black pixels, so
//! no product is skipped. The throughput counts the operations of the matrix products, and should hardly vary.

use benches::scaling::{AXES, flops};
use benches::{Case, Trainer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mnist_core::gradient::Method;
use nn::{OptimizerSettings, SgdSettings};

fn scaling(c: &mut Criterion) {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .expect("no pool was built before");
    for axis in AXES {
        let mut group = c.benchmark_group(format!("scaling/{}", axis.name));
        for &value in axis.values {
            let (widths, batch) = (axis.size)(value);
            group.throughput(Throughput::Elements(flops(&widths, batch) as u64));
            let case = Case::without_black(&widths, batch);
            let descent = OptimizerSettings::Sgd(SgdSettings::new(1e-6));
            let mut trainer = Trainer::new(&case, Method::Tape, descent);
            group.bench_function(BenchmarkId::from_parameter(value), |b| {
                b.iter(|| trainer.step(&case.batch));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, scaling);
criterion_main!(benches);
