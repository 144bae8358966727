//! Embeddings of words.

use crate::{Builder, Initializer, Param, Pass};
use autodiff::tensor::{Algebra, Tensor};

/// A table with a row of numbers for each word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Embedding {
    /// The rows, (words, width).
    pub table: Param,
}

impl Embedding {
    /// A table whose numbers are drawn from the standard normal distribution.
    ///
    /// # Panics
    ///
    /// If the builder has a `table` already.
    #[must_use]
    #[track_caller]
    pub fn new(b: &Builder, words: usize, width: usize) -> Embedding {
        Embedding {
            table: b.param("table", [words, width], Initializer::Normal(1.0)),
        }
    }

    /// The rows of some words: one more axis than the words have.
    ///
    /// # Panics
    ///
    /// If there is no such word.
    #[must_use]
    #[track_caller]
    pub fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, words: &Tensor<u32>) -> A {
        pass[self.table].gather(0, words.clone())
    }

    /// The product of each row of `x` with the rows of all words: logits of words, with the weights of the table.
    ///
    /// # Panics
    ///
    /// If `x` is not a matrix whose rows are as wide as those of the table.
    #[must_use]
    #[track_caller]
    pub fn logits<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
        x.matmul(pass[self.table].transpose())
    }
}
