//! Limits of gradients and moments that keep a step within the range of finite numbers.

use autodiff::tensor::Real;

/// The largest change that leaves every finite number finite. It is less than half the distance between the two largest
/// numbers, so that adding it to the largest number rounds back to that number.
pub(crate) fn safe_change<T: Real>() -> f64 {
    T::MAX.to_f64() * T::EPSILON.to_f64() / 8.0
}

/// The limit of the velocity: 6·10²⁹ in `f32`, 6·10²⁹⁰ in `f64`. Its product with any usual learning rate is a [safe
/// change](safe_change).
pub(super) fn largest_velocity<T: Real>() -> T {
    T::from_f64(safe_change::<T>() / 8.0)
}

/// The limit of a derivative in Adam's moments: 2·10¹⁸ in `f32`, 2·10¹⁵³ in `f64`. Its square is a small fraction of
/// the largest number, so that a running mean of squares stays finite despite rounding.
pub(super) fn largest_in_moments<T: Real>() -> T {
    T::from_f64(T::MAX.to_f64().sqrt() / 8.0)
}

/// Returns the number in [−`limit`, `limit`] that is nearest to `x`.
#[inline(always)]
pub(super) fn clamp<T: Real>(x: T, limit: T) -> T {
    let below = if x < limit { x } else { limit };
    if -limit < below { below } else { -limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Real>() {
        let change = T::from_f64(safe_change::<T>());
        assert_eq!(T::MAX + change, T::MAX);
        assert_eq!(-T::MAX - change, -T::MAX);
        // The limit is not much smaller than necessary.
        let sixteen = T::from_f64(16.0);
        assert_eq!(T::MAX + sixteen * change, T::INFINITY);

        let limit = largest_in_moments::<T>();
        assert!(sixteen * limit * limit <= T::MAX);
        for (x, clamped) in [
            (T::MAX, limit),
            (-T::INFINITY, -limit),
            (limit, limit),
            (T::EPSILON, T::EPSILON),
        ] {
            assert_eq!(clamp(x, limit), clamped);
        }
    }

    #[test]
    fn limits_are_those_of_the_precision() {
        check::<f32>();
        check::<f64>();
    }
}
