//! scalar
mod checkpoint;
mod derivatives;
mod dual;
pub mod general;
mod many;
mod marks;
mod nodes;
mod number;
mod operators;
mod point;
mod report;
mod store;
mod sweep;
mod tape;
mod trace;
mod var;

pub use checkpoint::checkpoint;
pub use derivatives::{
    Mode, derivative, gradient, hessian, hvp, jacobian, jacobian_by, jvp, value_and_gradient, vjp,
};
pub use dual::Dual;
pub use many::{custom, dot, linear_combination, log_sum_exp, norm};
pub use marks::Mark;
pub use nodes::Node;
pub use number::Scalar;
pub use point::Point;
pub use report::{Finding, Trouble};
pub use sweep::Gradients;
pub use tape::Tape;
pub use trace::{Operand, Operation, Step};
pub use var::Var;
