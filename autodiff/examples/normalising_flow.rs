//! Fits a normalising flow of affine couplings (RealNVP) to two moons, by maximum likelihood.
//!
//! The same functions run on a tape, where the flow is trained, and on tensors, where it generates points.

use autodiff::tensor::{Algebra, Gradients, Tape, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::f32::consts::PI;

fn two_moons(count: usize, rng: &mut ChaCha8Rng) -> Tensor<f32> {
    let angles = Tensor::uniform([count], 0.0..PI, rng);
    let points = Tensor::from_fn([count, 2], |[i, axis]| {
        let (sin, cos) = angles.at([i]).sin_cos();
        [[cos, sin], [1.0 - cos, 0.5 - sin]][i % 2][axis]
    });
    points + Tensor::normal([count, 2], 0.0, 0.1, rng)
}

/// The logarithm of the scale, and the shift, of one coordinate as functions of the other.
fn scale_and_shift<A: Algebra>(kept: &A, p: &[A]) -> [A; 2] {
    let hidden = kept.linear(&p[0], &p[1]).tanh();
    let hidden = hidden.linear(&p[2], &p[3]).tanh();
    let [log_scale, shift] = columns(&hidden.linear(&p[4], &p[5]));
    [log_scale.tanh(), shift]
}

/// The mean log-likelihood of points: the log-density of their images under a normal distribution, plus the
/// log-determinant of the Jacobian of the map.
fn log_likelihood<A: Algebra>(x: &A, parameters: &[A]) -> A {
    let [mut a, mut b] = columns(x);
    let mut log_determinant = &a * 0.0;
    for coupling in parameters.chunks_exact(6) {
        let [log_scale, shift] = scale_and_shift(&a, coupling);
        [a, b] = [b * log_scale.exp() + shift, a];
        log_determinant += log_scale;
    }
    (log_determinant - (a.square() + b.square()) / 2.0).mean() - f64::from(2.0 * PI).ln()
}

/// Draws normally distributed points, and maps them back to the distribution of the data.
fn generate(count: usize, parameters: &[Tensor<f32>], rng: &mut ChaCha8Rng) -> Tensor<f32> {
    let [mut a, mut b] = columns(&Tensor::normal([count, 2], 0.0, 1.0, rng));
    for coupling in parameters.chunks_exact(6).rev() {
        let [log_scale, shift] = scale_and_shift(&b, coupling);
        [a, b] = [b, (a - shift) * (-log_scale).exp()];
    }
    Tensor::concat(&[a, b], 1)
}

fn columns<A: Algebra>(x: &A) -> [A; 2] {
    [x.narrow(1, 0..1), x.narrow(1, 1..2)]
}

/// Prints how many points fall into each cell of [−1.5, 2.5] × [−1, 1.5]. Cells at the border include what lies
/// outside.
fn print_picture(points: &Tensor<f32>) {
    let mut counts = [[0; 48]; 12];
    for point in points.data().chunks_exact(2) {
        let [column, row] = [(point[0] + 1.5) * 12.0, (1.5 - point[1]) * 4.8];
        counts[(row as usize).min(11)][(column as usize).min(47)] += 1;
    }
    for row in counts {
        let line = row.map(|n| [" ", ".", ":", "*", "#"][n.min(4)]).concat();
        println!("{}", line.trim_end());
    }
}

fn main() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    // A network for each of six couplings.
    let shapes = [&[32, 1][..], &[32], &[32, 32], &[32], &[2, 32], &[2]].repeat(6);
    let initial = |&shape: &&[usize]| Tensor::normal(shape, 0.0, 0.2, rng);
    let mut parameters: Vec<_> = shapes.iter().map(initial).collect();
    let mut moments: Vec<_> = parameters.iter().map(|p| [p * 0.0, p * 0.0]).collect();

    let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
    for step in 0..=1000 {
        let variables: Vec<_> = parameters.iter().map(|p| tape.var(p)).collect();
        let cost = -log_likelihood(&tape.constant(two_moons(256, rng)), &variables);
        if step % 250 == 0 {
            println!("step {step:4}: mean log-likelihood {:.3}", -cost.item());
        }
        gradients.update(cost);
        // Adam (Kingma and Ba, 2015).
        let [decay, decay_of_squares] = [0.9_f64, 0.999].map(|decay| 1.0 - decay.powi(step + 1));
        for ((p, [m, v]), variable) in parameters.iter_mut().zip(&mut moments).zip(variables) {
            let g = gradients.wrt(variable);
            *m = &*m * 0.9 + &g * 0.1;
            *v = &*v * 0.999 + g.square() * 0.001;
            *p -= &*m / decay / ((&*v / decay_of_squares).sqrt() + 1e-8) * 5e-3;
        }
        tape.reset();
    }

    print_picture(&generate(2000, &parameters, rng));
    let reached = log_likelihood(&two_moons(10_000, rng), &parameters).item();
    println!("mean log-likelihood of new points: {reached:.3}");
    // The best normal distribution reaches −1.91.
    assert!(reached > -1.25);
}
