//! Trains a network, and compares the tape with the δ formulas before and after.

use std::ops::ControlFlow;

use autodiff::tensor::Real;
use mnist_core::Error;
use mnist_core::compare::{ComparisonInput, compare};
use mnist_core::data::{Samples, Splits};
use mnist_core::gradient::Method;
use mnist_core::mistakes::mistakes;
use mnist_core::model::{cast, precision};
use mnist_core::optimizer;
use mnist_core::output::OutputDir;
use mnist_core::report::{self, Style, counted, grouped};
use mnist_core::together::{on_first, together};
use mnist_core::train::{self, Checkpoints, Course, Plan, Progress, Settings, Trained};
use nn::distributed::{Communicator, agree};
use nn::{Dataset, Mlp, Network, Parameters, Sharding};
use rayon::ThreadPool;

use super::{load_data, one_line, pool, print_line, style};
use crate::Outcome;
use crate::arguments::{Precision, TrainArguments};
use crate::digest;
use crate::progress::Display;
use crate::stop::Stop;

/// The number of batches to compare, and the images in each: up to 10 batches of 128 images. A large network gets
/// fewer, because the plain loops would take minutes.
fn comparison_size(network: &Mlp, images: usize) -> (usize, usize) {
    const MOST: usize = 300_000_000;
    let affordable = MOST / network.layout().parameters();
    let batch = affordable.clamp(1, images.min(128));
    ((affordable / batch).clamp(1, 10), batch)
}

/// What a rank has prepared before it meets the others.
struct Prepared {
    settings: Settings,
    pool: ThreadPool,
    splits: Splits<Samples>,
    stop: Stop,
    program: [u8; 32],
}

impl Prepared {
    fn new(arguments: &TrainArguments, ranks: &dyn Communicator) -> Result<Prepared, Error> {
        if arguments.checkpoint == Some(0) {
            return Err(Error::setting("--checkpoint", "must be at least 1"));
        }
        Ok(Prepared {
            settings: arguments.settings()?,
            pool: pool(&arguments.threads)?,
            splits: load_data(&arguments.data)?,
            stop: Stop::listen()?,
            // A single process has no other program to compare.
            program: match ranks.size() {
                1 => [0; 32],
                _ => digest::of_program().map_err(Error::Program)?,
            },
        })
    }

    /// Checks that all ranks have prepared the same.
    fn agree(&self, arguments: &TrainArguments, ranks: &dyn Communicator) -> Result<(), Error> {
        if ranks.size() == 1 {
            return Ok(());
        }
        let course = (arguments.checkpoint, arguments.resume);
        let settings = format!("{:?} {course:?}", self.settings);
        let precision = format!("{:?}", arguments.precision);
        let Splits { train, test } = &self.splits;
        agree(
            ranks,
            &[
                ("program", self.program),
                ("settings", digest::of_bytes(settings.as_bytes())),
                ("precision", digest::of_bytes(precision.as_bytes())),
                ("data", digest::of_data(train, test)),
            ],
        )?;
        Ok(())
    }
}

/// Trains a network as given by the arguments. All ranks call this function together.
pub(crate) fn run(arguments: &TrainArguments, ranks: &dyn Communicator) -> Result<Outcome, Error> {
    let prepared = together(ranks, Prepared::new(arguments, ranks))?;
    together(ranks, prepared.agree(arguments, ranks))?;
    let Splits { train, test } = &prepared.splits;
    let task = Task {
        settings: &prepared.settings,
        data: train,
        test,
        arguments,
        stop: &prepared.stop,
        style: style(),
        ranks,
    };
    let outcome = prepared.pool.install(|| match arguments.precision {
        Precision::F32 => task.run::<f32>(),
        Precision::F64 => task.run::<f64>(),
    });
    together(ranks, outcome)
}

/// Returns the error of a rank whose arguments are invalid, after the other ranks have learnt of it.
pub(crate) fn refused(error: Error, ranks: &dyn Communicator) -> Result<Outcome, Error> {
    together(ranks, Err(error))
}

struct Task<'a> {
    settings: &'a Settings,
    data: &'a Samples,
    test: &'a Dataset,
    arguments: &'a TrainArguments,
    stop: &'a Stop,
    style: Style,
    ranks: &'a dyn Communicator,
}

impl Task<'_> {
    fn run<T: Real>(&self) -> Result<Outcome, Error> {
        let plan = self
            .settings
            .plan::<T>(self.data.count(), self.test.features())?;
        let initial = self
            .settings
            .model
            .initial::<T>(&plan.network, self.settings.seed);
        let folder = &self.arguments.output;
        let before = on_first(self.ranks, || {
            // The output folder is checked before any work is done.
            let output = OutputDir::new(folder, &report::RESULTS)?;
            self.print_plan::<T>(&plan)?;
            let passed = self.compare("Before training", &plan, &initial)?;
            self.print(&self.style.bold("Training"))?;
            Ok((output, passed))
        })?;

        let mut display = before.is_some().then(|| Display::new(self.stop));
        let mut observe = |progress: &Progress| match &mut display {
            Some(display) => display.step(progress),
            None => ControlFlow::Continue(()),
        };
        let course = Course {
            ranks: self.ranks,
            checkpoints: Checkpoints {
                folder: Some(folder),
                every: self.arguments.checkpoint,
                resume: self.arguments.resume,
            },
        };
        let trained =
            train::train_on::<T>(&course, self.settings, self.data, self.test, &mut observe);
        if let Some(display) = &mut display {
            display.end(plan.steps, trained.as_ref().ok());
        }
        let trained = trained?;
        let outcome = on_first(self.ranks, || match before {
            Some((output, passed)) => self.finish(&plan, &output, passed, &trained),
            None => Ok(Outcome::Success),
        })?;
        Ok(outcome.unwrap_or(Outcome::Success))
    }

    /// Writes and prints the results.
    fn finish<T: Real>(
        &self,
        plan: &Plan,
        output: &OutputDir,
        passed_before: bool,
        trained: &Trained<T>,
    ) -> Result<Outcome, Error> {
        let interrupted = trained.steps < plan.steps;
        let loss = self.settings.model.loss;
        let wrong = mistakes(&trained.network, loss, &trained.parameters, self.test);
        report::write_results(output, trained, loss, self.test, &wrong)?;
        self.print("")?;
        let passed = interrupted || self.compare("After training", plan, &trained.parameters)?;
        self.print_result(trained)?;
        self.print(&format!(
            "Written to {}: {}",
            one_line(self.arguments.output.display()),
            report::RESULTS.join(", ")
        ))?;
        if self.arguments.json {
            print_line(&report::training_json(trained)?)?;
        }
        if interrupted {
            self.print(&format!(
                "Stopped after {} of {}",
                grouped(trained.steps),
                counted(plan.steps, "step", "steps")
            ))?;
            return Ok(Outcome::Stopped(self.stop.status()));
        }
        Ok(if passed_before && passed {
            Outcome::Success
        } else {
            Outcome::OverBound
        })
    }

    /// Prints a line, unless the result is printed as JSON.
    fn print(&self, line: &str) -> Result<(), Error> {
        match self.arguments.json {
            true => Ok(()),
            false => print_line(line),
        }
    }

    /// Prints the data set, the network and the settings of the training.
    fn print_plan<T: Real>(&self, plan: &Plan) -> Result<(), Error> {
        let [rows, cols] = self.data.sides();
        self.print(&format!(
            "Data      {}: {} for training, {} for testing, {rows}×{cols} pixels",
            self.arguments.data.name(),
            counted(self.data.count() as u64, "image", "images"),
            grouped(self.test.len() as u64),
        ))?;
        self.print(&format!(
            "Network   {}, {}",
            report::network(&plan.network, self.settings.model.loss),
            precision::<T>()
        ))?;
        let by = match self.settings.method {
            Method::Tape => "the tape",
            Method::Delta => "the δ formulas",
        };
        self.print(&format!(
            "Training  {} of {} by {by}, {}, seed {}, {}",
            counted(plan.steps, "step", "steps"),
            counted(plan.batch as u64, "image", "images"),
            optimizer::in_words(&self.settings.optimizer),
            self.settings.seed,
            counted(rayon::current_num_threads() as u64, "thread", "threads"),
        ))?;
        self.print_ranks::<T>(plan)?;
        self.print("")
    }

    /// Prints how the work is divided, if there are several ranks.
    fn print_ranks<T: Real>(&self, plan: &Plan) -> Result<(), Error> {
        let ranks = self.ranks.size();
        if ranks == 1 {
            return Ok(());
        }
        let chunking = plan.network.chunking();
        let shards = Sharding::new::<T>(chunking, plan.batch, None).shards;
        let idle = match ranks.saturating_sub(shards) {
            0 => String::new(),
            _ => format!(
                "; a batch has only {}, so {} of the ranks {} parameters but no images",
                counted(shards as u64, "shard", "shards"),
                ranks - shards,
                if ranks - shards == 1 { "has" } else { "have" },
            ),
        };
        self.print(&format!("Ranks     {ranks}{idle}"))
    }

    /// Prints the differences between the tape and the δ formulas, and returns whether all are within their bounds.
    fn compare<T: Real>(
        &self,
        when: &str,
        plan: &Plan,
        parameters: &Parameters<T>,
    ) -> Result<bool, Error> {
        let (batches, batch) = comparison_size(&plan.network, self.data.count());
        let comparison = compare(&ComparisonInput {
            network: &plan.network,
            loss: self.settings.model.loss,
            parameters: &cast(parameters),
            data: self.data,
            batches,
            batch,
            seed: self.settings.seed,
            planted: None,
        })?;
        self.data.check_read()?;
        self.print(&self.style.bold(&format!("{when}: tape against δ formulas")))?;
        self.print(&report::comparison(&comparison, self.style))?;
        Ok(comparison.passed)
    }

    /// Prints costs, accuracies and the confusion matrix.
    fn print_result<T: Real>(&self, trained: &Trained<T>) -> Result<(), Error> {
        self.print(&self.style.bold("Result"))?;
        let sets = [("training", &trained.train), ("test", &trained.test)];
        self.print(&report::evaluations(&sets, self.style))?;
        self.print(&report::confusion_table(&trained.test))
    }
}

#[cfg(test)]
mod tests {
    use super::comparison_size;
    use nn::{Activation, Mlp};

    #[test]
    fn large_networks_are_compared_on_fewer_images() {
        let size =
            |widths: &[usize], images| comparison_size(&Mlp::new(widths, Activation::Relu), images);
        assert_eq!(size(&[784, 10, 10], 60_000), (10, 128));
        assert_eq!(size(&[784, 10, 10], 50), (10, 50));
        assert_eq!(size(&[784, 512, 512, 10], 60_000), (3, 128));
        assert_eq!(size(&[784, 2000, 2000, 10], 60_000), (1, 53));
        assert_eq!(size(&[784, 40_000, 10], 60_000), (1, 9));
    }
}
