//! A training step like the one before asks for no memory, and never copies the parameters.

mod counting;

use autodiff::tensor::{Factor, Tensor, add_product, plain, transposed};
use counting::{allocations, assert_counting, fewest_allocations};
use nn::{
    Activation, Adam, BatchGradient, Dataset, Initializer, Loss, Method, Mlp, Optimizer, Plan, Sgd,
};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Allocations in ten steps, after ten others; panics if the parameters move. Without an optimizer, a gradient is computed
/// and then descended along.
fn allocations_of_steps(
    method: Method,
    pool: &ThreadPool,
    samples: usize,
    mut optimizer: Option<&mut dyn Optimizer<f32>>,
) -> usize {
    let network = Mlp::new(&[784, 64, 10], Activation::Relu);
    let pixels: Vec<u8> = (0..samples * 784).map(|i| (i * 31 % 251) as u8).collect();
    let classes: Vec<u8> = (0..samples).map(|i| (i % 10) as u8).collect();
    let batch = Dataset::new(&pixels, 784, &classes).unwrap();
    pool.install(|| {
        let mut parameters = network.init::<f32>(Initializer::HeNormal, 1);
        let mut gradient = BatchGradient::new(&network, Loss::cross_entropy(), method);
        let mut descent = Sgd::new(0.1);
        let mut step = || {
            let before = parameters.data().as_ptr();
            if let Some(optimizer) = &mut optimizer {
                gradient.step(&mut parameters, &batch, &mut **optimizer);
            } else {
                gradient.compute(&parameters, &batch);
                descent.step(parameters.data_mut(), gradient.gradient().data());
            }
            assert_eq!(
                parameters.data().as_ptr(),
                before,
                "the parameters were copied"
            );
        };
        (0..10).for_each(|_| step());
        fewest_allocations(|| (0..10).for_each(|_| step()))
    })
}

/// The allocations that the matrix products of one step make by themselves: where the `gemm` crate computes them, it
/// takes fresh memory for the operands that it packs.
fn allocations_of_products(samples: usize) -> usize {
    let network = Mlp::new(&[784, 64, 10], Activation::Relu);
    let plan = Plan::new::<f32>(&network, samples);
    let mut count = 0;
    for lane in 0..plan.lanes {
        let mut begin = samples * lane / plan.lanes;
        let end = samples * (lane + 1) / plan.lanes;
        while begin < end {
            let chunk = plan.chunk.min(end - begin);
            for [inputs, outputs] in [[784, 64], [64, 10]] {
                let [a, delta] = [inputs, outputs].map(|width| Tensor::zeros([chunk, width]));
                let weight = Tensor::zeros([outputs, inputs]);
                count += allocations_of_product(plain(&a), transposed(&weight), chunk * outputs);
                count += allocations_of_product(transposed(&delta), plain(&a), outputs * inputs);
                if inputs < 784 {
                    count += allocations_of_product(plain(&delta), plain(&weight), chunk * inputs);
                }
            }
            begin += chunk;
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
    // The first call on a thread looks at the caches of the machine, and does not count.
    add_product(1.0, a, b, &mut out);
    allocations(|| add_product(1.0, a, b, &mut out))
}

/// One test, since the counter counts for the whole process.
#[test]
fn a_steady_step_allocates_nothing() {
    let [one, two] = [1, 2].map(|threads| {
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    });
    let (mut descent, mut adam) = (Sgd::new(0.1), Adam::new(0.1));
    for method in [Method::Tape, Method::ClosedForm] {
        for samples in [1, 20, 300, 1500] {
            let products = match samples {
                // One row, which no product packs.
                1 => 0,
                _ => 10 * one.install(|| allocations_of_products(samples)),
            };
            let ways: [Option<&mut dyn Optimizer<f32>>; 3] =
                [None, Some(&mut descent), Some(&mut adam)];
            for (way, optimizer) in ways.into_iter().enumerate() {
                assert_eq!(
                    allocations_of_steps(method, &one, samples, optimizer),
                    products,
                    "{method:?}, {samples} samples, way {way}"
                );
            }
        }
    }
    // On two threads, what runs where changes from step to step, and a thread asks for memory when it first runs
    // more lanes at a time than before; that does not grow with the steps.
    for samples in [300, 1500] {
        let products = 10 * one.install(|| allocations_of_products(samples));
        let several = allocations_of_steps(Method::Tape, &two, samples, Some(&mut adam));
        assert!(
            several < products + 50,
            "{several} allocations on two threads, {products} of them in products"
        );
    }
    assert_counting();
}
