//! Sparse matrices of the crate `nalgebra-sparse`.

use super::pattern::Pattern;
use nalgebra_sparse::CsrMatrix;

/// With the feature `nalgebra-sparse`.
impl Pattern {
    /// Returns a matrix of zeros with this pattern, as a sparse matrix of the crate `nalgebra-sparse`, in which a
    /// computation writes its nonzeros in place.
    ///
    /// ```
    /// use autodiff::scalar::sparse::SparseJacobian;
    /// use nalgebra_sparse::na::DVector;
    ///
    /// let mut jacobian = SparseJacobian::new(
    ///     |x| x.windows(2).map(|pair| (pair[1] - pair[0]).square()).collect(),
    ///     &[0.0, 1.0, 3.0],
    /// )?;
    /// let mut matrix = jacobian.pattern().to_nalgebra();
    /// let mut y = [0.0; 2];
    /// jacobian.value_and_jacobian_into(&[1.0, 2.0, 5.0], &mut y, matrix.values_mut())?;
    /// assert_eq!(&matrix * DVector::from_element(3, 1.0), DVector::from_element(2, 0.0));
    /// # Ok::<(), autodiff::scalar::program::ProgramError>(())
    /// ```
    ///
    /// `CscMatrix::from(&matrix)` copies it into compressed sparse columns (CSC). A
    /// [`SparseHessian`](super::SparseHessian) has the lower triangle only. The whole matrix, which the Cholesky
    /// decomposition of `nalgebra-sparse` needs, is the sum of both triangles without one diagonal:
    ///
    /// ```
    /// use autodiff::scalar::sparse::SparseHessian;
    /// use nalgebra_sparse::na::DVector;
    /// use nalgebra_sparse::{CscMatrix, factorization::CscCholesky};
    ///
    /// let mut hessian = SparseHessian::new(|x| x[0].square() + (x[0] + x[1]).square(), &[0.0, 0.0])?;
    /// let mut lower = hessian.pattern().to_nalgebra();
    /// let mut gradient = [0.0; 2];
    /// hessian.value_gradient_and_hessian_into(&[1.0, 2.0], &mut gradient, lower.values_mut())?;
    /// let whole = &lower + lower.transpose() - lower.diagonal_as_csr();
    /// let step = CscCholesky::factor(&CscMatrix::from(&whole))?.solve(&DVector::from_row_slice(&gradient));
    /// // The minimum is at the origin.
    /// assert!((step[0] - 1.0).abs() < 1e-15 && (step[1] - 2.0).abs() < 1e-15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_nalgebra<T: Default + Clone>(&self) -> CsrMatrix<T> {
        let matrix = CsrMatrix::try_from_csr_data(
            self.rows(),
            self.columns(),
            self.offsets().to_vec(),
            self.wide_indices(),
            vec![T::default(); self.nonzeros()],
        );
        matrix.expect("the rows of a pattern are ascending")
    }
}
