//! The overhead of a node of the tape: chains of nodes on four numbers, recorded and differentiated.

use autodiff::tensor::Tape;
use benches::nodes::{CHAIN, NODES};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn op_overhead(c: &mut Criterion) {
    let mut group = c.benchmark_group("op_overhead");
    group.throughput(Throughput::Elements(CHAIN as u64));
    for node in NODES {
        let mut tape = Tape::new();
        group.bench_function(BenchmarkId::new("record", node.name), |b| {
            b.iter(|| {
                black_box(node.chain(&tape));
                tape.reset();
            });
        });
        let last = node.chain(&tape);
        let adjoint = last.value();
        group.bench_function(BenchmarkId::new("walk back", node.name), |b| {
            b.iter(|| last.vjp(adjoint.clone()));
        });
    }
    group.finish();
}

criterion_group!(benches, op_overhead);
criterion_main!(benches);
