//! Embeddings of words.

use crate::{Builder, Initializer, Param, Pass};
use autodiff::tensor::{Algebra, Tensor};

/// An embedding: a table with a vector for each word, as a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Embedding {
    /// The table, (words, width).
    pub table: Param,
}

impl Embedding {
    /// Returns an embedding whose table is drawn from the standard normal distribution.
    ///
    /// # Panics
    ///
    /// If the builder already has a parameter `table`.
    #[must_use]
    #[track_caller]
    pub fn new(b: &Builder, words: usize, width: usize) -> Embedding {
        Embedding {
            table: b.param("table", [words, width], Initializer::Normal(1.0)),
        }
    }

    /// Returns the rows of the given words. The result has the axes of `words` and a last axis of size `width`.
    ///
    /// # Panics
    ///
    /// If a word is not below the number of rows.
    #[must_use]
    #[track_caller]
    pub fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, words: &Tensor<u32>) -> A {
        pass[self.table].gather(0, words.clone())
    }

    /// Returns `x Tᵀ` for the table T: a logit for each word, with weights shared between input and output.
    ///
    /// # Panics
    ///
    /// If `x` is not a matrix with `width` columns.
    #[must_use]
    #[track_caller]
    pub fn logits<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
        x.matmul(pass[self.table].transpose())
    }
}
