//! Finds the places of cameras and of points in space from where the points are seen in the pictures, by the method of
//! Levenberg and Marquardt.
//!
//! The program is one observation: a camera, a point, and where the point appears. Its Jacobian matrix is small and
//! dense. The matrix of the normal equations is large and sparse: it couples cameras with points only, so that the
//! points are eliminated first (the Schur complement).

use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Var, dot};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const CAMERAS: usize = 6;
const POINTS: usize = 40;
/// The parameters of a camera (rotation and translation), of a point, and of both.
const OF_CAMERA: usize = 6;
const OF_POINT: usize = 3;
const OF_BOTH: usize = OF_CAMERA + OF_POINT;
/// The focal length and the standard deviation of an observation, in pixels.
const FOCAL: f64 = 800.0;
const NOISE: f64 = 0.5;

type Block<const M: usize, const N: usize> = [[f64; N]; M];

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

/// The normal equations `JᵀJ d = Jᵀe` in blocks.
struct Normal {
    cameras: Vec<Block<OF_CAMERA, OF_CAMERA>>,
    points: Vec<Block<OF_POINT, OF_POINT>>,
    /// Of each observation.
    mixed: Vec<Block<OF_CAMERA, OF_POINT>>,
    right_cameras: Vec<[f64; OF_CAMERA]>,
    right_points: Vec<[f64; OF_POINT]>,
}

/// The camera and the point of an observation: each camera sees all points.
fn seen(observation: usize) -> [usize; 2] {
    [observation / POINTS, observation % POINTS]
}

impl Normal {
    fn new(jacobians: &[f64], errors: &[f64]) -> Self {
        let mut normal = Normal {
            cameras: vec![[[0.0; OF_CAMERA]; OF_CAMERA]; CAMERAS],
            points: vec![[[0.0; OF_POINT]; OF_POINT]; POINTS],
            mixed: vec![[[0.0; OF_POINT]; OF_CAMERA]; CAMERAS * POINTS],
            right_cameras: vec![[0.0; OF_CAMERA]; CAMERAS],
            right_points: vec![[0.0; OF_POINT]; POINTS],
        };
        for (number, (row, e)) in jacobians.chunks_exact(OF_BOTH).zip(errors).enumerate() {
            let [camera, point] = seen(number / 2);
            let (of_camera, of_point) = row.split_at(OF_CAMERA);
            for (i, a) in of_camera.iter().enumerate() {
                normal.right_cameras[camera][i] += a * e;
                of_camera
                    .iter()
                    .enumerate()
                    .for_each(|(j, b)| normal.cameras[camera][i][j] += a * b);
                of_point
                    .iter()
                    .enumerate()
                    .for_each(|(j, b)| normal.mixed[number / 2][i][j] += a * b);
            }
            for (i, a) in of_point.iter().enumerate() {
                normal.right_points[point][i] += a * e;
                of_point
                    .iter()
                    .enumerate()
                    .for_each(|(j, b)| normal.points[point][i][j] += a * b);
            }
        }
        normal
    }

    /// The step of the cameras, then that of the points, with `1 + damping` times the diagonal.
    fn step(&self, damping: f64) -> [Vec<f64>; 2] {
        let damped = |i: usize, j: usize, x: f64| if i == j { x * (1.0 + damping) } else { x };
        let n = CAMERAS * OF_CAMERA;
        let mut schur = vec![vec![0.0; n]; n];
        let mut right: Vec<f64> = self.right_cameras.concat();
        for (camera, block) in self.cameras.iter().enumerate() {
            for i in 0..OF_CAMERA {
                for j in 0..OF_CAMERA {
                    schur[camera * OF_CAMERA + i][camera * OF_CAMERA + j] =
                        damped(i, j, block[i][j]);
                }
            }
        }
        // For each point with the matrix C: C⁻¹ Eᵀ, and C⁻¹ times the right side, as columns.
        let eliminated: Vec<Vec<Vec<f64>>> = (0..POINTS)
            .map(|point| {
                let block = &self.points[point];
                let c = (0..OF_POINT)
                    .map(|i| (0..OF_POINT).map(|j| damped(i, j, block[i][j])).collect());
                let rows =
                    (0..n).map(|row| self.mixed[row / OF_CAMERA * POINTS + point][row % OF_CAMERA]);
                let mut columns: Vec<Vec<f64>> = rows
                    .chain([self.right_points[point]])
                    .map(Vec::from)
                    .collect();
                solve(c.collect(), &mut columns);
                columns
            })
            .collect();
        for (point, columns) in eliminated.iter().enumerate() {
            for row in 0..n {
                let e = &self.mixed[row / OF_CAMERA * POINTS + point][row % OF_CAMERA];
                let times =
                    |column: &[f64]| -> f64 { e.iter().zip(column).map(|(a, b)| a * b).sum() };
                for column in 0..n {
                    schur[row][column] -= times(&columns[column]);
                }
                right[row] -= times(&columns[n]);
            }
        }
        let mut cameras = [right];
        solve(schur, &mut cameras);
        let [cameras] = cameras;
        let points = eliminated.iter().flat_map(|columns| {
            let cameras = &cameras;
            (0..OF_POINT).map(move |i| {
                let known: f64 = (0..n).map(|row| columns[row][i] * cameras[row]).sum();
                columns[n][i] - known
            })
        });
        let points = points.collect();
        [cameras, points]
    }
}

/// The inputs of the program, a row for each observation.
fn rows([cameras, points]: &[Vec<f64>; 2]) -> Vec<f64> {
    let observations = (0..CAMERAS * POINTS).map(seen);
    let row = |[camera, point]: [usize; 2]| {
        let of_camera = cameras[camera * OF_CAMERA..][..OF_CAMERA].iter();
        of_camera
            .chain(&points[point * OF_POINT..][..OF_POINT])
            .copied()
    };
    observations.flat_map(row).collect()
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
    let truth = [cameras, points];
    let exact = program.values(&[FOCAL], Points::Rows(&rows(&truth)));
    let exact = exact.expect("the projection uses operations of variables only");
    let observed: Vec<f64> = exact.iter().map(|x| x + normal(NOISE)).collect();

    let mut found = truth.map(|x| -> Vec<f64> { x.iter().map(|x| x + normal(0.05)).collect() });
    let mut evaluate = |parameters: &[Vec<f64>; 2]| {
        let rows = rows(parameters);
        let results = program.values_and_jacobians(&[FOCAL], Points::Rows(&rows));
        let (values, jacobians) = results.expect("the projection is a program");
        let errors: Vec<f64> = observed.iter().zip(values).map(|(a, b)| a - b).collect();
        let cost: f64 = errors.iter().map(|e| e * e).sum();
        (cost, errors, jacobians)
    };
    // The root of the mean squared error, in pixels. Seven freedoms (place, rotation and scale of all) fit nothing.
    let parameters = CAMERAS * OF_CAMERA + POINTS * OF_POINT - 7;
    let freedom = (observed.len() - parameters) as f64;
    let mut damping = 1e-3;
    let (mut cost, mut errors, mut jacobians) = evaluate(&found);
    println!("step  error in pixels   damping");
    for step in 0.. {
        println!("{step:4} {:16.6}   {damping:.0e}", (cost / freedom).sqrt());
        let steps = Normal::new(&jacobians, &errors).step(damping);
        let mut next = found.clone();
        for (x, d) in next.iter_mut().flatten().zip(steps.iter().flatten()) {
            *x += d;
        }
        let (next_cost, next_errors, next_jacobians) = evaluate(&next);
        let gain = 1.0 - next_cost / cost;
        if gain > 0.0 {
            (found, cost, errors, jacobians) = (next, next_cost, next_errors, next_jacobians);
            damping /= 10.0;
        } else {
            damping *= 10.0;
        }
        if gain.abs() < 1e-12 {
            break;
        }
        assert!(step < 50, "the method does not converge");
    }
    // What is left is the noise.
    let error = (cost / freedom).sqrt();
    println!("error {error:.4} pixels, noise {NOISE} pixels");
    assert!((error / NOISE - 1.0).abs() < 0.1);
}
