//! The matrix product, `Y = A B`, with either factor transposed or not, and products of batches of matrices.
//!
//! ```text
//! vjp   Ā = Ȳ Bᵀ,   B̄ = Aᵀ Ȳ
//! ```

use super::prelude::*;
use crate::tensor::engine::factor::{Factor, multiply, plain};
use crate::tensor::storage::buffer::Pooled;
use autodiff_kernels::Write;
use autodiff_kernels::broadcast::Walk;
use autodiff_kernels::matmul;
use smallvec::SmallVec;

/// The product of two matrices, each transposed or not. Axes before the last two are batch axes and are broadcast.
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
        let ((before_a, [rows, inner]), (before_b, [inner_of_b, columns])) = (axes(a), axes(b));
        if inner == inner_of_b && before_a.is_empty() && before_b.is_empty() {
            return Tensor::made(Shape::from([rows, columns]), |y| {
                multiply("matmul", T::from_f64(1.0), a, b, 0..rows, y, Write::Set);
            });
        }
        let batch = Shape::from(before_a).broadcast(&Shape::from(before_b));
        let Some(batch) = batch.filter(|_| inner == inner_of_b) else {
            panic!("matmul: shapes {a} and {b} do not fit")
        };
        let shape: SmallVec<[usize; 4]> = batch.iter().copied().chain([rows, columns]).collect();
        Tensor::made(Shape::from(&shape[..]), |y| {
            multiply_batches(a, b, &batch, y);
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
        // If op(A) = Aᵀ, the adjoint of A is the transpose of the adjoint of op(A): (Ȳ op(B)ᵀ)ᵀ = op(B) Ȳᵀ.
        let of_a = if self.a_transposed {
            (b, y_bar.t())
        } else {
            (y_bar, b.t())
        };
        let of_b = if self.b_transposed {
            (y_bar.t(), a)
        } else {
            (a.t(), y_bar)
        };
        for (input, (left, right)) in [of_a, of_b].into_iter().enumerate() {
            if rank_of(at.y) == 2 {
                x_bar.add_product(input, left, right);
            } else {
                x_bar.add(input, || {
                    let (term, shape) = (A::product(left, right), at.x[input].shape());
                    if term.shape() == shape {
                        term
                    } else {
                        term.sum_to(shape)
                    }
                });
            }
        }
    }

    built_in!(MatMul);
}

impl MatMul {
    fn factors<'a, A>(&self, x: &[&'a A]) -> (Factor<'a, A>, Factor<'a, A>) {
        let factor = |array, transposed| Factor { array, transposed };
        (
            factor(x[0], self.a_transposed),
            factor(x[1], self.b_transposed),
        )
    }
}

fn rank_of<A: Algebra>(x: &A) -> usize {
    x.with_shape(|shape| shape.rank())
}

/// The batch axes of a factor, and its numbers of rows and columns.
///
/// # Panics
///
/// If it has fewer than two axes.
#[track_caller]
fn axes<'a, T: Real>(factor: Factor<'a, Tensor<T>>) -> (&'a [usize], [usize; 2]) {
    match &factor.array.shape()[..] {
        &[ref before @ .., rows, columns] if factor.transposed => (before, [columns, rows]),
        &[ref before @ .., rows, columns] => (before, [rows, columns]),
        shape => panic!("matmul: a matrix is wanted, and the shape is {shape:?}"),
    }
}

/// Writes the products of two batches of matrices, which are broadcast to the axes `batch`.
fn multiply_batches<T: Real>(
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    batch: &Shape,
    y: &mut [T],
) {
    let ((before_a, of_a), (before_b, of_b)) = (axes(a), axes(b));
    let ([rows, inner], [_, columns]) = (of_a, of_b);
    let walk = Walk::new(&Shape::from(before_a), &Shape::from(before_b), batch);
    walk.rows(|first_a, first_b, first| {
        for i in 0..walk.inner.extent {
            let (at_a, at_b) = (first_a + i * walk.inner.a, first_b + i * walk.inner.b);
            let a = a.read(&a.array.data()[at_a * rows * inner..][..rows * inner], of_a);
            let b = b.read(
                &b.array.data()[at_b * inner * columns..][..inner * columns],
                of_b,
            );
            let y = &mut y[(first + i) * rows * columns..][..rows * columns];
            matmul::matmul(T::from_f64(1.0), a, b, y, Write::Set, &Pooled);
        }
    });
}

methods! {
    /// Matrix products.
    pub trait MatMulMethods;

    /// Returns the matrix product `self · other`, or the products of two batches of matrices. The last two axes are the
    /// matrices' rows and columns; the axes before them are batch axes and are broadcast.
    ///
    /// Long sums are formed pairwise, so that the rounding error hardly grows with the inner extent.
    ///
    /// In the product and its gradients 0 · ∞ is NaN: a zero [absorbs](crate::tensor::Op#zero-meets-infinity) an
    /// infinity in elementwise operations only.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0, 2.0]]);
    /// let b = tape.var([[3.0], [4.0]]);
    /// let y = a.matmul(b);
    /// assert_eq!(y.item(), 11.0);
    /// assert_eq!(y.gradients().wrt(a), Tensor::from([[3.0, 4.0]]));
    ///
    /// let batch = tape.var(Tensor::new([3, 1, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    /// assert_eq!(batch.matmul(b).value(), Tensor::new([3, 1, 1], [11.0, 25.0, 39.0]));
    /// ```
    ///
    /// # Panics
    ///
    /// If an operand has fewer than two axes, the number of columns of `self` is not the number of rows of `other`, or
    /// the batch axes cannot be broadcast together.
    pub fn matmul(self, other: impl Operand<Self>) -> Self {
        let other = other.beside(self);
        let other = other.borrow();
        // One matrix for the whole batch: the rows of all matrices in the batch form a single matrix.
        if rank_of(self) > 2
            && rank_of(other) == 2
            && let (shape, matrix) = (self.shape(), other.shape())
            && let [ref rows @ .., inner] = shape[..]
            && inner == matrix[0]
        {
            let flat = self.reshape([rows.iter().product(), inner]);
            let product = Self::product(plain(&flat), plain(other));
            let shape: SmallVec<[usize; 4]> = rows.iter().copied().chain([matrix[1]]).collect();
            return product.reshape(&shape[..]);
        }
        Self::product(plain(self), plain(other))
    }

    /// Returns the product of two factors, each transposed or not; with more than two axes, the products of two
    /// batches, as [`matmul`](Self::matmul).
    ///
    /// # Panics
    ///
    /// As [`matmul`](Self::matmul).
    #[doc(hidden)]
    pub fn product(a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self {
        let product = MatMul { a_transposed: a.transposed, b_transposed: b.transposed };
        Self::apply(product, &[a.array, b.array])
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
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
    let mut checks = Vec::new();
    for (m, k, n) in extents {
        checks.push(CheckCase::new("matmul", &[&[m, k], &[k, n]], |x| {
            x[0].matmul(x[1])
        }));
        for (a_transposed, b_transposed) in [(true, false), (false, true), (true, true)] {
            let a = if a_transposed { [k, m] } else { [m, k] };
            let b = if b_transposed { [n, k] } else { [k, n] };
            checks.push(CheckCase::new("matmul", &[&a, &b], move |x| {
                product(x, a_transposed, b_transposed)
            }));
        }
    }
    let batches: [[&[usize]; 2]; 11] = [
        [&[2, 3, 2], &[2, 2, 3]],
        [&[2, 3, 2], &[2, 1]],
        [&[3, 2], &[2, 2, 1]],
        [&[1, 2, 2], &[3, 2, 1]],
        [&[2, 1, 1, 2], &[3, 2, 1]],
        [&[1, 1, 1], &[1, 1, 1]],
        [&[0, 2, 3], &[0, 3, 2]],
        [&[2, 0, 3], &[3, 2]],
        [&[2, 2, 3], &[3, 0]],
        [&[2, 2, 0], &[2, 0, 1]],
        [&[0, 2, 3], &[1, 3, 2]],
    ];
    let transpose = |shape: &[usize]| {
        let mut shape = shape.to_vec();
        let rank = shape.len();
        shape.swap(rank - 1, rank - 2);
        shape
    };
    for [a, b] in batches {
        checks.push(CheckCase::new("matmul", &[a, b], |x| x[0].matmul(x[1])));
        checks.push(CheckCase::new("matmul", &[&transpose(a), b], |x| {
            product(x, true, false)
        }));
        checks.push(CheckCase::new("matmul", &[a, &transpose(b)], |x| {
            product(x, false, true)
        }));
    }
    checks.push(CheckCase::new("matmul", &[&[3, 3]], |x| x[0].matmul(x[0])));
    checks
}

/// The product of two variables, each transposed or not.
fn product<'t>(x: &[Var<'t, f64>], a_transposed: bool, b_transposed: bool) -> Var<'t, f64> {
    let factor = |array, transposed| Factor { array, transposed };
    Var::product(factor(&x[0], a_transposed), factor(&x[1], b_transposed))
}
