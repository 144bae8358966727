//! How far gradients and moments may go before a step could leave the range of finite numbers.

use autodiff::tensor::Real;

/// The largest change that takes no finite number out of range: less than half the distance between the two largest
/// numbers, so that even the largest is rounded back to itself.
pub(crate) fn safe_change<T: Real>() -> f64 {
    T::MAX.to_f64() * T::EPSILON.to_f64() / 8.0
}

/// The largest velocity that is kept: 6·10²⁹ in `f32`, 6·10²⁹⁰ in `f64`. Times any usual learning rate it is a
/// [safe change](safe_change).
pub(super) fn largest_velocity<T: Real>() -> T {
    T::from_f64(safe_change::<T>() / 8.0)
}

/// The largest derivative that Adam's moments tell from larger ones: 2·10¹⁸ in `f32`, 2·10¹⁵³ in `f64`. Its square is a
/// small part of the largest number, so that a running mean of such squares stays finite however it is rounded.
pub(super) fn largest_in_moments<T: Real>() -> T {
    T::from_f64(T::MAX.to_f64().sqrt() / 8.0)
}

/// The number between `−limit` and `limit` that is nearest to `x`.
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
        // It is not much smaller than it might be.
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
