//! Training from a seed, and its records.

mod checkpoint;
mod settings;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use autodiff::tensor::Real;
use nn::delta::DeltaGradient;
use nn::distributed::{Alone, Communicator, Times};
use nn::{
    BatchGradient, Batches, Dataset, Evaluation, Mlp, MlpModel, Parameters, Selection,
    ShardGradient, Supervised, TapeGradient, Training, evaluate_among,
};
use serde::Serialize;

use crate::Error;
use crate::data::Samples;
use crate::gradient::Method;
use crate::optimizer;
use crate::overflow::overflow_among;
use crate::together::together;
pub use checkpoint::Checkpoints;
pub(crate) use settings::check_batch;
pub use settings::{Length, Plan, Settings};

/// The state of a run at one step: a row of its table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The number of steps taken before.
    pub step: u64,
    /// Seconds since the start.
    pub seconds: f64,
    /// The mean cost of the batch before the step; in the last record, the mean cost of all samples.
    pub loss: f64,
    /// The accuracy on a fixed random subset of the training samples, as large as the test set, where it was measured.
    pub train_accuracy: Option<f64>,
    /// The accuracy on the test set, where it was measured.
    pub test_accuracy: Option<f64>,
}

/// The approximate maximum number of records of a run.
pub const MAX_RECORDS: u64 = 100_000;

/// The progress of the training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The number of steps taken.
    pub step: u64,
    /// The total number of steps.
    pub steps: u64,
    /// The number of steps before this run, of the checkpoint from which it continues.
    pub resumed: u64,
    /// The number of images in the steps of this run.
    pub images: u64,
    /// The mean cost of the latest batch, before its step.
    pub loss: f64,
    /// The latest measured accuracy on the test set.
    pub test_accuracy: f64,
    /// Seconds since the start.
    pub seconds: f64,
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained<T: Real> {
    /// The network.
    pub network: Mlp,
    /// Its parameters.
    pub parameters: Parameters<T>,
    /// The records of the run, in order. A run of at most [`MAX_RECORDS`] steps has a record for each step. A longer
    /// run has one for every n-th step.
    pub records: Vec<Record>,
    /// The evaluation on the training samples.
    pub train: Evaluation,
    /// The evaluation on the test samples.
    pub test: Evaluation,
    /// The number of steps taken.
    pub steps: u64,
    /// The number of steps before this run, of the checkpoint from which it continues.
    pub resumed: u64,
    /// The number of images in the steps of this run.
    pub images: u64,
    /// Seconds that the steps took, including the measurements between them.
    pub seconds: f64,
    /// Where each rank has spent the time of its steps.
    pub times: Vec<Times>,
}

/// Where a training runs, and what it keeps.
#[derive(Clone, Copy, Debug)]
pub struct Course<'a> {
    /// The ranks, which all run the same training.
    pub ranks: &'a dyn Communicator,
    /// The checkpoints.
    pub checkpoints: Checkpoints<'a>,
}

impl Default for Course<'_> {
    /// A single process without checkpoints.
    fn default() -> Self {
        Course {
            ranks: &Alone,
            checkpoints: Checkpoints::default(),
        }
    }
}

/// Trains a network, on the threads of the surrounding rayon pool.
///
/// `observe` is called after each step and may stop the training. The same settings and data give bitwise the same
/// result with any number of threads.
///
/// # Errors
///
/// If a setting is invalid, or the loss, a gradient, a weight or an output is not finite.
pub fn train<T: Real>(
    settings: &Settings,
    data: &Dataset,
    test: &Dataset,
    observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Trained<T>, Error> {
    // The clone shares the memory.
    train_on(
        &Course::default(),
        settings,
        &data.clone().into(),
        test,
        observe,
    )
}

/// Trains a network on several ranks, which all call this function with the same arguments and get the same result, or
/// with checkpoints. Rank 0 writes the files, and decides whether the training stops.
///
/// # Errors
///
/// If a setting is invalid, the loss, a gradient, a weight or an output is not finite, a checkpoint cannot be written
/// or read, or an image cannot be read.
pub fn train_on<T: Real>(
    course: &Course<'_>,
    settings: &Settings,
    data: &Samples,
    test: &Dataset,
    observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Trained<T>, Error> {
    match settings.method {
        Method::Tape => train_by::<T, TapeGradient<T>>(course, settings, data, test, observe),
        Method::Delta => train_by::<T, DeltaGradient<T>>(course, settings, data, test, observe),
    }
}

fn train_by<T: Real, G: ShardGradient<T, MlpModel>>(
    course: &Course<'_>,
    settings: &Settings,
    data: &Samples,
    test: &Dataset,
    observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Trained<T>, Error> {
    let Plan {
        network,
        batch,
        steps,
    } = settings.plan::<T>(data.count(), test.features())?;
    let Course { ranks, checkpoints } = *course;
    let model = Supervised::new(network, settings.model.loss);
    let gradient = BatchGradient::<T, MlpModel, G>::new(model.clone());
    let mut optimizer = optimizer::start::<T>(&settings.optimizer)?;
    let notes = settings.notes::<T>(batch, data.count());
    let (taken, initial) = match checkpoints.read(ranks, &model, &mut *optimizer, &notes)? {
        Some(saved) => saved,
        None => (
            0,
            settings.model.initial::<T>(&model.network, settings.seed),
        ),
    };
    let mut training = Training::new(gradient, initial, optimizer, data)
        .batches(batch, settings.seed)
        .resumed_after(taken)
        .notes(notes)
        .among(ranks)?;
    let on_test = |parameters: &Parameters<T>| evaluate_among(&model, parameters, test, ranks);
    let check_read = || together(ranks, data.check_read().map_err(Into::into));
    // A random subset, because neighbouring samples, or every n-th sample, may be correlated: MNIST alternates between
    // two groups of writers.
    let sampled = data.count().min(test.len());
    let mut draw = Batches::new(data.count(), sampled, settings.seed);
    let sample = Selection::new(data, Some(draw.draw()));
    let diverged = |step, cause: String| Error::Diverged {
        step,
        cause,
        learning_rate: settings.optimizer.learning_rate(),
    };
    let finite = |step, what: &str, cost: f64| {
        if cost.is_finite() {
            return Ok(cost);
        }
        Err(diverged(step, format!("{what} became {cost}")))
    };

    let mut records = Vec::new();
    let record_every = steps.div_ceil(MAX_RECORDS);
    let measure_every = steps.div_ceil(measurements(steps, batch, sampled + test.len()));
    let mut progress = Progress {
        step: taken,
        steps,
        resumed: taken,
        images: 0,
        loss: f64::NAN,
        test_accuracy: f64::NAN,
        seconds: 0.0,
    };
    let start = Instant::now();
    let mut stepping = Duration::ZERO;
    while progress.step < steps {
        let measured = progress.step.is_multiple_of(measure_every).then(|| {
            let train = evaluate_among(&model, &training.parameters, &sample, ranks).accuracy();
            (train, on_test(&training.parameters).accuracy())
        });
        if measured.is_some() {
            check_read()?;
        }
        let began = Instant::now();
        let step = training.step();
        stepping += began.elapsed();
        if step.is_err() {
            check_read()?;
        }
        progress.loss = finite(progress.step, "the loss", training.gradient().cost())?;
        step.map_err(|error| diverged(progress.step, error.to_string()))?;

        progress.seconds = start.elapsed().as_secs_f64();
        if measured.is_some() || progress.step.is_multiple_of(record_every) {
            records.push(Record {
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
        progress.step = training.steps();
        let images = |steps| images_seen(steps, data.count(), batch);
        progress.images = images(progress.step) - images(taken);
        if checkpoints
            .every
            .is_some_and(|every| progress.step.is_multiple_of(every))
        {
            let written = checkpoints.write(ranks, progress.step, |path| training.save(path));
            together(ranks, written)?;
        }
        let mut stop = [u8::from(observe(&progress).is_break())];
        ranks.broadcast(0, &mut stop);
        if stop != [0] {
            break;
        }
    }

    let times = match ranks.size() {
        1 => Times {
            computation: stepping,
            ..Times::default()
        },
        _ => training.times(),
    };
    let steps = training.steps();
    let parameters = training.parameters;
    let overflows = [
        (
            "training",
            overflow_among(&model.network, &parameters, data, ranks),
        ),
        (
            "test",
            overflow_among(&model.network, &parameters, test, ranks),
        ),
    ];
    let train = evaluate_among(&model, &parameters, data, ranks);
    let test = on_test(&parameters);
    check_read()?;
    for (what, overflow) in overflows {
        if let Some(overflow) = overflow {
            let cause = format!("{overflow} on {what} image {}", overflow.image);
            return Err(diverged(steps, cause));
        }
    }
    finite(steps, "the loss", train.cost)?;
    finite(steps, "the loss of the test images", test.cost)?;
    records.push(Record {
        step: steps,
        seconds: start.elapsed().as_secs_f64(),
        loss: train.cost,
        train_accuracy: Some(evaluate_among(&model, &parameters, &sample, ranks).accuracy()),
        test_accuracy: Some(test.accuracy()),
    });
    Ok(Trained {
        network: model.network,
        parameters,
        records,
        train,
        test,
        steps,
        resumed: taken,
        images: progress.images,
        seconds: progress.seconds,
        times: gather_times(ranks, times),
    })
}

/// Returns the times of all ranks.
fn gather_times(ranks: &dyn Communicator, own: Times) -> Vec<Times> {
    let (rank, size) = (ranks.rank(), ranks.size());
    let mut all = vec![[[0; 16]; 3]; size];
    let own = [own.computation, own.waiting, own.communication];
    all[rank] = own.map(|time| time.as_nanos().to_le_bytes());
    let bounds: Vec<usize> = (0..=size).map(|rank| rank * size_of_val(&all[0])).collect();
    ranks.gather(all.as_flattened_mut().as_flattened_mut(), &bounds);
    let time = |bytes| Duration::from_nanos(u128::from_le_bytes(bytes) as u64);
    let times = all.into_iter().map(|times| times.map(time));
    times
        .map(|[computation, waiting, communication]| Times {
            computation,
            waiting,
            communication,
        })
        .collect()
}

/// The number of images in `steps` steps. The last batch of an epoch may be smaller than the others.
fn images_seen(steps: u64, images: usize, batch: usize) -> u64 {
    let per_epoch = images.div_ceil(batch) as u64;
    steps / per_epoch * images as u64 + steps % per_epoch * batch as u64
}

/// The number of times that the accuracy is measured: at most 40. The measurements evaluate at most half as many images
/// as the training, because evaluation is cheap but not free.
fn measurements(steps: u64, batch: usize, images: usize) -> u64 {
    let seen = steps.saturating_mul(batch as u64);
    (seen / 2 / images as u64).clamp(1, 40)
}

#[cfg(test)]
mod tests;
