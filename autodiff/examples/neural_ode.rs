//! Fits a neural ordinary differential equation to one period of the predator-prey model of Lotka and Volterra.
//!
//! The right-hand side of the equation is a network, and the gradient flows back through the solver.

use autodiff::tensor::{Algebra, Gradients, Tape, Tensor, Var, checkpoint};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const STEP: f64 = 0.2;

fn lotka_volterra(y: &Tensor<f64>) -> Tensor<f64> {
    let [hares, lynxes] = [y.narrow(1, 0..1), y.narrow(1, 1..2)];
    Tensor::concat(&[&hares * (1.0 - &lynxes), lynxes * (hares - 1.0)], 1)
}

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
    let mut states = vec![y];
    for i in 0..steps {
        states.push(runge_kutta(&field, &states[i]));
    }
    Tensor::concat(&states, 0)
}

/// The mean squared error over `steps` steps from every state of the data.
fn segment_cost<'t>(p: &[Var<'t, f64>], data: &Tensor<f64>, steps: usize) -> Var<'t, f64> {
    let starts = data.shape()[0] - steps;
    let mut y = p[0].tape().constant(data.rows(0..starts));
    let mut total = p[0].tape().constant(0.0);
    for k in 1..=steps {
        // A checkpoint keeps the state alone. The backward pass computes the four evaluations of the network again, so
        // the memory of a long solution is that of its states.
        y = checkpoint(
            |x| vec![runge_kutta(|y| network(y, &x[1..]), &x[0])],
            &[&[y], p].concat(),
        )[0];
        total += (y - data.rows(k..k + starts)).square().mean();
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

    let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
    for step in 0..=1000 {
        let variables = parameters.each_ref().map(|p| tape.var(p));
        let cost = segment_cost(&variables, &data, 5);
        if step % 250 == 0 {
            println!("step {step:4}: mean squared error {:.2e}", cost.item());
        }
        gradients.update(cost);
        // Gradient descent with momentum.
        for ((p, v), variable) in parameters.iter_mut().zip(&mut velocities).zip(variables) {
            *v *= 0.95;
            gradients.add_to(variable, -0.3, v.data_mut());
            *p += &*v;
        }
        tape.reset();
    }

    let learned = solve(|y| network(y, &parameters), truth.rows(0..1), 70);
    for i in (0..=70).step_by(10) {
        let [y, found] = [&truth, &learned].map(|states| states.rows(i..i + 1).flatten());
        println!(
            "time {:4.1}: true {y:.3}, learned {found:.3}",
            i as f64 * STEP
        );
    }
    let error = (learned - truth).norm_inf().item();
    println!("largest error over two periods, of which one was seen: {error:.4}");
    assert!(error < 0.1);
}
