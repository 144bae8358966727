//! The parts shared by the `mnist-demo` program and the checks of the paper: data, training, the comparison of the tape
//! with the δ formulas, plots, and the output folder.
//!
//! - [`data`]: the built-in MNIST, any data set in the same format, and the user's own images;
//! - [`model`], [`optimizer`], [`train`](mod@train): the network, the optimizer and the training;
//! - [`mistakes`](mod@mistakes), [`overflow`](mod@overflow): misclassified images, and layers that overflow;
//! - [`gradient`]: gradients by the tape or by the δ formulas;
//! - [`compare`](mod@compare): the tape against the δ formulas, for every weight and bias;
//! - [`report`]: results as text, tables and SVG files;
//! - [`output`]: files that are replaced together or not at all;
//! - [`together`](mod@together): errors on several ranks;
//! - [`render`]: digits and probabilities in the terminal, a sheet of digits as SVG, and an image as PNG;
//! - [`plot`]: curves as SVG, and the confusion matrix as SVG and text.
//!
//! Invalid input (files, folders and settings) is a typed error. Its message is one line that names the file or option
//! and the cause. This crate prints nothing: functions return values, and [`report`] formats them.

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
pub mod plot;
pub mod render;
pub mod report;
pub mod together;
pub mod train;

pub use error::Error;
