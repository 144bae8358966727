//! The tensor tape and its operations, from outside.

mod every_op;
mod kept_gradients;
mod tape;
