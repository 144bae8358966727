//! Training of a network, for timing.

use crate::{Case, Side};
use mnist_core::gradient::{EitherGradient, Method};
use nn::{Dataset, Optimizer, OptimizerSettings, Parameters};
use rayon::ThreadPool;

/// A network in training, whose whole steps are timed.
#[derive(Debug)]
pub struct Trainer {
    gradient: EitherGradient<f32>,
    parameters: Parameters<f32>,
    optimizer: Box<dyn Optimizer<f32>>,
}

impl Trainer {
    /// Creates a trainer before its first step, with gradients by the given method.
    ///
    /// # Panics
    ///
    /// If a setting of the optimizer is out of range.
    #[must_use]
    pub fn new(case: &Case, method: Method, optimizer: OptimizerSettings) -> Trainer {
        Trainer {
            gradient: EitherGradient::new(&case.network, case.loss, method),
            parameters: case.parameters(),
            optimizer: optimizer.start().expect("the settings are in their ranges"),
        }
    }

    /// Takes a step, and returns the batch's mean cost before the step.
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

/// Training steps on a thread pool, as a side to be timed.
///
/// # Panics
///
/// If a setting of the optimizer is out of range.
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

/// Creates a pool with the given number of threads.
///
/// # Panics
///
/// If the threads cannot be started.
#[must_use]
pub fn pool(threads: usize) -> ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("the system gives threads")
}
