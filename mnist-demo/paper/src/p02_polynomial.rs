//! P2, *Reviewing Polynomial Regression*: ∂C/∂kⱼ = Σ 2 (p(xᵢ) − yᵢ) xᵢʲ, and gradient descent from random k.

use autodiff::{Tensor, scalar, tensor};
use mnist_core::Error;
use mnist_core::plot::{LinePlot, Scale, Series};

use super::Scaled;
use super::matrix::Matrix;
use super::network::draw;
use super::{Figure, Findings, Reader};

/// The number of points, N.
const N: usize = 40;
/// The degree of p, d.
const D: usize = 3;
/// The number of descent steps.
const STEPS: usize = 6_000;

/// p(x) = k₀ x⁰ + k₁ x¹ + ⋯ + k_d xᵈ.
fn p(k: &[f64], x: f64) -> f64 {
    k.iter().zip(0..).map(|(k, j)| k * x.powi(j)).sum()
}

/// ∂C/∂kⱼ = Σᵢ 2 (p(xᵢ) − yᵢ) xᵢʲ.
fn gradient(k: &[f64], x: &[f64], y: &[f64]) -> Vec<Scaled> {
    let w = Scaled::from;
    let p = |x: f64| -> Scaled { k.iter().zip(0..).map(|(&k, j)| w(k) * w(x.powi(j))).sum() };
    let term = |j: i32, x: f64, y: f64| 2.0 * (p(x) - w(y)) * w(x.powi(j));
    (0..=D as i32)
        .map(|j| x.iter().zip(y).map(|(&x, &y)| term(j, x, y)).sum())
        .collect()
}

/// ∇C by the scalar tape.
fn by_scalar_tape(tape: &mut scalar::Tape, k: &[f64], x: &[f64], y: &[f64]) -> Vec<f64> {
    tape.reset();
    let k = tape.vars(k);
    let cost: scalar::Var<'_> = x
        .iter()
        .zip(y)
        .map(|(x, y)| {
            let powers: Vec<f64> = (0..=D as i32).map(|j| x.powi(j)).collect();
            (scalar::linear_combination(&powers, &k) - *y).square()
        })
        .sum();
    cost.gradients().wrt_all(&k)
}

/// ∇C by the tensor tape: p(x) is a matrix of powers times k.
fn by_tensor_tape(k: &[f64], x: &[f64], y: &[f64]) -> Vec<f64> {
    let tape = tensor::Tape::new();
    let powers = Tensor::from_fn([N, D + 1], |[n, power]| x[n].powi(power as i32));
    let k = tape.var(Tensor::new([D + 1, 1], k));
    let p = tape.constant(powers).matmul(k);
    let cost = p.squared_distance(Tensor::new([N, 1], y));
    cost.gradients().wrt(k).data().to_vec()
}

/// The k at which ∇C = 0, from the normal equations Σⱼ (Σᵢ xᵢᵐ⁺ʲ) kⱼ = Σᵢ yᵢ xᵢᵐ, by elimination.
fn closed_form(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = D + 1;
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|m| {
            let power_sum = |j| x.iter().map(|x| x.powi((m + j) as i32)).sum();
            let mut row: Vec<f64> = (0..n).map(power_sum).collect();
            row.push(x.iter().zip(y).map(|(x, y)| y * x.powi(m as i32)).sum());
            row
        })
        .collect();
    for pivot in 0..n {
        // The matrix is symmetric positive definite, so no pivoting is needed.
        let (above, below) = rows.split_at_mut(pivot + 1);
        for row in below {
            let factor = row[pivot] / above[pivot][pivot];
            for (entry, above) in row.iter_mut().zip(&above[pivot]).skip(pivot) {
                *entry -= factor * above;
            }
        }
    }
    let mut k = vec![0.0; n];
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|col| rows[row][col] * k[col]).sum();
        k[row] = (rows[row][n] - known) / rows[row][row];
    }
    k
}

pub(super) fn run(reader: &Reader, found: &mut Findings) -> Result<(), Error> {
    found.formula(r"p(x) = k_0 x^0 + k_1 x^1 + k_2 x^2 + ⋯ + k_d x^d");
    found.formula(r"C(k_0, …, k_d) = ∑_{i=1}^N (p(x_i) − y_i)^2");
    found.formula(r"\frac{∂C}{∂k_j} = ∑_{i=1}^N 2(p(x_i) − y_i) x_i^j");

    let (x, y) = noisy_sine(reader.seed() + 20);
    let random = draw(D + 1, 1, 1.0, reader.seed() + 21).values();

    let mut tape = scalar::Tape::new();
    let by_hand = gradient(&random, &x, &y);
    found.compare(
        "∇C at random k, scalar tape",
        &by_hand,
        &by_scalar_tape(&mut tape, &random, &x, &y),
    );
    found.compare(
        "∇C at random k, tensor tape",
        &by_hand,
        &by_tensor_tape(&random, &x, &y),
    );

    // α is one over the trace of C's Hessian, so no step overshoots.
    let alpha = 0.5
        / x.iter()
            .map(|x| (0..=D as i32).map(|j| x.powi(2 * j)).sum::<f64>())
            .sum::<f64>();
    let cost = |k: &[f64]| {
        x.iter()
            .zip(&y)
            .map(|(&x, y)| (p(k, x) - y).powi(2))
            .sum::<f64>()
    };
    let mut k = random.clone();
    let mut costs = Vec::new();
    for step in 0..STEPS {
        costs.push((step as f64, cost(&k)));
        let gradient = by_scalar_tape(&mut tape, &k, &x, &y);
        for (k, derivative) in k.iter_mut().zip(gradient) {
            *k -= alpha * derivative;
        }
    }
    let exact = closed_form(&x, &y);
    let by_hand = Matrix::column(&exact).map(|k| k);
    found.compare_within(
        1e-9,
        format!("k after {STEPS} steps down the tape's gradient, against the closed form"),
        &by_hand,
        &k,
    );
    found.remark(format!(
        "C falls from {:.3} at random k to {:.6}; no cubic does better than {:.6}.",
        costs[0].1,
        cost(&k),
        cost(&exact)
    ));

    found.figures.push(figure(&x, &y, &k, &random)?);
    Ok(())
}

/// N points on a sine with noise, which no polynomial fits exactly.
fn noisy_sine(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let x: Vec<f64> = (0..N)
        .map(|i| 2.0 * i as f64 / (N - 1) as f64 - 1.0)
        .collect();
    let noise = draw(N, 1, 0.15, seed).values();
    let y = x
        .iter()
        .zip(&noise)
        .map(|(x, noise)| (2.5 * x).sin() + noise)
        .collect();
    (x, y)
}

/// Draws the points, the polynomial after descent, and the polynomial before it.
fn figure(x: &[f64], y: &[f64], fitted: &[f64], random: &[f64]) -> Result<Figure, Error> {
    // A point between two gaps is drawn as a dot.
    let dots = x.iter().zip(y).flat_map(|(&x, &y)| [(x, y), (x, f64::NAN)]);
    let curve = |k: &[f64]| -> Vec<(f64, f64)> {
        (0..=200)
            .map(|i| f64::from(i) / 100.0 - 1.0)
            .map(|x| (x, p(k, x)))
            .collect()
    };
    let svg = LinePlot {
        title: "A cubic, fitted by gradient descent".into(),
        x_label: "x".into(),
        y_label: "p(x)".into(),
        y_scale: Scale::Linear,
        series: vec![
            Series::new("points", dots),
            Series::new("fit", curve(fitted)),
            Series::new("before", curve(random)),
        ],
    }
    .to_svg()?;
    Ok(Figure {
        svg,
        caption: format!("{N} points and the cubic that descent finds; it began at the third curve."),
        description: "Dots along a wave, a cubic curve through them, and the curve at random coefficients far from them".into(),
        themed: false,
    })
}
