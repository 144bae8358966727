//! The parts that the demo is made of: the data it learns from, the pictures it draws and the
//! folder it writes into.
//!
//! - [`data`]: MNIST as built in, any data set in the same files, and a single picture of the
//!   user's own;
//! - [`output`]: files that are replaced whole or not at all;
//! - [`picture`]: digits and probabilities in the terminal, and a sheet of digits as SVG;
//! - [`plot`]: curves and the confusion matrix as SVG, and the latter as text.
//!
//! What comes from outside (files and folders) answers with a typed error whose message is one
//! line that names the file and the cause.

pub mod data;
pub mod output;
pub mod picture;
pub mod plot;
