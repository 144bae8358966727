//! P13, *Summary: Multi-Layered Handwritten Digit Classifier*: any number of hidden layers, and their accuracy.

use std::ops::ControlFlow;

use mnist_core::Error;
use mnist_core::gradient::Method;
use mnist_core::model::ModelSettings;
use mnist_core::plot::{LinePlot, Scale, Series};
use mnist_core::report::percent;
use mnist_core::train::{Length, Settings, train};
use nn::Activation;

use super::matrix::Matrix;
use super::network::{Cost, PaperNetwork};
use super::p07_delta::backward;
use super::{Figure, Findings, Reader, Table};

/// The numbers of hidden layers, and the numbers of neurons in each.
const DEPTHS: [usize; 5] = [0, 1, 2, 3, 4];
const WIDTHS: [usize; 3] = [10, 32, 100];
/// The number of images in a step.
const BATCH: usize = 100;

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"Z^{(ℓ)} = W^{(ℓ)} A^{(ℓ−1)} + B^{(ℓ)}, A^{(ℓ)} = µ^{(ℓ)}(Z^{(ℓ)})");
    found.formula(r"Δ^{(L)} = A^{(L)} − Y");
    found.formula(r"Δ^{(ℓ−1)} = ReLU′(Z^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T Δ^{(ℓ)}");
    found.formula(r"\frac{∂C}{∂W^{(ℓ)}} = \frac{1}{N} Δ^{(ℓ)} (A^{(ℓ−1)})^T, \frac{∂C}{∂b^{(ℓ)}} = \frac{1}{N} ∑(\text{columns of} Δ^{(ℓ)})");

    let digits = reader.digits()?;
    let (a0, y) = digits.first(20);
    let mut table = Table {
        caption: "Accuracy and error on the test images".into(),
        head: vec![
            "hidden layers",
            "neurons in each",
            "accuracy",
            "errors",
            "cost",
        ],
        rows: Vec::new(),
    };
    let mut curves: Vec<Series> = Vec::new();
    for width in WIDTHS {
        let mut points = Vec::new();
        for depth in DEPTHS {
            compare_gradients(reader, depth, width, (&a0, &y), found);
            let batch = BATCH.min(digits.training().len());
            let settings = settings(reader, depth, width, batch);
            let trained = train::<f32>(&settings, digits.training(), digits.test(), &mut |_| {
                ControlFlow::Continue(())
            })?;
            let accuracy = trained.test.accuracy();
            points.push((depth as f64, 1.0 - accuracy));
            if depth > 0 || width == WIDTHS[0] {
                table.rows.push(vec![
                    depth.to_string(),
                    if depth == 0 {
                        "–".to_owned()
                    } else {
                        width.to_string()
                    },
                    percent(accuracy),
                    percent(1.0 - accuracy),
                    format!("{:.4}", trained.test.cost),
                ]);
            }
        }
        curves.push(Series::new(format!("{width} neurons"), points));
    }
    found.tables.push(table);
    let errors = |curve: &Series| curve.points.iter().map(|point| point.1).collect::<Vec<_>>();
    let (best, none) = (
        curves.iter().flat_map(errors).fold(1.0, f64::min),
        errors(&curves[0])[0],
    );
    if !reader.quick() {
        found.claim(
            format!(
                "Hidden layers improve the result: at best {} errors, without any {}",
                percent(best),
                percent(none)
            ),
            best < none,
        );
    }
    found.figures.push(Figure {
        svg: LinePlot {
            title: "Error against depth".into(),
            x_label: "hidden layers".into(),
            y_label: "errors on the test images".into(),
            y_scale: Scale::Percent,
            series: curves,
        }
        .to_svg()?,
        caption:
            "The error of each network, by the number of its hidden layers and the neurons in each."
                .into(),
        description:
            "A curve of the share of errors over the number of hidden layers for each width".into(),
        themed: false,
    });
    found.remark(format!(
        "Each network is trained {} in batches of {BATCH}, α = 0.1.",
        if reader.quick() {
            "for 30 steps"
        } else {
            "for three epochs"
        }
    ));
    Ok(())
}

/// Compares the formulas with the tape for this depth and width.
fn compare_gradients(
    reader: &Reader,
    depth: usize,
    width: usize,
    (a0, y): (&Matrix, &Matrix),
    found: &mut Findings,
) {
    let widths = [&[a0.rows()], &vec![width; depth][..], &[10]].concat();
    let network = PaperNetwork::draw(&widths, Activation::Relu, Cost::CrossEntropy, reader.seed());
    let hand = backward(&network, a0, y);
    let tape = network.by_tensor_tape(a0, y);
    let matrices = hand.dW.iter().chain(&hand.db);
    let entries: Vec<_> = matrices.flat_map(|m| m.entries().to_vec()).collect();
    found.compare(
        format!("all derivatives, {depth} hidden layers of {width}"),
        &entries,
        &[tape.dw.concat(), tape.db.concat()].concat(),
    );
}

/// The settings of the training for this depth and width.
fn settings(reader: &Reader, depth: usize, width: usize, batch: usize) -> Settings {
    Settings {
        model: ModelSettings {
            hidden: vec![width; depth],
            ..ModelSettings::default()
        },
        batch: Some(batch),
        length: if reader.quick() {
            Length::Steps(30)
        } else {
            Length::Epochs(3)
        },
        optimizer: Settings::default().optimizer,
        seed: reader.seed(),
        method: Method::Tape,
    }
}
