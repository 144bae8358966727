//! Errata of costs and their derivatives: the factor 1/N, the sum for the bias, and undefined cases at a kink.

use autodiff::tensor::{CrossEntropy, Tape, Targets};
use nn::Activation;

use super::example::{Example, N, WIDTHS};
use super::{Erratum, Evidence, Kind, Matrix, Printed};
use crate::Scaled;
use crate::mu::{mu_prime, relu_prime, softmax};
use crate::network::Cost;

pub(super) const ERRATA: &[Erratum] = &[
    Erratum {
        id: "5",
        place: "Worked Example, Backpropagation",
        printed: r"\frac{∂C}{∂b^{(2)}} = \frac{1}{N} ∑(\text{columns of} Δ^{(1)})",
        corrected: r"\frac{∂C}{∂b^{(2)}} = \frac{1}{N} ∑(\text{columns of} Δ^{(2)})",
        reason: "The second layer's bias takes the second layer's Δ; both have ten rows, so the shapes do not give it away.",
        kind: Kind::Wrong,
        run: second_bias,
    },
    Erratum {
        id: "8",
        place: "Utilizing Matrix/Vector Notation",
        printed: r"C = \frac{1}{N} ∑_{l=1}^N ‖a_l^{(L)} − y_l‖^2, \frac{∂C}{∂W^{(ℓ)}} = ∑_{l=1}^N δ_l^{(ℓ)} (a_l^{(ℓ−1)})^T",
        corrected: r"C = \frac{1}{N} ∑_{l=1}^N ‖a_l^{(L)} − y_l‖^2, \frac{∂C}{∂W^{(ℓ)}} = \frac{1}{N} ∑_{l=1}^N δ_l^{(ℓ)} (a_l^{(ℓ−1)})^T",
        reason: "The cost has a factor of 1/N, so its derivatives do too; the printed ones are those of the sum.",
        kind: Kind::Wrong,
        run: mean_of_squares,
    },
    Erratum {
        id: "10",
        place: "Worked Example, Backpropagation",
        printed: r"ReLU′(x) = 1 \text{if} x > 0, 0 \text{if} x < 0",
        corrected: r"ReLU′(x) = 1 \text{if} x > 0, 0 \text{if} x ≤ 0",
        reason: "It leaves out x = 0; One Layer of One Neuron gives 0 there, and so do we.",
        kind: Kind::Open,
        run: slope_at_the_kink,
    },
    Erratum {
        id: "11",
        place: "Summary: Multi-Layered Handwritten Digit Classifier",
        printed: r"\frac{∂C}{∂Z^{(L)}} = A^{(L)} − Y",
        corrected: r"\frac{∂C}{∂Z^{(L)}} = \frac{1}{N} (A^{(L)} − Y)",
        reason: "Δ is defined as ∂C/∂Z of a cost with 1/N; A − Y is the derivative of N C, and 1/N then comes in with ∂C/∂W.",
        kind: Kind::Wrong,
        run: delta_of_the_mean,
    },
    Erratum {
        id: "13f",
        place: "Reviewing Polynomial Regression",
        printed: r"C = ∑_{i=1}^N ((k_0 x_i^0 + ⋯ + k_d x_i^d) − y_i)",
        corrected: r"C = ∑_{i=1}^N ((k_0 x_i^0 + ⋯ + k_d x_i^d) − y_i)^2",
        reason: "The second line of the cost has lost its square.",
        kind: Kind::Wrong,
        run: lost_square,
    },
    Erratum {
        id: "16",
        place: "Worked Example, Backpropagation",
        printed: r"C = −∑_{i=1}^{n_L} y_i log a_i^{(L)} \text{for every} a_i ≥ 0",
        corrected: r"C = −∑_{i=1}^{n_L} y_i log a_i^{(L)} \text{with} 0 log 0 = 0",
        reason: "Where yᵢ is 0 there should be no contribution, but at aᵢ = 0, which rounding can produce, 0 log 0 is not a number.",
        kind: Kind::Open,
        run: zero_times_infinity,
    },
];

fn digits() -> Example {
    Example::new(&[5, 3, 3], Activation::Relu, Cost::CrossEntropy, N)
}

fn second_bias() -> Evidence {
    let example = digits();
    let n = 1.0 / N as f64;
    let delta2 = example.A(2) - &example.Y;
    let delta1 = example
        .Z(1)
        .map(relu_prime)
        .hadamard(&(example.W(2).t() * &delta2));
    Evidence {
        printed: Printed::Gives(n * delta1.sum_of_columns()),
        corrected: n * delta2.sum_of_columns(),
        tape: example.tape.db[1].clone(),
    }
}

fn mean_of_squares() -> Evidence {
    let example = Example::new(&WIDTHS, Activation::Tanh, Cost::MeanSquares, N);
    // δ_l is the derivative of one sample's own cost, as the section defines it.
    let slope = example.Z(3).map(|z| mu_prime(Activation::Tanh, z));
    let delta = 2.0 * (example.A(3) - &example.Y).hadamard(&slope);
    let sum = delta * example.A(2).t();
    Evidence {
        printed: Printed::Gives(sum.clone()),
        corrected: 1.0 / N as f64 * sum,
        tape: example.tape.dw[2].clone(),
    }
}

/// ReLU′ as printed in the worked example, which has no case for 0.
fn printed_slope(x: f64) -> Option<f64> {
    if x > 0.0 {
        Some(1.0)
    } else if x < 0.0 {
        Some(0.0)
    } else {
        None
    }
}

fn slope_at_the_kink() -> Evidence {
    let x = [-1.5, 0.0, 2.0];
    let printed: Option<Vec<f64>> = x.iter().map(|&x| printed_slope(x)).collect();
    let tape = Tape::new();
    let z = tape.var(x);
    let slopes = z.relu().sum().gradients().wrt(z);
    // The scale is 1, because the compared values are 0 or 1.
    let corrected: Vec<Scaled> = x
        .iter()
        .map(|&x| Scaled {
            value: relu_prime(x),
            scale: 1.0,
        })
        .collect();
    Evidence {
        printed: printed.map_or(
            Printed::DoesNotSay("at x = 0 neither case holds"),
            |slopes| Printed::Gives(Matrix::column(&slopes)),
        ),
        corrected: Matrix::column(&corrected),
        tape: slopes.data().to_vec(),
    }
}

fn delta_of_the_mean() -> Evidence {
    let example = digits();
    let difference = example.A(2) - &example.Y;
    Evidence {
        printed: Printed::Gives(difference.clone()),
        corrected: 1.0 / N as f64 * difference,
        tape: example.tape.dz[1].clone(),
    }
}

fn lost_square() -> Evidence {
    let (k, x, y) = ([0.5, -1.0, 2.0], [-1.0, 0.25, 1.5], [1.0, 0.5, 2.0]);
    let differences: Vec<Scaled> = x
        .iter()
        .zip(y)
        .map(|(&x, y)| {
            let p: Scaled = k
                .iter()
                .zip(0..)
                .map(|(&k, j)| Scaled::from(k) * f64::powi(x, j).into())
                .sum();
            p - y.into()
        })
        .collect();
    let tape = Tape::new();
    let k = tape.var(k);
    let cost = x
        .iter()
        .zip(y)
        .map(|(x, y)| {
            let powers = tape.constant([1.0, *x, x * x]);
            let difference = (k * powers).sum() - y;
            difference * difference
        })
        .reduce(|sum, term| sum + term)
        .map_or(f64::NAN, |cost| cost.item());
    let sum: Scaled = differences.iter().copied().sum();
    let squares: Scaled = differences.iter().map(|&d| d * d).sum();
    Evidence {
        printed: Printed::Gives(Matrix::column(&[sum])),
        corrected: Matrix::column(&[squares]),
        tape: vec![cost],
    }
}

fn zero_times_infinity() -> Evidence {
    // The second class is so unlikely that its probability is rounded to 0.
    let z = Matrix::column(&[3.0, -900.0, 1.0]);
    let y = Matrix::column(&[0.0, 0.0, 1.0]);
    let a = softmax(&z);
    let terms = || y.entries().iter().zip(a.entries());
    let printed: f64 = terms().map(|(y, a)| -(y.value * a.value.ln())).sum();
    let corrected: Scaled = terms()
        .filter(|(y, _)| y.value != 0.0)
        .map(|(&y, a)| -(y * a.value.ln().into()))
        .sum();
    let tape = Tape::new();
    let targets = Targets::Probabilities(y.t().tensor());
    let cost = tape
        .var(z.t().tensor())
        .cross_entropy(CrossEntropy::new(targets));
    Evidence {
        printed: Printed::Gives(Matrix::column(&[printed])),
        // The fused form computes log Σ e^z and z separately, so these are its terms.
        corrected: Matrix::column(&[Scaled {
            scale: corrected.scale + 3.0,
            ..corrected
        }]),
        tape: vec![cost.item()],
    }
}
