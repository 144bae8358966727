//! `ba`: bundle adjustment, the errors of many observations of points in space by cameras.
//!
//! For a camera with the rotation r, the centre C, the focal length f, the principal point and the distortion k,
//! X' = R(r) (X − C), q = (X'₀, X'₁) / X'₂, and the error is w (f (1 + k₀ |q|² + k₁ |q|⁴) q + principal point − observed).
//! All observations have the same function of 15 variables. It is recorded once in each run, as a program that is then
//! replayed at all observations, many at a time in vectors; the sparse Jacobian matrix is filled from its blocks.
//! With `--literal` each observation is recorded on a tape.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use crate::memory;
use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Gradients, Scalar, Tape};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Input {
    n: usize,
    m: usize,
    p: usize,
    cam: [f64; CAMERA],
    x: [f64; 3],
    w: f64,
    feat: [f64; 2],
}

/// The numbers of a camera: rotation (3), centre (3), focal length, principal point (2) and distortion (2).
const CAMERA: usize = 11;

/// The variables of an observation: those of its camera and of its point, and its weight.
const VARIABLES: usize = CAMERA + 4;

/// The inputs of the program: the variables, and the place that was observed.
const INPUTS: usize = VARIABLES + 2;

/// The observations that are replayed at a time.
const BLOCK: usize = 512;

/// The observations, with a camera, a point, a weight and a place for each. The eval repeats one of each kind.
struct Observations {
    cameras: Vec<[f64; CAMERA]>,
    points: Vec<[f64; 3]>,
    weights: Vec<f64>,
    places: Vec<[f64; 2]>,
    /// The camera and the point of each observation.
    pairs: Vec<[usize; 2]>,
}

impl Observations {
    fn new(input: &Input) -> Self {
        Observations {
            cameras: vec![input.cam; input.n],
            points: vec![input.x; input.m],
            weights: vec![input.w; input.p],
            places: vec![input.feat; input.p],
            pairs: (0..input.p).map(|i| [i % input.n, i % input.m]).collect(),
        }
    }

    /// The variables of an observation.
    fn variables(&self, i: usize) -> [f64; VARIABLES] {
        let [camera, point] = self.pairs[i];
        let mut variables = [0.0; VARIABLES];
        variables[..CAMERA].copy_from_slice(&self.cameras[camera]);
        variables[CAMERA..CAMERA + 3].copy_from_slice(&self.points[point]);
        variables[CAMERA + 3] = self.weights[i];
        variables
    }
}

fn dot<T: Scalar>(a: [T; 3], b: [T; 3]) -> T {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross<T: Scalar>(a: [T; 3], b: [T; 3]) -> [T; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// Rodrigues' formula: rotates `x` about `r` by the angle |r|.
fn rotate<T: Scalar<Plain = f64>>(r: [T; 3], x: [T; 3]) -> [T; 3] {
    let squared = dot(r, r);
    if squared == T::default() {
        let turned = cross(r, x);
        return std::array::from_fn(|i| x[i] + turned[i]);
    }
    let angle = squared.sqrt();
    let (sin, cos) = (angle.sin(), angle.cos());
    let inverse = angle.recip();
    let axis = r.map(|r| r * inverse);
    let turned = cross(axis, x);
    let along = dot(axis, x) * (-cos + 1.0);
    std::array::from_fn(|i| x[i] * cos + turned[i] * sin + axis[i] * along)
}

/// The error of an observation: its variables, and the place that was observed.
fn error<T: Scalar<Plain = f64>>(v: &[T], place: [T; 2]) -> [T; 2] {
    let rotation = [v[0], v[1], v[2]];
    let from_centre = std::array::from_fn(|i| v[CAMERA + i] - v[3 + i]);
    let x = rotate(rotation, from_centre);
    let q = [x[0] / x[2], x[1] / x[2]];
    let squared = q[0] * q[0] + q[1] * q[1];
    let distortion = v[9] * squared + v[10] * squared * squared + 1.0;
    let weight = v[CAMERA + 3];
    std::array::from_fn(|i| weight * (q[i] * distortion * v[6] + v[7 + i] - place[i]))
}

fn weight_error<T: Scalar<Plain = f64>>(w: T) -> T {
    -(w * w) + 1.0
}

/// The Jacobian matrix in rows: the entries of row i are those from `rows[i]` to `rows[i + 1]`.
#[derive(Default)]
struct Sparse {
    rows: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Sparse {
    /// Removes all rows.
    fn clear(&mut self) {
        self.rows.clear();
        self.columns.clear();
        self.values.clear();
        self.rows.push(0);
    }

    /// Appends the two rows of an observation.
    fn push(
        &mut self,
        observations: &Observations,
        i: usize,
        values: impl Fn(usize, usize) -> f64,
    ) {
        let (cameras, points) = (observations.cameras.len(), observations.points.len());
        let [camera, point] = observations.pairs[i];
        for output in 0..2 {
            let of_camera = (0..CAMERA).map(|j| CAMERA * camera + j);
            let of_point = (0..3).map(|j| CAMERA * cameras + 3 * point + j);
            let of_weight = CAMERA * cameras + 3 * points + i;
            let columns = of_camera.chain(of_point).chain([of_weight]);
            self.columns.extend(columns.map(|column| column as u32));
            self.values
                .extend((0..VARIABLES).map(|j| values(output, j)));
            self.rows.push(self.columns.len() as u32);
        }
    }

    /// Appends the row of a weight.
    fn push_weight(&mut self, observations: &Observations, i: usize, slope: f64) {
        let (cameras, points) = (observations.cameras.len(), observations.points.len());
        self.columns
            .push((CAMERA * cameras + 3 * points + i) as u32);
        self.values.push(slope);
        self.rows.push(self.columns.len() as u32);
    }

    /// The part of the matrix that the eval compares: the first entries of each list, and the last.
    fn output(self) -> serde_json::Value {
        const FIRST: usize = 2 * VARIABLES;
        json!({
            "rows": ends(&self.rows, FIRST),
            "cols": ends(&self.columns, FIRST),
            "vals": ends(&self.values, FIRST),
        })
    }
}

/// The first numbers of a list, and its last.
fn ends<U: Copy>(list: &[U], first: usize) -> Vec<U> {
    let last = list.last().copied();
    list[..first.min(list.len())]
        .iter()
        .copied()
        .chain(last)
        .collect()
}

/// Appends the rows of all observations, by replaying a program.
fn replay(observations: &Observations, jacobian: &mut Sparse) {
    let mut program = Program::new(0, INPUTS, |_, x| {
        error(x, [x[VARIABLES], x[VARIABLES + 1]]).to_vec()
    });
    let count = observations.pairs.len();
    let mut columns = vec![0.0; INPUTS * BLOCK];
    let mut values = vec![0.0; 2 * BLOCK];
    let mut slopes = vec![0.0; 2 * INPUTS * BLOCK];
    for start in (0..count).step_by(BLOCK) {
        let block = BLOCK.min(count - start);
        for (i, place) in (start..).zip(&observations.places[start..start + block]) {
            let of_point = observations.variables(i).into_iter().chain(*place);
            for (j, number) in of_point.enumerate() {
                columns[j * block + i - start] = number;
            }
        }
        let slopes = &mut slopes[..2 * INPUTS * block];
        let points = Points::Columns(&columns[..INPUTS * block]);
        program
            .values_and_jacobians_into(&[], points, &mut values[..2 * block], slopes)
            .expect("the function of an observation keeps no number from one run to the next");
        for i in 0..block {
            jacobian.push(observations, start + i, |output, j| {
                slopes[(output * INPUTS + j) * block + i]
            });
        }
    }
}

/// Appends the rows of all observations, by recording each on a tape.
fn record(observations: &Observations, jacobian: &mut Sparse) {
    let (mut tape, mut gradients) = (Tape::new(), Gradients::<f64, 2>::default());
    for i in 0..observations.pairs.len() {
        tape.reset();
        let variables = tape.vars(observations.variables(i));
        let place = observations.places[i].map(|place| tape.constant(place));
        gradients.update(error(&variables, place));
        let slopes = variables.map(|variable| gradients.each_wrt(variable));
        jacobian.push(observations, i, |output, j| slopes[j][output]);
    }
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let input: Input = call.input()?;
    ensure!(
        input.n > 0 && input.m > 0 && input.p > 0,
        "there are {} cameras, {} points and {} observations",
        input.n,
        input.m,
        input.p
    );
    let entries = memory::product([input.p, 2 * VARIABLES + 1]);
    let columns = memory::product([input.n, CAMERA])
        .zip(memory::product([input.m, 3]))
        .and_then(|(cameras, points)| cameras.checked_add(points)?.checked_add(input.p as u64));
    let sizes = [
        memory::product([input.n, 8 * CAMERA]),
        memory::product([input.m, 8 * 3]),
        memory::product([input.p, 8 * 6 + 16 * (2 * VARIABLES + 2)]),
    ];
    memory::check(
        sizes
            .iter()
            .try_fold(0_u64, |sum, &size| sum.checked_add(size?)),
    )?;
    let fits = |count: Option<u64>| count.is_some_and(|count| u32::try_from(count).is_ok());
    ensure!(
        fits(entries) && fits(columns),
        "the matrix has more entries or columns than 32 bits can number"
    );
    let observations = Observations::new(&input);
    match call.function.as_str() {
        "objective" => {
            let answer = call.time_into(
                (Vec::new(), Vec::new()),
                |(errors, weights)| {
                    errors.clear();
                    weights.clear();
                    errors.extend(
                        (0..input.p)
                            .map(|i| error(&observations.variables(i), observations.places[i])),
                    );
                    weights.extend(observations.weights.iter().map(|&w| weight_error(w)));
                },
                |(errors, weights)| {
                    json!({
                        "reproj_error": { "elements": errors[0], "repeated": errors.len() },
                        "w_err": { "element": weights[0], "repeated": weights.len() },
                    })
                },
            )?;
            Ok(answer)
        }
        "jacobian" => call.time_into(
            Sparse::default(),
            |jacobian| {
                jacobian.clear();
                if call.literal {
                    record(&observations, jacobian);
                } else {
                    replay(&observations, jacobian);
                }
                let slope = |w| autodiff::scalar::derivative(weight_error, w);
                for (i, &w) in observations.weights.iter().enumerate() {
                    jacobian.push_weight(&observations, i, slope(w));
                }
            },
            Sparse::output,
        ),
        _ => Err(call.unknown()),
    }
}
