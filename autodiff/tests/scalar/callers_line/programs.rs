//! Programs, and the sparse matrices of derivatives that replay them.

use super::Slopes;
use crate::refusals::{Checked, refused};
use autodiff::scalar::custom_function;
use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::sparse::{SparseHessian, SparseJacobian};

/// Calls these methods of a program with one shared input, two inputs of each point and one output, at two points: with
/// the right results, but wrong inputs.
macro_rules! wrong_inputs {
    ($($method:ident($($more:expr),*))*) => { $(
        refused("the length of the shared inputs is 0, and should be 1", || {
            product().$method(&[], Points::Rows(&[0.5; 4]), $($more),*)
        });
        refused("the points have 3 numbers, which is not a multiple of 2", || {
            product().$method(&[2.0], Points::Columns(&[0.5; 3]), $($more),*)
        });
    )* };
}

/// Calls these methods of a program with a wrong length of another slice.
macro_rules! wrong_lengths {
    ($($method:ident($($more:expr),*): $expected:literal;)*) => { $(
        refused($expected, || product().$method(&[2.0], Points::Rows(&[0.5; 4]), $($more),*));
    )* };
}

/// Calls these methods, which need one output, for a function of two.
macro_rules! several_outputs {
    ($($method:ident($($more:expr),*))*) => { $(
        refused("the function has 2 outputs, and should have 1", || {
            let mut program = Program::new(1, 2, |s, x| vec![s[0] * x[0], x[1]]);
            program.$method(&[2.0], Points::Rows(&[0.5; 4]), $($more),*)
        });
    )* };
}

fn product() -> Program<'static> {
    Program::new(1, 2, |s, x| vec![s[0] * x[0] * x[1]])
}

pub(super) fn methods(checked: &mut Checked) {
    // The macros call every method, so the names are listed here.
    for method in [
        "$name_into",
        "sum_and_gradient",
        "sum_and_gradient_into",
        "values",
        "values_into",
    ] {
        checked.also(&format!("scalar/program/computing.rs {method}"));
    }
    for method in ["new", "new_f32", "threads"] {
        checked.also(&format!("scalar/program/methods.rs {method}"));
    }
    refused("custom: 1 slopes for 2", || {
        let mut program = Program::new(0, 2, |_, x| vec![custom_function(x, &Slopes(1))]);
        program.values(&[], Points::Rows(&[0.5; 2]))
    });
    refused("program: a point has no inputs", || {
        Program::new(1, 0, |s, _| vec![s[0]])
    });
    refused("program: a point has no inputs", || {
        Program::new_f32(1, 0, |s, _| vec![s[0]])
    });
    refused("threads: the number of threads is 0", || {
        product().threads(0)
    });
    wrong_inputs! {
        values()
        values_into(&mut [0.0; 2])
        values_and_gradients()
        values_and_gradients_into(&mut [0.0; 2], &mut [0.0; 4])
        values_and_jacobians()
        values_and_jacobians_into(&mut [0.0; 2], &mut [0.0; 4])
        sum_and_gradient()
        sum_and_gradient_into(&mut [0.0])
        jvp(&[1.0; 4])
        jvp_into(&[1.0; 4], &mut [0.0; 2], &mut [0.0; 2])
        vjp(&[1.0; 2])
        vjp_into(&[1.0; 2], &mut [0.0; 2], &mut [0.0; 4])
        hvp(&[1.0; 4])
        hvp_into(&[1.0; 4], &mut [0.0; 4], &mut [0.0; 4])
    }
    wrong_lengths! {
        values_into(&mut [0.0; 3]): "values: the length of the first results is 3, and should be 2";
        values_and_gradients_into(&mut [0.0; 2], &mut [0.0; 3]):
            "values_and_gradients: the length of the second results is 3, and should be 4";
        values_and_jacobians_into(&mut [0.0; 4], &mut [0.0; 4]):
            "values_and_jacobians: the length of the first results is 4, and should be 2";
        sum_and_gradient_into(&mut [0.0; 2]):
            "sum_and_gradient: the length of the gradient is 2, and should be 1";
        jvp(&[1.0; 3]): "jvp: the length of the vectors is 3, and should be 4";
        jvp_into(&[1.0; 4], &mut [0.0; 2], &mut [0.0; 4]):
            "jvp: the length of the second results is 4, and should be 2";
        vjp(&[1.0; 4]): "vjp: the length of the vectors is 4, and should be 2";
        vjp_into(&[1.0; 2], &mut [0.0; 2], &mut [0.0; 2]):
            "vjp: the length of the second results is 2, and should be 4";
        hvp(&[1.0; 2]): "hvp: the length of the vectors is 2, and should be 4";
        hvp_into(&[1.0; 4], &mut [0.0; 2], &mut [0.0; 4]):
            "hvp: the length of the first results is 2, and should be 4";
    }
    several_outputs! {
        values_and_gradients()
        values_and_gradients_into(&mut [0.0; 4], &mut [0.0; 4])
        sum_and_gradient()
        sum_and_gradient_into(&mut [0.0])
        hvp(&[1.0; 4])
        hvp_into(&[1.0; 4], &mut [0.0; 4], &mut [0.0; 4])
    }
}

/// Calls every method of a sparse matrix of derivatives, of a function with two inputs, with a wrong length.
macro_rules! wrong_points {
    ($checked:ident: $($Matrix:ident in $file:literal of $f:expr, $values:ident, $values_into:ident, $outputs:expr;)*) => { $(
        let of = |method: &str| format!("scalar/program/sparse/{} {method}", $file);
        let matrix = || $Matrix::new($f, &[1.0, 2.0]).unwrap();
        $checked.refused(&of("new"), "inputs", || $Matrix::new($f, &[]));
        $checked.refused(&of("new_f32"), "inputs", || $Matrix::new_f32($f, &[]));
        $checked.refused(&of("extend"), "extend: the length of the point is 3, and should be 2", || {
            matrix().extend(&[0.0; 3])
        });
        $checked.refused(&of(stringify!($values)), "the length of the point is 1, and should be 2", || {
            matrix().$values(&[0.0])
        });
        $checked.refused(&of(stringify!($values_into)), "and should be", || {
            matrix().$values_into(&[0.0; 2], $outputs, &mut [0.0; 9])
        });
    )* };
}

pub(super) fn sparse_derivatives(checked: &mut Checked) {
    wrong_points! { checked:
        SparseJacobian in "jacobian.rs" of |x| vec![x[0] * x[1]],
            value_and_jacobian, value_and_jacobian_into, &mut [0.0];
        SparseHessian in "hessian.rs" of |x| x[0] * x[1],
            value_gradient_and_hessian, value_gradient_and_hessian_into, &mut [0.0; 2];
    }
}
