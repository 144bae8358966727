//! `kmeans`: the cost Σᵢ minⱼ |cⱼ − pᵢ|² of centroids c for points p, and a step of Newton's method for them.
//!
//! The Hessian matrix is diagonal, so its product with a vector of ones is its diagonal: one backward pass over a
//! recording of numbers with tangents gives the gradient and that product. The nearest centroid of a point is found with
//! plain numbers, so that only the smallest distance is recorded. The points of one centroid have nothing to do with the
//! other centroids, so each is recorded alone, on the same small tape. With `--literal` all distances are recorded on one
//! tape, as by the reference implementation.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use autodiff::scalar::{Dual, Scalar, Tape, Var};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    points: Vec<Vec<f64>>,
    centroids: Vec<Vec<f64>>,
}

/// |c − p|²
fn squared_distance<T: Scalar<Plain = f64>>(centroid: &[T], point: &[f64]) -> T {
    let differences = centroid.iter().zip(point).map(|(&c, &p)| c - p);
    differences.fold(T::default(), |sum, difference| {
        sum + difference * difference
    })
}

/// Returns the cost by the operations of the reference implementation. `centroids` are one after the other.
fn cost<T: Scalar<Plain = f64>>(centroids: &[T], points: &[Vec<f64>]) -> T {
    let least = |point: &Vec<f64>| {
        let distances = centroids
            .chunks(point.len())
            .map(|centroid| squared_distance(centroid, point));
        let least = distances.reduce(|a, b| if b < a { b } else { a });
        least.unwrap_or_default()
    };
    points
        .iter()
        .map(least)
        .fold(T::default(), |sum, least| sum + least)
}

/// Returns the gradient of a function divided by the diagonal of its Hessian matrix, if that is all of the matrix.
fn newton<F>(tape: &mut Tape<Dual>, f: F, x: &[f64]) -> Vec<f64>
where
    F: for<'t> FnOnce(&[Var<'t, Dual>]) -> Var<'t, Dual>,
{
    let (gradient, diagonal) = tape.hvp(f, x, &vec![1.0; x.len()]);
    gradient.iter().zip(diagonal).map(|(g, h)| g / h).collect()
}

/// The centroids by dimension: the first coordinate of all, then the second.
struct Columns {
    data: Vec<f64>,
    count: usize,
    /// Memory for the distances of a point from all centroids.
    distances: Vec<f64>,
}

impl Columns {
    fn new(centroids: &[Vec<f64>]) -> Self {
        let dimensions = 0..centroids[0].len();
        let column = |j| centroids.iter().map(move |centroid: &Vec<f64>| centroid[j]);
        Columns {
            data: dimensions.flat_map(column).collect(),
            count: centroids.len(),
            distances: vec![0.0; centroids.len()],
        }
    }

    /// Returns the squared distances of a point from all centroids, computed side by side.
    fn squared_distances(&mut self, point: &[f64]) -> &[f64] {
        self.distances.fill(0.0);
        for (column, &p) in self.data.chunks(self.count).zip(point) {
            for (distance, &c) in self.distances.iter_mut().zip(column) {
                *distance += (c - p) * (c - p);
            }
        }
        &self.distances
    }
}

/// The index of the smallest number, the first if there are several.
fn first_smallest(numbers: &[f64]) -> usize {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    numbers
        .iter()
        .position(|&number| number == least)
        .unwrap_or(0)
}

fn directions(tape: &mut Tape<Dual>, input: &Input) -> Vec<Vec<f64>> {
    let mut columns = Columns::new(&input.centroids);
    let mut members = vec![Vec::new(); input.centroids.len()];
    for point in &input.points {
        members[first_smallest(columns.squared_distances(point))].push(point);
    }
    let each = input.centroids.iter().zip(&members);
    each.map(|(centroid, points)| {
        newton(
            tape,
            |c| {
                let coordinates = points.iter().flat_map(|point| c.iter().zip(*point));
                coordinates.map(|(&c, &p)| (c - p).square()).sum()
            },
            centroid,
        )
    })
    .collect()
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let input: Input = call.input()?;
    let Input { points, centroids } = &input;
    ensure!(!points.is_empty(), "there are no points");
    ensure!(!centroids.is_empty(), "there are no centroids");
    let d = points[0].len();
    ensure!(d > 0, "the points have no coordinates");
    ensure!(
        points.iter().chain(centroids).all(|row| row.len() == d),
        "points and centroids are not all of length {d}"
    );
    let tape = &mut Tape::default();
    let all = centroids.concat();
    match call.function.as_str() {
        "cost" => call.time(|| {
            let mut columns = Columns::new(centroids);
            let least = |point: &Vec<f64>| {
                let distances = columns.squared_distances(point).iter().copied();
                distances.fold(f64::INFINITY, f64::min)
            };
            points.iter().map(least).sum::<f64>()
        }),
        "dir" if call.literal => call.time_into(
            Vec::new(),
            |direction| *direction = newton(tape, |c| cost(c, points), &all),
            |direction| direction.chunks(d).map(<[f64]>::to_vec).collect::<Vec<_>>(),
        ),
        "dir" => call.time(|| directions(tape, &input)),
        _ => Err(call.unknown()),
    }
}
