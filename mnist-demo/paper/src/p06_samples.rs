//! P6, *Considering Multiple Training Data Points*: the gradient of a batch is the sum of its samples' gradients.

use mnist_core::Error;
use nn::Activation;

use super::network::{Cost, PaperNetwork, draw};
use super::p07_delta::backward;
use super::{Findings, Reader};

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"C = ∑_{l=1}^N ‖a_l^{(L)} − y_l‖^2");
    found.formula(r"\frac{∂C}{∂w_{ij}^{(L)}} = ∑_{l=1}^N \frac{∂C}{∂(a_l)_i^{(L)}} \frac{∂(a_l)_i^{(L)}}{∂(z_l)_i^{(L)}} \frac{∂(z_l)_i^{(L)}}{∂w_{ij}^{(L)}}");

    let widths = [4, 5, 3];
    let samples = 12;
    let network = PaperNetwork::draw(&widths, Activation::Sigmoid, Cost::Squares, reader.seed());
    let a0 = draw(widths[0], samples, 1.0, reader.seed() + 60);
    let y = draw(widths[2], samples, 1.0, reader.seed() + 61);

    // By hand: the sum of the gradients of the samples l.
    let of_sample = |l: usize| backward(&network, &a0.col(l), &y.col(l));
    let mut sum = of_sample(0);
    for l in 1..samples {
        let next = of_sample(l);
        for layer in 0..network.layer_count() {
            sum.dW[layer] = &sum.dW[layer] + &next.dW[layer];
            sum.db[layer] = &sum.db[layer] + &next.db[layer];
        }
    }
    for (name, tape) in [
        ("scalar tape", network.by_scalar_tape(&a0, &y)),
        ("tensor tape", network.by_tensor_tape(&a0, &y)),
    ] {
        for l in 1..=network.layer_count() {
            found.compare(
                format!("∂C/∂W of layer {l}, all samples on one {name}"),
                &sum.dW[l - 1],
                &tape.dw[l - 1],
            );
            found.compare(
                format!("∂C/∂b of layer {l}, all samples on one {name}"),
                &sum.db[l - 1],
                &tape.db[l - 1],
            );
        }
    }

    // The sum of the tapes' gradients of single samples is the gradient of the batch, too.
    let mut sum = vec![super::Scaled::default(); sum.dW[0].entries().len()];
    for l in 0..samples {
        let one = network.by_scalar_tape(&a0.col(l), &y.col(l));
        for (sum, &term) in sum.iter_mut().zip(&one.dw[0]) {
            *sum = *sum + term.into();
        }
    }
    let together = network.by_tensor_tape(&a0, &y);
    found.compare(
        format!(
            "∂C/∂W of layer 1, {samples} scalar tapes of one sample against one tensor tape of all"
        ),
        &sum,
        &together.dw[0],
    );
    Ok(())
}
