//! A network in training.

use crate::{Case, Side};
use mnist_core::gradient::{EitherGradient, Method};
use nn::{Dataset, Optimizer, OptimizerSettings, Parameters};
use rayon::ThreadPool;

/// A network in training: what is timed wherever a whole step is.
#[derive(Debug)]
pub struct Trainer {
    gradient: EitherGradient<f32>,
    parameters: Parameters<f32>,
    optimizer: Box<dyn Optimizer<f32>>,
}

impl Trainer {
    /// A network before its first step, its gradient by the given method.
    ///
    /// # Panics
    ///
    /// If a setting of the optimizer is out of its range.
    #[must_use]
    pub fn new(case: &Case, method: Method, optimizer: OptimizerSettings) -> Trainer {
        Trainer {
            gradient: EitherGradient::new(&case.network, case.loss, method),
            parameters: case.parameters(),
            optimizer: optimizer.start().expect("the settings are in their ranges"),
        }
    }

    /// One step, which gives the batch's mean cost before it.
    ///
    /// # Panics
    ///
    /// If the network diverges.
    pub fn step(&mut self, batch: &Dataset) -> f64 {
        self.gradient
            .step(&mut self.parameters, batch, &mut *self.optimizer)
            .expect("the training stays finite")
    }
}

/// Training steps on a pool of threads, to be timed.
///
/// # Panics
///
/// If a setting of the optimizer is out of its range.
pub fn steps<'a>(
    pool: &'a ThreadPool,
    case: &'a Case,
    method: Method,
    optimizer: OptimizerSettings,
) -> Side<'a> {
    let mut trainer = Trainer::new(case, method, optimizer);
    Box::new(move |count| {
        pool.install(|| {
            for _ in 0..count {
                trainer.step(&case.batch);
            }
        });
    })
}

/// So many threads.
///
/// # Panics
///
/// If the system has none to give.
#[must_use]
pub fn pool(threads: usize) -> ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("the system gives threads")
}
