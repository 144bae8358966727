//! Finds the places of 100 cameras and of 1,800 points in space from 10,000 observations: 20,000 residuals of 6,000
//! variables, by the method of Levenberg and Marquardt.
//!
//! All residuals are one function with a sparse Jacobian matrix `J`. Each step solves `(JᵀJ + λ D) d = −Jᵀr`, where `D`
//! is the diagonal of `JᵀJ`, by the sparse Cholesky decomposition of `faer`.

use autodiff::scalar::sparse::SparseJacobian;
use autodiff::scalar::{Var, dot};
use faer::Side;
use faer::linalg::solvers::Solve;
use faer::prelude::{ColMut, ColRef};
use faer::sparse::linalg::solvers::{Llt, SymbolicLlt};
use faer::sparse::{SparseColMat, SparseRowMat};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::error::Error;
use std::f64::consts::{FRAC_PI_2, TAU};

const CAMERAS: usize = 100;
const POINTS: usize = 1800;
/// The number of points that a camera sees. The next camera sees most of them too.
const SEEN: usize = 100;
/// The parameters of a camera (rotation and translation) and of a point. Those of all cameras come first.
const OF_CAMERA: usize = 6;
const OF_POINT: usize = 3;
const VARIABLES: usize = CAMERAS * OF_CAMERA + POINTS * OF_POINT;
/// The focal length and the standard deviation of an observation, in pixels.
const FOCAL: f64 = 800.0;
const NOISE: f64 = 0.5;
/// The distance of the cameras from the axis around which they stand.
const DISTANCE: f64 = 12.0;

/// The pairs of a camera and a point that it sees.
fn observations() -> impl Iterator<Item = (usize, usize)> {
    let seen = |camera| (0..SEEN).map(move |k| (camera * POINTS / CAMERAS + k) % POINTS);
    (0..CAMERAS).flat_map(move |camera| seen(camera).map(move |point| (camera, point)))
}

/// Where all observed points are seen.
fn projections<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
    let (cameras, points) = x.split_at(CAMERAS * OF_CAMERA);
    let seen = |(camera, point)| {
        let camera = &cameras[camera * OF_CAMERA..][..OF_CAMERA];
        projection(camera, &points[point * OF_POINT..][..OF_POINT])
    };
    observations().flat_map(seen).collect()
}

/// Where a camera sees a point: its rotation vector `r` and translation `t` move the point to the coordinates of the
/// camera, which looks along the third axis.
fn projection<'t>(camera: &[Var<'t>], x: &[Var<'t>]) -> [Var<'t>; 2] {
    let (r, t) = camera.split_at(3);
    // Rodrigues' formula. The tiny number makes it right without rotation too, and needs no branch.
    let angle = (dot(r, r) + 1e-30).sqrt();
    let (sine, half) = (angle.sin() / angle, (angle * 0.5).sin() / angle);
    let along = dot(r, x) * half.square() * 2.0;
    let moved = |i: usize| {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        let turned = r[j] * x[k] - r[k] * x[j];
        angle.cos() * x[i] + sine * turned + along * r[i] + t[i]
    };
    let depth = moved(2);
    [FOCAL * moved(0) / depth, FOCAL * moved(1) / depth]
}

/// Cameras around a cloud of points, looking inwards. A camera sees the points in front of it.
fn scene(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut scene = Vec::with_capacity(VARIABLES);
    for camera in 0..CAMERAS {
        // The middle of the points that the camera sees.
        let place = camera as f64 / CAMERAS as f64 + 0.5 * SEEN as f64 / POINTS as f64;
        let turn = (TAU * place + FRAC_PI_2) % TAU;
        scene.extend([0.0, turn, 0.0, 0.0, 0.0, DISTANCE]);
    }
    for point in 0..POINTS {
        let angle = TAU * point as f64 / POINTS as f64;
        let radius = rng.random_range(3.0..6.0);
        let height = rng.random_range(-2.0..2.0);
        scene.extend([radius * angle.cos(), height, radius * angle.sin()]);
    }
    scene
}

/// The sum of the squares.
fn cost(residuals: &[f64]) -> f64 {
    residuals.iter().map(|r| r * r).sum()
}

/// `JᵀJ` and `−Jᵀr`.
type NormalEquations = (SparseColMat<usize, f64>, Vec<f64>);

/// The residuals and their Jacobian matrix.
struct Problem<'f> {
    jacobian: SparseJacobian<'f>,
    seen: Vec<f64>,
    matrix: SparseRowMat<usize, f64>,
}

impl Problem<'_> {
    /// Returns the residuals at a point, and writes their Jacobian matrix.
    fn residuals(&mut self, x: &[f64]) -> Result<Vec<f64>, Box<dyn Error>> {
        let mut residuals = vec![0.0; self.seen.len()];
        (self.jacobian).value_and_jacobian_into(x, &mut residuals, self.matrix.val_mut())?;
        residuals
            .iter_mut()
            .zip(&self.seen)
            .for_each(|(r, seen)| *r -= seen);
        Ok(residuals)
    }

    fn normal_equations(&self, residuals: &[f64]) -> Result<NormalEquations, Box<dyn Error>> {
        // The rows of `J` are the columns of `Jᵀ`, without a copy.
        let transpose = self.matrix.transpose();
        let squares = transpose * self.matrix.to_col_major()?.as_ref();
        let gradient = transpose * ColRef::from_slice(residuals);
        Ok((squares, gradient.iter().map(|g| -g).collect()))
    }
}

/// Multiplies the diagonal entries of a matrix.
fn multiply_diagonal(matrix: &mut SparseColMat<usize, f64>, factor: f64) {
    let (structure, values) = matrix.parts_mut();
    for j in 0..structure.ncols() {
        for place in structure.col_range(j) {
            if structure.row_idx()[place] == j {
                values[place] *= factor;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let truth = scene(&mut rng);
    let mut normal = |size: f64| size * rng.sample::<f64, _>(StandardNormal);

    let mut jacobian = SparseJacobian::new(projections, &truth)?;
    let (mut seen, _) = jacobian.value_and_jacobian(&truth)?;
    seen.iter_mut().for_each(|y| *y += normal(NOISE));
    let matrix = jacobian.pattern().to_faer();
    println!("Jacobian matrix: {}", jacobian.pattern());
    let mut problem = Problem {
        jacobian,
        seen,
        matrix,
    };

    // The first guess: each camera and each point is known roughly.
    let mut x: Vec<f64> = (truth.iter().enumerate())
        .map(|(i, x)| match i < CAMERAS * OF_CAMERA {
            true if i % OF_CAMERA < 3 => x + normal(0.01),
            _ => x + normal(0.1),
        })
        .collect();

    let mut residuals = problem.residuals(&x)?;
    let (mut squares, mut right) = problem.normal_equations(&residuals)?;
    let symbolic = SymbolicLlt::try_new(squares.symbolic(), Side::Lower)?;
    let mut damping = 1e-3;
    for step in 1.. {
        let mut damped = squares.clone();
        multiply_diagonal(&mut damped, 1.0 + damping);
        let llt = Llt::try_new_with_symbolic(symbolic.clone(), damped.as_ref(), Side::Lower)?;
        let mut change = right.clone();
        llt.solve_in_place(ColMut::from_slice_mut(&mut change));
        let moved: Vec<f64> = x.iter().zip(&change).map(|(x, d)| x + d).collect();

        let (before, found) = (cost(&residuals), problem.residuals(&moved)?);
        let after = cost(&found);
        println!("step {step:2}: damping {damping:.0e}, cost {before:.6e} to {after:.6e}");
        if after < before {
            (x, residuals) = (moved, found);
            (squares, right) = problem.normal_equations(&residuals)?;
            damping *= 0.1;
            if before - after < 1e-6 * before {
                break;
            }
        } else {
            damping *= 10.0;
        }
        assert!(step < 50, "the method does not converge");
    }

    // The residuals that are left are the noise, less what the variables took up. Seven of them are free: the place,
    // the direction and the size of the whole.
    let freedom = residuals.len() - (VARIABLES - 7);
    let left = (cost(&residuals) / freedom as f64).sqrt();
    println!("\nresiduals: {left:.4} pixels, noise: {NOISE} pixels");
    assert!((left / NOISE - 1.0).abs() < 0.03);
    Ok(())
}
