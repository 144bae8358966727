//! The matrix product, `Y = A B`, either factor read transposed or not.
//!
//! ```text
//! vjp   Ā = Ȳ Bᵀ,   B̄ = Aᵀ Ȳ
//! ```

use super::prelude::*;
use super::super::factor::{Factor, multiply, plain};
use super::super::kernels::Write;

/// The product of two matrices, each read as it lies or transposed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatMul {
    a_transposed: bool,
    b_transposed: bool,
}

impl<T: Real> Op<T> for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let (a, b) = self.factors(x);
        let ([rows, inner], [inner_of_b, columns]) = (a.extents("matmul"), b.extents("matmul"));
        assert!(inner == inner_of_b, "matmul: shapes {a} and {b} do not fit");
        Tensor::made(Shape::from([rows, columns]), |y| {
            multiply("matmul", T::from_f64(1.0), a, b, 0..rows, y, Write::Set);
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let (a, b) = self.factors(at.x);
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

    built_in!(MatMul);
}

impl MatMul {
    fn factors<'a, A>(&self, x: &[&'a A]) -> (Factor<'a, A>, Factor<'a, A>) {
        let factor = |array, transposed| Factor { array, transposed };
        (factor(x[0], self.a_transposed), factor(x[1], self.b_transposed))
    }
}

methods! {
    /// Matrix products.
    pub trait MatMulMethods;

    /// The matrix product `self · other`.
    ///
    /// Long sums are formed pairwise, so that the rounding error hardly grows with the inner extent.
    ///
    /// In it and in its gradients 0 · ∞ is NaN: [a zero absorbs](crate::tensor::Op#zero-meets-infinity) only elementwise.
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
    pub fn matmul(self, other: impl Operand<Self>) -> Self {
        Self::product(plain(self), plain(other.beside(self).borrow()))
    }

    /// The matrix product of two factors, each read as it lies or transposed.
    ///
    /// In it and in its gradients 0 · ∞ is NaN.
    ///
    /// # Panics
    ///
    /// If they are not matrices, or do not fit together.
    pub fn product(a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self {
        let product = MatMul { a_transposed: a.transposed, b_transposed: b.transposed };
        Self::apply(product, &[a.array, b.array])
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
                Var::product(
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
