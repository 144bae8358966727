//! The functions µ, µ′ and softmax, in forms that neither overflow nor lose the small numbers of a saturated unit.

use super::scaled::{Scaled, mapped};
use crate::Activation;

/// µ(z).
pub(super) fn mu(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu if z <= 0.0 => 0.0,
        Activation::Relu => z,
        Activation::Sigmoid => logistic(z),
        Activation::Tanh => z.tanh(),
        Activation::Softplus => z.max(0.0) + (-z.abs()).exp().ln_1p(),
        Activation::Identity => z,
    }
}

/// µ′(z). Other computations read it from a, as a (1 − a) or 1 − a²; the scale includes the terms of these formulas.
pub(super) fn mu_slope(activation: Activation, z: Scaled) -> Scaled {
    let slope = mapped(z, |z| match activation {
        Activation::Relu if z > 0.0 => 1.0,
        Activation::Relu => 0.0,
        Activation::Sigmoid => logistic(z) * logistic(-z),
        // 4 / (eᶻ + e⁻ᶻ)², without its overflow.
        Activation::Tanh => 4.0 * logistic(2.0 * z) * logistic(-2.0 * z),
        Activation::Softplus => logistic(z),
        Activation::Identity => 1.0,
    });
    let a = mu(activation, z.value);
    let of_terms = match activation {
        Activation::Sigmoid => a * (1.0 + a),
        Activation::Tanh => 1.0 + a * a,
        Activation::Relu | Activation::Softplus | Activation::Identity => 0.0,
    };
    Scaled::new(slope.value, slope.scale.max(of_terms))
}

/// 1 / (1 + e⁻ᶻ), with a small relative error for z of either sign.
fn logistic(z: f64) -> f64 {
    if z < 0.0 {
        z.exp() / (1.0 + z.exp())
    } else {
        1.0 / (1.0 + (-z).exp())
    }
}

/// The log-odds ln aᵢ − ln(1 − aᵢ) of a = softmax(z), which are zᵢ − ln Σⱼ e^zⱼ over j ≠ i. They are NaN if there is no
/// softmax because several z are +∞ or all are −∞.
pub(super) fn log_odds(z: &[Scaled]) -> Vec<Scaled> {
    let count = |infinity: f64| z.iter().filter(|z| z.value == infinity).count();
    let undefined = count(f64::INFINITY) > 1
        || count(f64::NEG_INFINITY) == z.len()
        || z.iter().any(|z| z.value.is_nan());
    let above = |i: usize| {
        let others = z.iter().enumerate().filter(move |&(j, _)| j != i);
        let scales = others.clone().map(|(_, z)| z.scale);
        Scaled::new(
            z[i].value - log_sum_exp(others.map(|(_, z)| z.value)),
            z[i].scale + scales.fold(0.0, f64::max),
        )
    };
    let of = |i| {
        if undefined {
            Scaled::from(f64::NAN)
        } else {
            above(i)
        }
    };
    (0..z.len()).map(of).collect()
}

/// ln Σ eᶻ, without overflow.
fn log_sum_exp(z: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = z.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + z.map(|z| (z - largest).exp()).sum::<f64>().ln()
}

/// a = softmax(z): each aᵢ is the logistic function of its log-odds.
pub(super) fn softmax(z: &[Scaled]) -> Vec<Scaled> {
    log_odds(z).iter().map(|&z| mapped(z, logistic)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::scaled::ROUNDING;

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
            "{found:e}, not {expected:e}"
        );
    }

    #[test]
    fn saturated_functions_keep_their_small_numbers() {
        let slope = |activation, z| mu_slope(activation, Scaled::from(z)).value;
        close(mu(Activation::Sigmoid, -700.0), (-700.0_f64).exp());
        close(slope(Activation::Sigmoid, -700.0), (-700.0_f64).exp());
        close(slope(Activation::Sigmoid, 700.0), (-700.0_f64).exp());
        close(slope(Activation::Tanh, -300.0), 4.0 * (-600.0_f64).exp());
        close(slope(Activation::Softplus, -700.0), (-700.0_f64).exp());
        assert_eq!(slope(Activation::Sigmoid, -1e300), 0.0);
        assert_eq!(slope(Activation::Tanh, 1e300), 0.0);
    }

    #[test]
    fn softmax_of_infinite_logits_is_the_limit_where_there_is_one() {
        const INF: f64 = f64::INFINITY;
        let a = |z: &[f64]| -> Vec<f64> {
            let z: Vec<Scaled> = z.iter().copied().map(Scaled::from).collect();
            softmax(&z).iter().map(|a| a.value).collect()
        };
        assert_eq!(a(&[INF, 5.0, -INF]), [1.0, 0.0, 0.0]);
        assert_eq!(a(&[-INF, 0.0, 0.0]), [0.0, 0.5, 0.5]);
        assert_eq!(a(&[INF]), [1.0]);
        for undefined in [
            &[-INF, -INF][..],
            &[-INF],
            &[INF, INF, 0.0],
            &[INF, f64::NAN, -INF],
        ] {
            assert!(a(undefined).iter().all(|a| a.is_nan()), "{undefined:?}");
        }
    }

    #[test]
    fn the_scale_says_what_an_uncertain_argument_may_change() {
        // A rectifier that is barely on, or barely off: within the rounding error, its slope may be 0 or 1.
        let barely = Scaled {
            value: 1e-14,
            scale: 1.0,
        };
        let slope = mu_slope(Activation::Relu, barely);
        assert_eq!(slope.value, 1.0);
        assert!(slope.scale * ROUNDING >= 1.0);
        // A rectifier that is certainly on has the scale of its value.
        let on = mu_slope(Activation::Relu, Scaled::from(0.5));
        assert_eq!((on.value, on.scale), (1.0, 1.0));
        // ∂a/∂z of the logistic function at 0 is ¼.
        let z = Scaled {
            value: 0.0,
            scale: 100.0,
        };
        let a = mapped(z, logistic);
        assert!((a.scale - 25.0).abs() < 0.1, "{}", a.scale);
    }
}
