//! Finds the minimum of Rosenbrock's function, by gradient descent and by Newton's method.

use autodiff::scalar::{gradient, hessian};
use num_traits::Float;

/// Rosenbrock's function, a long, curved valley with the minimum 0 at (1, 1).
fn rosenbrock<F: Float>([x, y]: [F; 2]) -> F {
    let hundred = F::from(100.0).unwrap();
    (F::one() - x).powi(2) + hundred * (y - x * x).powi(2)
}

fn gradient_descent(mut x: [f64; 2]) -> ([f64; 2], usize) {
    for step in 0.. {
        let g = gradient(|x| rosenbrock(x), x);
        if g[0].hypot(g[1]) < 1e-8 {
            return (x, step);
        }
        x = [x[0] - 1e-3 * g[0], x[1] - 1e-3 * g[1]];
    }
    unreachable!()
}

fn newton(mut x: [f64; 2]) -> ([f64; 2], usize) {
    for step in 0.. {
        let [a, b] = gradient(|x| rosenbrock(x), x);
        if a.hypot(b) < 1e-8 {
            return (x, step);
        }
        // Solves H d = g by Cramer's rule.
        let [[p, q], [r, s]] = hessian(|x| rosenbrock(x), x);
        let determinant = p * s - q * r;
        x = [
            x[0] - (a * s - q * b) / determinant,
            x[1] - (p * b - a * r) / determinant,
        ];
    }
    unreachable!()
}

fn main() {
    for (name, minimise) in [
        ("gradient descent", gradient_descent as fn([f64; 2]) -> _),
        ("Newton", newton),
    ] {
        let ([x, y], steps) = minimise([-1.2, 1.0]);
        println!("{name:16} found ({x:.8}, {y:.8}) in {steps} steps");
        assert!((x - 1.0).abs() < 1e-7 && (y - 1.0).abs() < 1e-7);
    }
}
