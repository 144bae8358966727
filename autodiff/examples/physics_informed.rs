//! Solves the heat equation u_t = α u_xx with a network that is trained to satisfy it (Raissi et al. 2019), and
//! compares it with the solution e^(−α π² t) sin πx.
//!
//! The cost contains derivatives of the network with respect to its inputs, and is differentiated with respect to the
//! parameters.

use autodiff::tensor::{Algebra, Gradients, Tape, Tensor, Var};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

const DIFFUSIVITY: f64 = 0.1;
const WIDTH: usize = 20;
const POINTS: usize = 200;
const STEPS: i32 = 1000;
const BOUND: f64 = 1e-2;

/// The temperature at places `x` in 0..1 and times `t`, both of shape [points, 1].
///
/// The network is multiplied by a factor that is zero at the start and at both ends, so that the initial condition
/// u(x, 0) = sin πx and the boundary conditions u(0, t) = u(1, t) = 0 hold for all parameters.
fn temperature<A: Algebra>(parameters: &[A; 6], x: &A, t: &A) -> A {
    let [w1, b1, w2, b2, w3, b3] = parameters;
    let hidden = A::concat(&[x, t], 1).linear(w1, b1).tanh();
    let network = hidden.linear(w2, b2).tanh().linear(w3, b3);
    (PI * x).sin() + t * x * (1.0 - x) * network
}

/// The mean square of u_t − α u_xx.
fn cost<'t>(parameters: &[Var<'t, f64>; 6], x: Var<'t, f64>, t: Var<'t, f64>) -> Var<'t, f64> {
    let u = temperature(parameters, &x, &t);
    let [u_x, u_t] = u.sum().recorded_gradients(&[x, t]);
    let [u_xx] = u_x.sum().recorded_gradients(&[x]);
    (u_t - DIFFUSIVITY * u_xx).square().mean()
}

fn main() -> Result<(), &'static str> {
    let (mut rng, w) = (ChaCha8Rng::seed_from_u64(1), WIDTH);
    let shapes: [&[usize]; 6] = [&[w, 2], &[w], &[w, w], &[w], &[1, w], &[1]];
    let mut parameters = shapes.map(|shape| Tensor::uniform(shape, -0.5..0.5, &mut rng));
    let mut moments = shapes.map(|shape| [Tensor::zeros(shape), Tensor::zeros(shape)]);

    let (mut tape, mut gradients) = (Tape::new(), Gradients::default());
    for step in 1..=STEPS {
        let [x, t] = [(); 2].map(|()| tape.var(Tensor::uniform([POINTS, 1], 0.0..1.0, &mut rng)));
        let variables = parameters.each_ref().map(|parameter| tape.var(parameter));
        let cost = cost(&variables, x, t);
        gradients.update(cost);
        // Adam (Kingma and Ba 2015).
        let rate = 0.01 * (1.0 - 0.999_f64.powi(step)).sqrt() / (1.0 - 0.9_f64.powi(step));
        for ((parameter, [m, v]), x) in parameters.iter_mut().zip(&mut moments).zip(variables) {
            let gradient = gradients.wrt(x);
            *m = 0.9 * &*m + 0.1 * &gradient;
            *v = 0.999 * &*v + 0.001 * gradient.square();
            *parameter -= rate * &*m / (v.sqrt() + 1e-8);
        }
        if step % 200 == 0 {
            println!("step {step}: mean squared residual {:.2e}", cost.item());
        }
        tape.reset();
    }

    let mut largest = 0.0;
    println!("   t   largest error over x");
    for &t in &Tensor::linspace(0.0, 1.0, 6) {
        let x = Tensor::linspace(0.0, 1.0, 101).unsqueeze(1);
        let exact = (PI * &x).sin() * (-DIFFUSIVITY * PI * PI * t).exp();
        let u = temperature(&parameters, &x, &Tensor::full(x.shape(), t));
        let error = (u - exact).norm_inf().item();
        println!("{t:5.1}   {error:.2e}");
        largest = error.max(largest);
    }
    println!("largest error {largest:.2e}, bound {BOUND}");
    (largest < BOUND).then_some(()).ok_or("it is too large")
}
