//! `gmm`: the logarithm of the posterior of a Gaussian mixture model with a Wishart prior.
//!
//! With the lower triangular matrices Q_k, whose diagonal is exp q_k and whose other entries are l_k, column by column,
//! β_ik = α_k + Σ q_k − ½ |Q_k (x_i − μ_k)|², and the likelihood is Σ_i lse_k β_ik − n lse α + constant.
//! All products with the matrices Q_k are one product of two matrices, so the function is computed with tensors, and its
//! gradient on their tape. The gradient of a sum is the sum of the gradients of its terms: some observations at a time are
//! computed and recorded, on the same tape, which stays in the cache. With `--literal` every operation on two numbers is
//! recorded on a scalar tape.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use crate::memory;
use autodiff::Number;
use autodiff::scalar::{self, Scalar};
use autodiff::tensor::{self, Algebra, Tensor};
use serde::{Deserialize, Serialize};
use std::f64::consts::{LN_2, PI};

#[derive(Deserialize)]
struct Input {
    d: usize,
    k: usize,
    n: usize,
    x: Vec<Vec<f64>>,
    m: usize,
    gamma: f64,
    alpha: Vec<f64>,
    mu: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
}

#[derive(Serialize)]
struct Gradient {
    alpha: Vec<f64>,
    mu: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
}

/// The parameters, in the order of their names.
struct Parameters<'a, T> {
    alpha: &'a [T],
    mu: Vec<&'a [T]>,
    q: Vec<&'a [T]>,
    l: Vec<&'a [T]>,
}

impl Input {
    /// All parameters, one after the other.
    fn parameters(&self) -> Vec<f64> {
        let rows = [&self.mu, &self.q, &self.l].into_iter().flatten().flatten();
        self.alpha.iter().chain(rows).copied().collect()
    }

    /// Takes a list apart that has a number for each parameter.
    fn split<'a, T>(&self, list: &'a [T]) -> Parameters<'a, T> {
        let (d, k) = (self.d, self.k);
        let (alpha, list) = list.split_at(k);
        let (mu, list) = list.split_at(k * d);
        let (q, l) = list.split_at(k * d);
        let below = d * (d - 1) / 2;
        Parameters {
            alpha,
            mu: mu.chunks(d).collect(),
            q: q.chunks(d).collect(),
            l: (0..k).map(|i| &l[i * below..(i + 1) * below]).collect(),
        }
    }

    /// The terms that depend on sizes only.
    fn constant(&self) -> f64 {
        let [d, k, n] = [self.d, self.k, self.n].map(|size| size as f64);
        let freedom = d + self.m as f64 + 1.0;
        let prior = freedom * d * (self.gamma.ln() - 0.5 * LN_2)
            - multivariate_ln_gamma(0.5 * freedom, self.d);
        k * prior - 0.5 * n * d * (2.0 * PI).ln()
    }
}

/// Returns ln Γ_d(a).
fn multivariate_ln_gamma(a: f64, d: usize) -> f64 {
    let terms = (0..d).map(|j| Number::lgamma(a - 0.5 * j as f64));
    0.25 * (d * (d - 1)) as f64 * PI.ln() + terms.sum::<f64>()
}

fn log_sum_exp<T: Scalar<Plain = f64>>(x: &[T]) -> T {
    let largest = x[1..].iter().fold(x[0], |a, &b| if b > a { b } else { a });
    let sum: T = x.iter().map(|&x| (x - largest).exp()).sum();
    sum.ln() + largest
}

fn squares<T: Scalar>(x: &[T]) -> T {
    x.iter().fold(T::default(), |sum, &x| sum + x * x)
}

fn objective<T: Scalar<Plain = f64>>(input: &Input, parameters: &[T]) -> T {
    let Parameters { alpha, mu, q, l } = input.split(parameters);
    let diagonals: Vec<Vec<T>> = q
        .iter()
        .map(|q| q.iter().map(|q| q.exp()).collect())
        .collect();
    let sums: Vec<T> = q.iter().map(|q| q.iter().copied().sum()).collect();
    let mut likelihood = -log_sum_exp(alpha) * input.n as f64 + input.constant();
    let mut centred = vec![T::default(); input.d];
    let mut product = vec![T::default(); input.d];
    let mut beta = vec![T::default(); input.k];
    for x in &input.x {
        for k in 0..input.k {
            for ((centred, &x), &mu) in centred.iter_mut().zip(x).zip(mu[k]) {
                *centred = -(mu - x);
            }
            triangular_product(&diagonals[k], l[k], &centred, &mut product);
            beta[k] = alpha[k] + sums[k] - squares(&product) * 0.5;
        }
        likelihood += log_sum_exp(&beta);
    }
    let weight = 0.5 * input.gamma * input.gamma;
    for k in 0..input.k {
        let frobenius = squares(&diagonals[k]) + squares(l[k]);
        likelihood += sums[k] * input.m as f64 - frobenius * weight;
    }
    likelihood
}

/// Writes the product of a lower triangular matrix with `x`. `below` are its entries below the diagonal, by columns.
fn triangular_product<T: Scalar>(diagonal: &[T], below: &[T], x: &[T], product: &mut [T]) {
    for ((product, &diagonal), &x) in product.iter_mut().zip(diagonal).zip(x) {
        *product = diagonal * x;
    }
    let mut rest = below;
    for (j, &x) in x.iter().enumerate() {
        let rows = &mut product[j + 1..];
        let (column, others) = rest.split_at(rows.len());
        for (product, &entry) in rows.iter_mut().zip(column) {
            *product += entry * x;
        }
        rest = others;
    }
}

/// The parameters as tensors: α \[k\], μ and q \[k, d\], and the matrices below their diagonals \[k, d, d\].
struct Tensors {
    alpha: Tensor<f64>,
    mu: Tensor<f64>,
    q: Tensor<f64>,
    below: Tensor<f64>,
}

impl Tensors {
    fn new(input: &Input) -> Self {
        let (d, k) = (input.d, input.k);
        let mut below = Tensor::zeros([k, d, d]);
        for (matrix, l) in below.data_mut().chunks_mut(d * d).zip(&input.l) {
            for (place, &l) in places_below(d).zip(l) {
                matrix[place] = l;
            }
        }
        Tensors {
            alpha: Tensor::new([k], &input.alpha),
            mu: Tensor::new([k, d], input.mu.concat()),
            q: Tensor::new([k, d], input.q.concat()),
            below,
        }
    }
}

/// The places below the diagonal of a matrix that is stored by rows, in the order of its columns.
fn places_below(d: usize) -> impl Iterator<Item = usize> {
    (0..d).flat_map(move |j| (j + 1..d).map(move |i| i * d + j))
}

/// The observations that are recorded at a time.
const BLOCK: usize = 128;

/// Returns the terms of some observations. Those that depend on no observation come with the first.
fn likelihood<A: Algebra<Element = f64>>(
    input: &Input,
    (block, x): (usize, &Tensor<f64>),
    [alpha, mu, q, below]: [&A; 4],
) -> A {
    let (d, k) = (input.d, input.k);
    let diagonals = q.exp();
    let matrices = below + diagonals.reshape([k, d, 1]) * q.constant(Tensor::eye(d));
    let centres = (&matrices * mu.reshape([k, 1, d])).sum_over(2);
    let weight = matrices.reshape([k * d, d]);
    let products = q.constant(x).linear(&weight, &-centres.reshape([k * d]));
    let rows = x.shape()[0];
    let squares = products.square().reshape([rows, k, d]).sum_over(2);
    let constant = alpha + q.sum_over(1);
    let likelihood = (constant - squares * 0.5).log_sum_exp_over(1).sum();
    if block > 0 {
        return likelihood;
    }
    let frobenius = diagonals.square().sum() + below.square().sum();
    likelihood
        - alpha.log_sum_exp() * input.n as f64
        - frobenius * (0.5 * input.gamma * input.gamma)
        + q.sum() * input.m as f64
        + input.constant()
}

/// Returns the gradient, in the order of the parameters.
fn gradient(
    input: &Input,
    blocks: &[Tensor<f64>],
    parameters: [&Tensor<f64>; 4],
    (tape, gradients): &mut (tensor::Tape<f64>, tensor::Gradients<f64>),
) -> Vec<f64> {
    let (d, k) = (input.d, input.k);
    let sizes = [k, k * d, k * d, k * d * d];
    let mut sums = sizes.map(|size| vec![0.0; size]);
    for block in blocks.iter().enumerate() {
        tape.reset();
        let leaves = parameters.map(|parameter| tape.var(parameter));
        gradients.update(likelihood(input, block, leaves.each_ref()));
        for (leaf, sum) in leaves.into_iter().zip(&mut sums) {
            gradients.add_to(leaf, 1.0, sum);
        }
    }
    let [mut all, mu, q, below] = sums;
    all.extend(mu.iter().chain(&q));
    for matrix in below.chunks(d * d) {
        all.extend(places_below(d).map(|place| matrix[place]));
    }
    all
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let input: Input = call.input()?;
    check(&input)?;
    if call.literal {
        return by_numbers(call, &input);
    }
    let Tensors {
        alpha,
        mu,
        q,
        below,
    } = &Tensors::new(&input);
    let parameters = [alpha, mu, q, below];
    let rows = |rows: &[Vec<f64>]| Tensor::new([rows.len(), input.d], rows.concat());
    let blocks: Vec<_> = input.x.chunks(BLOCK).map(rows).collect();
    match call.function.as_str() {
        "objective" => call.time(|| {
            let blocks = blocks.iter().enumerate();
            let terms = blocks.map(|block| likelihood(&input, block, parameters).item());
            terms.sum::<f64>()
        }),
        "jacobian" => {
            let mut memory = Default::default();
            call.time_into(
                Vec::new(),
                |sum| *sum = gradient(&input, &blocks, parameters, &mut memory),
                |gradient| output(&input, &gradient),
            )
        }
        _ => Err(call.unknown()),
    }
}

/// Computes the function, or its gradient on the scalar tape, by the operations of the reference implementation.
fn by_numbers(call: &Call<'_>, input: &Input) -> Result<Answer, Error> {
    let parameters = input.parameters();
    match call.function.as_str() {
        "objective" => call.time(|| objective(input, &parameters)),
        "jacobian" => {
            let mut tape = scalar::Tape::new();
            call.time_into(
                Vec::new(),
                |sum| *sum = tape.gradient(|parameters| objective(input, parameters), &parameters),
                |gradient| output(input, &gradient),
            )
        }
        _ => Err(call.unknown()),
    }
}

fn output(input: &Input, gradient: &[f64]) -> Gradient {
    let Parameters { alpha, mu, q, l } = input.split(gradient);
    let rows = |rows: Vec<&[f64]>| rows.into_iter().map(<[f64]>::to_vec).collect();
    Gradient {
        alpha: alpha.to_vec(),
        mu: rows(mu),
        q: rows(q),
        l: rows(l),
    }
}

fn check(input: &Input) -> Result<(), Error> {
    let (d, k, n) = (input.d, input.k, input.n);
    ensure!(d > 0 && k > 0 && n > 0, "d is {d}, k is {k} and n is {n}");
    let are = |rows: &[Vec<f64>], count, length| {
        rows.len() == count && rows.iter().all(|row| row.len() == length)
    };
    ensure!(
        input.alpha.len() == k,
        "alpha has {} numbers, and k is {k}",
        input.alpha.len()
    );
    ensure!(are(&input.x, n, d), "x is not of n = {n} rows of d = {d}");
    ensure!(are(&input.mu, k, d), "mu is not of k = {k} rows of d = {d}");
    ensure!(are(&input.q, k, d), "q is not of k = {k} rows of d = {d}");
    let below = d * (d - 1) / 2;
    ensure!(
        are(&input.l, k, below),
        "l is not of k = {k} rows of {below}"
    );
    memory::check(memory::product([k, d, d, 8 * 8]))
}
