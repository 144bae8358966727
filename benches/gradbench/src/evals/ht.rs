//! `ht`: the distances of observed points from the surface of a hand with 22 bones, whose pose has 26 parameters.
//!
//! Each bone turns by three angles relative to its parent. A vertex of the surface follows several bones, with weights;
//! then the whole hand turns and moves. An observed point is compared with a vertex, or with the point of a triangle that
//! has the barycentric coordinates u. The Jacobian matrix has many more rows than columns, so forward mode is used, with a
//! lane for each column. A residual depends on its own two coordinates only, so one lane serves the first coordinates of
//! all points, and one the second.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use crate::memory;
use autodiff::scalar::{Dual, Scalar};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    theta: Vec<f64>,
    data: Data,
    us: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
struct Data {
    model: Model,
    correspondences: Vec<usize>,
    points: Vec<[f64; 3]>,
}

#[derive(Deserialize)]
struct Model {
    /// The parent of each bone, −1 for none.
    parents: Vec<i64>,
    base_relatives: Vec<Matrix<f64>>,
    inverse_base_absolutes: Vec<Matrix<f64>>,
    base_positions: Vec<[f64; 4]>,
    weights: Vec<Vec<f64>>,
    triangles: Vec<[usize; 3]>,
    is_mirrored: bool,
}

/// The number of parameters of a pose: global rotation (3) and translation (3), and four angles of each finger.
const PARAMETERS: usize = 26;

/// The columns of the Jacobian matrix with barycentric coordinates.
const COLUMNS: usize = PARAMETERS + 2;

type Vector<T> = [T; 3];
type Matrix<T> = [[T; 4]; 4];

fn identity<T: Scalar<Plain = f64>>() -> Matrix<T> {
    std::array::from_fn(|i| std::array::from_fn(|j| T::from_f64(f64::from(u8::from(i == j)))))
}

fn constants<T: Scalar<Plain = f64>>(a: &Matrix<f64>) -> Matrix<T> {
    a.map(|row| row.map(T::from_f64))
}

fn product<T: Scalar<Plain = f64>>(a: &Matrix<T>, b: &Matrix<T>) -> Matrix<T> {
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j] + a[i][3] * b[3][j]
        })
    })
}

/// The rotation R_z R_y R_x of a bone. The angles come in the order x, z, y.
fn rotation_of_bone<T: Scalar<Plain = f64>>([x, z, y]: Vector<T>) -> Matrix<T> {
    let plane = |angle: T, i: usize, j: usize| {
        let mut turned = identity();
        let (sin, cos) = (angle.sin(), angle.cos());
        (turned[i][i], turned[i][j]) = (cos, -sin);
        (turned[j][i], turned[j][j]) = (sin, cos);
        turned
    };
    product(&product(&plane(z, 0, 1), &plane(y, 2, 0)), &plane(x, 1, 2))
}

/// The rotation about an axis by its length. The rows of the matrix.
fn rotation_about<T: Scalar<Plain = f64>>(axis: Vector<T>) -> [Vector<T>; 3] {
    let one = T::from_f64(1.0);
    let angle = (axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]).sqrt();
    if angle.to_f64() < 1e-4 {
        let identity = identity();
        return std::array::from_fn(|i| std::array::from_fn(|j| identity[i][j]));
    }
    let [x, y, z] = axis.map(|a| a / angle);
    let (s, c) = (angle.sin(), angle.cos());
    let rest = one - c;
    [
        [
            x * x + (one - x * x) * c,
            x * y * rest - z * s,
            x * z * rest + y * s,
        ],
        [
            x * y * rest + z * s,
            y * y + (one - y * y) * c,
            y * z * rest - x * s,
        ],
        [
            x * z * rest - y * s,
            z * y * rest + x * s,
            z * z + (one - z * z) * c,
        ],
    ]
}

/// The angles of each bone: four for each finger, at three of its four bones.
fn angles<T: Scalar<Plain = f64>>(theta: &[T], bones: usize) -> Vec<Vector<T>> {
    let mut angles = vec![[T::default(); 3]; bones];
    let mut parameters = theta[6..].iter();
    for finger in 0..5 {
        for joint in 0..3 {
            let angles = &mut angles[2 + 4 * finger + joint];
            let count = if joint == 0 { 2 } else { 1 };
            for (angle, parameter) in angles.iter_mut().zip(parameters.by_ref().take(count)) {
                *angle = *parameter;
            }
        }
    }
    angles
}

/// Returns the positions of all vertices in a pose.
fn vertices<T: Scalar<Plain = f64>>(model: &Model, theta: &[T]) -> Vec<Vector<T>> {
    let mut absolutes: Vec<Matrix<T>> = Vec::new();
    for (i, angles) in angles(theta, model.parents.len()).into_iter().enumerate() {
        let relative = constants(&model.base_relatives[i]);
        let relative = product(&relative, &rotation_of_bone(angles));
        absolutes.push(match usize::try_from(model.parents[i]) {
            Ok(parent) => product(&absolutes[parent], &relative),
            Err(_) => relative,
        });
    }
    let inverses = model.inverse_base_absolutes.iter().map(constants);
    let bones: Vec<_> = absolutes
        .iter()
        .zip(inverses)
        .map(|(absolute, inverse)| product(absolute, &inverse))
        .collect();

    let turned = rotation_about([theta[0], theta[1], theta[2]]);
    let sign = if model.is_mirrored { -1.0 } else { 1.0 };
    let of_vertex = |(base, weights): (&[f64; 4], &Vec<f64>)| {
        let mut position = [T::default(); 3];
        for (bone, &weight) in bones.iter().zip(weights) {
            if weight != 0.0 {
                let factors = base.map(|x| x * weight);
                for (x, row) in position.iter_mut().zip(bone) {
                    *x = *x
                        + row[0] * factors[0]
                        + row[1] * factors[1]
                        + row[2] * factors[2]
                        + row[3] * factors[3];
                }
            }
        }
        let [x, y, z] = [position[0] * sign, position[1], position[2]];
        std::array::from_fn(|i| {
            turned[i][0] * x + turned[i][1] * y + turned[i][2] * z + theta[3 + i]
        })
    };
    model
        .base_positions
        .iter()
        .zip(&model.weights)
        .map(of_vertex)
        .collect()
}

/// Hands the residuals of each observed point to `each`, given the barycentric coordinates of point i in `us`, if any.
fn residuals<T: Scalar<Plain = f64>>(
    data: &Data,
    theta: &[T],
    us: Option<&impl Fn(usize) -> [T; 2]>,
    mut each: impl FnMut(Vector<T>),
) {
    let vertices = vertices(&data.model, theta);
    for (i, (&place, point)) in data.correspondences.iter().zip(&data.points).enumerate() {
        let of_surface: Vector<T> = match us {
            None => vertices[place],
            Some(us) => {
                let [u, v] = us(i);
                let w = -(u + v) + 1.0;
                let [a, b, c] = data.model.triangles[place].map(|corner| vertices[corner]);
                std::array::from_fn(|i| u * a[i] + v * b[i] + w * c[i])
            }
        };
        each(std::array::from_fn(|i| -(of_surface[i] - point[i])));
    }
}

fn check(input: &Input) -> Result<(), Error> {
    let Data {
        model,
        correspondences,
        points,
    } = &input.data;
    let (bones, vertices) = (model.parents.len(), model.base_positions.len());
    ensure!(
        input.theta.len() == PARAMETERS,
        "theta has {} numbers, not {PARAMETERS}",
        input.theta.len()
    );
    ensure!(bones >= 22, "there are {bones} bones, fewer than 22");
    ensure!(
        model.base_relatives.len() == bones && model.inverse_base_absolutes.len() == bones,
        "parents, base_relatives and inverse_base_absolutes have different lengths"
    );
    ensure!(
        model
            .parents
            .iter()
            .enumerate()
            .all(|(i, &parent)| parent < i as i64),
        "a bone precedes its parent"
    );
    ensure!(
        model.weights.len() == vertices && model.weights.iter().all(|row| row.len() == bones),
        "weights has not a row of {bones} for each of {vertices} vertices"
    );
    ensure!(
        model
            .triangles
            .iter()
            .flatten()
            .all(|&corner| corner < vertices),
        "a triangle has a corner that is no vertex"
    );
    ensure!(
        points.len() == correspondences.len(),
        "there are {} points and {} correspondences",
        points.len(),
        correspondences.len()
    );
    let places = if input.us.is_empty() {
        vertices
    } else {
        model.triangles.len()
    };
    ensure!(
        correspondences.iter().all(|&place| place < places),
        "a correspondence is not less than {places}"
    );
    ensure!(
        input.us.is_empty() || input.us.len() == points.len(),
        "there are {} pairs in us and {} points",
        input.us.len(),
        points.len()
    );
    memory::check(memory::product([points.len(), 3, COLUMNS, 8]))
}

/// Writes the Jacobian matrix with `K` columns, row by row. The columns of the parameters are the last.
fn jacobian<const K: usize>(input: &Input, matrix: &mut Vec<f64>) {
    matrix.clear();
    let first = K - PARAMETERS;
    let theta = input.theta.iter().enumerate();
    let theta: Vec<_> = theta
        .map(|(i, &value)| Dual::<f64, K>::seeded(value, first + i))
        .collect();
    let us = |i: usize| [0, 1].map(|lane| Dual::seeded(input.us[i][lane], lane));
    residuals(
        &input.data,
        &theta,
        (first > 0).then_some(&us),
        |residual| {
            for residual in residual {
                matrix.extend(residual.tangents);
            }
        },
    );
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let input: Input = call.input()?;
    check(&input)?;
    let complicated = !input.us.is_empty();
    match call.function.as_str() {
        "objective" => call.time_into(
            Vec::new(),
            |errors| {
                errors.clear();
                let us = |i: usize| input.us[i];
                let us = complicated.then_some(&us);
                residuals(&input.data, &input.theta, us, |residual| {
                    errors.extend(residual);
                });
            },
            |errors| errors,
        ),
        "jacobian" => {
            let columns = if complicated { COLUMNS } else { PARAMETERS };
            call.time_into(
                Vec::new(),
                |matrix| match complicated {
                    true => jacobian::<COLUMNS>(&input, matrix),
                    false => jacobian::<PARAMETERS>(&input, matrix),
                },
                |matrix| {
                    matrix
                        .chunks(columns)
                        .map(<[f64]>::to_vec)
                        .collect::<Vec<_>>()
                },
            )
        }
        _ => Err(call.unknown()),
    }
}
