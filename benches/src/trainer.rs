//! A network in training.

use crate::{Case, Optimizer, Side};
use nn::{Adam, BatchGradient, Dataset, Method, Parameters, Sgd};
use rayon::ThreadPool;

/// A network in training: what is timed wherever a whole step is.
#[derive(Debug)]
pub struct Trainer {
    gradient: BatchGradient<f32>,
    parameters: Parameters<f32>,
    optimizer: Box<dyn nn::Optimizer<f32>>,
}

impl Trainer {
    /// A network before its first step, its gradient by the given method.
    #[must_use]
    pub fn new(case: &Case, method: Method, optimizer: Optimizer) -> Trainer {
        Trainer {
            gradient: BatchGradient::new(&case.network, case.loss, method),
            parameters: case.parameters(),
            optimizer: match optimizer {
                Optimizer::Sgd { learning_rate } => Box::new(Sgd::new(learning_rate)),
                Optimizer::Adam { learning_rate } => Box::new(Adam::new(learning_rate)),
            },
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
pub fn steps<'a>(
    pool: &'a ThreadPool,
    case: &'a Case,
    method: Method,
    optimizer: Optimizer,
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
