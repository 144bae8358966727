//! The options of a check.

use crate::tensor::Real;
use std::ops::{Bound, RangeBounds};

/// The default bound for first derivatives in double precision: the largest accepted difference of two derivatives,
/// relative to the larger one.
pub const FIRST_ORDER_BOUND: f64 = 1e-8;

/// The default bound for second derivatives in double precision: the largest accepted difference of two derivatives,
/// relative to the larger one.
pub const SECOND_ORDER_BOUND: f64 = 1e-7;

/// A check of gradients with options. It can be used for any number of functions.
///
/// ```
/// use autodiff::{Tensor, gradcheck::Gradcheck};
///
/// // A function in single precision, with a kink nearby, which must not be evaluated above 1.
/// let check = Gradcheck::new().step(1e-2).bound(1e-3).domain(0, ..=1.0);
/// let x = Tensor::<f32>::from([0.9, 0.98]);
/// check.first_order(|x| (1.0 - x[0]).sqrt() * (x[0] - 0.85).abs(), &[x]).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gradcheck {
    step: Option<f64>,
    bound: Option<f64>,
    directions: Option<usize>,
    pub(super) domains: Vec<(usize, (f64, f64))>,
}

impl Gradcheck {
    /// Returns a check with the default options.
    #[must_use]
    pub fn new() -> Self {
        Gradcheck::default()
    }

    /// Sets the longest step, relative to the absolute value of the element that is changed. The default is ¼.
    ///
    /// A longer step finds smaller mistakes where rounding errors hide the derivative. A shorter step avoids a kink
    /// nearby.
    ///
    /// # Panics
    ///
    /// If `step` is not positive and finite.
    #[must_use]
    #[track_caller]
    pub fn step(mut self, step: f64) -> Self {
        assert!(
            step > 0.0 && step.is_finite(),
            "gradcheck: the step is {step}, not a positive number"
        );
        self.step = Some(step);
        self
    }

    /// Sets the largest accepted difference of two derivatives, relative to the larger one.
    ///
    /// The default is [`FIRST_ORDER_BOUND`] or [`SECOND_ORDER_BOUND`], and in single precision 3e-4 or 3e-3. Where the
    /// difference quotients are less exact than the bound, their estimated error is accepted instead.
    ///
    /// # Panics
    ///
    /// If `bound` is not positive and finite.
    #[must_use]
    #[track_caller]
    pub fn bound(mut self, bound: f64) -> Self {
        assert!(
            bound > 0.0 && bound.is_finite(),
            "gradcheck: the bound is {bound}, not a positive number"
        );
        self.bound = Some(bound);
        self
    }

    /// Checks random sums of the outputs along `directions` random directions. This costs less than a check of each
    /// derivative separately, and finds less.
    ///
    /// By default, 8 random directions are used if the inputs have more than 64 elements, and random sums are used if
    /// there are more than 32 outputs.
    ///
    /// # Panics
    ///
    /// If `directions` is 0.
    #[must_use]
    #[track_caller]
    pub fn directions(mut self, directions: usize) -> Self {
        assert!(directions > 0, "gradcheck: a check along no direction");
        self.directions = Some(directions);
        self
    }

    /// Sets the interval in which the function may be evaluated, for all elements of the input with the index `input`.
    ///
    /// At the edge of the interval, difference quotients are one-sided. The option is not needed for a function that is
    /// NaN outside its domain.
    #[must_use]
    pub fn domain(mut self, input: usize, numbers: impl RangeBounds<f64>) -> Self {
        let low = match numbers.start_bound() {
            Bound::Included(&low) => low,
            Bound::Excluded(low) => low.next_up(),
            Bound::Unbounded => f64::NEG_INFINITY,
        };
        let high = match numbers.end_bound() {
            Bound::Included(&high) => high,
            Bound::Excluded(high) => high.next_down(),
            Bound::Unbounded => f64::INFINITY,
        };
        self.domains.push((input, (low, high)));
        self
    }

    /// Returns how a function of elements of type `T` is checked to the given order.
    pub(super) fn method<T: Real>(&self, order: usize) -> Scheme {
        let is_single = T::EPSILON.to_f64() > f64::EPSILON;
        let bound = match (order, is_single) {
            (1, false) => FIRST_ORDER_BOUND,
            (_, false) => SECOND_ORDER_BOUND,
            (1, true) => 3e-4,
            (_, true) => 3e-3,
        };
        Scheme {
            step: self.step.unwrap_or(0.25),
            bound: self.bound.unwrap_or(bound),
            directions: self.directions,
        }
    }
}

/// How a function is checked.
pub(super) struct Scheme {
    /// The longest step, relative to the absolute value of each element.
    pub(super) step: f64,
    pub(super) bound: f64,
    /// The number of random directions; `None` if the numbers of elements and outputs decide.
    pub(super) directions: Option<usize>,
}
