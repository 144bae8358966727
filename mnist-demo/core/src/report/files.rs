//! The result files of a run.

use autodiff::tensor::Real;
use nn::{Dataset, StandardLoss, Supervised};

use super::{confusion, counted, percent};
use crate::Error;
use crate::data::sides;
use crate::mistakes::Mistake;
use crate::model::{loss_name, shape_name};
use crate::output::OutputDir;
use crate::plot::{LinePlot, Scale, Series};
use crate::render::{Thumbnail, sheet};
use crate::train::{Record, Trained};

/// The names of the result files.
pub const RESULTS: [&str; 6] = [WEIGHTS, RUN, LOSS, ACCURACY, CONFUSION, MISTAKES];

const WEIGHTS: &str = "weights.safetensors";
const RUN: &str = "run.csv";
const LOSS: &str = "loss.svg";
const ACCURACY: &str = "accuracy.svg";
const CONFUSION: &str = "confusion.svg";
const MISTAKES: &str = "mistakes.svg";

/// The maximum number of digits on the sheet of mistakes.
const MAX_THUMBNAILS: usize = 40;

/// The number of digits in a row of the sheet.
const THUMBNAILS_PER_ROW: usize = 8;

/// Writes the weights, the table and the SVG files of a run (the [`RESULTS`]), replacing the files of an earlier run.
///
/// # Errors
///
/// If a file cannot be drawn or written. The files of an earlier run then stay, unless moving the new ones into place
/// fails part-way: see [`Transaction::commit`](crate::output::Transaction::commit).
pub fn write_results<T: Real>(
    output: &OutputDir,
    trained: &Trained<T>,
    loss: StandardLoss,
    test: &Dataset,
    mistakes: &[Mistake],
) -> Result<(), Error> {
    let records = &trained.records;
    let network = shape_name(&trained.network);
    let accuracy = percent(trained.test.accuracy());
    let figures = [
        (LOSS, loss_plot(records, &network, loss).to_svg()?),
        (ACCURACY, accuracy_plot(records, &network).to_svg()?),
        (
            CONFUSION,
            confusion(&trained.test.confusion).to_svg(&format!("Test images, {accuracy} right"))?,
        ),
        (MISTAKES, mistakes_sheet(test, mistakes)?),
    ];

    let transaction = output.begin()?;
    let header = ["step", "seconds", "loss", "train_accuracy", "test_accuracy"];
    transaction.write_csv(RUN, &header, records)?;
    for (name, svg) in figures {
        transaction.write(name, svg)?;
    }
    let weights = transaction.staged(WEIGHTS);
    let model = Supervised::new(trained.network.clone(), loss);
    nn::snapshot::save(weights, &model, &trained.parameters).map_err(|mut error| {
        error.path = output.path().join(WEIGHTS);
        error
    })?;
    transaction.commit()?;
    Ok(())
}

fn loss_plot(records: &[Record], network: &str, loss: StandardLoss) -> LinePlot {
    let points = records
        .iter()
        .map(|record| (record.step as f64, record.loss));
    LinePlot {
        title: format!("Loss of {network}"),
        x_label: "step".to_owned(),
        y_label: loss_name(loss),
        y_scale: Scale::Log,
        series: vec![Series::new("training images", points)],
    }
}

fn accuracy_plot(records: &[Record], network: &str) -> LinePlot {
    let curve = |name, accuracy: fn(&Record) -> Option<f64>| {
        let points = records
            .iter()
            .filter_map(move |record| Some((record.step as f64, accuracy(record)?)));
        Series::new(name, points)
    };
    LinePlot {
        title: format!("Accuracy of {network}"),
        x_label: "step".to_owned(),
        y_label: "images recognised".to_owned(),
        y_scale: Scale::Percent,
        series: vec![
            curve("training images", |record| record.train_accuracy),
            curve("test images", |record| record.test_accuracy),
        ],
    }
}

fn mistakes_sheet(test: &Dataset, mistakes: &[Mistake]) -> Result<String, Error> {
    let thumbnails: Vec<Thumbnail<'_>> = mistakes
        .iter()
        .take(MAX_THUMBNAILS)
        .map(|mistake| Thumbnail {
            pixels: test.sample(mistake.index),
            truth: mistake.truth,
            guess: mistake.guess,
            output: mistake.output as f32,
        })
        .collect();
    let all = counted(mistakes.len() as u64, "mistake", "mistakes");
    let which = if thumbnails.len() < mistakes.len() {
        format!("{} of {all}", thumbnails.len())
    } else {
        all
    };
    let title = format!("{which}: truth → guess, and how sure it was");
    Ok(sheet(
        &title,
        &thumbnails,
        sides(test)[1],
        THUMBNAILS_PER_ROW,
    )?)
}
