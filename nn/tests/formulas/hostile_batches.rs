//! Batches that do not keep their promises: what they give is refused or computed with, and the next batch finds nothing
//! of it.

use autodiff::tensor::{Targets, Tensor};
use nn::{Activation, Batch, BatchGradient, Initializer, Loss, Method, Mlp, Sgd, evaluate};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A network with a first layer that is formed before the lanes, of batches that have two.
pub(crate) fn network() -> Mlp {
    Mlp::new(&[140, 60, 5], Activation::Tanh)
}

pub(crate) fn honest(samples: usize) -> (Tensor<f64>, Targets<f64>) {
    let x = Tensor::from_fn([samples, 140], |i| (i as f64 * 0.37).sin());
    let classes = Tensor::from_fn([samples], |i| (i % 5) as u32);
    (x, classes.into())
}

/// Runs `body` in a pool of so many threads.
pub(crate) fn on<R: Send>(threads: usize, body: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(body)
}

/// What a batch does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It has one sample more each time that it is asked.
    Grows,
    /// It has one sample fewer each time.
    Shrinks,
    /// It loads samples up to its end, whatever is asked for.
    LoadsTooMany,
    LoadsNothing,
    /// Inputs of another width from the second time on.
    OtherWidth,
    /// Inputs of the right size in another shape.
    OtherShape,
    /// Targets of fewer samples than inputs.
    FewerTargets,
    /// A class that there is not.
    NoSuchClass,
    /// It panics the first time, or a later time.
    Panics(usize),
    /// It gives a gradient of another batch a chance to be formed on the same threads.
    Nests,
}

const FAULTS: [Fault; 11] = [
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
];

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

impl Batch<f64> for Hostile {
    fn len(&self) -> usize {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Grows => self.samples + asked,
            Fault::Shrinks => self.samples.saturating_sub(asked),
            _ => self.samples,
        }
    }

    fn load(&self, range: Range<usize>) -> (Tensor<f64>, Targets<f64>) {
        let loaded = self.loaded.fetch_add(1, Ordering::Relaxed);
        let (x, targets) = honest(self.samples).load(range.clone());
        let samples = range.len();
        match self.fault {
            Fault::Grows | Fault::Shrinks => (x, targets),
            Fault::LoadsTooMany => honest(self.samples + 1),
            Fault::LoadsNothing => honest(0),
            Fault::OtherWidth if loaded == 0 => (x, targets),
            Fault::OtherWidth => (Tensor::zeros([samples, 139]), targets),
            Fault::OtherShape => (x.reshape([140, samples]), targets),
            Fault::FewerTargets => (x, targets.rows(1..samples)),
            Fault::NoSuchClass => (x, Tensor::full([samples], u32::MAX).into()),
            Fault::Panics(time) if loaded < time => (x, targets),
            Fault::Panics(_) => resume_unwind(Box::new("in a batch")),
            Fault::Nests => {
                let mut nested = BatchGradient::tape(&network(), Loss::cross_entropy());
                let parameters = network().init(Initializer::GlorotNormal, 2);
                assert!(nested.compute(&parameters, &honest(40)).is_finite());
                (x, targets)
            }
        }
    }
}

#[test]
fn a_batch_that_breaks_its_promises_leaves_the_next_one_alone() {
    let (network, loss) = (network(), Loss::cross_entropy());
    let parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
    // One lane, two, and four.
    for (samples, threads) in [(5, 1), (5, 3), (70, 3), (600, 3)] {
        for method in [Method::Tape, Method::ClosedForm] {
            let good = honest(samples);
            let make = || BatchGradient::new(&network, loss, method);
            let mut gradient = make();
            let mut fresh = make();
            let cost = fresh.compute(&parameters, &good);
            let expected = fresh.gradient().clone();
            for fault in FAULTS {
                let mut stepped = parameters.clone();
                let refused = on(threads, || {
                    let bad = || Hostile::new(samples, fault);
                    let outcome = catch_unwind(AssertUnwindSafe(|| {
                        gradient.compute(&parameters, &bad());
                        gradient.step(&mut stepped, &bad(), &mut Sgd::new(0.1))
                    }));
                    let evaluated = catch_unwind(AssertUnwindSafe(|| {
                        evaluate(&network, loss, &parameters, &bad())
                    }));
                    assert!(
                        matches!(fault, Fault::OtherWidth | Fault::Panics(1))
                            || outcome.is_err() == evaluated.is_err()
                    );
                    // Nothing stays of it.
                    assert_eq!(gradient.compute(&parameters, &good), cost);
                    assert!(*gradient.gradient() == expected, "{fault:?}");
                    outcome.is_err()
                });
                let is_computed_with = match fault {
                    // It is asked once, and loaded as it was then.
                    Fault::Grows | Fault::Shrinks | Fault::Nests => true,
                    // It is loaded once.
                    Fault::OtherWidth | Fault::Panics(1) => samples < 512,
                    _ => false,
                };
                assert_eq!(refused, !is_computed_with, "{fault:?} {samples}");
                assert_eq!(stepped != parameters, is_computed_with, "{fault:?}");
            }
        }
    }
}
