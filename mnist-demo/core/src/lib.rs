//! What the `mnist-demo` program and the walk through the paper share: data, training, the comparison of the tape with the
//! δ formulas, plots and pictures, and the folder that results are written to.
//!
//! - [`data`]: the built-in MNIST, any data set in the same format, and single pictures of the user's own;
//! - [`model`], [`optimizer`], [`train`](mod@train), [`mistakes`](mod@mistakes),
//!   [`overflow`](mod@overflow): a network, what it is shown, how it learns, and where it fails;
//! - [`gradient`]: how gradients are computed, by the tape or by the δ formulas;
//! - [`compare`](mod@compare): the tape against the δ formulas, for every weight and bias;
//! - [`report`]: results as text, tables and pictures;
//! - [`output`]: files that are replaced together or not at all;
//! - [`picture`]: digits and probabilities in the terminal, and a sheet of digits as SVG;
//! - [`plot`]: curves and the confusion matrix as SVG, and the latter as text.
//!
//! Bad input (files, folders and settings) gives a typed error whose message is one line that names the file or option
//! and the cause. Nothing here prints: functions return values, and [`report`] turns them into text.

#![forbid(unsafe_code)]

pub mod compare;
pub mod data;
mod error;
pub mod gradient;
pub mod mistakes;
pub mod model;
pub mod optimizer;
pub mod output;
pub mod overflow;
pub mod picture;
pub mod plot;
pub mod report;
pub mod train;

pub use error::Error;
