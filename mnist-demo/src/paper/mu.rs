//! µ and µ′, spelt out; Softmax and its Jacobian.

use autodiff::Number;
use autodiff::elementwise::Unary;
use nn::Activation;

use super::matrix::Matrix;

/// µ(x).
pub(super) fn mu(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => relu(x),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        _ => x,
    }
}

/// µ′(x).
pub(super) fn mu_prime(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => relu_prime(x),
        Activation::Sigmoid => mu(activation, x) * mu(activation, -x),
        Activation::Tanh => x.cosh().powi(-2),
        Activation::Softplus => mu(Activation::Sigmoid, x),
        _ => 1.0,
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
    match activation {
        Activation::Relu => x.unary(Unary::Relu {}),
        Activation::Sigmoid => x.unary(Unary::Sigmoid {}),
        Activation::Tanh => x.unary(Unary::Tanh {}),
        Activation::Softplus => x.unary(Unary::Softplus {}),
        _ => x,
    }
}

/// Softmax(v)ᵢ = e^vᵢ / Σⱼ e^vⱼ of each column.
pub(super) fn softmax(v: &Matrix) -> Matrix {
    Matrix::new(v.rows(), v.cols(), |i, l| {
        let sum: f64 = (0..v.rows()).map(|j| v.at(j, l).value.exp()).sum();
        (v.at(i, l).value.exp() / sum).into()
    })
}

/// The Jacobian of Softmax where its value is s: sᵢ (1 − sᵢ) on the diagonal, −sᵢ sⱼ beside it.
pub(super) fn softmax_jacobian(s: &Matrix) -> Matrix {
    Matrix::new(s.rows(), s.rows(), |i, j| {
        let (s_i, s_j) = (s.at(i, 0), s.at(j, 0));
        if i == j {
            s_i * (super::Weighed::from(1.0) - s_i)
        } else {
            -(s_i * s_j)
        }
    })
}
