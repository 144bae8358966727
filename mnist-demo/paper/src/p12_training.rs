//! P12, training: (W, b) ← (W, b) − α ∂C/∂(W, b) with α = 0.1, in 1,000 steps on all images.

use std::ops::ControlFlow;

use autodiff::tensor::Tensor;
use mnist_core::Error;
use mnist_core::compare::{ComparisonInput, Side, compare};
use mnist_core::model::cast;
use mnist_core::plot::{LinePlot, Scale, Series};
use mnist_core::report::{confusion, grouped, percent};
use mnist_core::train::{Length, Settings, Trained, train};

use super::text::apart;
use super::{Figure, Findings, Reader, Table, charts};

/// The number of steps with `--quick`. The accuracy after them is not compared with the paper's.
const FEW_STEPS: u64 = 20;

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"W_{\text{new}}^{(ℓ)} = W^{(ℓ)} − α \frac{∂C}{∂W^{(ℓ)}}");
    found.formula(r"b_{\text{new}}^{(ℓ)} = b^{(ℓ)} − α \frac{∂C}{∂b^{(ℓ)}}");

    let digits = reader.digits()?;
    let mut settings = Settings {
        seed: reader.seed(),
        ..Settings::default()
    };
    if reader.quick() {
        settings.length = Length::Steps(FEW_STEPS);
    }
    let trained = train::<f32>(&settings, digits.training(), digits.test(), &mut |_| {
        ControlFlow::Continue(())
    })?;
    let accuracy = trained.test.accuracy();
    found.remark(format!(
        "α = {}, {} iterations over all {} images: cost {:.4}, {} of the {} test images are recognised.",
        settings.optimizer.learning_rate(),
        grouped(trained.steps),
        grouped(digits.training().len() as u64),
        trained.train.cost,
        percent(accuracy),
        grouped(digits.test().len() as u64),
    ));
    let first = trained
        .records
        .first()
        .map_or(f64::NAN, |record| record.loss);
    found.claim(
        format!(
            "The cost falls, from {first:.4} to {:.4}",
            trained.train.cost
        ),
        trained.train.cost < first,
    );
    if !reader.quick() {
        found.claim(
            format!("The accuracy is around 90 %: {}", percent(accuracy)),
            (0.88..0.95).contains(&accuracy),
        );
    }

    compare_gradients(reader, &settings, &trained, found)?;
    add_figures(&trained, digits.side(), found)
}

/// Compares the tape with the δ formulas and the plain loops at the trained weights.
fn compare_gradients(
    reader: &Reader,
    settings: &Settings,
    trained: &Trained<f32>,
    found: &mut Findings,
) -> Result<(), Error> {
    let digits = reader.digits()?;
    let comparison = compare(&ComparisonInput {
        network: &trained.network,
        loss: settings.model.loss,
        parameters: &cast(&trained.parameters),
        data: digits.training(),
        batches: 4,
        batch: 128.min(digits.training().len()),
        seed: reader.seed(),
        planted: reader
            .planted_in(12)
            .then_some(mnist_core::gradient::Method::Tape),
    })?;
    for pair in &comparison.pairs {
        let name = |side| match side {
            Side::Tape => "tape",
            Side::Delta => "δ formulas",
            Side::Loops => "plain loops",
        };
        let worst = pair.worst().map_or(f64::NAN, |worst| worst.relative);
        found.claim(
            format!(
                "Trained weights, {}: {} and {} are {} apart, at most {:.0e}",
                pair.precision,
                name(pair.left),
                name(pair.right),
                apart(worst),
                pair.bound
            ),
            pair.passed,
        );
    }
    let [both, single, loops, _] = &comparison.pairs[..] else {
        unreachable!("a comparison has four pairs")
    };
    let rows = both
        .parameters
        .iter()
        .zip(&loops.parameters)
        .zip(&single.parameters);
    found.tables.push(Table {
        caption: "Largest relative differences with the trained weights".into(),
        head: vec![
            "parameter",
            "tape, δ formulas; f64",
            "tape, plain loops; f64",
            "tape, δ formulas; f32",
        ],
        rows: rows
            .map(|((both, loops), single)| {
                let differences =
                    [both, loops, single].map(|difference| apart(difference.relative));
                std::iter::once(both.name.clone())
                    .chain(differences)
                    .collect()
            })
            .collect(),
    });
    found
        .figures
        .push(charts::gradient_differences(&comparison));
    Ok(())
}

/// Adds the plots of the cost and the accuracy, the weights and the confusion matrix.
fn add_figures(trained: &Trained<f32>, side: usize, found: &mut Findings) -> Result<(), Error> {
    let records = &trained.records;
    let losses = records
        .iter()
        .map(|record| (record.step as f64, record.loss));
    found.figures.push(Figure {
        svg: LinePlot {
            title: "Cost".into(),
            x_label: "iteration".into(),
            y_label: "cross-entropy".into(),
            y_scale: Scale::Log,
            series: vec![Series::new("training images", losses)],
        }
        .to_svg()?,
        caption: "The cost as training goes on.".into(),
        description: format!(
            "A curve that falls from {:.2} to {:.2}",
            records.first().map_or(f64::NAN, |r| r.loss),
            trained.train.cost
        ),
        themed: false,
    });
    let train = records
        .iter()
        .filter_map(|r| Some((r.step as f64, r.train_accuracy?)));
    let test = records
        .iter()
        .filter_map(|r| Some((r.step as f64, r.test_accuracy?)));
    found.figures.push(Figure {
        svg: LinePlot {
            title: "Accuracy".into(),
            x_label: "iteration".into(),
            y_label: "accuracy".into(),
            y_scale: Scale::Percent,
            series: vec![
                Series::new("training images", train),
                Series::new("test images", test),
            ],
        }
        .to_svg()?,
        caption: "The share of images whose digit is recognised.".into(),
        description: format!(
            "Two curves close to each other that rise to {}",
            percent(trained.test.accuracy())
        ),
        themed: false,
    });
    let weight: Tensor<f32> = trained.parameters.tensor(0);
    found.figures.push(charts::weight_images(&weight, side));
    found.figures.push(Figure {
        svg: confusion(&trained.test.confusion).to_svg("Confusion on the test images")?,
        caption: "Which digit is taken for which.".into(),
        description: format!(
            "A matrix of ten by ten counts; {} lie on its diagonal",
            percent(trained.test.accuracy())
        ),
        themed: false,
    });
    Ok(())
}
