//! Slips of notation: the printed formula, taken literally, means something else or nothing.

use autodiff::tensor::Tape;
use nn::Activation;

use super::example::{EQUAL, Example, N, WIDTHS};
use super::{Erratum, Evidence, Kind, Matrix, Printed};
use crate::Scaled;
use crate::mu::{mu_prime, softmax, softmax_jacobian};
use crate::network::Cost;

pub(super) const ERRATA: &[Erratum] = &[
    Erratum {
        id: "13b",
        place: "Introducing Neural Networks",
        printed: r"f_2 : R^ℓ → R^h",
        corrected: r"f_2 : R^ℓ → R^k",
        reason: "f = f₂ ∘ f₁ maps to ℝᵏ, so f₂ does; h is defined nowhere.",
        kind: Kind::Notation,
        run: undefined_dimension,
    },
    Erratum {
        id: "13c",
        place: "Worked Example, Backpropagation",
        printed: r"Softmax′(z)_{ij} = Softmax(z_i)(1 − Softmax(z_i)) \text{if} i = j, −Softmax(z_i) Softmax(z_j) \text{if} i ≠ j",
        corrected: r"Softmax′(z)_{ij} = Softmax(z)_i (1 − Softmax(z)_i) \text{if} i = j, −Softmax(z)_i Softmax(z)_j \text{if} i ≠ j",
        reason: "Softmax takes a vector; that of the single number zᵢ is 1.",
        kind: Kind::Notation,
        run: softmax_of_a_number,
    },
    Erratum {
        id: "13d",
        place: "Appendix",
        printed: r"a^{(2)} = Softmax(z^{(2)}) = \frac{e^{z_i}}{∑_{j=1}^{n_L} e^{z_j}}",
        corrected: r"a_i^{(L)} = Softmax(z^{(L)})_i = \frac{e^{z_i}}{∑_{j=1}^{n_L} e^{z_j}}",
        reason: "A vector is set equal to one of its components, and layer 2 stands for L.",
        kind: Kind::Notation,
        run: vector_as_component,
    },
    Erratum {
        id: "13e",
        place: "Worked Example, Backpropagation",
        printed: r"Y^{(ℓ)} = (y_1, …, y_N)",
        corrected: r"Y = (y_1, …, y_N)",
        reason: "The targets belong to no layer; for ℓ = 1 a Y of that layer would have a different number of rows.",
        kind: Kind::Notation,
        run: targets_of_a_layer,
    },
    Erratum {
        id: "17",
        place: "Forward Propagation",
        printed: r"z_l^{(1)} = W^{(1)} a_l^{(0)} + b_l^{(1)}",
        corrected: r"z_l^{(1)} = W^{(1)} a_l^{(0)} + b^{(1)}",
        reason: "A bias is shared by all samples; if each had its own, its derivative would be that sample's δ alone.",
        kind: Kind::Notation,
        run: bias_of_a_sample,
    },
    Erratum {
        id: "18",
        place: "Worked Example, Backpropagation; Summary: Multi-Layered Handwritten Digit Classifier",
        printed: r"A^{(2)} = Softmax(Z^{(2)})",
        corrected: r"A^{(2)} = (Softmax(z_1^{(2)}), …, Softmax(z_N^{(2)}))",
        reason: "Softmax is defined for vectors; over all entries of a matrix it would divide 1 among all samples.",
        kind: Kind::Notation,
        run: softmax_of_a_matrix,
    },
    Erratum {
        id: "19",
        place: "Introducing Neural Networks; Backpropagation: Brute-force Approach with Chain Rule",
        printed: r"C = ∑_{j=1}^N ‖a_j^{(L)} − y_j‖^2",
        corrected: r"C = ∑_{l=1}^N ‖a_l^{(L)} − y_l‖^2",
        reason: "Just before, j is the index of a neuron; the samples get an index of their own, l, only later.",
        kind: Kind::Notation,
        run: neurons_for_samples,
    },
    Erratum {
        id: "20",
        place: "L Layers with Arbitrary Neurons",
        printed: r"\frac{∂a_i^{(ℓ)}}{∂a_j^{(ℓ−1)}} = µ′(z_i^{(ℓ)}) w_{ij}",
        corrected: r"\frac{∂a_i^{(ℓ)}}{∂a_j^{(ℓ−1)}} = µ′(z_i^{(ℓ)}) w_{ij}^{(ℓ)}",
        reason: "The weight has lost its layer, which is ℓ.",
        kind: Kind::Notation,
        run: weight_of_no_layer,
    },
    Erratum {
        id: "21",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"δ_l^{(ℓ)} = \frac{∂C}{∂a_l^{(ℓ)}} \frac{∂a_l^{(ℓ)}}{∂z_l^{(ℓ)}}",
        corrected: r"δ_l^{(ℓ)} = (\frac{∂a_l^{(ℓ)}}{∂z_l^{(ℓ)}})^T \frac{∂C}{∂a_l^{(ℓ)}}",
        reason: "As defined earlier, ∂C/∂a is a column, which the transposed Jacobian multiplies from the left; the print is right for a row.",
        kind: Kind::Notation,
        run: column_before_a_matrix,
    },
];

fn undefined_dimension() -> Evidence {
    // R^n → R^ℓ → R^k; the paper defines no h.
    let example = Example::new(&WIDTHS[..3], Activation::Tanh, Cost::Squares, 1);
    let dimensions = [("n", WIDTHS[0]), ("ℓ", WIDTHS[1]), ("k", WIDTHS[2])];
    let of = |letter| dimensions.iter().find(|(name, _)| *name == letter);
    let rows = |(_, rows): &(_, usize)| Matrix::column(&[*rows as f64]);
    Evidence {
        printed: of("h").map_or(Printed::DoesNotSay("no dimension is called h"), |h| {
            Printed::Gives(rows(h))
        }),
        corrected: of("k").map_or_else(|| Matrix::column::<f64>(&[]), rows),
        tape: vec![example.tape.a.len() as f64],
    }
}

fn softmax_of_a_number() -> Evidence {
    let z = Matrix::column(&[0.3, -1.1, 0.8]);
    let jacobian = |s: &dyn Fn(usize) -> Scaled| {
        Matrix::new(3, 3, |i, j| {
            if i == j {
                s(i) * (Scaled::from(1.0) - s(i))
            } else {
                -(s(i) * s(j))
            }
        })
    };
    let of_number = |i: usize| softmax(&Matrix::column(&[z.values()[i]])).at(0, 0);
    let of_vector = |i: usize| softmax(&z).at(i, 0);
    Evidence {
        printed: Printed::Gives(jacobian(&of_number)),
        corrected: jacobian(&of_vector),
        tape: crate::p09_softmax::by_tensor_tape(&z),
    }
}

fn vector_as_component() -> Evidence {
    let z = Matrix::column(&[0.3, -1.1, 0.8]);
    let tape = Tape::new();
    let a = tape.constant(z.tensor()).softmax(0).value();
    // Literally: every component of the vector is the component with i = 1.
    let first = softmax(&z).at(0, 0);
    Evidence {
        printed: Printed::Gives(Matrix::new(3, 1, |_, _| first)),
        corrected: softmax(&z),
        tape: a.data().to_vec(),
    }
}

fn targets_of_a_layer() -> Evidence {
    let example = Example::new(&WIDTHS[..3], Activation::Relu, Cost::CrossEntropy, N);
    let n = 1.0 / N as f64;
    // A Y of layer 1 would appear together with A of layer 1.
    let wanted = (example.A(1).rows(), example.Y.rows());
    Evidence {
        printed: if wanted.0 == wanted.1 {
            Printed::Gives(example.A(1) - &example.Y)
        } else {
            Printed::DoesNotSay(
                "Y has as many rows as the last layer has neurons, and no other layer has a Y",
            )
        },
        corrected: n * (example.A(2) - &example.Y),
        tape: example.tape.dz[1].clone(),
    }
}

fn bias_of_a_sample() -> Evidence {
    let example = Example::new(&WIDTHS[..3], Activation::Tanh, Cost::Squares, N);
    let delta = example.delta(1);
    Evidence {
        printed: Printed::Gives(delta.col(0)),
        corrected: delta.sum_of_columns(),
        tape: example.tape.db[0].clone(),
    }
}

fn softmax_of_a_matrix() -> Evidence {
    let example = Example::new(&WIDTHS[..3], Activation::Relu, Cost::CrossEntropy, N);
    let z = example.Z(2);
    let all = softmax(&Matrix::column(&z.values()));
    Evidence {
        printed: Printed::Gives(Matrix::new(z.rows(), z.cols(), |i, l| {
            all.at(i * z.cols() + l, 0)
        })),
        corrected: softmax(&z),
        tape: example.tape.a.clone(),
    }
}

fn neurons_for_samples() -> Evidence {
    let example = Example::new(&WIDTHS[..3], Activation::Tanh, Cost::Squares, N);
    // Literally: the sum over the first N neurons of one sample.
    let (a, y) = (example.A(2).col(0), example.Y.col(0));
    let neurons: Option<Scaled> = (0..N)
        .map(|j| {
            let difference = *a.entries().get(j)? - *y.entries().get(j)?;
            Some(difference * difference)
        })
        .sum();
    Evidence {
        printed: match neurons {
            Some(sum) => Printed::Gives(Matrix::column(&[sum])),
            None => Printed::DoesNotSay("aⱼ is neuron j, and the last layer has fewer than N"),
        },
        corrected: Matrix::column(&[example.network.cost(&example.A(2), &example.Y)]),
        tape: vec![example.tape.cost],
    }
}

fn weight_of_no_layer() -> Evidence {
    let example = Example::new(&EQUAL, Activation::Tanh, Cost::Squares, 1);
    let slopes = example.Z(2).map(|z| mu_prime(Activation::Tanh, z));
    let jacobian = |w: &Matrix| Matrix::new(3, 3, |i, j| slopes.at(i, 0) * w.at(i, j));
    let tape = Tape::new();
    let a = tape.var(example.A(1).tensor());
    let z = tape.constant(example.W(2).tensor()).matmul(a) + example.network.b[1].tensor();
    Evidence {
        // Literally, it may be the weight of any layer, such as the first.
        printed: Printed::Gives(jacobian(example.W(1))),
        corrected: jacobian(example.W(2)),
        tape: z.tanh().jacobian(a).data().to_vec(),
    }
}

fn column_before_a_matrix() -> Evidence {
    let example = Example::squares_of_softmax();
    let jacobian = softmax_jacobian(&example.A(2));
    let upstream = 2.0 * (example.A(2) - &example.Y);
    let tape = example.tape.dz[1].clone();
    Evidence {
        printed: match upstream.try_times(&jacobian) {
            Ok(product) => Printed::Gives(product),
            Err(why) => Printed::DoesNotFit {
                why,
                reading: "read as a row,",
                equal: ((upstream.t() * &jacobian).t(), Matrix::column(&tape)),
            },
        },
        corrected: jacobian.t() * &upstream,
        tape,
    }
}
