//! Routines of `nalgebra` are differentiated unchanged.

use autodiff::scalar::{Dual, Tape};
use nalgebra::{Matrix3, RealField, Vector3};

/// The first component of the solution of A x = b by LU decomposition, where A depends on p. It has no code for
/// derivatives.
fn solution<R: RealField + Copy>(p: R) -> R {
    let c = |x: f64| nalgebra::convert::<f64, R>(x);
    let a = Matrix3::new(
        p * p,
        c(1.0),
        c(0.5),
        p.sin(),
        c(3.0),
        p,
        c(2.0),
        p.exp(),
        c(-1.0),
    );
    let b = Vector3::new(c(1.0), p, c(-2.0));
    a.lu().solve(&b).expect("a regular matrix")[0]
}

#[test]
fn an_lu_solve_is_differentiated_unchanged() {
    let p = 0.8_f64;
    let x = solution(Dual::var(p));
    let h = 1e-3_f64;
    let near: f64 = solution(p + h) - solution(p - h);
    let far: f64 = solution(p + 2.0 * h) - solution(p - 2.0 * h);
    assert_eq!(x.value, solution(p));
    assert!(
        f64::abs(x.tangent() - (8.0 * near - far) / (12.0 * h)) < 1e-9,
        "{x:?}"
    );
    // The second derivative.
    let twice = solution(Dual::var(Dual::var(p)));
    let slope = |p: f64| solution(Dual::var(p)).tangent();
    let difference = (slope(p + 1e-5) - slope(p - 1e-5)) / 2e-5;
    assert!((twice.tangent().tangent() - difference).abs() < 1e-7);
}

#[test]
fn an_lu_solve_takes_part_in_a_recording_by_its_own_slopes() {
    let f = |p: f64| solution(p.sin() + 0.8).ln() * p;
    let recorded = |tape: &Tape, p: f64| {
        let p = tape.var(p);
        let x = (p.sin() + 0.8).custom(|q| {
            let x = solution(Dual::var(q));
            (x.value, x.tangent())
        });
        let y = x.ln() * p;
        (y.value(), y.gradients().wrt(p))
    };
    let (p, h) = (0.3, 1e-3);
    let (value, slope) = recorded(&Tape::new(), p);
    assert_eq!(value, f(p));
    let difference = (8.0 * (f(p + h) - f(p - h)) - (f(p + 2.0 * h) - f(p - 2.0 * h))) / (12.0 * h);
    assert!(f64::abs(slope - difference) < 1e-9, "{slope} {difference}");
}

#[test]
fn an_eigenvalue_moves_as_its_eigenvector_says() {
    // For a symmetric matrix A(p), dλ/dp = vᵀ A′ v.
    fn symmetric<R: RealField + Copy>(p: R) -> Matrix3<R> {
        let c = |x: f64| nalgebra::convert::<f64, R>(x);
        Matrix3::new(c(2.0), p, c(0.0), p, c(-1.0), p * p, c(0.0), p * p, c(0.5))
    }
    let p = 0.6_f64;
    let eigen = symmetric(p).symmetric_eigen();
    let largest = eigen.eigenvalues.imax();
    let v = eigen.eigenvectors.column(largest);
    let slope = Matrix3::new(0.0, 1.0, 0.0, 1.0, 0.0, 2.0 * p, 0.0, 2.0 * p, 0.0);
    let expected = (v.transpose() * slope * v)[0];
    let values = symmetric(Dual::var(p)).symmetric_eigenvalues();
    let moved = values
        .iter()
        .max_by(|a, b| a.partial_cmp(b).unwrap())
        .unwrap();
    assert!(f64::abs(moved.value - eigen.eigenvalues[largest]) < 1e-13);
    assert!(f64::abs(moved.tangent() - expected) < 1e-12);
}
