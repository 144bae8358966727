//! Fits a neural ordinary differential equation to one period of the predator-prey model of Lotka and Volterra.
//!
//! The right-hand side of the equation is a network, and the gradient flows back through the solver.

use autodiff::tensor::{Algebra, Tensor, Var, checkpoint, value_and_gradient};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::iter::successors;

const STEP: f64 = 0.2;

fn lotka_volterra(y: &Tensor<f64>) -> Tensor<f64> {
    let [hares, lynxes] = [y.narrow(1, 0..1), y.narrow(1, 1..2)];
    Tensor::concat(&[&hares * (1.0 - &lynxes), lynxes * (hares - 1.0)], 1)
}

/// The network with the first four tensors of `p` as its weights and biases.
fn network<A: Algebra>(y: &A, p: &[A]) -> A {
    y.linear(&p[0], &p[1]).tanh().linear(&p[2], &p[3])
}

/// One step of the classical Runge–Kutta method.
fn runge_kutta<A: Algebra>(field: impl Fn(&A) -> A, y: &A) -> A {
    let k1 = field(y);
    let k2 = field(&(y + &k1 * (STEP / 2.0)));
    let k3 = field(&(y + &k2 * (STEP / 2.0)));
    let k4 = field(&(y + &k3 * STEP));
    y + (k1 + (k2 + k3) * 2.0 + k4) * (STEP / 6.0)
}

/// The states at the start and after each of `steps` steps.
fn solve(field: impl Fn(&Tensor<f64>) -> Tensor<f64>, y: Tensor<f64>, steps: usize) -> Tensor<f64> {
    let states = successors(Some(y), |y| Some(runge_kutta(&field, y)));
    Tensor::concat(&states.take(steps + 1).collect::<Vec<_>>(), 0)
}

/// The mean squared error over `steps` steps from every state of the data.
fn segment_cost<'t>(p: [Var<'t, f64>; 4], data: &Tensor<f64>, steps: usize) -> Var<'t, f64> {
    let (tape, starts) = (p[0].tape(), data.shape()[0] - steps);
    // The parameters, and behind them the state.
    let mut x = [&p[..], &[tape.constant(data.rows(0..starts))]].concat();
    let mut total = tape.constant(0.0);
    for k in 1..=steps {
        // A checkpoint keeps the state alone. The backward pass computes the four evaluations of the network again, so
        // the memory of a long solution is that of its states.
        x[4] = checkpoint(|x| vec![runge_kutta(|y| network(y, x), &x[4])], &x)[0];
        total += (x[4] - data.rows(k..k + starts)).square().mean();
    }
    total / steps as f64
}

fn main() {
    let truth = solve(lotka_volterra, Tensor::from([[2.0, 1.0]]), 70);
    let data = truth.rows(0..36);
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let shapes: [&[usize]; 4] = [&[32, 2], &[32], &[2, 32], &[2]];
    let mut parameters = shapes.map(|shape| Tensor::normal(shape, 0.0, 0.3, rng));
    let mut velocities = shapes.map(Tensor::zeros);
    for step in 0..=1000 {
        let (cost, gradient) =
            value_and_gradient(|p| segment_cost(p, &data, 5), parameters.each_ref());
        if step % 250 == 0 {
            println!("step {step:4}: mean squared error {cost:.2e}");
        }
        // Gradient descent with momentum.
        for ((p, v), g) in parameters.iter_mut().zip(&mut velocities).zip(gradient) {
            *v = &*v * 0.95 - g * 0.3;
            *p += &*v;
        }
    }

    let learned = solve(|y| network(y, &parameters), truth.rows(0..1), 70);
    for i in (0..=70).step_by(10) {
        let [y, found] = [&truth, &learned].map(|states| states.rows(i..i + 1).flatten());
        let time = i as f64 * STEP;
        println!("time {time:4.1}: true {y:.3}, learned {found:.3}");
    }
    let error = (learned - truth).norm_inf().item();
    println!("largest error over two periods, of which one was seen: {error:.4}");
    assert!(error < 0.1);
}
