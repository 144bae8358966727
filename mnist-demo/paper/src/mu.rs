//! µ and µ′, written out; Softmax and its Jacobian.

use autodiff::Number;
use nn::Activation;

use super::matrix::Matrix;

/// µ(x).
pub(super) fn mu(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => relu(x),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Activation::Identity => x,
    }
}

/// µ′(x).
pub(super) fn mu_prime(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => relu_prime(x),
        Activation::Sigmoid => mu(activation, x) * mu(activation, -x),
        Activation::Tanh => x.cosh().powi(-2),
        Activation::Softplus => mu(Activation::Sigmoid, x),
        Activation::Identity => 1.0,
    }
}

/// ReLU(x) is x if x > 0, and 0 if x ≤ 0.
pub(super) fn relu(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}

/// ReLU′(x) is 1 if x > 0, and 0 if x ≤ 0.
pub(super) fn relu_prime(x: f64) -> f64 {
    if x > 0.0 { 1.0 } else { 0.0 }
}

/// µ on either tape.
pub(super) fn on_tape<V: Number>(activation: Activation, x: V) -> V {
    match activation.function() {
        Some(function) => x.unary(function),
        None => x,
    }
}

/// Softmax(v)ᵢ = e^vᵢ / Σⱼ e^vⱼ of each column.
pub(super) fn softmax(v: &Matrix) -> Matrix {
    Matrix::new(v.rows(), v.cols(), |i, l| {
        let sum: f64 = (0..v.rows()).map(|j| v.at(j, l).value.exp()).sum();
        (v.at(i, l).value.exp() / sum).into()
    })
}

/// The Jacobian of Softmax at value s: sᵢ (1 − sᵢ) on the diagonal, −sᵢ sⱼ elsewhere.
pub(super) fn softmax_jacobian(s: &Matrix) -> Matrix {
    Matrix::new(s.rows(), s.rows(), |i, j| {
        let (s_i, s_j) = (s.at(i, 0), s.at(j, 0));
        if i == j {
            s_i * (super::Scaled::from(1.0) - s_i)
        } else {
            -(s_i * s_j)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activation_matches_its_name() {
        let points = [-2.0_f64, -0.5, 0.25, 3.0];
        for activation in Activation::ALL {
            for x in points {
                let by_name = match activation.name() {
                    "relu" => x.max(0.0),
                    "sigmoid" => 0.5 * (1.0 + (0.5 * x).tanh()),
                    "tanh" => (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
                    "softplus" => (1.0 + x.exp()).ln(),
                    "identity" => x,
                    other => panic!("nobody has said what {other} is"),
                };
                let (by_hand, by_tape) = (mu(activation, x), on_tape(activation, x));
                assert!((by_hand - by_name).abs() < 1e-14, "{activation} at {x}");
                assert!((by_tape - by_name).abs() < 1e-14, "{activation} at {x}");
            }
        }
    }

    #[test]
    fn every_slope_by_hand_matches_the_tape() {
        for activation in Activation::ALL {
            for x in [-30.0, -1.5, 0.0, 0.75, 30.0] {
                let slope = autodiff::scalar::derivative(|x| on_tape(activation, x), x);
                let by_hand = mu_prime(activation, x);
                assert!(
                    (by_hand - slope).abs() <= 1e-14,
                    "{activation} at {x}: {by_hand} and {slope}"
                );
            }
        }
    }
}
