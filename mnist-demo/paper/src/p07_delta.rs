//! P7, *Utilizing Matrix/Vector Notation*: the recursion of δ, for any widths and any µ.

use mnist_core::Error;
use nn::Activation;

use super::matrix::Matrix;
use super::mu::{mu_prime, softmax_jacobian};
use super::network::{Cost, Network, draw};
use super::{Findings, Reader};

/// The derivatives of the samples' summed costs, by hand.
#[allow(non_snake_case, reason = "the paper's letters")]
pub(super) struct Backward {
    /// δ⁽ℓ⁾ with a column for each sample: Δ⁽¹⁾, Δ⁽²⁾, …
    pub(super) delta: Vec<Matrix>,
    /// ∂C/∂W⁽¹⁾, …
    pub(super) dW: Vec<Matrix>,
    /// ∂C/∂b⁽¹⁾, …
    pub(super) db: Vec<Matrix>,
}

/// δ⁽ᴸ⁾ = 2 (a⁽ᴸ⁾ − y) ⊙ µ′(z⁽ᴸ⁾), or as the cost has it; then δ⁽ℓ⁻¹⁾ = µ′(z⁽ℓ⁻¹⁾) ⊙ (W⁽ℓ⁾)ᵀ δ⁽ℓ⁾ back to the first layer.
#[allow(non_snake_case, reason = "the paper's letters")]
pub(super) fn backward(network: &Network, a0: &Matrix, y: &Matrix) -> Backward {
    let last = network.layers();
    let layers = network.forward(a0);
    let a = |l: usize| &layers.a[l];
    let mu_prime_of = |l: usize| layers.z[l - 1].map(|z| mu_prime(network.mu, z));
    let W = |l: usize| &network.W[l - 1];
    let n = a0.cols() as f64;

    let delta_last = match network.cost {
        Cost::Squares => 2.0 * (a(last) - y).hadamard(&mu_prime_of(last)),
        Cost::MeanSquares => 2.0 / n * (a(last) - y).hadamard(&mu_prime_of(last)),
        Cost::CrossEntropy => 1.0 / n * (a(last) - y),
        Cost::SquaresOfSoftmax => {
            // δ = Jᵀ 2 (a − y), sample by sample: each has a Jacobian of its own.
            let columns: Vec<Matrix> = (0..a0.cols())
                .map(|l| {
                    let a_l = a(last).col(l);
                    softmax_jacobian(&a_l).t() * (2.0 * (&a_l - y.col(l)))
                })
                .collect();
            Matrix::new(y.rows(), y.cols(), |i, l| columns[l].at(i, 0))
        }
    };
    let mut delta = vec![delta_last];
    for l in (2..=last).rev() {
        let previous = mu_prime_of(l - 1).hadamard(&(W(l).t() * &delta[0]));
        delta.insert(0, previous);
    }
    Backward {
        dW: (1..=last).map(|l| &delta[l - 1] * a(l - 1).t()).collect(),
        db: delta.iter().map(Matrix::sum_of_columns).collect(),
        delta,
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
            let network = Network::draw(widths, mu, Cost::Squares, reader.seed());
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
                    &tape.z.concat(),
                );
                found.compare(
                    format!("{name}: ∂C/∂W, {kind}"),
                    &all(&hand.dW),
                    &tape.w.concat(),
                );
                found.compare(
                    format!("{name}: ∂C/∂b, {kind}"),
                    &all(&hand.db),
                    &tape.b.concat(),
                );
            }
        }
    }
    Ok(())
}
