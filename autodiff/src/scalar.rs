//! scalar
mod checkpoint;
mod derivatives;
mod dual;
pub mod general;
mod many;
mod number;
mod operators;
mod point;
mod store;
mod sweep;
mod tape;
mod trace;
mod var;

pub use derivatives::{
    Mode, derivative, gradient, hessian, hvp, jacobian, jacobian_by, jvp, value_and_gradient, vjp,
};
pub use dual::Dual;
pub use many::{custom, dot, linear_combination, log_sum_exp, norm};
pub use number::Scalar;
pub use point::Point;
pub use sweep::Gradients;
pub use tape::Tape;
pub use trace::{Operand, Operation, Step};
pub use var::Var;
