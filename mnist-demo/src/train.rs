//! Training: step after step from a seed, and what it was like.

use std::ops::ControlFlow;
use std::time::Instant;

use autodiff::tensor::Real;
use nn::{BatchGradient, Dataset, Evaluation, Method, Mlp, Parameters, SgdSettings, evaluate};
use serde::Serialize;

use crate::Error;
use crate::batches::Batches;
use crate::model::Model;
use crate::optimizer::Optimizer;
use crate::report::{counted, grouped};

/// How a network is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The network and its cost.
    pub model: Model,
    /// The samples in a step; all of them when there is no number.
    pub batch: Option<usize>,
    /// When it ends.
    pub length: Length,
    /// What follows the gradient.
    pub optimizer: Optimizer,
    /// What initial weights and batches are drawn from.
    pub seed: u64,
    /// What computes the gradients.
    pub method: Method,
}

/// How long training goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many steps.
    Steps(u64),
    /// So often through all samples.
    Epochs(u64),
}

impl Default for Settings {
    /// The paper's: all images in each of 1,000 steps, with α = 0.1.
    fn default() -> Self {
        Settings {
            model: Model::default(),
            batch: None,
            length: Length::Steps(1_000),
            optimizer: Optimizer::Sgd(SgdSettings::new(0.1)),
            seed: 1,
            method: Method::Tape,
        }
    }
}

/// What settings mean for some data: a network, a batch, and a number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The network.
    pub network: Mlp,
    /// The samples in a step.
    pub batch: usize,
    /// The number of steps.
    pub steps: u64,
}

impl Settings {
    /// Works out the plan for so many samples of so many pixels, trained on in the precision of `T`.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense: in itself, in this precision, or for this data.
    pub fn plan<T: Real>(&self, samples: usize, pixels: usize) -> Result<Plan, Error> {
        let network = self.model.network(pixels)?;
        self.optimizer.start::<T>()?;
        let batch = check_batch(self.batch.unwrap_or(samples), samples)?;
        let (option, number) = match self.length {
            Length::Steps(steps) => ("--steps", Some(steps)),
            Length::Epochs(epochs) => (
                "--epochs",
                epochs.checked_mul(samples.div_ceil(batch) as u64),
            ),
        };
        match number {
            Some(0) => Err(Error::setting(option, "must be at least 1")),
            None => Err(Error::setting(option, "too many steps to count")),
            Some(steps) => Ok(Plan {
                network,
                batch,
                steps,
            }),
        }
    }
}

/// A batch that can be drawn from so many samples.
pub(crate) fn check_batch(batch: usize, samples: usize) -> Result<usize, Error> {
    match batch {
        0 => Err(Error::setting("--batch", "must be at least 1")),
        _ if batch > samples => Err(Error::setting(
            "--batch",
            format!(
                "a batch of {} is more than the {} there are to train on",
                counted(batch as u64, "image", "images"),
                grouped(samples as u64)
            ),
        )),
        _ => Ok(batch),
    }
}

/// What the run was like at one moment: a line of its table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Record {
    /// How many steps had been taken.
    pub step: u64,
    /// Seconds since the beginning.
    pub seconds: f64,
    /// The mean cost of the batch, before it was learnt from. At the end, that of all samples.
    pub loss: f64,
    /// The accuracy on training samples that are drawn once, as many as there are to test with; where it was measured.
    pub train_accuracy: Option<f64>,
    /// The accuracy on the test set, where it was measured.
    pub test_accuracy: Option<f64>,
}

/// The records of a run, in order.
///
/// There is one for each step, up to [`MAX_RECORDS`]; of a longer run, one for each so many steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History(pub Vec<Record>);

/// About the most records that are kept of a run.
pub const MAX_RECORDS: u64 = 100_000;

/// How far training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// How many steps have been taken.
    pub step: u64,
    /// How many there are.
    pub steps: u64,
    /// How many images they have seen.
    pub images: u64,
    /// The mean cost of the latest batch, before it was learnt from. At the end, that of all samples.
    pub loss: f64,
    /// The accuracy on the test set when it was last measured. At the end, that of the trained network.
    pub test_accuracy: f64,
    /// Seconds since the beginning.
    pub seconds: f64,
}

/// Somebody who watches the training.
pub trait Observer: Send {
    /// Sees each step after it was taken, and may stop the training there.
    fn step(&mut self, progress: &Progress) -> ControlFlow<()>;

    /// Sees the end, after the last step or where the training was stopped, once the network has been evaluated.
    fn end(&mut self, progress: &Progress) {
        let _ = progress;
    }
}

/// Nobody watches.
impl Observer for () {
    fn step(&mut self, _: &Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained<T: Real> {
    /// The network.
    pub network: Mlp,
    /// Its parameters.
    pub parameters: Parameters<T>,
    /// What the run was like.
    pub history: History,
    /// What it makes of the samples that it learnt from.
    pub train: Evaluation,
    /// What it makes of those it has never seen.
    pub test: Evaluation,
    /// How many steps were taken.
    pub steps: u64,
    /// Seconds that the steps took, measurements between them included.
    pub seconds: f64,
}

/// Trains a network, on the threads of the surrounding rayon pool.
///
/// The same settings and data give the same bits at any number of threads.
///
/// # Errors
///
/// When a setting makes no sense, or the loss is not finite any more.
pub fn train<T: Real>(
    settings: &Settings,
    data: &Dataset,
    test: &Dataset,
    observer: &mut dyn Observer,
) -> Result<Trained<T>, Error> {
    let Plan {
        network,
        batch,
        steps,
    } = settings.plan::<T>(data.len(), data.features())?;
    let loss = settings.model.loss;
    let mut parameters = settings.model.initial::<T>(&network, settings.seed);
    let mut gradient = BatchGradient::<T>::new(&network, loss, settings.method);
    let mut optimizer = settings.optimizer.start::<T>()?;
    let mut batches = Batches::new(data, batch, settings.seed);
    // Drawn, because neighbours and every other sample may have more in common than chance allows: MNIST takes turns
    // between two groups of writers.
    let sampled = data.len().min(test.len());
    let mut draw = Batches::new(data, sampled, settings.seed);
    let sample = data.select(draw.draw());
    let finite = |step, cost: f64| {
        if cost.is_finite() {
            return Ok(cost);
        }
        Err(Error::Diverged {
            step,
            loss: cost,
            learning_rate: settings.optimizer.learning_rate(),
        })
    };

    let mut history = History::default();
    let record_every = steps.div_ceil(MAX_RECORDS);
    let measure_every = steps.div_ceil(measurements(steps, batch, sampled + test.len()));
    let mut progress = Progress {
        step: 0,
        steps,
        images: 0,
        loss: f64::NAN,
        test_accuracy: f64::NAN,
        seconds: 0.0,
    };
    let start = Instant::now();
    while progress.step < steps {
        let measured = progress.step.is_multiple_of(measure_every).then(|| {
            let train = evaluate(&network, loss, &parameters, &sample).accuracy();
            let test = evaluate(&network, loss, &parameters, test).accuracy();
            (train, test)
        });
        let cost = if batch == data.len() {
            progress.images += batch as u64;
            gradient.compute(&parameters, data)
        } else {
            let numbers = batches.draw();
            progress.images += numbers.len() as u64;
            gradient.compute(&parameters, &data.select(numbers))
        };
        progress.loss = finite(progress.step, cost)?;
        optimizer.step(parameters.data_mut(), gradient.gradient().data());

        progress.seconds = start.elapsed().as_secs_f64();
        if measured.is_some() || progress.step.is_multiple_of(record_every) {
            history.0.push(Record {
                step: progress.step,
                seconds: progress.seconds,
                loss: progress.loss,
                train_accuracy: measured.map(|(train, _)| train),
                test_accuracy: measured.map(|(_, test)| test),
            });
        }
        if let Some((_, test)) = measured {
            progress.test_accuracy = test;
        }
        progress.step += 1;
        if observer.step(&progress).is_break() {
            break;
        }
    }

    let train = evaluate(&network, loss, &parameters, data);
    let test = evaluate(&network, loss, &parameters, test);
    progress.loss = finite(progress.step, train.cost)?;
    progress.test_accuracy = test.accuracy();
    observer.end(&progress);
    history.0.push(Record {
        step: progress.step,
        seconds: start.elapsed().as_secs_f64(),
        loss: progress.loss,
        train_accuracy: Some(evaluate(&network, loss, &parameters, &sample).accuracy()),
        test_accuracy: Some(progress.test_accuracy),
    });
    Ok(Trained {
        network,
        parameters,
        history,
        train,
        test,
        steps: progress.step,
        seconds: progress.seconds,
    })
}

/// How often the accuracy is measured: up to 40 times, and so seldom that it sees no more than half as many images as
/// the training, which costs a small part of its time.
fn measurements(steps: u64, batch: usize, images: usize) -> u64 {
    let seen = steps.saturating_mul(batch as u64);
    (seen / 2 / images as u64).clamp(1, 40)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::AdamSettings;

    fn plan(change: impl FnOnce(&mut Settings)) -> Result<Plan, Error> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.plan::<f32>(60_000, 784)
    }

    #[test]
    fn epochs_are_counted_in_steps() {
        assert_eq!(plan(|_| {}).unwrap().steps, 1_000);
        let epochs = |batch, number| {
            plan(|settings| {
                settings.batch = Some(batch);
                settings.length = Length::Epochs(number);
            })
        };
        assert_eq!(epochs(128, 2).unwrap().steps, 2 * 469);
        assert_eq!(epochs(60_000, 3).unwrap().steps, 3);
        let message = epochs(1, u64::MAX).unwrap_err().to_string();
        assert_eq!(message, "--epochs: too many steps to count");
    }

    #[test]
    fn senseless_settings_are_refused_by_name() {
        let refused = |option: &str, change: &dyn Fn(&mut Settings)| {
            let message = plan(change).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{option}: ")), "{message}");
        };
        let sgd = |rate| Optimizer::Sgd(SgdSettings::new(rate));
        refused("--learning-rate", &|s| s.optimizer = sgd(-0.1));
        refused("--learning-rate", &|s| s.optimizer = sgd(f64::NAN));
        refused("--learning-rate", &|s| s.optimizer = sgd(f64::INFINITY));
        let tiny = AdamSettings {
            epsilon: 1e-60,
            ..AdamSettings::default()
        };
        refused("--epsilon", &|s| s.optimizer = Optimizer::Adam(tiny));
        refused("--batch", &|s| s.batch = Some(0));
        refused("--batch", &|s| s.batch = Some(60_001));
        refused("--steps", &|s| s.length = Length::Steps(0));
        refused("--epochs", &|s| s.length = Length::Epochs(0));
        refused("--widths", &|s| s.model.hidden = vec![0]);
    }

    /// Stops after some steps, and keeps what it saw.
    struct Watch {
        steps: u64,
        seen: Vec<u64>,
        end: Option<Progress>,
    }

    impl Observer for Watch {
        fn step(&mut self, progress: &Progress) -> ControlFlow<()> {
            self.seen.push(progress.step);
            match progress.step == self.steps {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }

        fn end(&mut self, progress: &Progress) {
            self.end = Some(*progress);
        }
    }

    #[test]
    fn what_is_seen_last_is_the_result() {
        let pixels: Vec<u8> = (0..50 * 4).map(|i| (i * i % 251) as u8).collect();
        let classes: Vec<u8> = (0..50).map(|i| i % 10).collect();
        let data = Dataset::new(&pixels, 4, &classes).unwrap();
        let settings = Settings {
            length: Length::Steps(40),
            ..Settings::default()
        };
        // To the last step, and stopped before.
        for steps in [40, 7] {
            let mut watch = Watch {
                steps,
                seen: Vec::new(),
                end: None,
            };
            let trained = train::<f32>(&settings, &data, &data, &mut watch).unwrap();
            assert!(watch.seen.into_iter().eq(1..=steps));
            let end = watch.end.unwrap();
            let last = trained.history.0.last().unwrap();
            assert_eq!((end.step, last.step), (steps, steps));
            assert_eq!(
                (end.loss, last.loss),
                (trained.train.cost, trained.train.cost)
            );
            assert_eq!(end.test_accuracy, trained.test.accuracy());
            assert_eq!(last.test_accuracy, Some(end.test_accuracy));
        }
    }

    #[test]
    fn measuring_costs_little() {
        assert_eq!(measurements(1_000, 60_000, 20_000), 40);
        assert_eq!(measurements(4_690, 128, 20_000), 15);
        assert_eq!(measurements(1_000, 1, 20_000), 1);
    }
}
