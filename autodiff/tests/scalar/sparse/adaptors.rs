//! Sparse matrices of other crates, against dense ones.

use autodiff::scalar::sparse::{Pattern, SparseJacobian};
use autodiff::scalar::{Var, jacobian};

fn equations<'t>(x: [Var<'t>; 4]) -> [Var<'t>; 3] {
    [x[0] * x[3], x[1].sin(), x[0] + x[2] * x[3]]
}

/// A Jacobian matrix without a column of zeros, and its dense form.
fn problem() -> (SparseJacobian<'static>, [f64; 4], [[f64; 4]; 3]) {
    let x = [0.3, 0.7, -1.1, 2.0];
    let sparse =
        SparseJacobian::new(|x| equations([x[0], x[1], x[2], x[3]]).to_vec(), &[1.0; 4]).unwrap();
    (sparse, x, jacobian(equations, x))
}

/// Rows without nonzeros, and none at all.
fn strange() -> [Pattern; 3] {
    let none: [&[u32]; 3] = [&[], &[], &[]];
    [
        Pattern::from_rows(4, [&[][..], &[1, 3], &[]]),
        Pattern::from_rows(2, none),
        Pattern::from_rows(0, none),
    ]
}

#[cfg(feature = "faer")]
#[test]
fn faer() {
    let (mut sparse, x, dense) = problem();
    let mut matrix = sparse.pattern().to_faer();
    let mut y = [0.0; 3];
    sparse
        .value_and_jacobian_into(&x, &mut y, matrix.val_mut())
        .unwrap();
    let found = matrix.as_ref().to_dense();
    for (i, row) in dense.iter().enumerate() {
        for (j, &entry) in row.iter().enumerate() {
            assert_eq!(found[(i, j)], entry);
        }
    }
    for pattern in strange() {
        let matrix = pattern.to_faer::<f32>();
        assert_eq!(
            (matrix.nrows(), matrix.ncols()),
            (pattern.rows(), pattern.columns())
        );
        assert_eq!(matrix.compute_nnz(), pattern.nonzeros());
    }
}

#[cfg(feature = "nalgebra-sparse")]
#[test]
fn nalgebra() {
    let (mut sparse, x, dense) = problem();
    let mut matrix = sparse.pattern().to_nalgebra();
    let mut y = [0.0; 3];
    sparse
        .value_and_jacobian_into(&x, &mut y, matrix.values_mut())
        .unwrap();
    for (i, row) in dense.iter().enumerate() {
        for (j, &entry) in row.iter().enumerate() {
            let found = matrix.get_entry(i, j).expect("inside").into_value();
            assert_eq!(found, entry);
        }
    }
    for pattern in strange() {
        let matrix = pattern.to_nalgebra::<f32>();
        assert_eq!(
            (matrix.nrows(), matrix.ncols()),
            (pattern.rows(), pattern.columns())
        );
        assert_eq!(matrix.nnz(), pattern.nonzeros());
    }
}
