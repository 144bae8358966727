//! A step that has begun, and is applied to the parameters piece by piece.

use super::error::{Quantity, StepError};
use crate::split::split;
use autodiff::tensor::{Real, largest_magnitude};
use smallvec::SmallVec;
use std::fmt;

/// The most moments that an optimizer has for each parameter.
const MOMENTS: usize = 2;

/// What updates some parameters: the loop over them, their gradient, and their moments.
type Rule<'a, T> = dyn Fn(&mut [T], &[T], [&mut [T]; MOMENTS]) + Sync + 'a;

/// A step that an optimizer has begun: a rule that updates each parameter on its own, from its derivative and its moments.
///
/// ```
/// use nn::Update;
///
/// // AdaGrad (Duchi et al., 2011): one moment, the sum of squared derivatives, lowers the rate.
/// let (mut parameters, mut squares) = ([1.0, 2.0], [0.0, 0.0]);
/// let rule = |parameters: &mut [f64], gradient: &[f64], [squares, _]: [&mut [f64]; 2]| {
///     for ((x, g), sum) in parameters.iter_mut().zip(gradient).zip(squares) {
///         *sum += g * g;
///         *x -= 0.1 * g / (sum.sqrt() + 1e-10);
///     }
/// };
/// let update = Update::new([&mut squares, &mut []], &rule);
/// update.apply(&mut parameters, &[3.0, -0.5])?;
/// assert!((parameters[0] - 0.9).abs() < 1e-9 && (parameters[1] - 2.1).abs() < 1e-9);
/// assert_eq!(squares, [9.0, 0.25]);
/// # Ok::<(), nn::StepError>(())
/// ```
pub struct Update<'a, T> {
    pub(crate) moments: [&'a mut [T]; MOMENTS],
    pub(crate) rule: &'a Rule<'a, T>,
    safe_gradient: Option<f64>,
}

impl<'a, T: Real> Update<'a, T> {
    /// An update by a rule, which is called with some of the parameters, their derivatives, and the corresponding elements
    /// of the moments. A moment that the optimizer does not have is empty.
    #[must_use]
    pub fn new(moments: [&'a mut [T]; MOMENTS], rule: &'a Rule<'a, T>) -> Self {
        Update {
            moments,
            rule,
            safe_gradient: None,
        }
    }

    /// Declares that the rule keeps finite parameters and the moments finite, as long as no derivative is larger than this
    /// in magnitude. Then a step is first tried on copies only if one may be.
    #[must_use]
    pub fn safe_up_to(self, gradient: f64) -> Self {
        Update {
            safe_gradient: Some(gradient),
            ..self
        }
    }

    /// Whether the rule cannot make anything but finite numbers of finite parameters and derivatives that are at most this
    /// large. False if the bound is NaN.
    pub(crate) fn is_safe(&self, gradient: f64) -> bool {
        gradient <= T::MAX.to_f64() && self.safe_gradient.is_some_and(|safe| gradient <= safe)
    }

    /// Whether each moment is empty, or has an element for each of so many parameters.
    pub(crate) fn moments_fit(&self, parameters: usize) -> bool {
        let fits = |moment: &&mut [T]| moment.is_empty() || moment.len() == parameters;
        self.moments.iter().all(fits)
    }

    /// Updates all parameters; many are shared among the threads of the surrounding rayon pool.
    ///
    /// # Errors
    ///
    /// If a derivative, or a parameter or moment after the step, is not finite; nothing is changed then.
    ///
    /// # Panics
    ///
    /// If the buffers, or a moment that is not empty, differ in size.
    #[track_caller]
    pub fn apply(self, parameters: &mut [T], gradient: &[T]) -> Result<(), StepError> {
        assert!(
            parameters.len() == gradient.len() && self.moments_fit(parameters.len()),
            "update: {} parameters, a gradient of {} and moments of {:?} elements",
            parameters.len(),
            gradient.len(),
            self.moments.each_ref().map(|moment| moment.len())
        );
        self.check(parameters, gradient)?;
        let [first, second] = self.moments;
        in_pieces([parameters, first, second], gradient, self.rule);
        Ok(())
    }

    /// Whether the update leaves everything finite.
    pub(super) fn check(&self, parameters: &[T], gradient: &[T]) -> Result<(), StepError> {
        let is_safe = self.is_safe(largest(gradient)) && largest(parameters) <= T::MAX.to_f64();
        if is_safe {
            return Ok(());
        }
        self.rehearse(parameters, gradient)
    }

    /// Tries the update on copies, a few at a time.
    #[cold]
    fn rehearse(&self, parameters: &[T], gradient: &[T]) -> Result<(), StepError> {
        check_gradient(gradient)?;
        for (number, gradient) in gradient.chunks(COPIES).enumerate() {
            let begin = number * COPIES;
            let copy = |source: &[T]| -> SmallVec<[T; COPIES]> {
                let end = source.len().min(begin + gradient.len());
                SmallVec::from_slice(source.get(begin..end).unwrap_or_default())
            };
            let mut parameters = copy(parameters);
            let [mut first, mut second] = self.moments.each_ref().map(|moment| copy(moment));
            (self.rule)(&mut parameters, gradient, [&mut first, &mut second]);
            let results = [
                (Quantity::Moment, first),
                (Quantity::Moment, second),
                (Quantity::Parameter, parameters),
            ];
            for (quantity, values) in results {
                refuse_non_finite(quantity, begin, &values)?;
            }
        }
        Ok(())
    }
}

impl<T> fmt::Debug for Update<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").finish_non_exhaustive()
    }
}

/// The most parameters that are copied at a time to try an update on them.
const COPIES: usize = 256;

/// Refuses a gradient that is not finite.
pub(crate) fn check_gradient<T: Real>(gradient: &[T]) -> Result<(), StepError> {
    refuse_non_finite(Quantity::Gradient, 0, gradient)
}

/// Refuses values of which one is not finite, the first of which has the given index.
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

/// The largest magnitude among some numbers, which threads share if they are many; NaN if any is NaN.
fn largest<T: Real>(x: &[T]) -> f64 {
    if x.len() < 2 * PIECE || rayon::current_num_threads() == 1 {
        return largest_magnitude(x);
    }
    let (begin, end) = x.split_at(x.len() / 2);
    let (a, b) = rayon::join(|| largest(begin), || largest(end));
    if a.is_nan() || a > b { a } else { b }
}

/// Half as many elements as are shared between two threads. Far fewer are updated before another thread has woken.
const PIECE: usize = 1 << 17;

/// Slices begin at multiples of so many elements, and so do the pieces of a buffer.
const LINE: usize = 16;

/// Applies a rule to parameters and moments, in pieces where there are many elements.
fn in_pieces<T: Real>(
    [parameters, first, second]: [&mut [T]; 1 + MOMENTS],
    gradient: &[T],
    rule: &Rule<'_, T>,
) {
    if parameters.len() < 2 * PIECE || rayon::current_num_threads() == 1 {
        return rule(parameters, gradient, [first, second]);
    }
    let half = (parameters.len() / 2).next_multiple_of(LINE);
    let (begin, end) = split([parameters, first, second], half);
    let (gradient, other_gradient) = gradient.split_at(half);
    rayon::join(
        || in_pieces(begin, gradient, rule),
        || in_pieces(end, other_gradient, rule),
    );
}
