//! P11, a batch of MNIST in matrix form: Z, A, Δ, the sum of the columns of Δ, and the factor 1/N.

use mnist_core::Error;
use nn::{Activation, BatchGradient, Supervised};

use super::mu::{relu, relu_prime, softmax};
use super::network::{Cost, PaperNetwork};
use super::{Findings, Reader};

/// The number of images in the batch, N.
const N: usize = 128;

#[allow(non_snake_case, reason = "the paper's letters")]
pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"Δ^{(2)} = A^{(2)} − Y");
    found.formula(r"Δ^{(1)} = ReLU′(Z^{(1)}) ⊙ (W^{(2)})^T Δ^{(2)}");
    found.formula(r"\frac{∂C}{∂W^{(1)}} = \frac{1}{N} Δ^{(1)} (A^{(0)})^T, \frac{∂C}{∂W^{(2)}} = \frac{1}{N} Δ^{(2)} (A^{(1)})^T");
    found.formula(r"\frac{∂C}{∂b^{(1)}} = \frac{1}{N} ∑(\text{columns of} Δ^{(1)}), \frac{∂C}{∂b^{(2)}} = \frac{1}{N} ∑(\text{columns of} Δ^{(2)})");

    let digits = reader.digits()?;
    let (A0, Y) = digits.first(N);
    let network = PaperNetwork::draw(
        &[A0.rows(), 10, 10],
        Activation::Relu,
        Cost::CrossEntropy,
        reader.seed(),
    );
    let (W1, W2) = (&network.W[0], &network.W[1]);
    let (b1, b2) = (&network.b[0], &network.b[1]);

    // Forward pass.
    let Z1 = W1 * &A0 + b1.repeated(N);
    let A1 = Z1.through(relu, relu_prime);
    let Z2 = W2 * A1.plain() + b2.repeated(N);
    let A2 = softmax(&Z2);

    // Backward pass.
    let Delta2 = A2 - &Y;
    let Delta1 = Z1.map(relu_prime).hadamard(&(W2.t() * &Delta2));
    let one_over_n = 1.0 / N as f64;
    let dW1 = one_over_n * (&Delta1 * A0.t());
    let dW2 = one_over_n * (&Delta2 * A1.t());
    let db1 = one_over_n * Delta1.sum_of_columns();
    let db2 = one_over_n * Delta2.sum_of_columns();

    let by_tape = network.by_tensor_tape(&A0, &Y);
    let in_training = training_gradient(&network, digits.training(), N);
    for (name, by_hand, tape, in_training) in [
        ("∂C/∂W⁽¹⁾", &dW1, &by_tape.dw[0], &in_training[0]),
        ("∂C/∂b⁽¹⁾", &db1, &by_tape.db[0], &in_training[1]),
        ("∂C/∂W⁽²⁾", &dW2, &by_tape.dw[1], &in_training[2]),
        ("∂C/∂b⁽²⁾", &db2, &by_tape.db[1], &in_training[3]),
    ] {
        found.compare(
            format!("{name}, matrices on the tensor tape"),
            by_hand,
            tape,
        );
        found.compare(
            format!("{name}, the tape in chunks and shards, as in training"),
            by_hand,
            in_training,
        );
    }
    Ok(())
}

/// Returns the gradient of the first `n` samples by the code that training uses, one list for each parameter.
fn training_gradient(network: &PaperNetwork, data: &nn::Dataset, n: usize) -> Vec<Vec<f64>> {
    let (mlp, parameters) = network.to_mlp();
    let model = Supervised::new(&mlp, network.sample_cost());
    let mut by_tape = BatchGradient::tape(model);
    let (_, gradient) = by_tape.compute(&parameters, &data.range(0..n));
    gradient
        .iter()
        .map(|(_, slice)| slice.data().to_vec())
        .collect()
}
