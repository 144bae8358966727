//! P7, *Utilizing Matrix/Vector Notation*: the recursion of δ, for any widths and any µ.

use autodiff::tensor::Targets;
use mnist_core::Error;
use nn::{Activation, reference};

use super::matrix::Matrix;
use super::network::{Cost, PaperNetwork, draw};
use super::{Findings, Reader};

/// The derivatives of the network's cost, by hand.
#[allow(non_snake_case, reason = "the paper's letters")]
pub(super) struct BackwardPass {
    /// δ⁽ℓ⁾ with a column for each sample: Δ⁽¹⁾, Δ⁽²⁾, …
    pub(super) delta: Vec<Matrix>,
    /// ∂C/∂W⁽¹⁾, …
    pub(super) dW: Vec<Matrix>,
    /// ∂C/∂b⁽¹⁾, …
    pub(super) db: Vec<Matrix>,
}

/// δ⁽ᴸ⁾ = 2 (a⁽ᴸ⁾ − y) ⊙ µ′(z⁽ᴸ⁾), or the cost's own formula; then δ⁽ℓ⁻¹⁾ = µ′(z⁽ℓ⁻¹⁾) ⊙ (W⁽ℓ⁾)ᵀ δ⁽ℓ⁾ back to the first
/// layer, in the plain loops of [`reference`](mod@reference).
#[allow(non_snake_case, reason = "the paper's letters")]
pub(super) fn backward(network: &PaperNetwork, a0: &Matrix, y: &Matrix) -> BackwardPass {
    let (mlp, parameters) = network.to_mlp();
    let targets = Targets::Probabilities(y.t().tensor());
    let x = a0.t().tensor();
    let found = reference::gradient(&mlp, network.sample_cost(), &parameters, &x, &targets);
    let samples = a0.cols();
    // The loops divide the gradients by the number of samples, but not the δ.
    let (gradient_factor, delta_factor) = match network.cost {
        Cost::Squares => (samples as f64, 1.0),
        Cost::MeanSquares | Cost::CrossEntropy => (1.0, 1.0 / samples as f64),
    };
    let derivatives = |slice: usize| {
        let entries = &found.derivatives[slice];
        let shape = &mlp.layout().slices()[slice].shape;
        let cols = shape.get(1).copied().unwrap_or(1);
        Matrix::new(shape[0], cols, |i, j| {
            gradient_factor * entries[i * cols + j]
        })
    };
    let numbers = 1..=network.layer_count();
    BackwardPass {
        delta: numbers
            .clone()
            .map(|l| {
                let (delta, rows) = (&found.deltas[l - 1], network.W[l - 1].rows());
                Matrix::new(rows, samples, |i, n| delta_factor * delta[n * rows + i])
            })
            .collect(),
        dW: numbers.clone().map(|l| derivatives(2 * l - 2)).collect(),
        db: numbers.map(|l| derivatives(2 * l - 1)).collect(),
    }
}

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"δ^{(L)} = 2(a^{(L)} − y) ⊙ µ′(z^{(L)})");
    found.formula(r"δ^{(ℓ−1)} = µ′(z^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T δ^{(ℓ)}");
    found.formula(r"\frac{∂C}{∂W^{(ℓ)}} = δ^{(ℓ)} (a^{(ℓ−1)})^T");
    found.formula(r"\frac{∂C}{∂b^{(ℓ)}} = δ^{(ℓ)}");

    for widths in [
        &[3, 2][..],
        &[4, 7, 2],
        &[5, 3, 8, 1, 4],
        &[2, 3, 3, 3, 3, 3, 3, 2],
    ] {
        for mu in Activation::ALL {
            let network = PaperNetwork::draw(widths, mu, Cost::Squares, reader.seed());
            let a0 = draw(widths[0], 1, 1.0, reader.seed() + 70);
            let y = draw(widths[widths.len() - 1], 1, 1.0, reader.seed() + 71);
            let hand = backward(&network, &a0, &y);
            let name: Vec<String> = widths.iter().map(ToString::to_string).collect();
            let name = format!("{}, {mu}", name.join("-"));
            for (kind, tape) in [
                ("scalar tape", network.by_scalar_tape(&a0, &y)),
                ("tensor tape", network.by_tensor_tape(&a0, &y)),
            ] {
                let all = |m: &[Matrix]| {
                    m.iter()
                        .flat_map(|m| m.entries().to_vec())
                        .collect::<Vec<_>>()
                };
                found.compare(
                    format!("{name}: δ, {kind}"),
                    &all(&hand.delta),
                    &tape.dz.concat(),
                );
                found.compare(
                    format!("{name}: ∂C/∂W, {kind}"),
                    &all(&hand.dW),
                    &tape.dw.concat(),
                );
                found.compare(
                    format!("{name}: ∂C/∂b, {kind}"),
                    &all(&hand.db),
                    &tape.db.concat(),
                );
            }
        }
    }
    Ok(())
}
