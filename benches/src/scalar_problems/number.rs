//! The number type of the problems.

use std::ops::{Add, Mul, Neg, Sub};

/// A number with which the problems are computed: `f64`, or the variable of a tape.
///
/// The trait contains only the operations that the problems use, and every tool has them. Sums of many terms are
/// methods with loops as defaults, which a tool can override to record a sum as one operation. A tool should override
/// every method for which it has a faster way.
pub trait Number:
    Copy
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// The value, without derivatives.
    fn value(self) -> f64;

    /// A constant. It is on the tape of `self` if the tool records constants.
    fn constant(self, value: f64) -> Self;

    /// eˣ.
    fn exp(self) -> Self;

    /// The natural logarithm ln x.
    fn ln(self) -> Self;

    /// tanh x.
    fn tanh(self) -> Self;

    /// 1/x.
    fn recip(self) -> Self;

    /// x².
    #[inline]
    fn square(self) -> Self {
        self * self
    }

    /// `left` − x.
    #[inline]
    fn subtract_from(self, left: f64) -> Self {
        -self + left
    }

    /// 1 / (1 + e⁻ˣ).
    #[inline]
    fn sigmoid(self) -> Self {
        ((-self).exp() + 1.0).recip()
    }

    /// Σᵢ xᵢ.
    ///
    /// # Panics
    /// If there are no terms, in this and the other sums: an empty sum would belong to no tape.
    #[inline]
    fn sum(terms: impl Iterator<Item = Self>) -> Self {
        terms
            .reduce(|sum, term| sum + term)
            .expect("a sum of no terms")
    }

    /// Σᵢ aᵢ bᵢ, for slices of equal length.
    #[inline]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        Self::sum(a.iter().zip(b).map(|(&a, &b)| a * b))
    }

    /// Σᵢ aᵢ cᵢ with constants cᵢ, for slices of equal length.
    #[inline]
    fn dot_constants(a: &[Self], c: &[f64]) -> Self {
        Self::sum(a.iter().zip(c).map(|(&a, &c)| a * c))
    }

    /// Σᵢ aᵢ².
    #[inline]
    fn squared_norm(a: &[Self]) -> Self {
        Self::sum(a.iter().map(|&a| a.square()))
    }

    /// ln Σᵢ eˣⁱ, computed as m + ln Σᵢ exp(xᵢ − m). The largest value m is a constant, which changes neither the value
    /// nor the derivatives.
    #[inline]
    fn log_sum_exp(x: &[Self]) -> Self {
        let largest = largest(x.iter().map(|x| x.value()));
        Self::sum(x.iter().map(|&x| (x - largest).exp())).ln() + largest
    }
}

/// The largest of `values`.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, f64::max)
}

impl Number for f64 {
    #[inline]
    fn value(self) -> f64 {
        self
    }

    #[inline]
    fn constant(self, value: f64) -> f64 {
        value
    }

    #[inline]
    fn exp(self) -> f64 {
        self.exp()
    }

    #[inline]
    fn ln(self) -> f64 {
        self.ln()
    }

    #[inline]
    fn tanh(self) -> f64 {
        self.tanh()
    }

    #[inline]
    fn recip(self) -> f64 {
        self.recip()
    }

    #[inline]
    fn dot(a: &[f64], b: &[f64]) -> f64 {
        dot(a, b)
    }

    #[inline]
    fn dot_constants(a: &[f64], c: &[f64]) -> f64 {
        dot(a, c)
    }

    #[inline]
    fn squared_norm(a: &[f64]) -> f64 {
        dot(a, a)
    }
}

/// Σᵢ aᵢ bᵢ in eight independent sums, whose additions overlap. In a single sum, each addition waits for the previous
/// one.
#[inline]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_groups, a_rest) = a.as_chunks::<8>();
    let (b_groups, b_rest) = b.as_chunks::<8>();
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    if a_groups.is_empty() {
        return rest;
    }
    let mut sums = [0.0; 8];
    for (a, b) in a_groups.iter().zip(b_groups) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Adds `factor`·a to `to`.
#[inline]
pub(super) fn add_scaled(to: &mut [f64], factor: f64, a: &[f64]) {
    for (to, a) in to.iter_mut().zip(a) {
        *to += factor * a;
    }
}

/// Replaces x by its softmax, eˣⁱ / Σⱼ eˣʲ, and returns ln Σᵢ eˣⁱ.
pub(super) fn softmax_in_place(x: &mut [f64]) -> f64 {
    let largest = largest(x.iter().copied());
    let mut sum = 0.0;
    for x in x.iter_mut() {
        *x = (*x - largest).exp();
        sum += *x;
    }
    for x in x.iter_mut() {
        *x /= sum;
    }
    largest + sum.ln()
}
