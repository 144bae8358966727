//! Fits a curve to measurements by the method of Gauss and Newton, with a solver of `argmin`.
//!
//! The data are `Misra1a` of the Statistical Reference Datasets of NIST: the volume of a gas that is adsorbed on a
//! solid, at several pressures. NIST certifies the parameters of the best curve to eleven digits.

use argmin::core::{Executor, Jacobian, Operator, State};
use argmin::solver::gaussnewton::GaussNewtonLS;
use argmin::solver::linesearch::{BacktrackingLineSearch, condition::ArmijoCondition};
use argmin_math::{ArgminDot, ArgminInv, ArgminTranspose};
use autodiff::scalar::problems::LeastSquares;
use autodiff::scalar::program::Program;

/// Pressure and volume.
#[rustfmt::skip]
const MEASURED: [f64; 28] = [
     77.6, 10.07, 114.9, 14.73, 141.1, 17.94, 190.8, 23.93, 239.9, 29.61, 289.0, 35.18, 332.8, 40.02,
    378.4, 44.82, 434.8, 50.76, 477.3, 55.05, 536.8, 61.01, 593.1, 66.40, 689.1, 75.47, 760.0, 81.78,
];
/// The certified parameters and their standard deviations.
const CERTIFIED: [[f64; 2]; 2] = [
    [2.389_421_291_8e2, 2.707_007_524_1],
    [5.501_564_318_1e-4, 7.266_868_843_6e-6],
];

fn main() -> Result<(), argmin::core::Error> {
    // One measurement: b₀ (1 − exp(−b₁ x)) − y.
    let residual = || {
        Program::new(2, 2, |b, measured| {
            vec![b[0] * (1.0 - (-b[1] * measured[0]).exp()) - measured[1]]
        })
    };
    let problem = LeastSquares::with_data(residual(), &MEASURED)?;
    let search = BacktrackingLineSearch::new(ArmijoCondition::new(1e-4)?);
    let solver = GaussNewtonLS::new(search).with_tolerance(1e-12)?;
    let found = Executor::new(problem, solver)
        .configure(|state| state.param(vec![500.0, 1e-4]).max_iters(100))
        .run()?;
    let state = found.state();
    println!(
        "{} after {} steps",
        state.get_termination_status(),
        state.get_iter()
    );
    let b = state.get_best_param().expect("the solver has taken a step");

    // The standard deviations, from the Jacobian matrix and the residuals.
    let problem = LeastSquares::with_data(residual(), &MEASURED)?;
    let (residuals, jacobian) = (problem.apply(b)?, problem.jacobian(b)?);
    let inverse = jacobian.clone().t().dot(&jacobian).inv()?;
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let variance = squares / (residuals.len() - b.len()) as f64;

    println!("\n           found            certified        standard deviation, and certified");
    for (i, [certified, certified_deviation]) in CERTIFIED.into_iter().enumerate() {
        let deviation = (variance * inverse[(i, i)]).sqrt();
        println!(
            "parameter {i}: {:.10e}, {certified:.10e}, {deviation:.5e}, {certified_deviation:.5e}",
            b[i]
        );
        assert!((b[i] / certified - 1.0).abs() < 1e-8);
        assert!((deviation / certified_deviation - 1.0).abs() < 1e-6);
    }
    Ok(())
}
