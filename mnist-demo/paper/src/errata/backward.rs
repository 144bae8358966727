//! Errata of the recursion of δ.

use nn::Activation;

use super::example::{EQUAL, Example, N, WIDTHS};
use super::forward::on_equal_widths;
use super::{Erratum, Evidence, Kind, Matrix, Misfit, Printed};
use crate::mu::{mu_prime, relu_prime, softmax_jacobian};
use crate::network::Cost;

pub(super) const ERRATA: &[Erratum] = &[
    Erratum {
        id: "3a",
        place: "Worked Example, Backpropagation",
        printed: r"δ_l^{(1)} = ReLU′(z_l^{(1)}) ⊙ (W^{(1)})^T δ_l^{(2)}",
        corrected: r"δ_l^{(1)} = ReLU′(z_l^{(1)}) ⊙ (W^{(2)})^T δ_l^{(2)}",
        reason: "The error goes back through the weights that took the activations forward, those of layer 2.",
        kind: Kind::Misfit,
        run: || first_layer(1),
    },
    Erratum {
        id: "3b",
        place: "Worked Example, Backpropagation",
        printed: r"Δ^{(1)} = ReLU′(Z^{(1)}) ⊙ (W^{(1)})^T Δ^{(2)}",
        corrected: r"Δ^{(1)} = ReLU′(Z^{(1)}) ⊙ (W^{(2)})^T Δ^{(2)}",
        reason: "The same, in matrix form.",
        kind: Kind::Misfit,
        run: || first_layer(N),
    },
    Erratum {
        id: "4a",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"\frac{∂z_k^{(ℓ)}}{∂z_i^{(ℓ−1)}} = w_{ki} µ′(z_i^{(ℓ)})",
        corrected: r"\frac{∂z_k^{(ℓ)}}{∂z_i^{(ℓ−1)}} = w_{ki}^{(ℓ)} µ′(z_i^{(ℓ−1)})",
        reason: "It is µ at z of layer ℓ−1 that is differentiated; neuron i belongs to that layer.",
        kind: Kind::Misfit,
        run: jacobian_of_z,
    },
    Erratum {
        id: "4b",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"δ_i^{(ℓ−1)} = µ′(z_i^{(ℓ)}) ∑_{k=1}^{n_ℓ} δ_k^{(ℓ)} w_{ki}",
        corrected: r"δ_i^{(ℓ−1)} = µ′(z_i^{(ℓ−1)}) ∑_{k=1}^{n_ℓ} δ_k^{(ℓ)} w_{ki}^{(ℓ)}",
        reason: "The same, substituted into the sum.",
        kind: Kind::Misfit,
        run: || recursion(3, 1),
    },
    Erratum {
        id: "4c",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"δ^{(ℓ−1)} = µ′(z^{(ℓ)}) ⊙ (W^{(ℓ)})^T δ^{(ℓ)}",
        corrected: r"δ^{(ℓ−1)} = µ′(z^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T δ^{(ℓ)}",
        reason: "The same for vectors: µ′(z⁽ˡ⁾) has a component for each neuron of layer ℓ, the product beside it one for each neuron of layer ℓ−1.",
        kind: Kind::Misfit,
        run: || recursion(2, 1),
    },
    Erratum {
        id: "4d",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"δ^{(L−1)} = µ′(z^{(L)}) ⊙ (2(W^{(L)})^T ((a^{(L)} − y) ⊙ µ′(z^{(L)})))",
        corrected: r"δ^{(L−1)} = µ′(z^{(L−1)}) ⊙ (2(W^{(L)})^T ((a^{(L)} − y) ⊙ µ′(z^{(L)})))",
        reason: "The same, written out for the last layer but one; the inner µ′(z⁽ᴸ⁾) is right.",
        kind: Kind::Misfit,
        run: written_out,
    },
    Erratum {
        id: "4e",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"δ_l^{(ℓ−1)} = µ′(z_l^{(ℓ)}) ⊙ (W^{(ℓ)})^T δ_l^{(ℓ)}",
        corrected: r"δ_l^{(ℓ−1)} = µ′(z_l^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T δ_l^{(ℓ)}",
        reason: "The same in the section's summary, for each sample.",
        kind: Kind::Misfit,
        run: || recursion(3, N),
    },
    Erratum {
        id: "6",
        place: "Summary: Multi-Layered Handwritten Digit Classifier",
        printed: r"Δ^{(ℓ−1)} = ReLU′(Z^{(1)}) ⊙ (W^{(1)})^T Δ^{(ℓ)}",
        corrected: r"Δ^{(ℓ−1)} = ReLU′(Z^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T Δ^{(ℓ)}",
        reason: "Layer 1 is left over from the two-layer example.",
        kind: Kind::Misfit,
        run: summary_of_layers,
    },
    Erratum {
        id: "7",
        place: "Worked Example, Backpropagation",
        printed: r"δ_l^{(2)} = \frac{∂C}{∂a_l^{(2)}} ⊙ Softmax′(z_l^{(2)})",
        corrected: r"δ_l^{(2)} = Softmax′(z_l^{(2)})^T \frac{∂C}{∂a_l^{(2)}}",
        reason: "Every output of softmax depends on every input, so its derivative is a full Jacobian; its diagonal alone is not enough.",
        kind: Kind::Misfit,
        run: hadamard_with_a_jacobian,
    },
    Erratum {
        id: "12a",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"δ^{(ℓ−1)} = µ′(z^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T δ^{(ℓ)} \text{for} ℓ ∈ [L]",
        corrected: r"δ^{(ℓ−1)} = µ′(z^{(ℓ−1)}) ⊙ (W^{(ℓ)})^T δ^{(ℓ)} \text{for} ℓ ∈ [L], ℓ ≥ 2",
        reason: "For ℓ = 1 it would give δ⁽⁰⁾ with a z⁽⁰⁾ that does not exist: the input is not a function of anything.",
        kind: Kind::Open,
        run: || down_to_layer_one(1),
    },
    Erratum {
        id: "12b",
        place: "Summary: Multi-Layered Handwritten Digit Classifier",
        printed: r"Δ^{(ℓ−1)} = … \text{for arbitrary} ℓ ∈ [L]",
        corrected: r"Δ^{(ℓ−1)} = … \text{for arbitrary} ℓ ∈ [L], ℓ ≥ 2",
        reason: "The same, in the summary for L layers.",
        kind: Kind::Open,
        run: || down_to_layer_one(N),
    },
];

fn squares(widths: &[usize], samples: usize) -> Example {
    Example::new(widths, Activation::Tanh, Cost::Squares, samples)
}

fn digits(widths: &[usize], samples: usize) -> Example {
    Example::new(widths, Activation::Relu, Cost::CrossEntropy, samples)
}

fn first_layer(samples: usize) -> Evidence {
    // The example's network has two layers.
    let (example, equal) = (digits(&WIDTHS[..3], samples), digits(&EQUAL[..3], samples));
    let as_printed = |e: &Example| -> Result<Matrix, Misfit> {
        let back = e.W(1).t().try_times(&e.delta(2))?;
        e.Z(1).map(relu_prime).try_hadamard(&back)
    };
    let corrected = example
        .Z(1)
        .map(relu_prime)
        .hadamard(&(example.W(2).t() * example.delta(2)));
    Evidence {
        printed: on_equal_widths(as_printed(&example), as_printed(&equal), &equal.tape.dz[0]),
        corrected,
        tape: example.tape.dz[0].clone(),
    }
}

fn slope(e: &Example, l: usize) -> Matrix {
    e.Z(l).map(|z| mu_prime(Activation::Tanh, z))
}

/// δ⁽ℓ⁻¹⁾ from δ⁽ℓ⁾.
fn recursion(l: usize, samples: usize) -> Evidence {
    let (example, equal) = (squares(&WIDTHS, samples), squares(&EQUAL, samples));
    let with_slope_at =
        |e: &Example, layer: usize| slope(e, layer).try_hadamard(&(e.W(l).t() * e.delta(l)));
    let tape = |e: &Example| e.tape.dz[l - 2].clone();
    let corrected = slope(&example, l - 1).hadamard(&(example.W(l).t() * example.delta(l)));
    Evidence {
        printed: on_equal_widths(
            with_slope_at(&example, l),
            with_slope_at(&equal, l),
            &tape(&equal),
        ),
        corrected,
        tape: tape(&example),
    }
}

fn written_out() -> Evidence {
    let (example, equal) = (squares(&WIDTHS, 1), squares(&EQUAL, 1));
    let back = |e: &Example| 2.0 * (e.W(3).t() * (e.A(3) - &e.Y).hadamard(&slope(e, 3)));
    let as_printed = |e: &Example| slope(e, 3).try_hadamard(&back(e));
    Evidence {
        printed: on_equal_widths(as_printed(&example), as_printed(&equal), &equal.tape.dz[1]),
        corrected: slope(&example, 2).hadamard(&back(&example)),
        tape: example.tape.dz[1].clone(),
    }
}

/// The matrix of ∂z_k⁽³⁾/∂z_i⁽²⁾, row by row (k).
fn jacobian_of_z() -> Evidence {
    let (example, equal) = (squares(&WIDTHS, 1), squares(&EQUAL, 1));
    // Each row of W is multiplied elementwise with the slopes of the layer.
    let with_slopes_of = |e: &Example, l: usize| {
        let slopes = slope(e, l).t();
        let rows = Matrix::new(e.W(3).rows(), slopes.cols(), |_, i| slopes.at(0, i));
        e.W(3).try_hadamard(&rows)
    };
    let tape = |e: &Example| {
        let tape = autodiff::tensor::Tape::new();
        let z = tape.var(e.Z(2).tensor());
        let w = tape.constant(e.W(3).tensor());
        w.matmul(z.tanh()).jacobian(z).data().to_vec()
    };
    let corrected = match with_slopes_of(&example, 2) {
        Ok(corrected) => corrected,
        Err(misfit) => unreachable!("{misfit}"),
    };
    Evidence {
        printed: on_equal_widths(
            with_slopes_of(&example, 3),
            with_slopes_of(&equal, 3),
            &tape(&equal),
        ),
        corrected,
        tape: tape(&example),
    }
}

fn summary_of_layers() -> Evidence {
    let (example, equal) = (digits(&WIDTHS, N), digits(&EQUAL, N));
    let as_printed = |e: &Example| -> Result<Matrix, Misfit> {
        let back = e.W(1).t().try_times(&e.delta(3))?;
        e.Z(1).map(relu_prime).try_hadamard(&back)
    };
    Evidence {
        printed: on_equal_widths(as_printed(&example), as_printed(&equal), &equal.tape.dz[1]),
        corrected: example
            .Z(2)
            .map(relu_prime)
            .hadamard(&(example.W(3).t() * example.delta(3))),
        tape: example.tape.dz[1].clone(),
    }
}

fn hadamard_with_a_jacobian() -> Evidence {
    let example = Example::squares_of_softmax();
    let jacobian = softmax_jacobian(&example.A(2));
    let upstream = 2.0 * (example.A(2) - &example.Y);
    let corrected = jacobian.t() * &upstream;
    let printed = match upstream.try_hadamard(&jacobian) {
        Ok(product) => Printed::Gives(product),
        // A vector and a matrix never fit; the nearest reading takes the diagonal.
        Err(why) => {
            let diagonal = Matrix::new(jacobian.rows(), 1, |i, _| jacobian.at(i, i));
            let tape = Matrix::column(&example.tape.dz[1]);
            Printed::DoesNotFit {
                why,
                reading: "with the diagonal alone",
                equal: (upstream.hadamard(&diagonal), tape),
            }
        }
    };
    Evidence {
        printed,
        corrected,
        tape: example.tape.dz[1].clone(),
    }
}

fn down_to_layer_one(samples: usize) -> Evidence {
    let example = squares(&WIDTHS, samples);
    // z[0] belongs to layer 1; no z precedes it.
    let z0 = (1_usize..=1).find_map(|l| example.forward.z.get(l.wrapping_sub(2)));
    let printed = match z0 {
        Some(z0) => Printed::Gives(z0.clone()),
        None => Printed::DoesNotSay("for ℓ = 1 there is no z⁽⁰⁾"),
    };
    // From ℓ = L down to ℓ = 2.
    let mut corrected = Vec::new();
    let mut tape = Vec::new();
    for l in (2..=example.network.layer_count()).rev() {
        let delta = slope(&example, l - 1).hadamard(&(example.W(l).t() * example.delta(l)));
        corrected.extend(delta.entries().to_vec());
        tape.extend(&example.tape.dz[l - 2]);
    }
    Evidence {
        printed,
        corrected: Matrix::column(&corrected),
        tape,
    }
}
