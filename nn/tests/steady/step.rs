//! A training step like the one before allocates nothing, and never copies the parameters.

use crate::counting::{allocations, fewest_allocations};
use crate::method::{Gradient, Method};
use autodiff::tensor::Tensor;
use autodiff::tensor::raw::{Factor, add_product, plain, transposed};
use nn::{
    Activation, Adam, Batch, Dataset, Initializer, Labelled, Mlp, Network, Optimizer, Sgd,
    Sharding, StandardLoss,
};
use rayon::{ThreadPool, ThreadPoolBuilder};

const PIXELS: usize = 784;
const HIDDEN: usize = 64;
const CLASSES: usize = 10;

/// One row, one shard, two shards, two shards of several chunks, and eight of them.
const SAMPLES: [usize; 5] = [1, 20, 200, 300, 1200];

/// The number of steps on one thread in which allocations are counted.
const STEPS: usize = 2;

/// Returns a network whose first layer is large enough for threads to share it.
fn network() -> Mlp {
    Mlp::new(&[PIXELS, HIDDEN, CLASSES], Activation::Relu)
}

fn dataset(samples: usize) -> Dataset {
    let pixels: Vec<u8> = (0..samples * PIXELS)
        .map(|i| (i * 31 % 251) as u8)
        .collect();
    let classes: Vec<u8> = (0..samples).map(|i| (i % CLASSES) as u8).collect();
    Dataset::new(&pixels, [PIXELS], &classes).unwrap()
}

/// Returns the number of allocations in some steps after three others. Panics if the parameters are copied. Without an
/// optimizer, a step computes a gradient and then descends along it.
fn allocations_of_steps(
    steps: usize,
    method: Method,
    pool: &ThreadPool,
    batch: &impl Batch<Labelled<f32>>,
    mut optimizer: Option<&mut dyn Optimizer<f32>>,
) -> usize {
    let network = network();
    pool.install(|| {
        let mut parameters = network.init::<f32>(Initializer::HeNormal, 1);
        let mut gradient = Gradient::new(&network, StandardLoss::cross_entropy(), method);
        let mut descent = Sgd::new(0.1);
        let mut step = || {
            let before = parameters.data().as_ptr();
            if let Some(optimizer) = &mut optimizer {
                gradient
                    .step(&mut parameters, batch, &mut **optimizer)
                    .unwrap();
            } else {
                gradient.compute(&parameters, batch);
                descent
                    .step(parameters.data_mut(), gradient.gradient().data())
                    .unwrap();
            }
            assert_eq!(
                parameters.data().as_ptr(),
                before,
                "the parameters were copied"
            );
        };
        (0..3).for_each(|_| step());
        fewest_allocations(|| (0..steps).for_each(|_| step()))
    })
}

/// Returns the number of allocations of the matrix products of one step. If the `gemm` crate computes a product, it
/// allocates memory for the packed operands.
fn allocations_of_products(samples: usize) -> usize {
    let sharding = Sharding::new::<f32>(Network::chunking(&network()), samples, None);
    let mut count = 0;
    for chunk in sharding.chunks().map(|chunk| chunk.len()) {
        for [inputs, outputs] in [[PIXELS, HIDDEN], [HIDDEN, CLASSES]] {
            let [a, delta] = [inputs, outputs].map(|width| Tensor::zeros([chunk, width]));
            let weight = Tensor::zeros([outputs, inputs]);
            count += allocations_of_product(plain(&a), transposed(&weight), chunk * outputs);
            count += allocations_of_product(transposed(&delta), plain(&a), outputs * inputs);
            if inputs < PIXELS {
                count += allocations_of_product(plain(&delta), plain(&weight), chunk * inputs);
            }
        }
    }
    count
}

fn allocations_of_product(
    a: Factor<'_, Tensor<f32>>,
    b: Factor<'_, Tensor<f32>>,
    size: usize,
) -> usize {
    let mut out = vec![0.0; size];
    // The first call on a thread detects the caches of the machine, and is not counted.
    add_product(1.0, a, b, &mut out);
    allocations(|| add_product(1.0, a, b, &mut out))
}

pub(crate) fn check_all() {
    let [one, two] = [1, 2].map(|threads| {
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    });
    let (mut descent, mut adam) = (Sgd::new(0.1), Adam::new(0.1));
    for method in [Method::Tape, Method::Delta] {
        for samples in SAMPLES {
            let products = match samples {
                // No product packs a single row.
                1 => 0,
                _ => STEPS * one.install(|| allocations_of_products(samples)),
            };
            let batch = dataset(samples);
            let ways: [Option<&mut dyn Optimizer<f32>>; 3] =
                [None, Some(&mut descent), Some(&mut adam)];
            for (way, optimizer) in ways.into_iter().enumerate() {
                assert_eq!(
                    allocations_of_steps(STEPS, method, &one, &batch, optimizer),
                    products,
                    "{method:?}, {samples} samples, way {way}"
                );
            }
        }
    }
    // On two threads, the thread of a shard changes from step to step, and a thread allocates when it first runs more
    // shards at a time than before. The number of allocations does not grow with the steps. Samples by number are
    // copied, and that memory stays with the thread that allocates it.
    for &samples in &SAMPLES[2..] {
        let products = one.install(|| allocations_of_products(samples));
        let data = dataset(samples);
        let numbers: Vec<usize> = (0..samples).rev().collect();
        for method in [Method::Tape, Method::Delta] {
            let selection = data.select(&numbers);
            let steps = 30;
            let optimizers: [&mut dyn Optimizer<f32>; 2] = [&mut descent, &mut adam];
            for optimizer in optimizers {
                let several =
                    allocations_of_steps(steps, method, &two, &selection, Some(optimizer));
                assert!(
                    several < steps * products + 25,
                    "{several} allocations on two threads, {products} of each step in products"
                );
            }
        }
    }
}
