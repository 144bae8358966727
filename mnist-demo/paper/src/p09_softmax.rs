//! P9, *Backpropagation* of the worked example: the Jacobian of Softmax, and δ through it.

use autodiff::scalar::{general, log_sum_exp};
use autodiff::tensor;
use mnist_core::Error;
use nn::Activation;

use super::matrix::Matrix;
use super::mu::{softmax, softmax_jacobian};
use super::network::{Cost, PaperNetwork, draw};
use super::p07_delta::backward;
use super::{Findings, Reader, Table, number};

/// The Jacobian by the tensor tape, with one backward pass for each row.
pub(super) fn by_tensor_tape(z: &Matrix) -> Vec<f64> {
    let tape = tensor::Tape::new();
    let z = tape.var(z.tensor());
    z.softmax(0).jacobian(z).data().to_vec()
}

/// The Jacobian by the scalar tape, from the definition e^vᵢ / Σⱼ e^vⱼ.
fn by_scalar_tape(z: &Matrix) -> Vec<f64> {
    let from_definition = general::jacobian(
        |v| {
            let log_sum = log_sum_exp(v);
            v.iter().map(|&v| (v - log_sum).exp()).collect()
        },
        &z.values(),
    );
    from_definition.concat()
}

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"Softmax′(z)_{ij} = s_i (1 − s_i) \text{if} i = j, −s_i s_j \text{if} i ≠ j");
    found.formula(r"δ^{(L)} = Softmax′(z)^T \frac{∂C}{∂a^{(L)}}");

    for classes in [2, 3, 10] {
        let z = draw(classes, 1, 1.5, reader.seed() + 90);
        let jacobian = softmax_jacobian(&softmax(&z));
        found.compare(
            format!("{classes}×{classes} Jacobian, elementwise, scalar tape"),
            &jacobian,
            &by_scalar_tape(&z),
        );
        found.compare(
            format!("{classes}×{classes} Jacobian, elementwise, tensor tape"),
            &jacobian,
            &by_tensor_tape(&z),
        );
        if classes == 3 {
            let tape = by_tensor_tape(&z);
            found.tables.push(Table {
                caption: "The Jacobian of three classes: by hand, and by the tape".into(),
                head: vec!["i, j", "by hand", "tensor tape"],
                rows: (0..9)
                    .map(|n| {
                        vec![
                            format!("{}, {}", n / 3 + 1, n % 3 + 1),
                            number(jacobian.values()[n]),
                            number(tape[n]),
                        ]
                    })
                    .collect(),
            });
        }
    }

    let network = PaperNetwork::draw(&[6, 5, 4], Activation::Tanh, Cost::Squares, reader.seed())
        .with_softmax();
    let a0 = draw(6, 3, 1.0, reader.seed() + 91);
    let y = Matrix::new(4, 3, |i, l| f64::from(u8::from(i == l)).into());
    let hand = backward(&network, &a0, &y);
    found.compare(
        "δ⁽ᴸ⁾ through the full Jacobian, squared difference, scalar tape",
        &hand.delta[1],
        &network.by_scalar_tape(&a0, &y).dz[1],
    );
    found.compare(
        "δ⁽ᴸ⁾ through the full Jacobian, squared difference, tensor tape",
        &hand.delta[1],
        &network.by_tensor_tape(&a0, &y).dz[1],
    );
    Ok(())
}
