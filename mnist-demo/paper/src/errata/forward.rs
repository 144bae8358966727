//! Errata of the forward pass.

use autodiff::tensor::Tape;
use nn::Activation;

use super::example::{EQUAL, Example, N, WIDTHS};
use super::{Erratum, Evidence, Kind, Matrix, Printed};
use crate::mu::mu;
use crate::network::Cost;

pub(super) const ERRATA: &[Erratum] = &[
    Erratum {
        id: "1",
        place: "L Layers with Arbitrary Neurons",
        printed: r"a_i^{(ℓ)} = µ(∑_{j=1}^{n_{ℓ−1}} (w_{ij}^{(ℓ)} a_j^{(ℓ−1)} + b_i^{(ℓ)}))",
        corrected: r"a_i^{(ℓ)} = µ(∑_{j=1}^{n_{ℓ−1}} w_{ij}^{(ℓ)} a_j^{(ℓ−1)} + b_i^{(ℓ)})",
        reason: "Inside the sum the bias is added once for every neuron of the previous layer.",
        kind: Kind::Wrong,
        run: bias_inside_the_sum,
    },
    Erratum {
        id: "2a",
        place: "Forward Propagation",
        printed: r"z_l^{(2)} = W^{(1)} a_l^{(1)} + b_l^{(2)}",
        corrected: r"z_l^{(2)} = W^{(2)} a_l^{(1)} + b^{(2)}",
        reason: "The second layer has its own weights; those of the first act on the image.",
        kind: Kind::Misfit,
        run: || second_layer(1),
    },
    Erratum {
        id: "2b",
        place: "Worked Example, Backpropagation",
        printed: r"Z^{(2)} = W^{(1)} A^{(1)} + B^{(2)}",
        corrected: r"Z^{(2)} = W^{(2)} A^{(1)} + B^{(2)}",
        reason: "The same, in matrix form.",
        kind: Kind::Misfit,
        run: || second_layer(N),
    },
    Erratum {
        id: "9a",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"z_k^{(ℓ)} = ∑_{j=1}^{n_ℓ} w_{kj}^{(ℓ)} a_j^{(ℓ−1)} + b_k^{(ℓ)}",
        corrected: r"z_k^{(ℓ)} = ∑_{j=1}^{n_{ℓ−1}} w_{kj}^{(ℓ)} a_j^{(ℓ−1)} + b_k^{(ℓ)}",
        reason: "The sum runs over the neurons of the previous layer; up to the size of its own layer it leaves some out, or includes some that do not exist.",
        kind: Kind::Wrong,
        run: sum_to_the_wrong_end,
    },
    Erratum {
        id: "9b",
        place: "Introducing Neural Networks",
        printed: r"W^{(L)} = (w_{11} … w_{1 n_L}; …; w_{n_{L−1} 1} … w_{n_{L−1} n_L})",
        corrected: r"W^{(L)} = (w_{11} … w_{1 n_{L−1}}; …; w_{n_L 1} … w_{n_L n_{L−1}})",
        reason: "The printed array has a row for each neuron of the previous layer; W has one for each neuron of its own layer, as the text says.",
        kind: Kind::Misfit,
        run: ranges_swapped,
    },
    Erratum {
        id: "13a",
        place: "Introducing Neural Networks; L Layers with Arbitrary Neurons",
        printed: r"a_i^{(L)} = ∑_{j=1}^{n_{L−1}} w_{ji}^{(L)} a_j^{(L−1)} + b_i^{(L)}",
        corrected: r"a_i^{(L)} = ∑_{j=1}^{n_{L−1}} w_{ij}^{(L)} a_j^{(L−1)} + b_i^{(L)}",
        reason: "Row i of W belongs to neuron i, so its entries are wᵢⱼ, as they are written later; wⱼᵢ is an entry of the transpose.",
        kind: Kind::Notation,
        run: ranges_swapped,
    },
    Erratum {
        id: "14",
        place: "Introducing Neural Networks",
        printed: r"\text{without} µ, a^{(2)} = W^{(2)} W^{(1)} a^{(0)}",
        corrected: r"\text{without} µ, a^{(2)} = W^{(2)} W^{(1)} a^{(0)} + W^{(2)} b^{(1)} + b^{(2)}",
        reason: "Without µ the output is not a linear function of the input but an affine one: the biases remain.",
        kind: Kind::Wrong,
        run: linear_or_affine,
    },
    Erratum {
        id: "15",
        place: "Introducing Neural Networks",
        printed: r"b^{(L)} = (b_i^{(L)}, …, b_{n_L}^{(L)})",
        corrected: r"b^{(L)} = (b_1^{(L)}, …, b_{n_L}^{(L)})",
        reason: "The first component of the vector is b₁, whatever i is.",
        kind: Kind::Notation,
        run: first_bias,
    },
];

/// Z⁽ℓ⁾ by the tape, whose recording is a forward pass as well.
fn z_by_tape(example: &Example, l: usize) -> Vec<f64> {
    let tape = Tape::new();
    let w = tape.var(example.W(l).tensor());
    let b = tape.var(example.network.b[l - 1].tensor());
    let z = w.matmul(tape.constant(example.A(l - 1).tensor())) + b;
    z.value().data().to_vec()
}

fn squares(widths: &[usize], samples: usize) -> Example {
    Example::new(widths, Activation::Tanh, Cost::Squares, samples)
}

fn bias_inside_the_sum() -> Evidence {
    let example = squares(&WIDTHS, 1);
    let (w, a, b) = (example.W(1), example.A(0), &example.network.b[0]);
    let n0 = a.rows();
    let printed = Matrix::new(w.rows(), 1, |i, _| {
        (0..n0).map(|j| w.at(i, j) * a.at(j, 0) + b.at(i, 0)).sum()
    });
    let corrected = Matrix::new(w.rows(), 1, |i, _| {
        (0..n0)
            .map(|j| w.at(i, j) * a.at(j, 0))
            .sum::<super::Scaled>()
            + b.at(i, 0)
    });
    let tape = z_by_tape(&example, 1);
    let tape: Vec<f64> = tape.into_iter().map(f64::tanh).collect();
    let activate = |z: &Matrix| z.map(|z| mu(Activation::Tanh, z));
    Evidence {
        printed: Printed::Gives(activate(&printed)),
        corrected: activate(&corrected),
        tape,
    }
}

fn second_layer(samples: usize) -> Evidence {
    let example = squares(&WIDTHS, samples);
    let equal = squares(&EQUAL, samples);
    let as_printed = |e: &Example| Ok(e.W(1).try_times(&e.A(1))? + e.B(2));
    let tape = z_by_tape(&equal, 2);
    Evidence {
        printed: on_equal_widths(as_printed(&example), as_printed(&equal), &tape),
        corrected: example.W(2) * example.A(1) + example.B(2),
        tape: z_by_tape(&example, 2),
    }
}

/// The result of a printed formula whose shapes do not fit, with its value and the tape's on equal widths.
pub(super) fn on_equal_widths(
    printed: Result<Matrix, super::Misfit>,
    equal: Result<Matrix, super::Misfit>,
    tape: &[f64],
) -> Printed {
    match (printed, equal) {
        (Err(why), Ok(equal)) => {
            let (rows, cols) = (equal.rows(), equal.cols());
            let tape = Matrix::new(rows, cols, |i, j| tape[i * cols + j].into());
            Printed::DoesNotFit {
                why,
                reading: "on equal widths",
                equal: (equal, tape),
            }
        }
        (Ok(printed), _) => Printed::Gives(printed),
        (Err(_), Err(_)) => Printed::DoesNotSay("the shapes fit on no widths"),
    }
}

fn sum_to_the_wrong_end() -> Evidence {
    // Layer 1 has 5 inputs and 4 neurons: the printed sum omits the last input.
    let example = squares(&WIDTHS, 1);
    let (w, a, b) = (example.W(1), example.A(0), &example.network.b[0]);
    let to = |end: usize| {
        Matrix::new(w.rows(), 1, |k, _| {
            (0..end)
                .map(|j| w.at(k, j) * a.at(j, 0))
                .sum::<super::Scaled>()
                + b.at(k, 0)
        })
    };
    Evidence {
        printed: Printed::Gives(to(w.rows())),
        corrected: to(w.cols()),
        tape: z_by_tape(&example, 1),
    }
}

fn ranges_swapped() -> Evidence {
    let (example, equal) = (squares(&WIDTHS, 1), squares(&EQUAL, 1));
    let as_printed = |e: &Example| Ok(e.W(1).t().try_times(&e.A(0))? + e.B(1));
    Evidence {
        printed: on_equal_widths(
            as_printed(&example),
            as_printed(&equal),
            &z_by_tape(&equal, 1),
        ),
        corrected: example.W(1) * example.A(0) + example.B(1),
        tape: z_by_tape(&example, 1),
    }
}

fn linear_or_affine() -> Evidence {
    let example = Example::new(&WIDTHS[..3], Activation::Identity, Cost::Squares, 1);
    let (w1, w2) = (example.W(1), example.W(2));
    let linear = w2 * (w1 * example.A(0));
    Evidence {
        printed: Printed::Gives(linear.clone()),
        corrected: linear + w2 * example.B(1) + example.B(2),
        tape: example.tape.a.clone(),
    }
}

fn first_bias() -> Evidence {
    let example = squares(&WIDTHS, 1);
    // Literally, for i = 2.
    let b = &example.network.b[0];
    let printed = Matrix::new(b.rows(), 1, |k, _| b.at(if k == 0 { 1 } else { k }, 0));
    let z = example.W(1) * example.A(0);
    Evidence {
        printed: Printed::Gives(&z + printed),
        corrected: z + example.B(1),
        tape: z_by_tape(&example, 1),
    }
}
