//! Trains a network, and compares the tape with the δ formulas before and after.

use std::path::Path;

use autodiff::tensor::Real;
use mnist_core::Error;
use mnist_core::compare::{ComparisonInput, compare};
use mnist_core::data::sides;
use mnist_core::gradient::Method;
use mnist_core::mistakes::mistakes;
use mnist_core::model::{cast, precision};
use mnist_core::optimizer;
use mnist_core::output::OutputDir;
use mnist_core::report::{self, Style, counted, grouped};
use mnist_core::train::{self, Plan, Progress, Settings, Trained};
use nn::{Dataset, Mlp, Parameters};

use super::{load_data, one_line, pool, print_line, style};
use crate::Outcome;
use crate::arguments::{Precision, TrainArguments};
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

/// Trains a network as given by the arguments.
pub(crate) fn run(arguments: &TrainArguments) -> Result<Outcome, Error> {
    let settings = arguments.settings()?;
    let pool = pool(&arguments.threads)?;
    let splits = load_data(&arguments.data)?;
    let stop = Stop::listen()?;
    let task = Task {
        settings: &settings,
        data: &splits.train,
        test: &splits.test,
        source: arguments.data.name(),
        output: &arguments.output,
        stop: &stop,
        style: style(),
    };
    pool.install(|| match arguments.precision {
        Precision::F32 => task.run::<f32>(),
        Precision::F64 => task.run::<f64>(),
    })
}

struct Task<'a> {
    settings: &'a Settings,
    data: &'a Dataset,
    test: &'a Dataset,
    source: String,
    output: &'a Path,
    stop: &'a Stop,
    style: Style,
}

impl Task<'_> {
    fn run<T: Real>(&self) -> Result<Outcome, Error> {
        let plan = self
            .settings
            .plan::<T>(self.data.len(), self.data.features())?;
        // The output folder is checked before any work is done.
        let output = OutputDir::new(self.output, &report::RESULTS)?;
        self.print_plan::<T>(&plan)?;
        let initial = self
            .settings
            .model
            .initial::<T>(&plan.network, self.settings.seed);
        let before = self.compare("Before training", &plan, &initial)?;

        print_line(&self.style.bold("Training"))?;
        let mut display = Display::new(self.stop);
        let mut observe = |progress: &Progress| display.step(progress);
        let trained = train::train::<T>(self.settings, self.data, self.test, &mut observe);
        display.end(plan.steps, trained.as_ref().ok());
        let trained = trained?;
        let interrupted = trained.steps < plan.steps;

        let wrong = mistakes(
            &trained.network,
            self.settings.model.loss,
            &trained.parameters,
            self.test,
        );
        report::write_results(
            &output,
            &trained,
            self.settings.model.loss,
            self.test,
            &wrong,
        )?;
        print_line("")?;
        let after = interrupted || self.compare("After training", &plan, &trained.parameters)?;
        self.print_result(&trained)?;
        print_line(&format!(
            "Written to {}: {}",
            one_line(self.output.display()),
            report::RESULTS.join(", ")
        ))?;
        if interrupted {
            print_line(&format!(
                "Stopped after {} of {}",
                grouped(trained.steps),
                counted(plan.steps, "step", "steps")
            ))?;
            return Ok(Outcome::Stopped(self.stop.status()));
        }
        Ok(if before && after {
            Outcome::Success
        } else {
            Outcome::OverBound
        })
    }

    /// Prints the data set, the network and the settings of the training.
    fn print_plan<T: Real>(&self, plan: &Plan) -> Result<(), Error> {
        let [rows, cols] = sides(self.data);
        print_line(&format!(
            "Data      {}: {} for training, {} for testing, {rows}×{cols} pixels",
            self.source,
            counted(self.data.len() as u64, "image", "images"),
            grouped(self.test.len() as u64),
        ))?;
        print_line(&format!(
            "Network   {}, {}",
            report::network(&plan.network, self.settings.model.loss),
            precision::<T>()
        ))?;
        let by = match self.settings.method {
            Method::Tape => "the tape",
            Method::Delta => "the δ formulas",
        };
        print_line(&format!(
            "Training  {} of {} by {by}, {}, seed {}, {}",
            counted(plan.steps, "step", "steps"),
            counted(plan.batch as u64, "image", "images"),
            optimizer::in_words(&self.settings.optimizer),
            self.settings.seed,
            counted(rayon::current_num_threads() as u64, "thread", "threads"),
        ))?;
        print_line("")
    }

    /// Prints the differences between the tape and the δ formulas, and returns whether all are within their bounds.
    fn compare<T: Real>(
        &self,
        when: &str,
        plan: &Plan,
        parameters: &Parameters<T>,
    ) -> Result<bool, Error> {
        let (batches, batch) = comparison_size(&plan.network, self.data.len());
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
        print_line(&self.style.bold(&format!("{when}: tape against δ formulas")))?;
        print_line(&report::comparison(&comparison, self.style))?;
        Ok(comparison.passed)
    }

    /// Prints costs, accuracies and the confusion matrix.
    fn print_result<T: Real>(&self, trained: &Trained<T>) -> Result<(), Error> {
        print_line(&self.style.bold("Result"))?;
        let sets = [("training", &trained.train), ("test", &trained.test)];
        print_line(&report::evaluations(&sets, self.style))?;
        print_line(&report::confusion_table(&trained.test))
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
