//! Custom rules and gradient sources, and operations on a gradient.

use crate::own_models::bits;
use crate::residual::{Residual, points};
use autodiff::tensor::{Algebra, Real, Targets, Tensor};
use nn::delta::DeltaGradient;
use nn::snapshot::{self, Cause, Describe};
use nn::{
    Adam, BatchGradient, ChunkTask, Chunking, ElementwiseOptimizer, Layout, Model, Optimizer,
    Parameters, Pass, Sgd, ShardGradient, Snapshot, Supervised, TapeGradient, UpdateRule,
};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// A rule with three moments, which declares no safe gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AmsGrad {
    learning_rate: f64,
}

impl UpdateRule<3> for AmsGrad {
    const NAME: &'static str = "amsgrad";
    const MOMENTS: [&'static str; 3] = ["first", "second", "largest"];

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.learning_rate
    }

    fn formula<T: Real>(&self, _: u64) -> impl Fn(T, T, [T; 3]) -> (T, [T; 3]) + Sync {
        let [rate, b1, c1, b2, c2, epsilon] =
            [self.learning_rate, 0.9, 0.1, 0.99, 0.01, 1e-8].map(T::from_f64);
        move |x, g, [m, v, largest]| {
            let (m, v) = (b1 * m + c1 * g, b2 * v + c2 * g * g);
            let largest = largest.max(v);
            (x - rate * m / (largest.sqrt() + epsilon), [m, v, largest])
        }
    }
}

#[test]
fn a_custom_rule_has_state_and_steps_by_its_formula() {
    let model = Residual::new(40);
    let points = points::<f32>(100);
    let mut parameters = model.layout().init::<f32>(1);
    let mut expected = parameters.clone();
    let rule = AmsGrad {
        learning_rate: 0.01,
    };
    let mut optimizer = ElementwiseOptimizer::by(rule.clone()).unwrap();
    let mut gradient = BatchGradient::tape(&model).seed(3);
    let mut apart = BatchGradient::tape(&model).seed(3);
    let formula = rule.formula::<f32>(1);
    let mut moments = vec![[0.0; 3]; expected.data().len()];
    for _ in 0..4 {
        gradient
            .step(&mut parameters, &points, &mut optimizer)
            .unwrap();
        let (_, gradient) = apart.compute(&expected, &points);
        let pairs = expected.data_mut().iter_mut().zip(gradient.data());
        for ((x, &g), moments) in pairs.zip(&mut moments) {
            (*x, *moments) = formula(*x, g, *moments);
        }
        assert!(bits(&parameters) == bits(&expected));
    }

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("training");
    snapshot::save_training(&file, &model, &parameters, &optimizer).unwrap();
    let mut resumed = ElementwiseOptimizer::by(AmsGrad { learning_rate: 1.0 }).unwrap();
    let saved: Snapshot<f32, Residual> = snapshot::load_training(&file, &mut resumed).unwrap();
    assert!(saved.parameters == parameters && resumed == optimizer);
    assert_eq!(saved.model.description(), 40);
    let weights: Snapshot<f64, Residual> = snapshot::load(&file).unwrap();
    assert_eq!(
        weights.parameters.data()[3],
        f64::from(parameters.data()[3])
    );
    // The description of another kind of model cannot be read.
    let error = snapshot::load::<f32, nn::MlpModel>(&file).unwrap_err();
    assert!(matches!(error.cause, Cause::Network(_)), "{error}");

    gradient
        .step(&mut parameters, &points, &mut optimizer)
        .unwrap();
    let mut restored = saved.parameters;
    let mut again = BatchGradient::tape(&model).seed(3);
    again.set_step_number(4);
    again.step(&mut restored, &points, &mut resumed).unwrap();
    assert!(bits(&restored) == bits(&parameters));
}

/// A gradient source that wraps another, and lets the engine form and add the shards one by one.
#[derive(Default)]
struct OneByOne<G>(G);

impl<T: Real, M: Model, G: ShardGradient<T, M>> ShardGradient<T, M> for OneByOne<G> {
    type Workspace = G::Workspace;

    fn compute(&mut self, workspace: &mut Self::Workspace, task: ChunkTask<'_, T, M>) -> f64 {
        self.0.compute(workspace, task)
    }

    fn add_rows_to(&self, slice: usize, rows: Range<usize>, sum: &mut [T]) {
        self.0.add_rows_to(slice, rows, sum);
    }

    fn magnitude_bound(&self) -> f64 {
        self.0.magnitude_bound()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// Returns the parameters after some steps of each optimizer.
fn trained<T: Real, M: Model, G: ShardGradient<T, M>>(
    mut gradient: BatchGradient<T, M, G>,
    batch: &impl nn::Batch<M::Chunk<T>>,
) -> Parameters<T> {
    let mut parameters = gradient.model().layout().init::<T>(1);
    let optimizers: [&mut dyn Optimizer<T>; 2] = [&mut Sgd::new(0.1), &mut Adam::new(0.01)];
    for optimizer in optimizers {
        for _ in 0..3 {
            gradient.step(&mut parameters, batch, optimizer).unwrap();
        }
    }
    parameters
}

#[test]
fn shards_added_in_registers_have_the_bits_of_shards_added_one_by_one() {
    fn check<T: Real>() {
        // The layers have few and many neurons, and the panels have several sizes.
        let network = nn::Mlp::new(&[150, 70, 7], nn::Activation::Relu);
        let model = Supervised::new(&network, nn::StandardLoss::cross_entropy());
        for samples in [1, 20, 33, 100, 600, 1500] {
            let pixel = |i: usize| {
                if i.is_multiple_of(3) {
                    0
                } else {
                    (i * 31 % 251) as u8
                }
            };
            let bytes = Tensor::from_flat_fn([samples, 150], pixel);
            let images = Tensor::from_scaled_bytes(&bytes, T::from_f64(1.0 / 255.0));
            let numbers = Tensor::from_flat_fn([samples, 150], |i| T::from_f64((i as f64).sin()));
            for x in [images, numbers] {
                let classes = Tensor::from_flat_fn([samples], |i| (i % 7) as u32);
                let batch = (x, Targets::Classes(classes));
                let tape = trained(BatchGradient::tape(model), &batch);
                let delta = trained(BatchGradient::<T, _, DeltaGradient<T>>::new(model), &batch);
                let one_by_one = BatchGradient::<T, _, OneByOne<TapeGradient<T>>>::new(model);
                assert!(tape == trained(one_by_one, &batch), "{samples} samples");
                let one_by_one = BatchGradient::<T, _, OneByOne<DeltaGradient<T>>>::new(model);
                assert!(delta == trained(one_by_one, &batch), "{samples} samples");
            }
        }
        // A model that is not a perceptron.
        let model = Residual::new(40);
        for samples in [20, 300] {
            let points = points::<T>(samples);
            let tape = trained(BatchGradient::tape(&model), &points);
            let one_by_one = BatchGradient::<T, _, OneByOne<TapeGradient<T>>>::new(&model);
            assert!(tape == trained(one_by_one, &points), "{samples} samples");
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_clipped_gradient_has_the_limit_as_its_norm() {
    let model = Residual::new(16);
    let parameters = model.layout().init::<f64>(1);
    let points = points::<f64>(100);
    let mut gradient = BatchGradient::tape(&model);
    let whole = gradient.compute(&parameters, &points).1.clone();
    gradient.set_step_number(0);
    let (_, clipped) = gradient.compute(&parameters, &points);
    let norm = whole.norm();
    assert_eq!(clipped.clip_norm(2.0 * norm), norm);
    assert_eq!(*clipped, whole);
    assert_eq!(clipped.clip_norm(0.25 * norm), norm);
    assert!((clipped.norm() / norm - 0.25).abs() < 1e-14);
    for (clipped, whole) in clipped.data().iter().zip(whole.data()) {
        assert!((clipped - 0.25 * whole).abs() < 1e-15);
    }
}

#[test]
fn a_coupled_model_is_not_cut() {
    struct Coupled(Residual);

    impl Model for Coupled {
        type Chunk<T: Real> = [Tensor<T>; 2];

        fn layout(&self) -> &Arc<Layout> {
            self.0.layout()
        }

        fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, chunk: [Tensor<A::Element>; 2]) -> A {
            assert_eq!(pass.samples(), 1000);
            self.0.cost(pass, chunk)
        }

        fn chunking(&self) -> Chunking {
            Chunking::Whole
        }
    }
    let model = Coupled(Residual::new(8));
    let mut parameters = model.layout().init::<f32>(1);
    let mut gradient = BatchGradient::tape(&model);
    gradient
        .step(&mut parameters, &points(1000), &mut Sgd::new(0.1))
        .unwrap();
}
