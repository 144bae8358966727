//! A step of an optimizer, which is applied to the parameters panel by panel or as a whole.

use super::error::{Quantity, StepError};
use crate::parallel::in_halves;
use autodiff::tensor::Real;
use autodiff::tensor::raw::largest_magnitude;
use smallvec::SmallVec;
use std::{fmt, mem};

/// The same range of the parameters and of each moment.
pub(crate) type Buffers<'a, T> = SmallVec<[&'a mut [T]; 4]>;

/// A function that updates some parameters, given their derivatives and moments.
pub(crate) type Apply<'a, T> = dyn Fn(&mut [T], &[T], &mut [&mut [T]]) + Sync + 'a;

/// Cuts the first `length` elements off each buffer, and returns them.
///
/// # Panics
///
/// If a buffer has fewer elements.
#[track_caller]
pub(crate) fn cut_off<'a, T>(buffers: &mut [&'a mut [T]], length: usize) -> Buffers<'a, T> {
    let mut first = Buffers::new();
    for buffer in buffers {
        let (begin, rest) = mem::take(buffer).split_at_mut(length);
        *buffer = rest;
        first.push(begin);
    }
    first
}

/// A step of an optimizer: a rule that updates each parameter separately, from its derivative and its moments.
///
/// ```
/// use nn::Update;
///
/// // AdaGrad (Duchi et al., 2011): one moment, the sum of squared derivatives, lowers the rate.
/// let (mut parameters, mut squares) = ([1.0, 2.0], [0.0, 0.0]);
/// let rule = |parameters: &mut [f64], gradient: &[f64], moments: &mut [&mut [f64]]| {
///     for ((x, g), sum) in parameters.iter_mut().zip(gradient).zip(&mut *moments[0]) {
///         *sum += g * g;
///         *x -= 0.1 * g / (sum.sqrt() + 1e-10);
///     }
/// };
/// let update = Update::new([&mut squares[..]], &rule);
/// update.apply(&mut parameters, &[3.0, -0.5])?;
/// assert!((parameters[0] - 0.9).abs() < 1e-9 && (parameters[1] - 2.1).abs() < 1e-9);
/// assert_eq!(squares, [9.0, 0.25]);
/// # Ok::<(), nn::StepError>(())
/// ```
pub struct Update<'a, T> {
    moments: SmallVec<[&'a mut [T]; 3]>,
    rule: &'a Apply<'a, T>,
    safe_gradient: Option<f64>,
    descent: Option<T>,
}

impl<'a, T: Real> Update<'a, T> {
    /// Returns an update by a rule. The rule is called with some of the parameters, their derivatives, and the
    /// corresponding elements of each moment.
    #[must_use]
    pub fn new(moments: impl IntoIterator<Item = &'a mut [T]>, rule: &'a Apply<'a, T>) -> Self {
        Update {
            moments: moments.into_iter().collect(),
            rule,
            safe_gradient: None,
            descent: None,
        }
    }

    /// Declares that the rule keeps finite parameters and moments finite if no derivative is larger than `gradient` in
    /// magnitude. A step is then tried on copies only if a derivative may be larger.
    #[must_use]
    pub fn safe_up_to(self, gradient: f64) -> Self {
        Update {
            safe_gradient: Some(gradient),
            ..self
        }
    }

    /// Declares that the rule is `θ ← θ − α ∂C/∂θ` with the given α, where the product is rounded before the
    /// subtraction. The engine may then update parameters without forming the gradient.
    #[must_use]
    pub fn plain_descent(self, learning_rate: T) -> Self {
        Update {
            descent: Some(learning_rate),
            ..self
        }
    }

    /// The learning rate, if the rule is plain descent.
    pub(crate) fn descent(&self) -> Option<T> {
        self.descent
    }

    /// Whether the rule keeps finite parameters and moments finite for all derivatives up to `gradient` in magnitude.
    /// False if `gradient` is NaN, or the rate of plain descent is not finite.
    pub(crate) fn is_safe(&self, gradient: f64) -> bool {
        gradient <= T::MAX.to_f64()
            && self.safe_gradient.is_some_and(|safe| gradient <= safe)
            && self.descent.is_none_or(|rate| rate.to_f64().is_finite())
    }

    /// Whether each moment has `parameter_count` elements.
    pub(crate) fn moments_fit(&self, parameter_count: usize) -> bool {
        self.moments
            .iter()
            .all(|moment| moment.len() == parameter_count)
    }

    /// Returns the parameters and the moments as buffers, and the rule.
    pub(crate) fn with<'b>(self, parameters: &'b mut [T]) -> (Buffers<'b, T>, &'b Apply<'b, T>)
    where
        'a: 'b,
    {
        let mut buffers = Buffers::new();
        buffers.push(parameters);
        for moment in self.moments {
            buffers.push(moment);
        }
        (buffers, self.rule)
    }

    /// Updates all parameters. The threads of the surrounding rayon pool share a large buffer.
    ///
    /// # Errors
    ///
    /// If a derivative is not finite, or a parameter or moment would not be finite after the step. Nothing is changed
    /// then.
    ///
    /// # Panics
    ///
    /// If the buffers differ in size.
    #[track_caller]
    pub fn apply(self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
        assert!(
            parameters.len() == gradient.len() && self.moments_fit(parameters.len()),
            "update: {} parameters, a gradient of {} and moments of {:?} elements",
            parameters.len(),
            gradient.len(),
            self.moments
                .iter()
                .map(|moment| moment.len())
                .collect::<Vec<_>>()
        );
        self.check(parameters, gradient)?;
        self.apply_unchecked(parameters, gradient);
        Ok(())
    }

    /// Refuses an update after which a parameter or moment would not be finite.
    pub(crate) fn check(&self, parameters: &[T], gradient: &[T]) -> Result<(), StepError> {
        if self.is_safe(largest(gradient)) && largest(parameters).is_finite() {
            return Ok(());
        }
        self.rehearse(parameters, gradient)
    }

    /// Updates all parameters, as [`apply`](Update::apply) does after its checks.
    pub(crate) fn apply_unchecked(self, parameters: &mut [T], gradient: &[T]) {
        let (buffers, rule) = self.with(parameters);
        in_pieces(buffers, gradient, rule);
    }

    /// Tries the update on copies, a few parameters at a time.
    #[cold]
    fn rehearse(&self, parameters: &[T], gradient: &[T]) -> Result<(), StepError> {
        check_gradient(gradient)?;
        for (number, gradient) in gradient.chunks(COPIES).enumerate() {
            let begin = number * COPIES;
            let range = begin..begin + gradient.len();
            let mut parameters = parameters[range.clone()].to_vec();
            let moments = self.moments.iter();
            let mut moments: Vec<Vec<T>> = moments.map(|m| m[range.clone()].to_vec()).collect();
            let mut slices: Vec<&mut [T]> = moments.iter_mut().map(|m| &mut m[..]).collect();
            (self.rule)(&mut parameters, gradient, &mut slices);
            for moment in &moments {
                refuse_non_finite(Quantity::Moment, begin, moment)?;
            }
            refuse_non_finite(Quantity::Parameter, begin, &parameters)?;
        }
        Ok(())
    }
}

impl<T> fmt::Debug for Update<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").finish_non_exhaustive()
    }
}

/// The number of parameters that are copied at a time to try an update.
const COPIES: usize = 256;

/// Refuses a gradient that is not finite.
pub(crate) fn check_gradient<T: Real>(gradient: &[T]) -> Result<(), StepError> {
    refuse_non_finite(Quantity::Gradient, 0, gradient)
}

/// Refuses values of which one is not finite. `begin` is the index of the first value in its buffer.
fn refuse_non_finite<T: Real>(
    quantity: Quantity,
    begin: usize,
    values: &[T],
) -> Result<(), StepError> {
    let mut values = values.iter().map(|value| value.to_f64()).enumerate();
    match values.find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(StepError::new(quantity, begin + index, value)),
        None => Ok(()),
    }
}

/// Returns the largest magnitude of some numbers, or NaN if any number is NaN. Threads share a long list.
fn largest<T: Real>(x: &[T]) -> f64 {
    in_halves(
        x,
        &|x| match x.len() < 2 * PIECE {
            true => Err(x),
            false => Ok(x.split_at(x.len() / 2).into()),
        },
        &largest_magnitude,
        &|a, b| if a.is_nan() || a > b { a } else { b },
    )
}

/// A buffer is halved if both halves have at least this number of elements. A thread updates a shorter part before
/// another thread has woken up.
const PIECE: usize = 1 << 17;

/// Parts of a buffer begin at multiples of this number of elements, as slices do.
const LINE: usize = 16;

/// Applies a rule to parameters and moments. Threads share a large buffer.
fn in_pieces<T: Real>(buffers: Buffers<'_, T>, gradient: &[T], rule: &Apply<'_, T>) {
    in_halves(
        (buffers, gradient),
        &|(mut buffers, gradient)| {
            if gradient.len() < 2 * PIECE {
                return Err((buffers, gradient));
            }
            let half = (gradient.len() / 2).next_multiple_of(LINE);
            let (first, rest) = gradient.split_at(half);
            Ok([(cut_off(&mut buffers, half), first), (buffers, rest)])
        },
        &|(mut buffers, gradient)| {
            if let [parameters, moments @ ..] = &mut buffers[..] {
                rule(parameters, gradient, moments);
            }
        },
        &|(), ()| (),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_buffer_is_cut_in_the_same_place() {
        let (mut a, mut b) = ([1, 2, 3], [4, 5, 6]);
        let mut buffers = [&mut a[..], &mut b];
        let first = cut_off(&mut buffers, 1);
        assert_eq!(first[..], [&[1][..], &[4]]);
        assert_eq!(buffers, [&[2, 3][..], &[5, 6]]);
    }

    #[test]
    fn a_rule_runs_on_copies_first_unless_it_is_declared_safe() {
        let runs = AtomicUsize::new(0);
        let rule = |_: &mut [f32], _: &[f32], _: &mut [&mut [f32]]| {
            runs.fetch_add(1, Ordering::Relaxed);
        };
        for (safe, derivative, expected) in
            [(3.0, -3.0, 1), (3.0, 3.1, 2), (f64::INFINITY, f32::MAX, 1)]
        {
            let update = Update::new([], &rule).safe_up_to(safe);
            update.apply(&mut [0.0], &[derivative]).unwrap();
            assert_eq!(runs.swap(0, Ordering::Relaxed), expected);
        }
        Update::new([], &rule).apply(&mut [0.0], &[1.0]).unwrap();
        assert_eq!(runs.into_inner(), 2);
    }

    #[test]
    fn the_largest_of_many_numbers_is_found_wherever_it_is_and_nan_wins() {
        let mut x = vec![1.0; 2 * PIECE + 3];
        assert_eq!(largest(&x), 1.0);
        let last = x.len() - 1;
        for (place, number) in [(0, -7.0_f64), (last, 9.0), (PIECE, -11.0)] {
            x[place] = number;
            assert_eq!(largest(&x), number.abs());
        }
        for place in [0, last] {
            x[place] = f64::NAN;
            assert!(largest(&x).is_nan());
            x[place] = 1.0;
        }
    }
}
