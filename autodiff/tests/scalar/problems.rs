//! Problems for `argmin`: their derivatives against those of a tape, and their errors.

use argmin::core::{CostFunction, Error, Gradient, Hessian, Jacobian, Operator};
use argmin_math::{ArgminDot, ArgminInv, ArgminTranspose};
use autodiff::scalar::problems::{Cost, LeastSquares, Matrix, ProblemError};
use autodiff::scalar::program::{Program, ProgramError};
use autodiff::scalar::{Dual, Scalar, Var, general};

/// A function of three parameters and a datum of two numbers, with a branch.
fn error<'t, T: Scalar>(s: &[Var<'t, T>], x: &[Var<'t, T>]) -> Var<'t, T> {
    let curve = s[0] * (-s[1] * x[0]).exp() + s[2].sin() * x[0];
    if x[0] < x[1] {
        curve - x[1]
    } else {
        (curve - x[1]).tanh()
    }
}

/// Enough data for several strips, on both paths.
fn data(points: usize) -> Vec<f64> {
    let number = |i: usize| (i as f64 * 0.37).sin() * 2.0;
    (0..2 * points).map(number).collect()
}

const PARAMETERS: [f64; 3] = [0.7, 0.4, -0.2];

/// The residuals at all data, as a function of the parameters.
fn residuals<'t, T: Scalar>(s: &[Var<'t, T>], data: &[f64]) -> Vec<Var<'t, T>> {
    let datum = |x: &[f64]| [0, 1].map(|i| Var::constant(T::from_f64(x[i])));
    data.chunks_exact(2).map(|x| error(s, &datum(x))).collect()
}

fn cost<'t, T: Scalar>(s: &[Var<'t, T>], data: &[f64]) -> Var<'t, T> {
    residuals(s, data).into_iter().map(|r| r * r).sum()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-13 * size,
            "{found} {expected}"
        );
    }
}

/// Checks a cost against general functions of a tape.
fn check_cost(cost: &Cost<'_>, f: impl for<'t> Fn(&[Var<'t, Dual>]) -> Var<'t, Dual>, x: &[f64]) {
    let hessian = general::hessian(&f, x).concat();
    let gradient = general::hvp(&f, x, &vec![0.0; x.len()]).0;
    let values = general::jvp(
        |x| vec![f(x)],
        &x.iter().map(|&x| Dual::constant(x)).collect::<Vec<_>>(),
        &vec![Dual::constant(0.0); x.len()],
    )
    .0;
    let x = x.to_vec();
    assert_close(&[cost.cost(&x).unwrap()], &[values[0].value]);
    assert_close(&cost.gradient(&x).unwrap(), &gradient);
    assert_close(cost.hessian(&x).unwrap().entries(), &hessian);
}

#[test]
fn costs_have_the_derivatives_of_a_tape() {
    let squared = || Program::new(3, 2, |s, x| vec![error(s, x).square()]);
    for points in [1, 2, 63, 64, 65, 300] {
        let data = &data(points);
        let problem = Cost::with_data(squared(), data).unwrap();
        check_cost(&problem, |s| cost(s, data), &PARAMETERS);
        check_cost(
            &Cost::on_tape(|s| cost(s, data)),
            |s| cost(s, data),
            &PARAMETERS,
        );
    }
    // All inputs are parameters, the shared ones first.
    let x = [0.7, 0.4, -0.2, 0.3, 0.9];
    check_cost(
        &Cost::new(squared()),
        |x| error(&x[..3], &x[3..]).square(),
        &x,
    );
    let own = Program::new(0, 5, |_, x| vec![error(&x[..3], &x[3..]).square()]);
    check_cost(&Cost::new(own), |x| error(&x[..3], &x[3..]).square(), &x);
}

#[test]
fn residuals_have_the_derivatives_of_a_tape() {
    let data = &data(100);
    let program = Program::new(3, 2, |s, x| vec![error(s, x), s[0] * x[1]]);
    let with_two = |s: &[Var<'_>]| -> Vec<f64> {
        let datum = |x: &[f64]| [0, 1].map(|i| Var::constant(x[i]));
        let both = |x: &[f64]| [error(s, &datum(x)).value(), s[0].value() * x[1]];
        data.chunks_exact(2).flat_map(both).collect()
    };
    let problem = LeastSquares::with_data(program, data).unwrap();
    let x = PARAMETERS.to_vec();
    let constants = PARAMETERS.map(Var::constant);
    assert_close(&problem.apply(&x).unwrap(), &with_two(&constants));

    let one = Program::new(3, 2, |s, x| vec![error(s, x)]);
    let expected = general::jacobian(|s| residuals(s, data), &x);
    let values = residuals(&constants, data);
    let values: Vec<f64> = values.iter().map(|r| r.value()).collect();
    for problem in [
        LeastSquares::with_data(one, data).unwrap(),
        LeastSquares::on_tape(|s| residuals(s, data)),
    ] {
        assert_close(&problem.apply(&x).unwrap(), &values);
        let jacobian = problem.jacobian(&x).unwrap();
        assert_eq!((jacobian.rows(), jacobian.columns()), (100, 3));
        assert_close(jacobian.entries(), &expected.concat());
        let half: f64 = values.iter().map(|r| 0.5 * r * r).sum();
        assert_close(&[problem.cost(&x).unwrap()], &[half]);
        let transpose = jacobian.clone().t();
        assert_close(&problem.gradient(&x).unwrap(), &transpose.dot(&values));
        let squares: Matrix = transpose.dot(&jacobian);
        assert_close(problem.hessian(&x).unwrap().entries(), squares.entries());
    }
}

#[test]
fn no_data_and_single_precision() {
    let cost = Cost::with_data(Program::new(2, 1, |s, x| vec![s[0] * s[1] * x[0]]), &[]).unwrap();
    let x = vec![1.0, 2.0];
    assert_eq!(cost.cost(&x).unwrap(), 0.0);
    assert_eq!(cost.gradient(&x).unwrap(), [0.0; 2]);
    assert_eq!(cost.hessian(&x).unwrap().entries(), [0.0; 4]);

    let program = Program::new_f32(1, 1, |s, x| vec![s[0] * s[0] * x[0]]);
    let cost = Cost::with_data(program, &[1.0, 2.0]).unwrap();
    assert_eq!(cost.cost(&vec![3.0]).unwrap(), 27.0_f32);
    assert_eq!(cost.gradient(&vec![3.0]).unwrap(), [18.0]);
    assert_eq!(cost.hessian(&vec![3.0]).unwrap()[(0, 0)], 6.0);
}

#[test]
fn an_inverse_is_one() {
    // The first pivot is 0.
    let a = Matrix::from(vec![
        vec![0.0, 2.0, 1.0],
        vec![1.0, -1.0, 3.0],
        vec![4.0, 0.5, -2.0],
    ]);
    let product: Matrix = a.dot(&a.inv().unwrap());
    assert_close(
        product.entries(),
        &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    );
    for singular in [
        vec![vec![1.0, 2.0], vec![2.0, 4.0]],
        vec![vec![f64::NAN, 1.0], vec![1.0, 0.0]],
    ] {
        assert_eq!(
            problem_error(Matrix::from(singular).inv()),
            ProblemError::Singular
        );
    }
    let wide = Matrix::from(vec![vec![1.0, 2.0]]);
    let [rows, columns] = [1, 2];
    assert_eq!(
        problem_error(wide.inv()),
        ProblemError::NotSquare { rows, columns }
    );
}

fn problem_error<R>(result: Result<R, Error>) -> ProblemError {
    let error = result.err().expect("an error");
    error.downcast().expect("an error of a problem")
}

#[test]
fn errors_have_types() {
    let line = || Program::new(2, 2, |s, x| vec![s[0] + s[1] * x[0] - x[1]]);
    let error = Cost::with_data(line(), &[1.0; 3]).unwrap_err();
    assert_eq!(
        error,
        ProblemError::Data {
            length: 3,
            inputs: 2
        }
    );
    assert!(LeastSquares::with_data(line(), &[1.0; 3]).is_err());

    let problem = LeastSquares::with_data(line(), &[1.0; 4]).unwrap();
    let expected = ProblemError::Parameters {
        expected: 2,
        found: 1,
    };
    assert_eq!(problem_error(problem.cost(&vec![1.0])), expected);
    assert_eq!(problem_error(problem.jacobian(&vec![1.0])), expected);
    let cost = Cost::new(line());
    let expected = ProblemError::Parameters {
        expected: 4,
        found: 1,
    };
    assert_eq!(problem_error(cost.gradient(&vec![1.0])), expected);

    let two = Cost::new(Program::new(0, 1, |_, x| vec![x[0], x[0]]));
    assert_eq!(
        problem_error(two.cost(&vec![1.0])),
        ProblemError::Outputs(2)
    );
    assert_eq!(
        problem_error(two.gradient(&vec![1.0])),
        ProblemError::Outputs(2)
    );
    assert_eq!(
        problem_error(two.hessian(&vec![1.0])),
        ProblemError::Outputs(2)
    );

    let escaped = Cost::new(Program::new(0, 1, |_, x| vec![x[0] * x[0].value()]));
    let error = problem_error(escaped.cost(&vec![1.0]));
    assert!(matches!(
        error,
        ProblemError::Program(ProgramError::Escaped { .. })
    ));
}
