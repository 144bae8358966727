//! P1, *Introducing Neural Networks*: the forward map a⁽ℓ⁾ = µ(W⁽ℓ⁾ a⁽ℓ⁻¹⁾ + b⁽ℓ⁾) and the cost C = Σ ‖a⁽ᴸ⁾ − y‖².

use mnist_core::Error;
use nn::Activation;

use super::network::{Cost, PaperNetwork, draw};
use super::{Findings, Reader};

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"a^{(ℓ)} = µ(W^{(ℓ)} a^{(ℓ−1)} + b^{(ℓ)})");
    found.formula(r"C = ∑_{j=1}^N ‖a_j^{(L)} − y_j‖^2");

    let widths = [5, 4, 6, 3];
    for mu in Activation::ALL {
        let network = PaperNetwork::draw(&widths, mu, Cost::Squares, reader.seed());
        let a0 = draw(widths[0], 7, 1.0, reader.seed() + 50);
        let y = draw(widths[3], 7, 1.0, reader.seed() + 51);

        let a = network.forward(&a0).a;
        let a_last = &a[network.layer_count()];
        let cost = network.cost(a_last, &y);

        let tape = network.by_tensor_tape(&a0, &y);
        found.compare(format!("a⁽ᴸ⁾, µ = {mu}"), a_last, &tape.a);
        found.compare(format!("C, µ = {mu}"), &cost, &[tape.cost]);
    }
    found.remark(
        "A network of widths 5-4-6-3 with random weights, 7 random inputs, the tensor tape.",
    );
    Ok(())
}
