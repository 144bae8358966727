//! Layers compared with their formulas in plain loops, and trained.

use crate::callers_line::refused;
use autodiff::tensor::{Algebra, Real, Tensor};
use nn::layers::{BatchNorm1d, Dropout, Gru, Layer, Linear, Sequential};
use nn::snapshot::{self, Cause, Describe, Tensors};
use nn::{
    Activation, Adam, BatchGradient, Builder, Context, Layout, Model, Param, Parameters, Pass, Sgd,
    Snapshot, mean_cost,
};
use std::sync::Arc;

/// A model whose cost is the squared distance of a layer's outputs from targets.
struct Distance<L> {
    layer: L,
    layout: Arc<Layout>,
}

impl<L: Layer> Model for Distance<L> {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, y]: [Tensor<A::Element>; 2]) -> A {
        let outputs = self.layer.forward(pass, &pass.constant(x));
        outputs.squared_distance(pass.constant(y))
    }
}

fn numbers(shape: &[usize], seed: f64) -> Tensor<f64> {
    Tensor::from_flat_fn(shape, |i| (i as f64 * 0.7 + seed).sin())
}

/// Returns the outputs of a layer in training or evaluation.
fn outputs<L: Layer>(
    layer: &L,
    parameters: &Parameters<f64>,
    x: &Tensor<f64>,
    training: bool,
) -> Tensor<f64> {
    let slices = parameters.tensors();
    let context = Context {
        training,
        seed: 3,
        step: 5,
        samples: 0..x.shape()[0],
    };
    layer.forward(&Pass::new(parameters, &slices, &context), x)
}

#[track_caller]
fn assert_close(found: &Tensor<f64>, expected: &[f64]) {
    assert_eq!(found.size(), expected.len());
    for (found, expected) in found.data().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    }
}

/// Compares the gradient of a model on one chunk with central differences of its cost.
fn check_gradient<M: Model<Chunk<f64> = [Tensor<f64>; 2]>>(model: &M, batch: &[Tensor<f64>; 2]) {
    let mut parameters = model.layout().init::<f64>(3);
    // The offsets break symmetries that make derivatives 0.
    for (i, x) in parameters.data_mut().iter_mut().enumerate() {
        *x += 0.1 * (i as f64).sin();
    }
    let samples = batch[0].shape()[0];
    let cost = |parameters: &Parameters<f64>| {
        let slices = parameters.tensors();
        let context = Context {
            training: true,
            seed: 0,
            step: 0,
            samples: 0..samples,
        };
        let pass = Pass::new(parameters, &slices, &context);
        model.cost(&pass, batch.clone()).item() / samples as f64
    };
    let mut gradient = BatchGradient::tape(model);
    let gradient = gradient.compute(&parameters, batch).1.clone();
    for slice in model.layout().slices() {
        for i in slice.range() {
            let at = |offset: f64| {
                let mut moved = parameters.clone();
                moved.data_mut()[i] += offset;
                cost(&moved)
            };
            let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
            let found = gradient.data()[i];
            assert!(
                (found - expected).abs() < 1e-8 * expected.abs().max(1.0),
                "{}[{}]: {found}, not {expected}",
                slice.name,
                i - slice.offset
            );
        }
    }
}

#[test]
fn a_gru_computes_its_formula() {
    let b = Builder::new();
    let gru = Gru::new(&b, 2, 3);
    let layout = b.layout();
    let mut parameters = layout.init::<f64>(1);
    for (i, x) in parameters.data_mut().iter_mut().enumerate() {
        *x += 0.1 * (i as f64).cos();
    }
    let x = numbers(&[4, 5, 2], 0.3);
    let [w, b, u, c] = [0, 1, 2, 3].map(|number| parameters.tensor(number));
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut expected = Vec::new();
    for sample in 0..4 {
        let mut h = [0.0; 3];
        for step in 0..5 {
            let input = |row: usize| {
                let terms = (0..2).map(|j| w.at([row, j]) * x.at([sample, step, j]));
                terms.sum::<f64>() + b.data()[row]
            };
            let state = |row: usize| {
                let terms = (0..3).map(|j| u.at([row, j]) * h[j]);
                terms.sum::<f64>() + c.data()[row]
            };
            h = std::array::from_fn(|i| {
                let r = sigmoid(input(i) + state(i));
                let z = sigmoid(input(3 + i) + state(3 + i));
                let n = (input(6 + i) + r * state(6 + i)).tanh();
                (1.0 - z) * n + z * h[i]
            });
        }
        expected.extend(h);
    }
    // `outputs` reads slices, so the offsets in the padding have no effect.
    assert_close(&outputs(&gru, &parameters, &x, false), &expected);

    let model = Distance { layer: gru, layout };
    check_gradient(&model, &[x, numbers(&[4, 3], 1.0)]);
}

#[test]
fn batch_normalization_computes_its_formula() {
    let b = Builder::new();
    let norm = BatchNorm1d::with(&b, 3, 0.25, 1e-3);
    let layout = b.layout();
    let mut parameters = layout.init::<f64>(1);
    parameters.slice_mut(0).copy_from_slice(&[2.0, -1.0, 0.5]);
    parameters.slice_mut(1).copy_from_slice(&[0.1, 0.2, 0.3]);
    let x = numbers(&[6, 3], 0.3);
    let column = |j: usize| (0..6).map(move |i| (i, j));
    let mean = |j| column(j).map(|(i, j)| x.at([i, j])).sum::<f64>() / 6.0;
    let variance = |j| {
        let squares = column(j).map(|(i, j)| (x.at([i, j]) - mean(j)).powi(2));
        squares.sum::<f64>() / 6.0
    };
    let [scale, shift] = [parameters.tensor(0), parameters.tensor(1)];
    let normalized = |mean: &dyn Fn(usize) -> f64, variance: &dyn Fn(usize) -> f64| {
        let elements = (0..18).map(|k| {
            let (i, j) = (k / 3, k % 3);
            let normal = (x.at([i, j]) - mean(j)) / (variance(j) + 1e-3).sqrt();
            scale.data()[j] * normal + shift.data()[j]
        });
        elements.collect::<Vec<_>>()
    };
    let found = outputs(&norm, &parameters, &x, true);
    assert_close(&found, &normalized(&mean, &variance));
    let found = outputs(&norm, &parameters, &x, false);
    assert_close(&found, &normalized(&|_| 0.0, &|_| 1.0));

    // A step mixes the mean and the unbiased variance into the statistics at the rate 0.25. A gradient without a step
    // does not.
    let model = Distance {
        layer: norm,
        layout,
    };
    let batch = [x.clone(), numbers(&[6, 3], 1.0)];
    let before = parameters.clone();
    let mut gradient = BatchGradient::tape(&model);
    let _ = gradient.compute(&parameters, &batch);
    assert_eq!(parameters, before);
    gradient
        .step(&mut parameters, &batch, &mut Sgd::new(0.0))
        .unwrap();
    let statistics = parameters.statistics().unwrap();
    let [running_mean, running_variance] = [0, 1].map(|number| statistics.tensor(number));
    assert_close(&running_mean, &[0, 1, 2].map(|j| 0.25 * mean(j)));
    let expected = [0, 1, 2].map(|j| 0.75 + 0.25 * variance(j) * 6.0 / 5.0);
    assert_close(&running_variance, &expected);
    let found = outputs(&model.layer, &parameters, &x, false);
    let [m, v] = [&running_mean, &running_variance].map(|of| move |j: usize| of.data()[j]);
    assert_close(&found, &normalized(&m, &v));

    // A step that is not taken changes no statistic.
    let before = parameters.clone();
    let mut bad = batch.clone();
    bad[0].data_mut()[7] = f64::NAN;
    let error = gradient.step(&mut parameters, &bad, &mut Adam::new(0.1));
    assert!(error.is_err() && parameters == before);
    check_gradient(&model, &batch);
}

/// A model that is a sequence of boxed layers.
struct Boxed {
    layers: Sequential,
    layout: Arc<Layout>,
}

impl Boxed {
    fn new() -> Boxed {
        let b = Builder::new();
        let mut layers = Sequential::new();
        layers
            .push(Linear::new(&b.at("first"), 3, 80))
            .push(BatchNorm1d::new(&b.at("norm"), 80))
            .push(Activation::Tanh)
            .push(Dropout::new(&b, 0.2))
            .push(Linear::new(&b.at("second"), 80, 120))
            .push(autodiff::elementwise::Unary::Softplus)
            .push(Linear::new(&b.at("third"), 120, 2));
        Boxed {
            layers,
            layout: b.layout(),
        }
    }
}

impl Model for Boxed {
    type Chunk<T: Real> = [Tensor<T>; 2];

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, [x, y]: [Tensor<A::Element>; 2]) -> A {
        let outputs = self.layers.forward(pass, &pass.constant(x));
        outputs.squared_distance(pass.constant(y))
    }
}

impl Describe for Boxed {
    type Description = ();

    fn description(&self) {}

    fn from_description((): (), _: &Tensors<'_>) -> Result<Self, Cause> {
        Ok(Boxed::new())
    }
}

#[test]
fn boxed_layers_train_to_the_same_bits_on_any_number_of_threads() {
    fn check<T: Real>() {
        let model = Boxed::new();
        let batch = [([100, 3], 0.0), ([100, 2], 1.0)]
            .map(|(shape, seed)| numbers(&shape, seed).map(T::from_f64));
        let train = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let mut parameters = model.layout().init::<T>(1);
                let (mut gradient, mut adam) = (BatchGradient::tape(&model), Adam::new(0.01));
                for _ in 0..30 {
                    gradient.step(&mut parameters, &batch, &mut adam).unwrap();
                }
                parameters
            })
        };
        let one = train(1);
        assert!(one == train(2) && one == train(4));
        let begin = model.layout().init::<T>(1);
        let [before, after] = [&begin, &one].map(|at| mean_cost(&model, at, &batch));
        assert!(after < 0.5 * before, "{before} {after}");

        // Statistics are saved with the parameters.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("boxed");
        snapshot::save(&file, &model, &one).unwrap();
        let saved: Snapshot<T, Boxed> = snapshot::load(&file).unwrap();
        assert!(saved.parameters == one);
        assert_eq!(mean_cost(&saved.model, &saved.parameters, &batch), after);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn dropout_keeps_the_mean_and_is_off_in_evaluation() {
    let b = Builder::new();
    let dropout = Dropout::new(&b, 0.3);
    let _weight: Param = b.param("weight", [1], nn::Initializer::Constant(0.0));
    let parameters = b.layout().init::<f64>(1);
    let x = Tensor::full([200, 500], 1.0);
    assert_eq!(outputs(&dropout, &parameters, &x, false), x);
    let found = outputs(&dropout, &parameters, &x, true);
    let dropped = found.data().iter().filter(|&&x| x == 0.0).count();
    let kept = found.data().iter().filter(|&&x| x == 1.0 / 0.7).count();
    assert_eq!(dropped + kept, 100_000);
    assert!(dropped.abs_diff(30_000) < 600, "{dropped}");
    // Different samples have different masks.
    assert_ne!(found.rows(0..1), found.rows(1..2));
}

#[test]
fn layers_refuse_what_does_not_fit() {
    let b = Builder::new();
    refused("dropout: a probability of 1 is not in [0, 1)", || {
        let _ = Dropout::new(&b, 1.0);
    });
    refused("a rate of 1.5 is not in [0, 1]", || {
        let _ = BatchNorm1d::with(&b.at("a"), 3, 1.5, 1e-5);
    });
    refused("ε = 0 is not above 0", || {
        let _ = BatchNorm1d::with(&b.at("b"), 3, 0.1, 0.0);
    });
    let norm = BatchNorm1d::new(&b.at("norm"), 3);
    let gru = Gru::new(&b.at("gru"), 3, 4);
    let dropout = Dropout::new(&b, 0.5);
    let parameters = b.layout().init::<f64>(1);
    let (x, cube) = (numbers(&[5, 4], 0.0), numbers(&[5, 2, 4], 0.0));
    refused("batch_norm: shape [5, 4] does not have 3 columns", || {
        let _ = norm.forward(&pass(&parameters, 5), &x);
    });
    refused(
        "batch_norm: a matrix is wanted, and the shape is [5, 2, 4]",
        || {
            let _ = norm.forward(&pass(&parameters, 5), &cube);
        },
    );
    refused("gru: shape [5, 4] is not [samples, steps, inputs]", || {
        let _ = gru.forward(&pass(&parameters, 5), &x);
    });
    refused(
        "dropout: shape [5, 4] does not have a row for each of 6 samples",
        || {
            let _ = dropout.forward(&pass(&parameters, 6), &x);
        },
    );
    refused("linear: input [5, 4]", || {
        let _ = gru.input.forward(&pass(&parameters, 5), &x);
    });
}

/// Returns a pass in training.
fn pass(parameters: &Parameters<f64>, samples: usize) -> Pass<'static, Tensor<f64>> {
    // The arguments are leaked, so that the pass can be returned.
    let parameters: &'static Parameters<f64> = Box::leak(Box::new(parameters.clone()));
    let slices: &'static [Tensor<f64>] = Box::leak(parameters.tensors().into_vec().into());
    let context = Box::leak(Box::new(Context {
        training: true,
        seed: 0,
        step: 0,
        samples: 0..samples,
    }));
    Pass::new(parameters, slices, context)
}
