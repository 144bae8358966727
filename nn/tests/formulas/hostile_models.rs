//! Models that break the contract of [`Model`] are refused or computed, and do not affect the next batch. A model
//! cannot record on another tape, because a variable of another tape has another type.

use crate::callers_line::refused;
use crate::hostile_batches::{caught, nest, on, panic_with};
use autodiff::tensor::{Algebra, Real, Tensor};
use nn::{
    BatchGradient, Builder, Chunking, Initializer, Layout, Model, Param, Pass, Quantity, Sgd,
    Statistic, StepError,
};
use std::sync::{Arc, PoisonError, RwLock};

/// The fault of a model, in the chunk of the last sample.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Its cost is not a scalar.
    NoScalar,
    /// Its cost depends on no parameter.
    Constant,
    /// Its cost and its gradient are not finite.
    NotFinite,
    /// Its cost panics.
    Panics,
    /// It refuses the samples.
    Refuses,
    /// It computes another gradient on the same thread.
    Nests,
    /// It reads a parameter or a statistic that does not exist.
    NoSuchParameter,
    NoSuchStatistic,
    /// It observes a statistic that does not exist, or a value of another shape.
    ObservesNoStatistic,
    ObservesOtherShape,
    /// Its `layout` returns another layout than before.
    OtherLayout,
    /// Its `chunking` returns another value than before.
    OtherChunks,
}

const FAULTS: [Fault; 12] = [
    Fault::NoScalar,
    Fault::Constant,
    Fault::NotFinite,
    Fault::Panics,
    Fault::Refuses,
    Fault::Nests,
    Fault::NoSuchParameter,
    Fault::NoSuchStatistic,
    Fault::ObservesNoStatistic,
    Fault::ObservesOtherShape,
    Fault::OtherLayout,
    Fault::OtherChunks,
];

/// The expected outcome of a fault.
enum Outcome {
    /// A gradient, which may differ from the gradient of the honest model.
    Computed,
    /// A panic at the caller's line, with the operation and this message.
    Refused(&'static str),
    /// A panic in the model, with this message.
    Panics(&'static str),
    /// An error: the step is not taken.
    NotFinite,
}

impl Fault {
    fn outcome(self) -> Outcome {
        match self {
            // The engine keeps the layout that it was made with.
            Fault::Constant | Fault::Nests | Fault::OtherLayout | Fault::OtherChunks => {
                Outcome::Computed
            }
            Fault::NotFinite => Outcome::NotFinite,
            Fault::NoScalar => Outcome::Refused("the cost of a chunk has shape ["),
            Fault::Refuses => Outcome::Refused("no such samples"),
            Fault::Panics => Outcome::Panics("in a cost"),
            Fault::NoSuchParameter => Outcome::Panics(
                "there is no parameter 1: the layout has 1 slices; was it taken before all layers were made?",
            ),
            Fault::NoSuchStatistic => {
                Outcome::Panics("statistic: there is no statistic 1: the layout has 1")
            }
            Fault::ObservesNoStatistic => {
                Outcome::Panics("observe: there is no statistic 1: the layout has 1")
            }
            Fault::ObservesOtherShape => {
                Outcome::Panics("observe: a value of shape [4] for a statistic of shape [3]")
            }
        }
    }
}

/// A model whose cost is a sum of squares, with the mean of the inputs as a statistic.
struct Hostile {
    weight: Param,
    mean: Statistic,
    layout: Arc<Layout>,
    /// A parameter, a statistic and a layout that do not belong to the model.
    other: (Param, Statistic, Arc<Layout>),
    samples: usize,
    fault: RwLock<Option<Fault>>,
}

impl Hostile {
    fn new(samples: usize) -> Hostile {
        let b = Builder::new();
        let weight = b.param("weight", [3], Initializer::Constant(0.5));
        let mean = b.statistic("mean", [3], Initializer::Constant(0.0), 0.5);
        let layout = b.layout();
        let other = (
            b.param("later", [70], Initializer::Constant(0.5)),
            b.statistic("later_mean", [3], Initializer::Constant(0.0), 0.5),
            b.layout(),
        );
        Hostile {
            weight,
            mean,
            layout,
            other,
            samples,
            fault: RwLock::new(None),
        }
    }

    /// The current fault. A panic while the lock is held does not matter.
    fn fault(&self) -> Option<Fault> {
        *self.fault.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_fault(&self, fault: Option<Fault>) {
        *self.fault.write().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn points(&self) -> Tensor<f64> {
        Tensor::from_flat_fn([self.samples, 3], |i| (i as f64 * 0.7).sin())
    }
}

impl Model for Hostile {
    type Chunk<T: Real> = Tensor<T>;

    fn layout(&self) -> &Arc<Layout> {
        match self.fault() {
            Some(Fault::OtherLayout) => &self.other.2,
            _ => &self.layout,
        }
    }

    /// Several chunks in a shard.
    fn chunking(&self) -> Chunking {
        match self.fault() {
            Some(Fault::OtherChunks) => Chunking::Samples(0),
            _ => Chunking::Samples(16),
        }
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, x: Tensor<A::Element>) -> A {
        let is_last = pass.context().samples.end == self.samples;
        let fault = self.fault().filter(|_| is_last);
        let (later, later_mean, _) = &self.other;
        match fault {
            Some(Fault::Panics) => panic_with("in a cost"),
            Some(Fault::Refuses) => pass.refuse("no such samples"),
            Some(Fault::Nests) => nest(),
            Some(Fault::NoSuchParameter) => return pass[*later].sum(),
            Some(Fault::NoSuchStatistic) => return pass.statistic(*later_mean).sum(),
            Some(Fault::ObservesNoStatistic) => pass.observe(*later_mean, Tensor::zeros([3])),
            Some(Fault::ObservesOtherShape) => pass.observe(self.mean, Tensor::zeros([4])),
            _ => pass.observe(self.mean, x.mean_over([0])),
        }
        let costs = (pass.constant(x) * &pass[self.weight]).square();
        match fault {
            Some(Fault::NoScalar) => costs,
            Some(Fault::Constant) => costs.constant(costs.value().clone()).sum(),
            Some(Fault::NotFinite) => costs.sum() * f64::INFINITY,
            _ => costs.sum(),
        }
    }
}

/// Runs each fault through one engine, followed by an honest batch.
fn check(samples: usize) {
    let model = Hostile::new(samples);
    let parameters = model.layout().init::<f64>(1);
    let points = model.points();
    let step = |gradient: &mut BatchGradient<f64, &Hostile>| {
        let mut stepped = parameters.clone();
        let outcome = gradient.step(&mut stepped, &points, &mut Sgd::new(0.1));
        (outcome, stepped)
    };

    let mut first = BatchGradient::tape(&model);
    let (cost, after) = step(&mut first);
    assert!(cost.is_ok() && after.statistics() != parameters.statistics());
    let expected = first.compute(&parameters, &points).1.clone();

    let mut gradient = BatchGradient::tape(&model);
    for fault in FAULTS {
        model.set_fault(Some(fault));
        let number = gradient.step_number();
        let mut stepped = parameters.clone();
        let mut sgd = Sgd::new(0.1);
        let mut compute = || gradient.compute(&parameters, &points).0;
        match fault.outcome() {
            Outcome::Computed => {
                assert!(compute().is_finite(), "{fault:?}");
                let is_expected = *gradient.gradient() == expected;
                match fault {
                    Fault::Constant => assert!(!is_expected),
                    // The rounding of the sum depends on the chunks.
                    Fault::OtherChunks => {}
                    _ => assert!(is_expected, "{fault:?}"),
                }
                let (cost, _) = step(&mut gradient);
                assert!(cost.is_ok(), "{fault:?}");
            }
            Outcome::Refused(message) => {
                refused(&format!("compute: {message}"), || {
                    compute();
                });
                refused(&format!("step: {message}"), || {
                    let _ = gradient.step(&mut stepped, &points, &mut sgd);
                });
            }
            Outcome::Panics(message) => {
                assert_eq!(caught(compute).map(drop), Err(message.to_owned()));
                let outcome = caught(|| gradient.step(&mut stepped, &points, &mut sgd));
                assert_eq!(outcome.map(drop), Err(message.to_owned()));
            }
            Outcome::NotFinite => {
                assert!(!compute().is_finite());
                let outcome = gradient.step(&mut stepped, &points, &mut sgd);
                let error: StepError = outcome.unwrap_err();
                assert_eq!(error.quantity, Quantity::Gradient);
            }
        }
        // The comparison includes the statistics.
        assert!(stepped == parameters, "{fault:?}");
        if let Outcome::Refused(_) | Outcome::Panics(_) = fault.outcome() {
            assert_eq!(gradient.step_number(), number, "{fault:?}");
        }

        // The fault does not affect the next batch.
        model.set_fault(None);
        let (found, stepped) = step(&mut gradient);
        assert!(found == cost && stepped == after, "{fault:?}");
        let (_, found) = gradient.compute(&parameters, &points);
        assert!(*found == expected, "{fault:?}");
    }

    // Parameters of a layout that the model returns only after the engine was made.
    model.set_fault(Some(Fault::OtherLayout));
    let other = model.layout().init::<f64>(1);
    refused(
        "compute: parameters of another layout: slice 1, `later` of shape [70], is one too many",
        || {
            let _ = gradient.compute(&other, &points);
        },
    );
}

#[test]
fn a_model_that_breaks_its_contract_does_not_affect_the_next_batch() {
    for threads in [1, 2] {
        for samples in [5, 70, 600] {
            on(threads, || check(samples));
        }
    }
}
