//! Finds the places of cameras and of points in space from where the points are seen in the pictures, by the method of
//! Levenberg and Marquardt.
//!
//! The program is one observation: a camera, a point, and where the camera sees it. Its Jacobian matrix is small and
//! dense. The normal equations of all observations are sparse: no observation has two points, so that the points can be
//! eliminated one by one, which leaves a small system for the cameras (the Schur complement).

use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Var, dot};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::ops::Range;

const CAMERAS: usize = 6;
const POINTS: usize = 40;
/// The parameters of a camera (rotation and translation), of a point, and of both.
const OF_CAMERA: usize = 6;
const OF_POINT: usize = 3;
const OF_BOTH: usize = OF_CAMERA + OF_POINT;
/// The focal length and the standard deviation of an observation, in pixels.
const FOCAL: f64 = 800.0;
const NOISE: f64 = 0.5;

/// The parameters of all cameras come first, then those of all points.
const OF_CAMERAS: usize = CAMERAS * OF_CAMERA;

/// The parameters of an observation among all parameters: each camera sees all points.
fn parameters_of(observation: usize) -> impl Iterator<Item = usize> {
    let [camera, point] = [observation / POINTS, observation % POINTS];
    let of_camera = camera * OF_CAMERA..(camera + 1) * OF_CAMERA;
    of_camera.chain(of_point(point))
}

fn of_point(point: usize) -> Range<usize> {
    let start = OF_CAMERAS + point * OF_POINT;
    start..start + OF_POINT
}

/// Where a camera sees a point: its rotation vector `r` and translation `t` move the point to the coordinates of the
/// camera, which looks along the third axis.
fn projection<'t>(focal: Var<'t>, camera_and_point: &[Var<'t>]) -> Vec<Var<'t>> {
    let (r, rest) = camera_and_point.split_at(3);
    let (t, x) = rest.split_at(3);
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
    vec![focal * moved(0) / depth, focal * moved(1) / depth]
}

/// Solves `A x = b` for several columns `b`, by the Cholesky decomposition of the positive definite matrix `A`.
fn solve(mut a: Vec<Vec<f64>>, columns: &mut [Vec<f64>]) {
    let n = a.len();
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            let rest = a[i][j] - known;
            a[i][j] = if i == j { rest.sqrt() } else { rest / a[j][j] };
        }
    }
    for x in columns {
        for i in 0..n {
            let known: f64 = (0..i).map(|k| a[i][k] * x[k]).sum();
            x[i] = (x[i] - known) / a[i][i];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| a[k][i] * x[k]).sum();
            x[i] = (x[i] - known) / a[i][i];
        }
    }
}

/// The step of all parameters: solves `H d = right`, with `1 + damping` times the diagonal of `H`.
///
/// In `H = [B E; Eᵀ C]` the matrix `C` of the points consists of blocks of 3 × 3, since an observation has one point. So
/// the points are eliminated block by block, and `B − E C⁻¹ Eᵀ` is left for the cameras.
fn step(h: &[Vec<f64>], right: &[f64], damping: f64) -> Vec<f64> {
    let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let block = |range: Range<usize>| -> Vec<Vec<f64>> {
        let damped = |i: usize, j: usize| h[i][j] * if i == j { 1.0 + damping } else { 1.0 };
        let row = |i| range.clone().map(move |j| damped(i, j)).collect();
        range.clone().map(row).collect()
    };
    let mut schur = block(0..OF_CAMERAS);
    let mut step = right[..OF_CAMERAS].to_vec();
    // For each point the columns of C⁻¹ Eᵀ, and C⁻¹ times the right side.
    let mut eliminated = Vec::new();
    for point in 0..POINTS {
        let range = of_point(point);
        let e = h[..OF_CAMERAS].iter().map(|row| &row[range.clone()]);
        let sides = e.clone().chain([&right[range.clone()]]);
        let mut columns: Vec<Vec<f64>> = sides.map(<[f64]>::to_vec).collect();
        solve(block(range.clone()), &mut columns);
        for ((e, row), right) in e.zip(&mut schur).zip(&mut step) {
            for (x, column) in row.iter_mut().zip(&columns) {
                *x -= product(e, column);
            }
            *right -= product(e, &columns[OF_CAMERAS]);
        }
        eliminated.push(columns);
    }
    solve(schur, std::slice::from_mut(&mut step));
    for columns in eliminated {
        for i in 0..OF_POINT {
            let row: Vec<f64> = columns.iter().map(|column| column[i]).collect();
            let (of_cameras, right) = row.split_at(OF_CAMERAS);
            step.push(right[0] - product(of_cameras, &step[..OF_CAMERAS]));
        }
    }
    step
}

fn main() {
    let mut program = Program::new(1, OF_BOTH, |focal, x| projection(focal[0], x));
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut normal = |deviation: f64| deviation * rng.sample::<f64, _>(StandardNormal);
    // Cameras side by side, turned towards a cloud of points in front of them.
    let cameras = (0..CAMERAS).flat_map(|camera| {
        let place = camera as f64 - (CAMERAS - 1) as f64 / 2.0;
        [0.0, 0.15 * place, 0.0, -0.2 * place, 0.1 * place, 6.0]
    });
    let cameras: Vec<f64> = cameras.collect();
    let points: Vec<f64> = (0..POINTS * OF_POINT).map(|_| normal(1.0)).collect();
    let truth = [cameras, points].concat();
    let rows = |parameters: &[f64]| -> Vec<f64> {
        let all = (0..CAMERAS * POINTS).flat_map(parameters_of);
        all.map(|i| parameters[i]).collect()
    };
    let exact = program.values(&[FOCAL], Points::Rows(&rows(&truth)));
    let exact = exact.expect("the projection uses operations of variables only");
    let observed: Vec<f64> = exact.iter().map(|x| x + normal(NOISE)).collect();

    let mut found: Vec<f64> = truth.iter().map(|x| x + normal(0.05)).collect();
    // The sum of the squared errors, and both sides of the normal equations JᵀJ d = Jᵀe.
    let mut evaluate = |parameters: &[f64]| {
        let n = parameters.len();
        let (mut cost, mut h, mut right) = (0.0, vec![vec![0.0; n]; n], vec![0.0; n]);
        let results = program.values_and_jacobians(&[FOCAL], Points::Rows(&rows(parameters)));
        let (values, jacobians) = results.expect("the projection is a program");
        for (number, row) in jacobians.chunks_exact(OF_BOTH).enumerate() {
            let e = observed[number] - values[number];
            cost += e * e;
            for (i, a) in parameters_of(number / 2).zip(row) {
                right[i] += a * e;
                for (j, b) in parameters_of(number / 2).zip(row) {
                    h[i][j] += a * b;
                }
            }
        }
        (cost, h, right)
    };
    // Seven freedoms (place, rotation and scale of everything) fit nothing.
    let freedom = (observed.len() - (truth.len() - 7)) as f64;
    let mut damping = 1e-3;
    let (mut cost, mut h, mut right) = evaluate(&found);
    println!("step  error in pixels   damping");
    for number in 0.. {
        println!(
            "{number:4} {:16.6}   {damping:.0e}",
            (cost / freedom).sqrt()
        );
        let step = step(&h, &right, damping);
        let next: Vec<f64> = found.iter().zip(step).map(|(x, d)| x + d).collect();
        let evaluated = evaluate(&next);
        let gain = 1.0 - evaluated.0 / cost;
        if gain > 0.0 {
            (cost, h, right) = evaluated;
            found = next;
            damping /= 10.0;
        } else {
            damping *= 10.0;
        }
        if gain.abs() < 1e-12 {
            break;
        }
        assert!(number < 50, "the method does not converge");
    }
    // What is left is the noise.
    let error = (cost / freedom).sqrt();
    println!("error {error:.4} pixels, noise {NOISE} pixels");
    assert!((error / NOISE - 1.0).abs() < 0.1);
}
