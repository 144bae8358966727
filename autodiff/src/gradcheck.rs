//! A checker of gradients: it compares the derivatives on a tape with finite differences.
//!
//! It is for everybody who writes an operation with its own derivative, or a model that contains one. The crate's tests
//! check every built-in operation with it. [`first_order`] and [`second_order`] check a function of tensors,
//! [`scalar_first_order`] and [`scalar_second_order`] a function of numbers. [`Gradcheck`] has options.
//!
//! # A first example
//!
//! ```
//! use autodiff::{Tensor, gradcheck};
//!
//! let x = [Tensor::from([2.0, 3.0]), Tensor::from([0.5, 0.7])];
//! let report = gradcheck::first_order(|x| (x[0] * x[1].sin()).sum(), &x).unwrap();
//! assert!(report.largest_error < 1e-9);
//!
//! // A custom operation with a wrong slope.
//! let checked = gradcheck::scalar_first_order(|x| x[0].custom(|x: f64| (x.sin(), 1.001 * x.cos())) * x[1], &[1.0, 2.0]);
//! let message = checked.unwrap_err().to_string();
//! assert!(message.starts_with("wrong to first order: the derivative of the result with respect to input 0 is 1.0816"));
//! ```
//!
//! # What is compared
//!
//! The checker compares the derivative of each output with respect to each element of the inputs. For many elements or
//! outputs it compares derivatives of random sums of outputs along random directions instead, and traces a wrong
//! derivative to an output and an element.
//!
//! The difference quotients are central. Their step is halved until the quotients, extrapolated to step 0, settle
//! (Ridders' method). The first step is ¼ of the element, so a function may have any scale. The distance between
//! extrapolated quotients estimates their error. Two derivatives agree if their difference is at most a bound, relative
//! to the larger, or at most the estimated error.
//!
//! At the edge of the domain, where the function is NaN on one side or [`Gradcheck::domain`] ends, quotients are
//! one-sided. At a kink every slope except the mean of both sides is refused. A derivative that is infinite or NaN on
//! the tape is refused too.
//!
//! # When a gradient is refused
//!
//! [`Mismatch`] holds both derivatives, the estimated error of the difference quotient, and the plain quotients of two
//! steps.
//!
//! - The two quotients are close to each other ([`Mismatch::gap`]), but not to the tape's derivative: the rule is
//!   wrong. A ratio of the two derivatives, for instance 2 or −1, often shows the mistake. If only the second order is
//!   refused, the gradient is right, but the rule computes it from values that are constants to the tape.
//! - The quotients of both sides stay apart ([`Mismatch::is_at_kink`]): the function has a kink or a jump there. Check
//!   it at another point.
//! - The two quotients are far apart: the function is rough at this scale, because of noise, a kink nearby, or
//!   oscillation. Check it at another point, or pass a [`step`](Gradcheck::step) shorter than the distance to the kink,
//!   or a larger [`bound`](Gradcheck::bound).
//! - The two quotients are NaN: the function has no value near the point. Pass a shorter step.
//!
//! # Where to go next
//!
//! [`Report`] describes a check that succeeded, [`Error`] one that failed. [`Gradcheck`] sets the step, the bound, the
//! domain and the number of directions. [`tensor::Op`](crate::tensor::Op) and [`scalar::custom`] define an operation
//! with its own derivative. The [table](crate::elementwise) documents the slope of each function at a kink or a pole.
//!
//! # What it is not
//!
//! It is not a proof. It checks the derivatives at one point, and a mistake passes where the function's own rounding
//! hides it, as 10¹⁶ hides a term of 1. [`Report::uncertain`] counts the derivatives that are known less exactly than
//! the bound. In double precision a slope that is off by 0.1 % is found if it changes a derivative by 10⁻⁴ of itself or
//! more. In single precision a slope that is off by 5 % is found if it changes a derivative by 10⁻³ of itself or more,
//! and the derivative times the element by 10⁻³ of the function's value or more. A longer [step](Gradcheck::step) finds
//! smaller mistakes.
//!
//! It cannot check a function that is not deterministic: a function must have the same value whenever it is evaluated
//! at the same point.

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

/// Checks the gradient of a function `f` of tensors at the inputs `x`, with the default options. The result of `f` may
/// have any shape.
///
/// # Errors
///
/// [`Error::NotFinite`] if `f(x)` is NaN or infinite. [`Error::Mismatch`] if a derivative is wrong. See
/// [`Gradcheck::first_order`].
#[track_caller]
pub fn first_order<T: Real>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
    x: &[Tensor<T>],
) -> Result<Report, Error> {
    Gradcheck::new().first_order(f, x)
}

/// Checks the first and second derivatives of a function `f` of tensors at the inputs `x`, with the default options.
///
/// # Errors
///
/// [`Error::NotFinite`] if `f(x)` is NaN or infinite. [`Error::Mismatch`] if a first or second derivative is wrong. See
/// [`Gradcheck::second_order`].
#[track_caller]
pub fn second_order<T: Real>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T>,
    x: &[Tensor<T>],
) -> Result<Report, Error> {
    Gradcheck::new().second_order(f, x)
}

/// Checks the gradient of a function `f` of numbers at the inputs `x`, with the default options.
///
/// # Errors
///
/// [`Error::NotFinite`] if `f(x)` is NaN or infinite. [`Error::Mismatch`] if a derivative is wrong. See
/// [`Gradcheck::scalar_first_order`].
#[track_caller]
pub fn scalar_first_order<T: Real + Scalar>(
    f: impl for<'t> Fn(&[scalar::Var<'t, T>]) -> scalar::Var<'t, T>,
    x: &[T],
) -> Result<Report, Error> {
    Gradcheck::new().scalar_first_order(f, x)
}

/// Checks the first and second derivatives of a function `f` of numbers at the inputs `x`, with the default options.
///
/// # Errors
///
/// [`Error::NotFinite`] if `f(x)` is NaN or infinite. [`Error::Mismatch`] if a first or second derivative is wrong. See
/// [`Gradcheck::scalar_second_order`].
#[track_caller]
pub fn scalar_second_order<T: Real + Scalar>(
    f: impl for<'t> Fn(&[scalar::Var<'t, Dual<T>>]) -> scalar::Var<'t, Dual<T>>,
    x: &[T],
) -> Result<Report, Error> {
    Gradcheck::new().scalar_second_order(f, x)
}
