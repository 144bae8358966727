//! Sparse matrices of the crate `faer`.

use super::pattern::Pattern;
use ::faer::sparse::{SparseRowMat, SymbolicSparseRowMat};

/// With the feature `faer`.
impl Pattern {
    /// Returns a matrix of zeros with this pattern, as a sparse matrix of the crate `faer`, in which a computation
    /// writes its nonzeros in place.
    ///
    /// The following iteration of Newton solves the equations of a function with a sparse Jacobian matrix:
    ///
    /// ```
    /// use autodiff::scalar::sparse::SparseJacobian;
    /// use faer::linalg::solvers::Solve;
    /// use faer::prelude::ColMut;
    ///
    /// // x₀² = 2, and each of the others is the root of the one before it.
    /// let mut x = [1.0; 4];
    /// let mut jacobian = SparseJacobian::new(
    ///     |x| {
    ///         let others = x.windows(2).map(|pair| pair[1].square() - pair[0]);
    ///         [x[0].square() - 2.0].into_iter().chain(others).collect()
    ///     },
    ///     &x,
    /// )?;
    /// let mut matrix = jacobian.pattern().to_faer();
    /// let mut y = [0.0; 4];
    /// for _ in 0..6 {
    ///     jacobian.value_and_jacobian_into(&x, &mut y, matrix.val_mut())?;
    ///     matrix.as_ref().sp_lu()?.solve_in_place(ColMut::from_slice_mut(&mut y));
    ///     x.iter_mut().zip(&y).for_each(|(x, step)| *x -= step);
    /// }
    /// assert!((x[3] - 2_f64.powf(0.0625)).abs() < 1e-15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Its transpose, `matrix.transpose()`, is a view in compressed sparse columns (CSC) without a copy, and
    /// `to_col_major` copies it into columns. A [`SparseHessian`](super::SparseHessian) has the lower triangle only, as
    /// `sp_cholesky` with `Side::Lower` takes it:
    ///
    /// ```
    /// use autodiff::scalar::sparse::SparseHessian;
    /// use faer::linalg::solvers::Solve;
    /// use faer::{Side, col};
    ///
    /// let mut hessian = SparseHessian::new(|x| x[0].square() + (x[0] + x[1]).square(), &[0.0, 0.0])?;
    /// let mut matrix = hessian.pattern().to_faer();
    /// let mut gradient = [0.0; 2];
    /// hessian.value_gradient_and_hessian_into(&[1.0, 2.0], &mut gradient, matrix.val_mut())?;
    /// let step = matrix.as_ref().sp_cholesky(Side::Lower)?.solve(col![gradient[0], gradient[1]]);
    /// // The minimum is at the origin.
    /// assert!((step[0] - 1.0).abs() < 1e-15 && (step[1] - 2.0).abs() < 1e-15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_faer<T: Default + Clone>(&self) -> SparseRowMat<usize, T> {
        let structure = SymbolicSparseRowMat::new_checked(
            self.rows(),
            self.columns(),
            self.offsets().to_vec(),
            None,
            self.wide_indices(),
        );
        SparseRowMat::new(structure, vec![T::default(); self.nonzeros()])
    }
}
