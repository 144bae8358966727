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
mod options;
mod orders;
mod quotient;
mod report;
mod subject;

pub use options::{FIRST_ORDER_BOUND, Gradcheck, SECOND_ORDER_BOUND};
pub use report::{Checked, Error, Mismatch, Quotient, Report};

use crate::scalar::{self, Dual, Scalar};
use crate::tensor::{Real, Tensor, Var};

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
