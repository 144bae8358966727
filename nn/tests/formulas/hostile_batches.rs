//! Batches that break the contract of [`Batch`] are refused or computed, and do not affect the next batch.

use crate::callers_line::{LOSS, refused};
use crate::method::{Gradient, Method};
use autodiff::tensor::Tensor;
use nn::{
    Activation, Batch, Initializer, Labelled, Mlp, Quantity, Sgd, Supervised, evaluate, mean_cost,
};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns a network whose first layer is large enough for threads to share it.
pub(crate) fn network() -> Mlp {
    Mlp::new(&[140, 60, 5], Activation::Tanh)
}

pub(crate) fn honest(samples: usize) -> Labelled<f64> {
    let x = Tensor::from_flat_fn([samples, 140], |i| (i as f64 * 0.37).sin());
    let classes = Tensor::from_flat_fn([samples], |i| (i % 5) as u32);
    (x, classes.into())
}

/// Runs `body` in a pool of `threads` threads.
pub(crate) fn on<R: Send>(threads: usize, body: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(body)
}

/// Computes the gradient of another batch and another network, on the calling thread and its pool.
pub(crate) fn nest() {
    let network = Mlp::new(&[140, 7, 5], Activation::Relu);
    let parameters = network.init(Initializer::GlorotNormal, 2);
    let mut nested = Gradient::<f64>::new(&network, LOSS, Method::Tape);
    assert!(nested.compute(&parameters, &honest(40)).is_finite());
}

/// Returns the result of `body`, or the message of its panic.
pub(crate) fn caught<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default()
    })
}

/// Panics without calling the panic hook.
pub(crate) fn panic_with(text: &'static str) -> ! {
    resume_unwind(Box::new(text))
}

/// The fault of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Each call of `len` returns one sample more.
    Grows,
    /// Each call of `len` returns one sample fewer.
    Shrinks,
    /// It loads more samples than the batch has, for any range.
    LoadsTooMany,
    LoadsNothing,
    /// Inputs of another width, from the second load on.
    OtherWidth,
    /// Inputs of the right size in another shape.
    OtherShape,
    /// Targets of fewer samples than inputs.
    FewerTargets,
    /// A class number that is too large.
    NoSuchClass,
    /// It panics from the load with this number on.
    Panics(usize),
    /// It computes another gradient while it loads.
    Nests,
    /// It loads valid chunks, but `whole` returns invalid inputs.
    OtherWhole,
    WholePanics,
    /// Its `fault` returns a message.
    SaysSo,
    /// Its weight is invalid.
    Weighs(f64),
}

const FAULTS: [Fault; 17] = [
    Fault::Grows,
    Fault::Shrinks,
    Fault::LoadsTooMany,
    Fault::LoadsNothing,
    Fault::OtherWidth,
    Fault::OtherShape,
    Fault::FewerTargets,
    Fault::NoSuchClass,
    Fault::Panics(0),
    Fault::Panics(1),
    Fault::Nests,
    Fault::OtherWhole,
    Fault::WholePanics,
    Fault::SaysSo,
    Fault::Weighs(0.0),
    Fault::Weighs(-0.0),
    Fault::Weighs(f64::NAN),
];

/// The expected outcome of a fault.
enum Outcome {
    /// The same bits as with the honest batch.
    Computed,
    /// A panic at the caller's line, with the operation and this message.
    Refused(String),
    /// The panic of the batch.
    Panics,
    /// An error: the step is not taken.
    NotFinite,
}

impl Fault {
    /// Returns the expected outcome for a batch of `samples` samples that is loaded in `loads` equal chunks.
    fn outcome(self, samples: usize, loads: usize) -> Outcome {
        let chunk = samples / loads;
        let inputs = |rows: usize, columns: usize, wanted: usize| {
            Outcome::Refused(format!(
                "inputs of shape [{rows}, {columns}] are not {wanted} samples of 140 numbers"
            ))
        };
        match self {
            // The engine calls `len` once.
            Fault::Grows | Fault::Shrinks | Fault::Nests => Outcome::Computed,
            // There is only one load.
            Fault::OtherWidth | Fault::Panics(1) if loads == 1 => Outcome::Computed,
            Fault::LoadsTooMany => inputs(samples + 1, 140, chunk),
            Fault::LoadsNothing => inputs(0, 140, chunk),
            Fault::OtherShape => inputs(140, chunk, chunk),
            Fault::OtherWidth => inputs(chunk, 139, chunk),
            Fault::OtherWhole => inputs(samples, 139, samples),
            Fault::FewerTargets => Outcome::Refused(format!(
                "class numbers of shape [{}] are not those of {chunk} samples",
                chunk - 1
            )),
            Fault::NoSuchClass => Outcome::Refused(
                "sample 0 is of class 4294967295, and there are 5 outputs".to_owned(),
            ),
            Fault::SaysSo => Outcome::Refused("no batch at all".to_owned()),
            Fault::Panics(_) | Fault::WholePanics => Outcome::Panics,
            Fault::Weighs(_) => Outcome::NotFinite,
        }
    }
}

struct Hostile {
    samples: usize,
    fault: Fault,
    asked: AtomicUsize,
    loaded: AtomicUsize,
}

impl Hostile {
    fn new(samples: usize, fault: Fault) -> Self {
        Hostile {
            samples,
            fault,
            asked: AtomicUsize::new(0),
            loaded: AtomicUsize::new(0),
        }
    }
}

impl Batch<Labelled<f64>> for Hostile {
    fn len(&self) -> usize {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Grows => self.samples + asked,
            Fault::Shrinks => self.samples.saturating_sub(asked),
            _ => self.samples,
        }
    }

    fn load(&self, range: Range<usize>) -> Labelled<f64> {
        let loaded = self.loaded.fetch_add(1, Ordering::Relaxed);
        let (x, targets) = honest(self.samples).load(range.clone());
        let samples = range.len();
        match self.fault {
            Fault::LoadsTooMany => honest(self.samples + 1),
            Fault::LoadsNothing => honest(0),
            Fault::OtherWidth if loaded > 0 => (Tensor::zeros([samples, 139]), targets),
            Fault::OtherShape => (x.reshape([140, samples]), targets),
            Fault::FewerTargets => (x, targets.rows(1..samples)),
            Fault::NoSuchClass => (x, Tensor::full([samples], u32::MAX).into()),
            Fault::Panics(time) if loaded >= time => panic_with("in a batch"),
            Fault::Nests => {
                nest();
                (x, targets)
            }
            _ => (x, targets),
        }
    }

    fn whole(&self) -> Option<Labelled<f64>> {
        let (_, targets) = honest(self.samples);
        match self.fault {
            Fault::OtherWhole => Some((Tensor::zeros([self.samples, 139]), targets)),
            Fault::WholePanics => panic_with("in a batch"),
            _ => None,
        }
    }

    fn fault(&self) -> Option<String> {
        (self.fault == Fault::SaysSo).then(|| "no batch at all".to_owned())
    }

    fn weight(&self, samples: usize) -> f64 {
        match self.fault {
            Fault::Weighs(weight) => weight,
            _ => samples as f64,
        }
    }
}

/// Runs a batch with each fault through one engine, followed by an honest batch.
fn check(samples: usize, loads: usize, method: Method) {
    let network = network();
    let model = Supervised::new(&network, LOSS);
    let parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
    let good = honest(samples);
    let fresh = || Gradient::new(&network, LOSS, method);

    let mut first = fresh();
    let cost = first.compute(&parameters, &good);
    let expected = first.gradient().clone();
    let mut after = parameters.clone();
    assert_eq!(
        fresh().step(&mut after, &good, &mut Sgd::new(0.1)),
        Ok(cost)
    );

    let mut gradient = fresh();
    for fault in FAULTS {
        let bad = || Hostile::new(samples, fault);
        let mut stepped = parameters.clone();
        let mut sgd = Sgd::new(0.1);
        match fault.outcome(samples, loads) {
            Outcome::Computed => {
                assert_eq!(gradient.compute(&parameters, &bad()), cost, "{fault:?}");
                assert!(*gradient.gradient() == expected, "{fault:?}");
                assert_eq!(gradient.step(&mut stepped, &bad(), &mut sgd), Ok(cost));
                assert!(stepped == after, "{fault:?}");
                let evaluated = evaluate(&model, &parameters, &bad());
                assert_eq!(evaluated, evaluate(&model, &parameters, &good), "{fault:?}");
                stepped = parameters.clone();
            }
            Outcome::Refused(message) => {
                refused(&format!("compute: {message}"), || {
                    gradient.compute(&parameters, &bad());
                });
                refused(&format!("step: {message}"), || {
                    let _ = gradient.step(&mut stepped, &bad(), &mut sgd);
                });
                refused(&format!("evaluate: {message}"), || {
                    let _ = evaluate(&model, &parameters, &bad());
                });
                refused(&format!("mean_cost: {message}"), || {
                    let _ = mean_cost(&model, &parameters, &bad());
                });
            }
            Outcome::Panics => {
                let panic = caught(|| gradient.compute(&parameters, &bad())).map(drop);
                assert_eq!(panic, Err("in a batch".to_owned()), "{fault:?}");
                let panic = caught(|| gradient.step(&mut stepped, &bad(), &mut sgd)).map(drop);
                assert_eq!(panic, Err("in a batch".to_owned()), "{fault:?}");
                let panic = caught(|| evaluate(&model, &parameters, &bad())).map(drop);
                assert_eq!(panic, Err("in a batch".to_owned()), "{fault:?}");
            }
            Outcome::NotFinite => {
                assert!(!gradient.compute(&parameters, &bad()).is_finite());
                let error = gradient.step(&mut stepped, &bad(), &mut sgd).unwrap_err();
                assert_eq!(error.quantity, Quantity::Gradient, "{fault:?}");
            }
        }
        assert!(stepped == parameters, "{fault:?}");

        // The fault does not affect the next batch.
        assert_eq!(gradient.step(&mut stepped, &good, &mut sgd), Ok(cost));
        assert!(stepped == after, "{fault:?}");
        assert_eq!(gradient.compute(&parameters, &good), cost);
        assert!(*gradient.gradient() == expected, "{fault:?}");
    }
}

#[test]
fn a_batch_that_breaks_its_contract_does_not_affect_the_next_batch() {
    for threads in [1, 2] {
        on(threads, || {
            for (samples, loads) in [(5, 1), (70, 2), (512, 8)] {
                for method in [Method::Tape, Method::Delta] {
                    check(samples, loads, method);
                }
            }
        });
    }
}
