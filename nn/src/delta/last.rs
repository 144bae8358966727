//! δᴸ, the δ of the last layer, for each loss.

use super::{activate, times_slope};
use crate::{Output, StandardLoss};
use autodiff::tensor::raw::elementary;
use autodiff::tensor::{Real, Targets, Tensor};
use smallvec::SmallVec;

/// Returns the sum of the samples' costs, and δᴸ = ∂C/∂zᴸ with a row for each sample.
pub(super) fn last_delta<T: Real>(
    loss: StandardLoss,
    z: &Tensor<T>,
    targets: &Targets<T>,
) -> (f64, Tensor<T>) {
    match loss {
        StandardLoss::CrossEntropy { label_smoothing } => {
            cross_entropy(z, targets, label_smoothing)
        }
        StandardLoss::SquaredDifference { output } => {
            let y = targets.probabilities(z.shape()[1]);
            let mut a = z.clone();
            match output {
                Output::Elementwise(activation) => activate(activation, a.data_mut()),
                Output::Softmax => softmax_rows(&mut a),
            }
            let mut delta = a.clone();
            let mut cost = 0.0;
            for (delta, &y) in delta.data_mut().iter_mut().zip(y.data()) {
                let difference = *delta - y;
                cost += difference.to_f64() * difference.to_f64();
                *delta = difference + difference;
            }
            match output {
                Output::Elementwise(activation) => {
                    times_slope(activation, a.data(), delta.data_mut());
                }
                Output::Softmax => times_softmax_jacobian(&a, &mut delta),
            }
            (cost, delta)
        }
    }
}

/// Returns the cost `C = −Σ yᵢ ln aᵢ` and `δ = a Σ yᵢ − y`, which is a − y for targets that sum to 1.
///
/// With m the [shift] and s the sum of the row's `e^(zᵢ − m)`, `−ln aᵢ` is `ln s − (zᵢ − m)`.
fn cross_entropy<T: Real>(
    z: &Tensor<T>,
    targets: &Targets<T>,
    label_smoothing: f64,
) -> (f64, Tensor<T>) {
    let classes = z.shape()[1];
    let mut cost = 0.0;
    let mut delta = z.clone();
    if let (Targets::Classes(numbers), 0.0) = (targets, label_smoothing) {
        exponentials(delta.data_mut(), classes);
        for ((row, z), &class) in delta
            .data_mut()
            .chunks_exact_mut(classes)
            .zip(z.data().chunks_exact(classes))
            .zip(numbers.data())
        {
            let class = class as usize;
            cost += (normalize(row).ln() - less(z[class], shift(z))).to_f64();
            row[class] = row[class] - T::from_f64(1.0);
        }
        return (cost, delta);
    }
    let y = targets.probabilities(classes);
    let (keep, share) = (
        T::from_f64(1.0 - label_smoothing),
        T::from_f64(label_smoothing / classes as f64),
    );
    exponentials(delta.data_mut(), classes);
    let rows = delta.data_mut().chunks_exact_mut(classes);
    for ((row, z), y) in rows
        .zip(z.data().chunks_exact(classes))
        .zip(y.data().chunks_exact(classes))
    {
        let (m, ln_s) = (shift(z), normalize(row).ln());
        let total = y
            .iter()
            .fold(T::default(), |total, &y| total + (keep * y + share));
        for ((delta, &z), &y) in row.iter_mut().zip(z).zip(y) {
            let y = keep * y + share;
            if y != T::default() {
                cost += (y * (ln_s - less(z, m))).to_f64();
            }
            *delta = delta.absorbing_mul(total) - y;
        }
    }
    (cost, delta)
}

/// Replaces each row by its softmax, eᶻⁱ / Σⱼ eᶻʲ.
fn softmax_rows<T: Real>(z: &mut Tensor<T>) {
    let classes = z.shape()[1];
    exponentials(z.data_mut(), classes);
    for row in z.data_mut().chunks_exact_mut(classes) {
        normalize(row);
    }
}

/// Replaces each zᵢ by eᶻⁱ⁻ᵐ, where m is the [shift] of its row. All rows share one call of the vectorized exponential.
fn exponentials<T: Real>(z: &mut [T], classes: usize) {
    for row in z.chunks_exact_mut(classes) {
        let m = shift(row);
        for z in row {
            *z = less(*z, m);
        }
    }
    elementary::exp(z);
}

/// Returns the largest z of a row, or NaN if the row has no softmax because several z are +∞ or all are −∞.
fn shift<T: Real>(row: &[T]) -> T {
    let largest = row.iter().fold(-T::INFINITY, |largest, &z| largest.max(z));
    let several = || row.iter().filter(|&&z| z == largest).count() > 1;
    if largest == -T::INFINITY || largest == T::INFINITY && several() {
        T::from_f64(f64::NAN)
    } else {
        largest
    }
}

/// Returns z − m, or 0 if z = m. Both may then be infinite.
fn less<T: Real>(z: T, m: T) -> T {
    if z == m { T::default() } else { z - m }
}

/// Divides a row by its sum. Returns the sum.
fn normalize<T: Real>(row: &mut [T]) -> T {
    let sum = row.iter().fold(T::default(), |sum, &x| sum + x);
    let share = sum.recip();
    for x in row {
        *x = *x * share;
    }
    sum
}

/// Multiplies each row of `delta` by the transposed softmax Jacobian: `Jᵢⱼ = aᵢ (1 − aᵢ)` for i = j, and `−aᵢ aⱼ`
/// otherwise.
fn times_softmax_jacobian<T: Real>(a: &Tensor<T>, delta: &mut Tensor<T>) {
    let classes = a.shape()[1];
    let one = T::from_f64(1.0);
    for (a, delta) in a
        .data()
        .chunks_exact(classes)
        .zip(delta.data_mut().chunks_exact_mut(classes))
    {
        let upstream: SmallVec<[T; 16]> = SmallVec::from_slice(delta);
        for (j, delta) in delta.iter_mut().enumerate() {
            let jacobian = |i: usize| {
                if i == j {
                    a[i] * (one - a[i])
                } else {
                    -(a[i] * a[j])
                }
            };
            *delta = upstream
                .iter()
                .enumerate()
                .fold(T::default(), |sum, (i, &u)| sum + jacobian(i) * u);
        }
    }
}
