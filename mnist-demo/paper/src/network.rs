//! A network with its weights, evaluated by hand and on both tapes.

use std::iter;
use std::sync::Arc;

use autodiff::scalar::{self, log_sum_exp};
use autodiff::tensor::{CrossEntropy, Targets};
use autodiff::{Tensor, tensor};
use nn::{Activation, Initializer, Mlp, Output, Parameters, StandardLoss};

use super::Scaled;
use super::matrix::Matrix;
use super::mu::{mu, mu_prime, on_tape, softmax};

/// A cost, with the function that the last layer applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// Σₗ ‖aₗ − yₗ‖² after µ.
    Squares,
    /// (1/N) Σₗ ‖aₗ − yₗ‖² after µ.
    MeanSquares,
    /// Σₗ ‖aₗ − yₗ‖² after Softmax.
    SquaresOfSoftmax,
    /// (1/N) Σₗ (−Σᵢ (yₗ)ᵢ log (aₗ)ᵢ) after Softmax.
    CrossEntropy,
}

impl Cost {
    /// Whether the map on the last layer is Softmax.
    fn has_softmax(self) -> bool {
        match self {
            Cost::SquaresOfSoftmax | Cost::CrossEntropy => true,
            Cost::Squares | Cost::MeanSquares => false,
        }
    }
}

/// A network of L layers, in the paper's letters. W⁽¹⁾ and b⁽¹⁾ come first.
#[derive(Clone, Debug)]
#[allow(non_snake_case, reason = "the paper's letters")]
pub(super) struct PaperNetwork {
    /// µ of the hidden layers, and of the last layer unless it has Softmax.
    pub(super) mu: Activation,
    /// The cost, with the map on the last layer.
    pub(super) cost: Cost,
    /// W⁽¹⁾, W⁽²⁾, …
    pub(super) W: Vec<Matrix>,
    /// b⁽¹⁾, b⁽²⁾, …
    pub(super) b: Vec<Matrix>,
}

/// z⁽ℓ⁾ and a⁽ℓ⁾ of every layer, with a column for each sample.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    /// z⁽¹⁾, z⁽²⁾, …
    pub(super) z: Vec<Matrix>,
    /// a⁽⁰⁾, a⁽¹⁾, …
    pub(super) a: Vec<Matrix>,
}

/// A network's cost, output and derivatives, by a tape.
#[derive(Clone, Debug)]
pub(super) struct Derivatives {
    /// C.
    pub(super) cost: f64,
    /// a⁽ᴸ⁾.
    pub(super) a: Vec<f64>,
    /// ∂C/∂W⁽ℓ⁾, row by row.
    pub(super) dw: Vec<Vec<f64>>,
    /// ∂C/∂b⁽ℓ⁾.
    pub(super) db: Vec<Vec<f64>>,
    /// ∂C/∂z⁽ℓ⁾, with a column for each sample.
    pub(super) dz: Vec<Vec<f64>>,
}

/// Draws a matrix of normally distributed numbers with the given standard deviation.
pub(super) fn draw(rows: usize, cols: usize, deviation: f64, seed: u64) -> Matrix {
    let mut rng = Initializer::generator(seed);
    Matrix::of(&Initializer::Normal(deviation).draw::<f64>(rows, cols, &mut rng))
}

impl PaperNetwork {
    /// Draws random weights and biases for the widths n₀, n₁, …
    pub(super) fn draw(widths: &[usize], mu: Activation, cost: Cost, seed: u64) -> PaperNetwork {
        let layers = || widths.windows(2).zip(1_u64..);
        PaperNetwork {
            mu,
            cost,
            W: layers()
                .map(|(n, l)| draw(n[1], n[0], 1.0 / (n[0] as f64).sqrt(), 100 * seed + 2 * l))
                .collect(),
            b: layers()
                .map(|(n, l)| draw(n[1], 1, 0.5, 100 * seed + 2 * l + 1))
                .collect(),
        }
    }

    /// The number of layers, L.
    pub(super) fn layers(&self) -> usize {
        self.W.len()
    }

    /// Converts the network to the types used in training.
    #[allow(non_snake_case, reason = "the paper's letters")]
    pub(super) fn to_mlp(&self) -> (Mlp, Parameters<f64>) {
        let outputs = self.W.iter().map(Matrix::rows);
        let widths: Vec<usize> = iter::once(self.W[0].cols()).chain(outputs).collect();
        let mlp = Mlp::new(&widths, self.mu);
        let mut parameters = Parameters::zeros(Arc::clone(mlp.layout()));
        for (number, matrix) in self
            .W
            .iter()
            .zip(&self.b)
            .flat_map(|(W, b)| [W, b])
            .enumerate()
        {
            parameters
                .slice_mut(number)
                .copy_from_slice(&matrix.values());
        }
        (mlp, parameters)
    }

    /// The cost of a sample, as used in training.
    pub(super) fn loss(&self) -> StandardLoss {
        match self.cost {
            Cost::Squares | Cost::MeanSquares => StandardLoss::squared_difference(self.mu),
            Cost::SquaresOfSoftmax => StandardLoss::SquaredDifference {
                output: Output::Softmax,
            },
            Cost::CrossEntropy => StandardLoss::cross_entropy(),
        }
    }

    /// z⁽ℓ⁾ = W⁽ℓ⁾ a⁽ℓ⁻¹⁾ + b⁽ℓ⁾ and a⁽ℓ⁾ = µ(z⁽ℓ⁾), by hand.
    pub(super) fn forward(&self, a0: &Matrix) -> Layers {
        let mut layers = Layers {
            z: Vec::new(),
            a: vec![a0.clone()],
        };
        for l in 1..=self.layers() {
            let z = &self.W[l - 1] * layers.a[l - 1].plain() + self.b[l - 1].repeated(a0.cols());
            layers.a.push(self.activate(l, &z));
            layers.z.push(z);
        }
        layers
    }

    /// a⁽ℓ⁾ from z⁽ℓ⁾.
    fn activate(&self, l: usize, z: &Matrix) -> Matrix {
        if l == self.layers() && self.cost.has_softmax() {
            softmax(z)
        } else {
            z.through(|z| mu(self.mu, z), |z| mu_prime(self.mu, z))
        }
    }

    /// C, by hand.
    pub(super) fn cost(&self, a: &Matrix, y: &Matrix) -> Scaled {
        let n = a.cols() as f64;
        match self.cost {
            Cost::CrossEntropy => {
                let terms = y.entries().iter().zip(a.entries());
                let sum: Scaled = terms.map(|(&y, a)| y * a.value.ln().into()).sum();
                -(1.0 / n * sum)
            }
            Cost::Squares | Cost::MeanSquares | Cost::SquaresOfSoftmax => {
                let difference = a - y;
                let sum = difference
                    .hadamard(&difference)
                    .entries()
                    .iter()
                    .copied()
                    .sum();
                if self.cost == Cost::MeanSquares {
                    1.0 / n * sum
                } else {
                    sum
                }
            }
        }
    }

    /// Differentiates on the tensor tape: one recording with samples as columns, one backward pass.
    pub(super) fn by_tensor_tape(&self, a0: &Matrix, y: &Matrix) -> Derivatives {
        let tape = tensor::Tape::new();
        let weights: Vec<_> = self.W.iter().map(|w| tape.var(w.tensor())).collect();
        let biases: Vec<_> = self.b.iter().map(|b| tape.var(b.tensor())).collect();
        let mut a = tape.constant(a0.tensor());
        let mut all_z = Vec::new();
        for l in 1..=self.layers() {
            let z = (weights[l - 1].matmul(a) + biases[l - 1]).retain();
            all_z.push(z);
            a = if l == self.layers() && self.cost.has_softmax() {
                z.softmax(0)
            } else {
                on_tape(self.mu, z)
            };
        }
        let n = a0.cols() as f64;
        let cost = match self.cost {
            Cost::Squares | Cost::SquaresOfSoftmax => a.squared_distance(y.tensor()),
            Cost::MeanSquares => a.squared_distance(y.tensor()) * (1.0 / n),
            Cost::CrossEntropy => {
                let targets = Targets::Probabilities(y.t().tensor());
                all_z[self.layers() - 1]
                    .transpose()
                    .cross_entropy(CrossEntropy::new(targets))
            }
        };
        let gradients = cost.gradients();
        let wrt = |variables: &[tensor::Var<'_, f64>]| -> Vec<Vec<f64>> {
            let numbers = |&v: &tensor::Var<'_, f64>| -> Tensor<f64> { gradients.wrt(v) };
            variables
                .iter()
                .map(|v| numbers(v).data().to_vec())
                .collect()
        };
        Derivatives {
            cost: cost.item(),
            a: a.value().data().to_vec(),
            dw: wrt(&weights),
            db: wrt(&biases),
            dz: wrt(&all_z),
        }
    }

    /// Differentiates on the scalar tape, number by number.
    pub(super) fn by_scalar_tape(&self, a0: &Matrix, y: &Matrix) -> Derivatives {
        let tape = scalar::Tape::new();
        let variables = |list: &[Matrix]| -> Vec<Vec<scalar::Var<'_>>> {
            let record = |m: &Matrix| m.values().iter().map(|&v| tape.var(v)).collect();
            list.iter().map(record).collect()
        };
        let (weights, biases) = (variables(&self.W), variables(&self.b));
        let mut all_z: Vec<Vec<scalar::Var<'_>>> = self
            .b
            .iter()
            .map(|b| Vec::with_capacity(b.rows() * a0.cols()))
            .collect();
        let mut all_a = Vec::new();
        let mut terms = Vec::new();
        for sample in 0..a0.cols() {
            let mut a: Vec<scalar::Var<'_>> = a0
                .col(sample)
                .values()
                .into_iter()
                .map(scalar::Var::constant)
                .collect();
            let mut z: Vec<scalar::Var<'_>> = Vec::new();
            for l in 1..=self.layers() {
                let row = |i: usize| &weights[l - 1][i * a.len()..(i + 1) * a.len()];
                z = (0..biases[l - 1].len())
                    .map(|i| (scalar::dot(row(i), &a) + biases[l - 1][i]).retain())
                    .collect();
                a = if l == self.layers() && self.cost.has_softmax() {
                    let log_sum = log_sum_exp(&z);
                    z.iter().map(|&z| (z - log_sum).exp()).collect()
                } else {
                    z.iter().map(|&z| on_tape(self.mu, z)).collect()
                };
                all_z[l - 1].extend(&z);
            }
            let y = y.col(sample).values();
            terms.push(match self.cost {
                Cost::CrossEntropy => {
                    log_sum_exp(&z) * y.iter().sum::<f64>() - scalar::linear_combination(&y, &z)
                }
                Cost::Squares | Cost::MeanSquares | Cost::SquaresOfSoftmax => {
                    a.iter().zip(&y).map(|(&a, &y)| (a - y) * (a - y)).sum()
                }
            });
            all_a.push(a);
        }
        let n = a0.cols() as f64;
        let sum: scalar::Var<'_> = terms.into_iter().sum();
        let cost = match self.cost {
            Cost::Squares | Cost::SquaresOfSoftmax => sum,
            Cost::MeanSquares | Cost::CrossEntropy => sum * (1.0 / n),
        };
        let gradients = cost.gradients();
        let wrt = |lists: &[Vec<scalar::Var<'_>>]| -> Vec<Vec<f64>> {
            lists.iter().map(|v| gradients.wrt_all(v)).collect()
        };
        // The samples were recorded one after the other; the result has a column for each sample.
        let columns = |samples: Vec<f64>| -> Vec<f64> {
            let width = samples.len() / a0.cols();
            (0..samples.len())
                .map(|index| samples[index % a0.cols() * width + index / a0.cols()])
                .collect()
        };
        Derivatives {
            cost: cost.value(),
            a: columns(all_a.iter().flatten().map(|a| a.value()).collect()),
            dw: wrt(&weights),
            db: wrt(&biases),
            dz: wrt(&all_z).into_iter().map(columns).collect(),
        }
    }
}
