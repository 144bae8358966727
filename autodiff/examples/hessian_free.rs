//! Fits a network by Hessian-free Newton steps (Martens, 2010), and compares them with gradient descent.
//!
//! Conjugate gradients solve the Newton equations from products with the Hessian, which is never computed.

use autodiff::tensor::{Algebra, Tensor, gradient, hvp, value_and_gradient};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::array::from_fn;

/// The shapes of the weights and biases, which lie one after the other in the vector θ.
const SHAPES: [&[usize]; 6] = [&[16, 1], &[16], &[16, 16], &[16], &[1, 16], &[1]];

type Vector = Tensor<f64>;

/// The mean squared error of the network at 64 points of the curve sin 6 x.
fn cost<A: Algebra<Element = f64>>(theta: &A) -> A {
    let x = Tensor::linspace(-1.0, 1.0, 64).unsqueeze(1);
    let y = theta.constant((&x * 6.0).sin());
    let parts = theta.split(0, &SHAPES.map(|shape| shape.iter().product()));
    let [w1, b1, w2, b2, w3, b3] = from_fn(|i| parts[i].reshape(SHAPES[i]));
    let hidden = theta.constant(x).linear(&w1, &b1).tanh();
    let hidden = hidden.linear(&w2, &b2).tanh();
    (hidden.linear(&w3, &b3) - y).square().mean()
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    (a * b).sum().item()
}

/// Solves A d = −g approximately, and stops where A has negative curvature. Returns d and the number of products.
fn conjugate_gradients(product: impl Fn(&Vector) -> Vector, g: &Vector) -> (Vector, usize) {
    let (mut d, mut r) = (g * 0.0, -g);
    let (mut p, mut rr) = (r.clone(), dot(g, g));
    for products in 1.. {
        let ap = product(&p);
        let curvature = dot(&p, &ap);
        if curvature <= 0.0 {
            return (if products == 1 { p } else { d }, products);
        }
        d += &p * (rr / curvature);
        r -= ap * (rr / curvature);
        let next = dot(&r, &r);
        if next < 1e-4 * dot(g, g) || products == 100 {
            return (d, products);
        }
        (p, rr) = (&r + p * (next / rr), next);
    }
    unreachable!()
}

/// Returns the point after some Newton steps, and the number of gradients and products that they took.
fn hessian_free(mut theta: Vector, steps: usize) -> (Vector, usize) {
    let (mut damping, mut work) = (1.0, 0);
    for _ in 0..steps {
        let (current, [g]) = value_and_gradient(|[x]| cost(&x), [&theta]);
        // The damping keeps a step in the region where the quadratic model of the cost is good.
        let product = |v: &_| &hvp(|[x]| cost(&x), [&theta], [v]).1[0] + v * damping;
        let (step, products) = conjugate_gradients(product, &g);
        work += 1 + products;
        let moved = &theta + step;
        if cost(&moved).item() < current {
            (theta, damping) = (moved, damping / 2.0);
        } else {
            damping *= 4.0;
        }
    }
    (theta, work)
}

fn gradient_descent(mut theta: Vector, steps: usize) -> Vector {
    for _ in 0..steps {
        theta -= &gradient(|[x]| cost(&x), [&theta])[0] * 0.1;
    }
    theta
}

fn main() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let deviation = |shape: &[usize]| (shape[shape.len() - 1] as f64).sqrt().recip();
    let start = SHAPES.map(|shape| Tensor::normal(shape, 0.0, deviation(shape), rng).flatten());
    let start = Tensor::concat(&start, 0);
    println!("at first: cost {:.2e}", cost(&start).item());

    let (newton, work) = hessian_free(start.clone(), 70);
    let newton = cost(&newton).item();
    println!("70 Newton steps, {work} gradients and products: cost {newton:.2e}");
    // A product costs about as much as two gradients.
    let descent = cost(&gradient_descent(start, 2 * work)).item();
    println!("{} steps of gradient descent: cost {descent:.2e}", 2 * work);
    assert!(newton < 1e-4 && newton < descent / 10.0);
}
