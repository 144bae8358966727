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

/// The cost of N samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// Σₙ ‖aₙ − yₙ‖².
    Squares,
    /// (1/N) Σₙ ‖aₙ − yₙ‖².
    MeanSquares,
    /// (1/N) Σₙ (−Σᵢ (yₙ)ᵢ log (aₙ)ᵢ). The map of the last layer is always Softmax.
    CrossEntropy,
}

/// A network of L layers, in the paper's letters. W⁽¹⁾ and b⁽¹⁾ come first.
#[derive(Clone, Debug)]
#[allow(non_snake_case, reason = "the paper's letters")]
pub(super) struct PaperNetwork {
    /// µ⁽ℓ⁾ of the hidden layers.
    pub(super) mu: Activation,
    /// µ⁽ᴸ⁾, the map on the last layer.
    output: Output,
    /// C.
    pub(super) cost: Cost,
    /// W⁽¹⁾, W⁽²⁾, …
    pub(super) W: Vec<Matrix>,
    /// b⁽¹⁾, b⁽²⁾, …
    pub(super) b: Vec<Matrix>,
}

/// z⁽ℓ⁾ and a⁽ℓ⁾ of every layer, with a column for each sample.
#[derive(Clone, Debug)]
pub(super) struct ForwardPass {
    /// z⁽¹⁾, z⁽²⁾, …
    pub(super) z: Vec<Matrix>,
    /// a⁽⁰⁾, a⁽¹⁾, …
    pub(super) a: Vec<Matrix>,
}

/// The cost, the activations of the last layer, and the derivatives of a network, by a tape.
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
    ///
    /// The last layer has Softmax if the cost is the cross-entropy, and otherwise µ like the others.
    pub(super) fn draw(widths: &[usize], mu: Activation, cost: Cost, seed: u64) -> PaperNetwork {
        let mut network = PaperNetwork {
            mu,
            output: match cost {
                Cost::CrossEntropy => Output::Softmax,
                Cost::Squares | Cost::MeanSquares => Output::Elementwise(mu),
            },
            cost,
            W: Vec::new(),
            b: Vec::new(),
        };
        for (widths, l) in widths.windows(2).zip(1_u64..) {
            let (inputs, outputs) = (widths[0], widths[1]);
            let deviation = 1.0 / (inputs as f64).sqrt();
            network
                .W
                .push(draw(outputs, inputs, deviation, 100 * seed + 2 * l));
            network
                .b
                .push(draw(outputs, 1, 0.5, 100 * seed + 2 * l + 1));
        }
        network
    }

    /// Replaces the map on the last layer by Softmax.
    pub(super) fn with_softmax(self) -> PaperNetwork {
        PaperNetwork {
            output: Output::Softmax,
            ..self
        }
    }

    /// The number of layers, L.
    pub(super) fn layer_count(&self) -> usize {
        self.W.len()
    }

    /// µ⁽ℓ⁾, the map on layer ℓ.
    fn map_on(&self, l: usize) -> Output {
        if l == self.layer_count() {
            self.output
        } else {
            Output::Elementwise(self.mu)
        }
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

    /// The cost of a sample, in the type used in training.
    pub(super) fn sample_cost(&self) -> StandardLoss {
        match self.cost {
            Cost::Squares | Cost::MeanSquares => StandardLoss::SquaredDifference {
                output: self.output,
            },
            Cost::CrossEntropy => StandardLoss::cross_entropy(),
        }
    }

    /// z⁽ℓ⁾ = W⁽ℓ⁾ a⁽ℓ⁻¹⁾ + b⁽ℓ⁾ and a⁽ℓ⁾ = µ⁽ℓ⁾(z⁽ℓ⁾), by hand.
    pub(super) fn forward(&self, a0: &Matrix) -> ForwardPass {
        let mut pass = ForwardPass {
            z: Vec::new(),
            a: vec![a0.clone()],
        };
        for l in 1..=self.layer_count() {
            let z = &self.W[l - 1] * pass.a[l - 1].plain() + self.b[l - 1].repeated(a0.cols());
            pass.a.push(match self.map_on(l) {
                Output::Elementwise(f) => z.through(|z| mu(f, z), |z| mu_prime(f, z)),
                Output::Softmax => softmax(&z),
            });
            pass.z.push(z);
        }
        pass
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
            Cost::Squares | Cost::MeanSquares => {
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
        for l in 1..=self.layer_count() {
            let z = (weights[l - 1].matmul(a) + biases[l - 1]).retain();
            all_z.push(z);
            a = match self.map_on(l) {
                Output::Elementwise(f) => on_tape(f, z),
                Output::Softmax => z.softmax(0),
            };
        }
        let n = a0.cols() as f64;
        let cost = match self.cost {
            Cost::Squares => a.squared_distance(y.tensor()),
            Cost::MeanSquares => a.squared_distance(y.tensor()) * (1.0 / n),
            Cost::CrossEntropy => {
                let targets = Targets::Probabilities(y.t().tensor());
                all_z[self.layer_count() - 1]
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
        let variables = |matrices: &[Matrix]| -> Vec<Vec<scalar::Var<'_>>> {
            let record = |m: &Matrix| m.values().iter().map(|&v| tape.var(v)).collect();
            matrices.iter().map(record).collect()
        };
        let (weights, biases) = (variables(&self.W), variables(&self.b));
        let samples: Vec<ScalarSample<'_>> = (0..a0.cols())
            .map(|n| self.record_sample(&weights, &biases, &a0.col(n), &y.col(n)))
            .collect();
        let sum: scalar::Var<'_> = samples.iter().map(|sample| sample.cost).sum();
        let cost = match self.cost {
            Cost::Squares => sum,
            Cost::MeanSquares | Cost::CrossEntropy => sum * (1.0 / a0.cols() as f64),
        };
        let gradients = cost.gradients();
        let wrt = |lists: &[Vec<scalar::Var<'_>>]| -> Vec<Vec<f64>> {
            lists.iter().map(|v| gradients.wrt_all(v)).collect()
        };
        let a: Vec<_> = samples.iter().map(|sample| values(&sample.a)).collect();
        let dz = (0..self.layer_count()).map(|layer| {
            let of_sample = |sample: &ScalarSample<'_>| gradients.wrt_all(&sample.z[layer]);
            as_columns(&samples.iter().map(of_sample).collect::<Vec<_>>())
        });
        Derivatives {
            cost: cost.value(),
            a: as_columns(&a),
            dw: wrt(&weights),
            db: wrt(&biases),
            dz: dz.collect(),
        }
    }

    /// Records the forward pass and the cost of a sample. The weights of a layer are listed row by row.
    fn record_sample<'t>(
        &self,
        weights: &[Vec<scalar::Var<'t>>],
        biases: &[Vec<scalar::Var<'t>>],
        a0: &Matrix,
        y: &Matrix,
    ) -> ScalarSample<'t> {
        let mut a: Vec<scalar::Var<'t>> =
            a0.values().into_iter().map(scalar::Var::constant).collect();
        let mut all_z: Vec<Vec<scalar::Var<'t>>> = Vec::new();
        for l in 1..=self.layer_count() {
            let rows = weights[l - 1].chunks_exact(a.len()).zip(&biases[l - 1]);
            let z: Vec<scalar::Var<'t>> = rows
                .map(|(row, &bias)| (scalar::dot(row, &a) + bias).retain())
                .collect();
            a = match self.map_on(l) {
                Output::Elementwise(f) => z.iter().map(|&z| on_tape(f, z)).collect(),
                Output::Softmax => {
                    let log_sum = log_sum_exp(&z);
                    z.iter().map(|&z| (z - log_sum).exp()).collect()
                }
            };
            all_z.push(z);
        }
        let y = y.values();
        let cost = match self.cost {
            Cost::CrossEntropy => {
                let z = &all_z[self.layer_count() - 1];
                log_sum_exp(z) * y.iter().sum::<f64>() - scalar::linear_combination(&y, z)
            }
            Cost::Squares | Cost::MeanSquares => {
                a.iter().zip(&y).map(|(&a, &y)| (a - y) * (a - y)).sum()
            }
        };
        ScalarSample { z: all_z, a, cost }
    }
}

/// A sample's variables on the scalar tape.
struct ScalarSample<'t> {
    /// z⁽¹⁾, z⁽²⁾, …
    z: Vec<Vec<scalar::Var<'t>>>,
    /// a⁽ᴸ⁾.
    a: Vec<scalar::Var<'t>>,
    /// The sample's term of C, before the factor 1/N.
    cost: scalar::Var<'t>,
}

fn values(variables: &[scalar::Var<'_>]) -> Vec<f64> {
    variables.iter().map(|variable| variable.value()).collect()
}

/// Returns the matrix with these columns, row by row.
fn as_columns(columns: &[Vec<f64>]) -> Vec<f64> {
    let rows = 0..columns[0].len();
    rows.flat_map(|row| columns.iter().map(move |column| column[row]))
        .collect()
}
