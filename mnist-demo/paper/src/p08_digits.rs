//! P8, *Worked Example: Basic Handwritten Digit Classifier*, forward: 784 → 10 ReLU → 10 Softmax.

use mnist_core::Error;
use mnist_core::report::grouped;
use nn::Activation;

use super::matrix::Matrix;
use super::network::{Cost, PaperNetwork};
use super::{Figure, Findings, Reader};

/// The number of images.
const SAMPLES: usize = 128;

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"Softmax(v)_i = \frac{e^{v_i}}{∑_{j=1}^n e^{v_j}}");
    found.formula(r"Z^{(1)} = W^{(1)} A^{(0)} + B^{(1)}");
    found.formula(r"A^{(1)} = ReLU(Z^{(1)})");
    found.formula(r"Z^{(2)} = W^{(2)} A^{(1)} + B^{(2)}");
    found.formula(r"A^{(2)} = Softmax(Z^{(2)})");

    let digits = reader.digits()?;
    let (a0, y) = digits.first(SAMPLES);
    let pixels = a0.rows();
    let network = PaperNetwork::draw(
        &[pixels, 10, 10],
        Activation::Relu,
        Cost::CrossEntropy,
        reader.seed(),
    );
    let forward = network.forward(&a0);
    let tape = network.by_tensor_tape(&a0, &y);
    found.compare(
        format!("A⁽²⁾ of {SAMPLES} images, tensor tape"),
        &forward.a[2],
        &tape.a,
    );

    let parameters: usize = (0..2)
        .map(|l| network.W[l].entries().len() + network.b[l].rows())
        .sum();
    found.claim(
        format!(
            "The cost has {} parameters to optimize",
            grouped(parameters as u64)
        ),
        pixels != 784 || parameters == 7_960,
    );
    found.claim(
        "Every pixel lies in [0, 1]",
        a0.values().iter().all(|x| (0.0..=1.0).contains(x)),
    );
    let one_hot = |l: usize| {
        let y = y.col(l).values();
        y.iter().filter(|&&y| y == 1.0).count() == 1 && y.iter().filter(|&&y| y == 0.0).count() == 9
    };
    found.claim(
        "Every y is one of the one-hot e₁ … e₁₀",
        (0..SAMPLES).all(one_hot),
    );
    let sums: Vec<f64> = (0..SAMPLES)
        .map(|l| forward.a[2].col(l).values().iter().sum())
        .collect();
    let ones = Matrix::new(1, SAMPLES, |_, _| 1.0.into());
    found.compare("The activations of the last layer add to 1", &ones, &sums);

    found.figures.push(Figure {
        svg: graph(&network, &a0, &y),
        caption: "The two-layer network as the tape has recorded it, for one batch.".into(),
        description: "A graph from the images and the weights and biases of two layers through products, sums and the rectifier to the cross-entropy; each node names its operation, shape and bytes".into(),
        themed: true,
    });
    Ok(())
}

/// The computation graph, drawn by the tape.
fn graph(network: &PaperNetwork, a0: &Matrix, y: &Matrix) -> String {
    let tape = autodiff::tensor::Tape::new();
    // A sample is a row on the tape, as in training.
    let a0 = tape.constant(a0.t().tensor()).named("A⁽⁰⁾");
    let w1 = tape.var(network.W[0].tensor()).named("W⁽¹⁾");
    let b1 = tape
        .var(network.b[0].tensor().reshape([network.b[0].rows()]))
        .named("b⁽¹⁾");
    let w2 = tape.var(network.W[1].tensor()).named("W⁽²⁾");
    let b2 = tape
        .var(network.b[1].tensor().reshape([network.b[1].rows()]))
        .named("b⁽²⁾");
    let z1 = a0.linear(w1, b1).named("Z⁽¹⁾");
    let z2 = z1.relu().named("A⁽¹⁾").linear(w2, b2).named("Z⁽²⁾");
    let targets = autodiff::tensor::Targets::Probabilities(y.t().tensor());
    let _ = z2
        .cross_entropy(autodiff::tensor::CrossEntropy::new(targets))
        .named("C");
    tape.to_svg()
}
