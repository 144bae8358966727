//! The commands: each reads its input, calls the library and prints the result.

pub(crate) mod paper;
pub(crate) mod train;

use std::fmt::Display;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use autodiff::Tensor;
use mnist_core::compare::{self, ComparisonInput};
use mnist_core::data::{self, CLASSES, Samples, Splits};
use mnist_core::overflow::{overflow_in_batch, overflow_in_dataset};
use mnist_core::report::{self, Style, counted};
use mnist_core::{Error, mistakes, output, render};
use nn::{Dataset, Snapshot};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::Outcome;
use crate::arguments::{
    CompareArguments, DataFolder, EvalArguments, PredictArguments, Threads, WeightsFile,
};

/// Compares the tape's gradients with the δ formulas.
pub(crate) fn compare(arguments: &CompareArguments) -> Result<Outcome, Error> {
    let pool = pool(&arguments.threads)?;
    let model = arguments.model.model()?;
    let splits = load_data(&arguments.data)?;
    let data = &splits.train;
    let network = model.network(splits.test.features())?;
    let comparison = pool.install(|| {
        compare::compare(&ComparisonInput {
            network: &network,
            loss: model.loss,
            parameters: &model.initial(&network, arguments.seed),
            data,
            batches: arguments.batches,
            batch: arguments.batch,
            seed: arguments.seed,
            planted: arguments.planted(),
        })
    })?;
    data.check_read()?;
    if arguments.json {
        print_line(&report::comparison_json(&comparison)?)?;
    } else {
        let style = style();
        print_line(&style.bold(&format!(
            "Tape against δ formulas, over {} of {}",
            counted(comparison.batches as u64, "batch", "batches"),
            counted(comparison.batch as u64, "image", "images")
        )))?;
        print_line(&report::network(&network, model.loss))?;
        print_line("")?;
        print_line(report::comparison(&comparison, style).trim_end())?;
    }
    Ok(if comparison.passed {
        Outcome::Success
    } else {
        Outcome::OverBound
    })
}

/// Evaluates saved weights.
pub(crate) fn eval(arguments: &EvalArguments) -> Result<Outcome, Error> {
    let splits = load_data(&arguments.data)?;
    let saved = load_weights(&arguments.weights, &splits.test)?;
    let Snapshot {
        model, parameters, ..
    } = &saved;
    let train = nn::evaluate(model, parameters, &splits.train);
    let test = nn::evaluate(model, parameters, &splits.test);
    let overflow_in_training = overflow_in_dataset(&model.network, parameters, &splits.train);
    let overflow_in_test = overflow_in_dataset(&model.network, parameters, &splits.test);
    splits.train.check_read()?;
    // Weights that overflow have no result, so nothing is printed.
    let overflows = |cause: String| Error::Overflow {
        file: arguments.weights.file.clone(),
        cause,
    };
    for (name, overflow, found) in [
        ("training", overflow_in_training, &train),
        ("test", overflow_in_test, &test),
    ] {
        if let Some(found) = overflow {
            let cause = format!("{found} on {name} image {}", found.image);
            return Err(overflows(cause));
        }
        if !found.cost.is_finite() {
            let cause = format!("the cost of the {name} images is {}", found.cost);
            return Err(overflows(cause));
        }
    }
    let style = style();
    print_line(&style.bold(&one_line(arguments.weights.file.display())))?;
    print_line(&report::network(&saved.model.network, saved.model.loss))?;
    print_line("")?;
    print_line(&report::evaluations(
        &[("training", &train), ("test", &test)],
        style,
    ))?;
    print_line(report::confusion_table(&test).trim_end_matches('\n'))?;
    Ok(Outcome::Success)
}

/// Classifies one image with saved weights.
pub(crate) fn predict(arguments: &PredictArguments) -> Result<Outcome, Error> {
    let splits = load_data(&arguments.data)?;
    let test = &splits.test;
    let [rows, cols] = data::sides(test);
    let saved = load_weights(&arguments.weights, test)?;
    let number = arguments
        .image
        .to_str()
        .and_then(|text| text.parse::<usize>().ok());
    let (pixels, truth) = match number {
        None => (data::read_digit(&arguments.image, rows, cols)?, None),
        Some(index) if index < test.len() => {
            (test.sample(index).to_vec(), Some(test.classes()[index]))
        }
        Some(index) => {
            let count = test.len();
            return Err(Error::NoSuchImage { index, count });
        }
    };
    let x = Tensor::from_fn([1, pixels.len()], |[_, i]| f32::from(pixels[i]) / 255.0);
    if let Some(found) = overflow_in_batch(&saved.model.network, &saved.parameters, &x) {
        return Err(Error::Overflow {
            file: arguments.weights.file.clone(),
            cause: format!("{found} on this image"),
        });
    }
    let (guess, outputs) = mistakes::guess(
        &saved.model.network,
        saved.model.loss,
        &saved.parameters,
        &pixels,
    );
    let shares: Vec<f32> = outputs.iter().map(|&output| output as f32).collect();

    let style = style();
    let drawn = if style.colour {
        render::greys(&pixels, cols)
    } else {
        render::ascii(&pixels, cols)
    };
    print_line(drawn.trim_end_matches('\n'))?;
    print_line("")?;
    print_line(render::bars(&shares, style.colour).trim_end_matches('\n'))?;
    print_line("")?;
    let seen = format!(
        "{} taken for {}",
        one_line(arguments.image.display()),
        style.bold(&guess.to_string())
    );
    print_line(&match truth {
        None => seen,
        Some(truth) => {
            let right = truth as usize == guess;
            let verdict = if right {
                "right".to_owned()
            } else {
                format!("wrong: it is {truth}")
            };
            format!("test image {seen}, {}", style.verdict(right, &verdict))
        }
    })?;
    Ok(Outcome::Success)
}

/// Loads the data set in the user's folder, or the built-in one.
fn load_data(data: &DataFolder) -> Result<Splits<Samples>, Error> {
    Ok(match &data.folder {
        Some(folder) => Splits::open(folder)?,
        None => Splits::embedded()?.into(),
    })
}

/// Loads weights, and checks that they fit the images of the data and are finite.
fn load_weights(weights: &WeightsFile, data: &Dataset) -> Result<Snapshot<f32>, Error> {
    // A run that was killed while it moved its files into place may have left newer weights in its staging folder.
    let folder = weights.file.parent();
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    output::recover(folder.unwrap_or(Path::new(".")))?;
    check_regular_file(&weights.file)?;
    let saved: Snapshot<f32> = nn::snapshot::load(&weights.file)?;
    let [rows, cols] = data::sides(data);
    match saved.model.network.widths() {
        [inputs, .., outputs] if (*inputs, *outputs) != (rows * cols, CLASSES) => {
            Err(Error::OtherNetwork {
                file: weights.file.clone(),
                inputs: *inputs,
                outputs: *outputs,
                rows,
                cols,
            })
        }
        // Outputs that are NaN have no maximum.
        _ if !saved.parameters.data().iter().all(|x| x.is_finite()) => Err(Error::NotFinite {
            file: weights.file.clone(),
        }),
        _ => Ok(saved),
    }
}

/// Returns an error for a pipe or a device: reading from it might never end.
fn check_regular_file(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(data::Error::new(path, data::DataCause::NotAFile).into())
        }
        _ => Ok(()),
    }
}

/// A pool with the number of threads given by `--threads`.
fn pool(threads: &Threads) -> Result<ThreadPool, Error> {
    const MOST: usize = 1_024;
    match threads.number {
        Some(0) => Err(Error::setting("--threads", "must be at least 1")),
        Some(number) if number > MOST => Err(Error::setting(
            "--threads",
            format!("{number} is more than {MOST}"),
        )),
        number => Ok(ThreadPoolBuilder::new()
            .num_threads(number.unwrap_or(0))
            .build()?),
    }
}

/// Colours are on if standard output is a terminal that supports them and `NO_COLOR` is not set.
fn style() -> Style {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let unable = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    Style {
        colour: io::stdout().is_terminal() && !unwanted && !unable,
    }
}

/// Replaces line breaks and other control characters, which file names may contain, by spaces.
pub(crate) fn one_line(text: impl Display) -> String {
    text.to_string().replace(char::is_control, " ")
}

/// Writes a line to standard output.
fn print_line(line: &str) -> Result<(), Error> {
    ignore_broken_pipe(writeln!(io::stdout(), "{line}"))
}

/// The result of a write to standard output. A closed pipe (`| head`) is not an error.
pub(crate) fn ignore_broken_pipe(written: io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::StandardOutput(error))
        }
        _ => Ok(()),
    }
}
