//! Checking gradients against finite differences.
//!
//! The derivatives that a tape gives are compared with difference quotients of the function. [`first_order`] and
//! [`second_order`] check a function of tensors, [`scalar_first_order`] and [`scalar_second_order`] a function of numbers;
//! either may contain operations of your own. [`Gradcheck`] has options.
//!
//! ```
//! use autodiff::{Tensor, gradcheck};
//!
//! let x = [Tensor::from([2.0, 3.0]), Tensor::from([0.5, 0.7])];
//! let report = gradcheck::first_order(|x| (x[0] * x[1].sin()).sum(), &x).unwrap();
//! assert!(report.largest_error < 1e-9);
//!
//! // An operation of your own with a wrong slope.
//! let checked = gradcheck::scalar_first_order(|x| x[0].custom(|x: f64| (x.sin(), 1.001 * x.cos())) * x[1], &[1.0, 2.0]);
//! let message = checked.unwrap_err().to_string();
//! assert!(message.starts_with("wrong to first order: the derivative of the result with respect to input 0 is 1.0816"));
//! ```
//!
//! # What is compared
//!
//! The derivative of each output with respect to each element of the inputs. Where there are many, random sums of outputs
//! are followed along random directions instead, and a wrong sum is traced to an output and an element.
//!
//! The quotients are central, with steps that are halved until the quotients extrapolated to step 0 settle (Ridders'
//! method). The first step is ¼ of the element, so a function may have any scale. How far the extrapolated quotients are
//! apart estimates their error. Two derivatives agree if they are no further apart than a bound, relative to the larger, or
//! than that error.
//!
//! So a mistake passes where the function's own rounding hides it, as a term of 1 is hidden beside one of 10¹⁶.
//! [`Report::uncertain`] counts the derivatives that are known less exactly than the bound. In double precision a slope
//! that is off by 0.1 % is found if it moves a derivative by 10⁻⁴ of itself or more. In single precision one that is off by
//! 5 % is found if it moves a derivative by 10⁻³ of itself or more, and the derivative times the element by 10⁻³ of the
//! function's value or more. A longer [step](Gradcheck::step) shows smaller ones.
//!
//! At the edge of the domain, where the function is NaN on one side or [`Gradcheck::domain`] ends, quotients are one-sided.
//! At a kink every slope but the mean of both sides is refused, and so is a derivative that is infinite or NaN on the tape.
//!
//! A function must have the same value whenever it is evaluated at the same point.
//!
//! # When a gradient is refused
//!
//! [`Mismatch`] tells both derivatives, the error of the difference quotient, and the plain quotients of two steps.
//!
//! - The two quotients are close to each other ([`Mismatch::spread`]), not to the tape's derivative: the rule is wrong. A
//!   ratio of the two derivatives such as 2 or −1 often tells how. If only the second order is refused, the gradient is
//!   right, and the rule computes it from values that are constants to the tape.
//! - The quotients of both sides stay apart ([`Mismatch::is_at_kink`]): the function has a kink or a jump there. Check it at
//!   another point.
//! - The two quotients are far apart: the function is rough at this scale, by noise, by a kink nearby, or by oscillation.
//!   Check it at another point, or pass a [`step`](Gradcheck::step) shorter than the distance to the kink, or a larger
//!   [`bound`](Gradcheck::bound).
//! - They are NaN: the function has no value near the point. Pass a shorter step.

mod check;
mod compare;
mod orders;
mod quotient;
mod report;
mod subject;

pub use report::{Error, Mismatch, Quantity, Quotient, Report};

use crate::scalar::{self, Dual, Scalar};
use crate::tensor::{Real, Tensor, Var};
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
    domains: Vec<(usize, (f64, f64))>,
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
}

/// Checks the gradient of `f` at the inputs `x`, see [`Gradcheck::first_order`].
///
/// # Errors
///
/// As there.
#[track_caller]
pub fn first_order<T: Real>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
    x: &[Tensor<T>],
) -> Result<Report, Error> {
    Gradcheck::new().first_order(f, x)
}

/// Checks the first and second derivatives of `f` at the inputs `x`, see [`Gradcheck::second_order`].
///
/// # Errors
///
/// As there.
#[track_caller]
pub fn second_order<T: Real>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
    x: &[Tensor<T>],
) -> Result<Report, Error> {
    Gradcheck::new().second_order(f, x)
}

/// Checks the gradient of a function of numbers at the inputs `x`, see [`Gradcheck::scalar_first_order`].
///
/// # Errors
///
/// As there.
#[track_caller]
pub fn scalar_first_order<T: Real + Scalar>(
    f: impl for<'t> Fn(&[scalar::Var<'t, T>]) -> scalar::Var<'t, T>,
    x: &[T],
) -> Result<Report, Error> {
    Gradcheck::new().scalar_first_order(f, x)
}

/// Checks the first and second derivatives of a function of numbers at the inputs `x`, see
/// [`Gradcheck::scalar_second_order`].
///
/// # Errors
///
/// As there.
#[track_caller]
pub fn scalar_second_order<T: Real + Scalar>(
    f: impl for<'t> Fn(&[scalar::Var<'t, Dual<T>>]) -> scalar::Var<'t, Dual<T>>,
    x: &[T],
) -> Result<Report, Error> {
    Gradcheck::new().scalar_second_order(f, x)
}
