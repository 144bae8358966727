//! `softmax`: the value and the slopes of `log_sum_exp`.

use super::number::Scalar;
use super::pairwise::sum_map;
use std::hint::cold_path;

/// Returns `ln Σᵢ exp xᵢ` and a factor. The slope towards xᵢ is the factor times the number that replaces `powers[i]`.
pub(super) fn softmax<T: Scalar>(
    x: impl Iterator<Item = T> + Clone,
    powers: &mut Vec<T>,
) -> (T, T) {
    let infinity = T::from_f64(f64::INFINITY);
    let max = x.clone().map(T::detached).fold(-infinity, T::max);
    powers.clear();
    if (max == infinity || max == -infinity) && x.clone().all(|x| !x.has_nan()) {
        cold_path();
        return softmax_at_infinity(x, max, powers);
    }
    powers.extend(x.map(|x| x - max));
    T::exp_each(powers);
    let sum = sum_map(powers, powers, |&power, _| power);
    (sum.ln() + max, sum.recip())
}

/// [`softmax`] where the largest xᵢ is infinite: the limit, or NaN slopes if there is no limit.
fn softmax_at_infinity<T: Scalar>(
    x: impl Iterator<Item = T> + Clone,
    max: T,
    powers: &mut Vec<T>,
) -> (T, T) {
    let [zero, one, nan] = [0.0, 1.0, f64::NAN].map(T::from_f64);
    let mut largest = x.clone().filter(|&x| x == max);
    let (value, slopes) = match (largest.next(), largest.next()) {
        (Some(largest), None) if max > zero => (largest, [zero, one]),
        _ => (max, [nan; 2]),
    };
    powers.extend(x.map(|x| slopes[usize::from(x == max)]));
    (value, one)
}
