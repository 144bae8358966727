//! Functions that cannot be replayed, and wrong calls.

use autodiff::scalar::program::{Points, Program, ProgramError};
use autodiff::scalar::{Var, custom};

/// The error of a program of this function, at two points.
#[track_caller]
fn error(f: impl for<'t> Fn(&[Var<'t>], &[Var<'t>]) -> Vec<Var<'t>> + Send + Sync) -> ProgramError {
    let mut program = Program::new(1, 2, f);
    program
        .values(&[0.5], Points::Rows(&[1.0, 2.0, 3.0, 4.0]))
        .unwrap_err()
}

/// Checks the operation and the line of an error.
#[track_caller]
fn assert_at(error: &ProgramError, name: &str, line: u32) {
    let (ProgramError::Escaped {
        operation,
        location,
    }
    | ProgramError::Opaque {
        operation,
        location,
    }) = error
    else {
        panic!("{error}");
    };
    assert_eq!((*operation, location.line()), (name, line));
    assert!(error.to_string().contains("refusals.rs"));
}

#[test]
fn a_value_that_leaves_the_recording_is_an_error_with_its_line() {
    let line = line!() + 1;
    let found = error(|_, x| vec![x[0] * x[1].value()]);
    assert_at(&found, "value", line);
    let line = line!() + 1;
    let found = error(|_, x| vec![x[0] * num_traits::ToPrimitive::to_f64(&x[1]).unwrap()]);
    assert_at(&found, "to_f64", line);
    let line = line!() + 1;
    let found = error(|_, x| vec![x[0] * (x[1] * x[1]).gradients().wrt(x[1])]);
    assert_at(&found, "gradients", line);
    assert!(matches!(found, ProgramError::Escaped { .. }));
    let line = line!() + 2;
    let found = error(|_, x| {
        let product = x[0] * x[1];
        vec![x[0] * product.to_string().parse::<f64>().unwrap()]
    });
    assert_at(&found, "Display", line);
    // A function may be looked at.
    let mut seen = Program::new(0, 1, |_, x| {
        let _ = format!("{:?}", x[0]);
        vec![x[0]]
    });
    assert_eq!(seen.values(&[], Points::Rows(&[3.0])).unwrap(), [3.0]);
}

#[test]
fn a_closure_on_plain_numbers_is_an_error_with_its_line() {
    let line = line!() + 1;
    let found = error(|_, x| vec![x[0].custom(|x| (x * x, 2.0 * x))]);
    assert_at(&found, "custom", line);
    let line = line!() + 1;
    let found = error(|_, x| vec![custom(x, |x| (x[0], vec![1.0, 0.0]))]);
    assert_at(&found, "custom", line);
    assert!(matches!(found, ProgramError::Opaque { .. }));
}

#[test]
fn outputs_are_counted() {
    assert_eq!(error(|_, _| vec![]), ProgramError::NoOutputs);
    let found = error(|_, x| {
        if x[0] < 2.0 {
            vec![x[0]]
        } else {
            vec![x[0], x[1]]
        }
    });
    assert_eq!(
        found,
        ProgramError::Outputs {
            expected: 1,
            found: 2
        }
    );
}

#[test]
fn no_points_have_no_results() {
    let mut program = Program::new(1, 2, |s, x| vec![s[0] * x[0] + x[1]]);
    assert!(
        program
            .values(&[1.0], Points::Rows(&[]))
            .unwrap()
            .is_empty()
    );
    let (sum, gradient) = program.sum_and_gradient(&[1.0], Points::Rows(&[])).unwrap();
    assert_eq!((sum, gradient), (0.0, vec![0.0]));
}
