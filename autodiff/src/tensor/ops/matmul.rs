//! The matrix product, `Y = A B`, either factor read transposed or not.
//!
//! ```text
//! vjp   Ā = Ȳ Bᵀ,   B̄ = Aᵀ Ȳ
//! ```

use super::super::adjoints::Adjoints;
use super::super::algebra::Algebra;
use super::super::array::Tensor;
use super::super::element::Real;
use super::super::factor::{Factor, plain};
use super::super::op::{Op, Point, Value};
use super::super::sample::Sample;
use super::super::var::{Operand, Var};

/// The product of two matrices, each read as it lies or transposed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatMul {
    pub(crate) a_transposed: bool,
    pub(crate) b_transposed: bool,
}

impl<T: Real> Op<T> for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Value<T> {
        let a = Factor {
            array: x[0],
            transposed: self.a_transposed,
        };
        let b = Factor {
            array: x[1],
            transposed: self.b_transposed,
        };
        Algebra::product(a, b).into()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let a = Factor {
            array: at.x[0],
            transposed: self.a_transposed,
        };
        let b = Factor {
            array: at.x[1],
            transposed: self.b_transposed,
        };
        let y_bar = plain(&y_bar);
        // For op(A) = Aᵀ the adjoint of A is the transpose of that of op(A), (Ȳ op(B)ᵀ)ᵀ = op(B) Ȳᵀ.
        if self.a_transposed {
            x_bar.add_product(0, b, y_bar.flipped());
        } else {
            x_bar.add_product(0, y_bar, b.flipped());
        }
        if self.b_transposed {
            x_bar.add_product(1, y_bar.flipped(), a);
        } else {
            x_bar.add_product(1, a.flipped(), y_bar);
        }
    }
}

impl<T: Real> Tensor<T> {
    /// The matrix product `self · other`.
    ///
    /// Long sums are formed pairwise, so that the rounding error hardly grows with the inner extent.
    ///
    /// # Panics
    ///
    /// If one is not a matrix, or `self` has not as many columns as `other` has rows.
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, other: &Tensor<T>) -> Tensor<T> {
        Algebra::product(plain(self), plain(other))
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The matrix product `self · other`.
    ///
    /// In it and in its gradients 0 · ∞ is NaN: [a zero absorbs](super::super::Op#zero-meets-infinity) only elementwise.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0, 2.0]]);
    /// let b = tape.var([[3.0], [4.0]]);
    /// let y = a.matmul(b);
    /// assert_eq!(y.item(), 11.0);
    /// assert_eq!(y.gradients().wrt(a), Tensor::from([[3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If one is not a matrix, or `self` has not as many columns as `other` has rows.
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: impl Operand<'t, T>) -> Var<'t, T> {
        let operation = MatMul {
            a_transposed: false,
            b_transposed: false,
        };
        self.tape.record(operation, [self, other.on(self.tape)])
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let extents = [
        (1, 1, 1),
        (3, 4, 2),
        (1, 5, 1),
        (5, 1, 3),
        (2, 0, 3),
        (0, 3, 2),
        (3, 2, 0),
        (4, 4, 4),
        (7, 9, 17),
    ];
    let mut samples = Vec::new();
    for (m, k, n) in extents {
        samples.push(Sample::new("matmul", &[&[m, k], &[k, n]], |x| {
            x[0].matmul(x[1])
        }));
        for (a_transposed, b_transposed) in [(true, false), (false, true), (true, true)] {
            let a = if a_transposed { [k, m] } else { [m, k] };
            let b = if b_transposed { [n, k] } else { [k, n] };
            samples.push(Sample::new("matmul", &[&a, &b], move |x| {
                Algebra::product(
                    Factor {
                        array: &x[0],
                        transposed: a_transposed,
                    },
                    Factor {
                        array: &x[1],
                        transposed: b_transposed,
                    },
                )
            }));
        }
    }
    samples.push(Sample::new("matmul", &[&[3, 3]], |x| x[0].matmul(x[0])));
    samples
}
