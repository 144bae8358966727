//! Custom models are trained, and refused, like the built-in ones.

use crate::callers_line::refused;
use crate::residual::{Residual, points};
use autodiff::tensor::{Algebra, Real, Targets, Tensor};
use nn::snapshot::{Cause, Describe, Tensors};
use nn::{
    Adam, BatchGradient, Builder, Initializer, Layout, Model, Optimizer, Param, Parameters, Pass,
    Sgd, Supervised, mean_cost,
};
use rayon::ThreadPoolBuilder;
use std::ops::Range;
use std::sync::Arc;

impl Describe for Residual {
    type Description = usize;

    fn description(&self) -> usize {
        self.layout().slices()[0].rows()
    }

    fn from_description(width: usize, file: &Tensors<'_>) -> Result<Self, Cause> {
        file.check("inner.weight", &[width, width])?;
        Ok(Residual::new(width))
    }
}

/// Returns the bits of parameters.
pub(crate) fn bits<T: Real>(parameters: &Parameters<T>) -> Vec<u64> {
    let bits = parameters.data().iter().map(|x| x.to_f64().to_bits());
    bits.collect()
}

#[test]
fn a_custom_model_has_the_same_bits_on_any_number_of_threads() {
    fn check<T: Real>() {
        // The model is large enough for threads to share its parameters. The batches have one shard, shards of one
        // chunk, and shards of several chunks.
        let model = Residual::new(100);
        for (samples, shards) in [(20, None), (100, None), (100, Some(3)), (1000, None)] {
            let points = points::<T>(samples);
            let train = |threads: usize| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build();
                pool.unwrap().install(|| {
                    let mut parameters = model.layout().init::<T>(1);
                    let mut gradient = BatchGradient::tape(&model).seed(7);
                    if let Some(shards) = shards {
                        gradient = gradient.shards(shards);
                    }
                    let optimizers: [&mut dyn Optimizer<T>; 2] =
                        [&mut Sgd::new(0.1), &mut Adam::new(0.01)];
                    let mut costs = Vec::new();
                    for optimizer in optimizers {
                        for _ in 0..3 {
                            let cost = gradient.step(&mut parameters, &points, optimizer);
                            costs.push(cost.unwrap().to_bits());
                        }
                    }
                    let cost = mean_cost(&model, &parameters, &points);
                    (costs, bits(&parameters), cost.to_bits())
                })
            };
            let one = train(1);
            for threads in [2, 3, 4] {
                assert!(
                    train(threads) == one,
                    "{threads} threads, {samples} samples"
                );
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn training_minimizes_the_cost_of_a_custom_model() {
    let model = Residual::new(16);
    let points = points::<f64>(200);
    let mut parameters = model.layout().init(1);
    let before = mean_cost(&model, &parameters, &points);
    let (mut gradient, mut adam) = (BatchGradient::tape(&model), Adam::new(0.01));
    for step in 0..200 {
        assert_eq!(gradient.step_number(), step);
        gradient.step(&mut parameters, &points, &mut adam).unwrap();
    }
    let after = mean_cost(&model, &parameters, &points);
    assert!(after < 0.2 * before, "{before} {after}");
}

#[test]
fn dropout_depends_on_seed_step_and_sample_alone() {
    let model = Residual::new(16);
    let parameters = model.layout().init::<f64>(1);
    let points = points::<f64>(150);
    let gradient = |seed, step, shards| {
        let mut gradient = BatchGradient::tape(&model).seed(seed).shards(shards);
        gradient.set_step_number(step);
        gradient.compute(&parameters, &points).1.clone()
    };
    let first = gradient(7, 0, 1);
    // The same elements are dropped however the batch is cut; only the order of addition differs.
    for shards in [2, 3, 5] {
        let other = gradient(7, 0, shards);
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-14;
        assert!(first.data().iter().zip(other.data()).all(close));
    }
    assert_eq!(first, gradient(7, 0, 1));
    for (seed, step) in [(8, 0), (7, 1)] {
        assert_ne!(first, gradient(seed, step, 1));
    }
}

/// Returns the sum of the shards' gradients along the tree, by its definition.
fn tree(shards: &[Vec<f32>]) -> Vec<f32> {
    if let [shard] = shards {
        return shard.clone();
    }
    let mut first = 1;
    while 2 * first < shards.len() {
        first *= 2;
    }
    let (first, rest) = shards.split_at(first);
    let sums = tree(first).into_iter().zip(tree(rest));
    sums.map(|(a, b)| a + b).collect()
}

/// A batch with a given weight.
struct Weighted<B>(B, f64);

impl<C, B: nn::Batch<C>> nn::Batch<C> for Weighted<B> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn load(&self, range: Range<usize>) -> C {
        self.0.load(range)
    }

    fn weight(&self, _: usize) -> f64 {
        self.1
    }
}

#[test]
fn shards_are_added_along_a_binary_tree() {
    let network = nn::Mlp::new(&[3, 20, 1], nn::Activation::Tanh);
    let loss = nn::StandardLoss::squared_difference(nn::Activation::Identity);
    let model = Supervised::new(&network, loss);
    let parameters = network.init::<f32>(Initializer::GlorotNormal, 1);
    let [x, y] = points::<f32>(100);
    let batch = (x, Targets::Probabilities(y));
    for shards in [1, 2, 3, 4, 5, 6, 7, 8, 16, 100] {
        // The gradient of one shard alone, weighted as in the whole batch.
        let of_shard = |number: usize| {
            let range = 100 * number / shards..100 * (number + 1) / shards;
            let part = Weighted(nn::Batch::load(&batch, range), 100.0);
            let mut gradient = BatchGradient::tape(model).shards(1);
            gradient.compute(&parameters, &part).1.data().to_vec()
        };
        let expected = tree(&(0..shards).map(of_shard).collect::<Vec<_>>());
        let mut gradient = BatchGradient::tape(model).shards(shards);
        let (_, found) = gradient.compute(&parameters, &batch);
        assert!(found.data() == expected, "{shards} shards");
    }
}

/// A model with a given fault.
struct Faulty {
    weight: Param,
    layout: Arc<Layout>,
    fault: Fault,
}

#[derive(Clone, Copy)]
enum Fault {
    NoScalar,
    Misfit,
    Refusal,
}

impl Faulty {
    fn new(fault: Fault) -> Faulty {
        let b = Builder::new();
        Faulty {
            weight: b.param("weight", [3], Initializer::Constant(1.0)),
            layout: b.layout(),
            fault,
        }
    }
}

impl Model for Faulty {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, _]: [Tensor<A::Element>; 2]) -> A {
        match self.fault {
            Fault::Refusal if pass.context().samples.contains(&70) => {
                pass.refuse("sample 70 is no sample")
            }
            Fault::NoScalar => pass.constant(x) * &pass[self.weight],
            _ => (pass.constant(x) * &pass[self.weight]).sum(),
        }
    }

    fn misfit<T: Real>(&self, chunk: &[Tensor<T>; 2], samples: Range<usize>) -> Option<String> {
        let is_misfit = matches!(self.fault, Fault::Misfit) && samples.contains(&70);
        is_misfit.then(|| format!("{} rows are too many", chunk[0].shape()[0]))
    }
}

#[test]
fn a_model_that_breaks_its_contract_is_refused_at_the_callers_line() {
    for (fault, expected) in [
        (
            Fault::NoScalar,
            "the cost of a chunk has shape [50, 3], and is no scalar",
        ),
        (Fault::Misfit, "100 rows are too many"),
        (Fault::Refusal, "sample 70 is no sample"),
    ] {
        let model = Faulty::new(fault);
        let mut parameters = model.layout().init::<f64>(1);
        let points = points::<f64>(100);
        let mut gradient = BatchGradient::tape(&model);
        refused(&format!("compute: {expected}"), || {
            let _ = gradient.compute(&parameters, &points);
        });
        refused(&format!("step: {expected}"), || {
            let _ = gradient.step(&mut parameters, &points, &mut Sgd::new(0.1));
        });
        refused(&format!("mean_cost: {expected}"), || {
            let _ = mean_cost(&model, &parameters, &points);
        });
    }
    let model = Residual::new(8);
    let mut other = Residual::new(7).layout().init::<f64>(1);
    let expected = "parameters of another layout: slice 0 is `input.weight` of shape [7, 3], not";
    refused(expected, || {
        let _ = BatchGradient::tape(&model).compute(&other, &points(5));
    });
    refused(expected, || {
        let _ = BatchGradient::tape(&model).step(&mut other, &points(5), &mut Sgd::new(0.1));
    });
    refused(expected, || {
        let _ = mean_cost(&model, &other, &points(5));
    });
}

/// A model without parameters, or with a parameter that is not in its layout.
struct Hollow(Option<Param>, Arc<Layout>);

impl Model for Hollow {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &Arc<Layout> {
        &self.1
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, _]: [Tensor<A::Element>; 2]) -> A {
        match self.0 {
            Some(param) => (pass.constant(x) * &pass[param]).sum(),
            None => pass.constant(x).sum(),
        }
    }
}

#[test]
fn missing_parameters_are_refused() {
    let b = Builder::new();
    let model = Hollow(None, b.layout());
    refused("a model without parameters cannot be trained", || {
        drop(BatchGradient::<f32, _>::tape(&model));
    });
    let _first = b.param("first", [3], Initializer::Constant(0.0));
    let layout = b.layout();
    let model = Hollow(
        Some(b.param("later", [3], Initializer::Constant(0.0))),
        layout,
    );
    let parameters = model.layout().init::<f32>(1);
    refused("there is no parameter 1: the layout has 1 slices", || {
        let _ = BatchGradient::tape(&model).compute(&parameters, &points(5));
    });
    refused("a parameter `first` exists already", || {
        let _ = b.param("first", [1], Initializer::Constant(0.0));
    });
}

#[test]
fn a_batch_whose_tensors_differ_in_rows_is_refused() {
    let model = Residual::new(8);
    let parameters = model.layout().init::<f64>(1);
    let [x, y] = points::<f64>(100);
    refused(
        "compute: not all tensors of the batch have 100 rows",
        || {
            let batch = [x.clone(), y.rows(0..99)];
            let _ = BatchGradient::tape(&model).compute(&parameters, &batch);
        },
    );
}
