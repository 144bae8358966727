//! The options of a check.

use crate::tensor::Real;
use std::ops::{Bound, RangeBounds};

/// The first-order bound in double precision: how far two derivatives may be apart, relative to the larger.
pub const FIRST_ORDER_BOUND: f64 = 1e-8;

/// The second-order bound, likewise.
pub const SECOND_ORDER_BOUND: f64 = 1e-7;

/// A check with options. It can be used for any number of functions.
///
/// ```
/// use autodiff::{Tensor, gradcheck::Gradcheck};
///
/// // Of single precision, with a kink not far away, and not to be evaluated above 1.
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
    /// A check without options.
    #[must_use]
    pub fn new() -> Self {
        Gradcheck::default()
    }

    /// The longest step, relative to the size of the element that is changed; ¼ without this option.
    ///
    /// A longer one shows more where rounding errors hide the derivative.
    ///
    /// # Panics
    ///
    /// If it is not positive and finite.
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

    /// How far apart the two derivatives may be, relative to the larger.
    ///
    /// Without this option it is [`FIRST_ORDER_BOUND`] or [`SECOND_ORDER_BOUND`], and in single precision 3e-4 or 3e-3. Where
    /// difference quotients are less exact than that, the derivatives may be apart by the error of these.
    ///
    /// # Panics
    ///
    /// If it is not positive and finite.
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

    /// Follows random sums of the outputs along this many random directions, which costs less than each derivative on its
    /// own and tells less.
    ///
    /// Without this option, that is done along 8 directions if the inputs have more than 64 elements, and sums are
    /// taken of more than 32 outputs.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub fn directions(mut self, directions: usize) -> Self {
        assert!(directions > 0, "gradcheck: a check along no direction");
        self.directions = Some(directions);
        self
    }

    /// The interval of numbers at which the function may be evaluated, for all elements of an input.
    ///
    /// Where a point lies at the edge of it, difference quotients are one-sided. The option is not needed where the function
    /// is NaN outside.
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

    /// How a function of elements of type `T` is checked to an order.
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
    /// The longest step, relative to the size of each element.
    pub(super) step: f64,
    pub(super) bound: f64,
    /// The number of random directions, if neither elements nor outputs are to be taken one by one.
    pub(super) directions: Option<usize>,
}
