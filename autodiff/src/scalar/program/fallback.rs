//! The computation of single points without a compiled path: on an ordinary tape.

use super::compile::{Compiled, Computation};
use super::error::ProgramError;
use super::points::{Points, Table};
use super::recording::{Function, record};
use super::run::{Task, Workspace};
use super::variants::Request;
use crate::scalar::general::push_forward;
use crate::scalar::number::Scalar;
use crate::scalar::sweep::Gradients;
use crate::scalar::tape::Tape;
use crate::scalar::var::Var;
use crate::tensor::Real;
use std::sync::Arc;

/// A single point of a request.
pub(super) struct Single<T> {
    pub(super) point: Vec<T>,
    direction: Vec<T>,
}

impl<T: Copy> Single<T> {
    pub(super) fn new(request: &Request<'_, T>, point: usize) -> Self {
        let row = |table: Table<'_, T>| -> Vec<T> {
            let numbers = 0..table.width;
            numbers
                .map(|number| table.points.get(point, number, table.count, table.width))
                .collect()
        };
        Single {
            point: row(request.table()),
            direction: request.directions().map(row).unwrap_or_default(),
        }
    }
}

/// What was computed at a single point.
pub(super) struct Found<T> {
    /// The number of outputs of the function.
    pub(super) outputs: usize,
    /// The outputs that go to the first and to the second place.
    pub(super) of_point: [Vec<T>; 2],
    /// The contributions to the sums over the points.
    pub(super) to_sum: Vec<T>,
}

/// Computes a single point.
#[track_caller]
pub(super) fn compute<T: Real + Scalar>(
    f: &Function<'_, T>,
    request: &Request<'_, T>,
    single: &Single<T>,
    tape: &mut Tape<T>,
) -> Result<Found<T>, ProgramError> {
    if request.computation == Computation::Hvp {
        return second_order(f, request, single);
    }
    tape.reset();
    let constants = |x: &[T]| -> Vec<Var<'_, T>> { x.iter().copied().map(Var::constant).collect() };
    let (shared, point) = match request.computation {
        Computation::Values => (constants(request.shared), constants(&single.point)),
        Computation::SummedGradient => (tape.vars(request.shared), constants(&single.point)),
        _ => (constants(request.shared), tape.vars(&*single.point)),
    };
    let y = f(&shared, &point);
    let mut found = Found {
        outputs: y.len(),
        of_point: [y.iter().map(|y| y.value).collect(), Vec::new()],
        to_sum: Vec::new(),
    };
    let derivatives = &mut found.of_point[1];
    match request.computation {
        Computation::Values | Computation::Hvp => {}
        Computation::Gradients | Computation::Jacobians => {
            for y in y {
                derivatives.extend(y.gradients().wrt_all(&point));
            }
        }
        Computation::SummedGradient => {
            found.to_sum = std::mem::take(&mut found.of_point[0]);
            found.to_sum.extend(y[0].gradients().wrt_all(&shared));
        }
        Computation::Jvp => {
            let seeds = point.iter().zip(&single.direction);
            let seeds = seeds.map(|(&x, &x_dot)| (x, [x_dot]));
            let tangents = push_forward(tape, seeds, &y);
            derivatives.extend(tangents.into_iter().flatten());
        }
        Computation::Vjp => {
            let seeds = y.iter().zip(&single.direction);
            let seeds: Vec<_> = seeds.map(|(&y, &y_bar)| (y, [y_bar])).collect();
            let mut gradients = Gradients::default();
            gradients.pull_back(&seeds);
            derivatives.extend(gradients.wrt_all(&point));
        }
    }
    Ok(found)
}

/// Computes a gradient with a Hessian product by a program that is used once: a tape of plain numbers has first
/// derivatives only.
#[track_caller]
fn second_order<T: Real + Scalar>(
    f: &Function<'_, T>,
    request: &Request<'_, T>,
    single: &Single<T>,
) -> Result<Found<T>, ProgramError> {
    let recorded = record(f, request.shared, &single.point)?;
    let compiled = Compiled::new(request.computation, &Arc::new(recorded));
    let table = |x| Table {
        points: Points::Rows(x),
        count: 1,
        width: single.point.len(),
    };
    let mut of_point = request.widths.map(|width| vec![T::default(); width]);
    let [gradient, product] = &mut of_point;
    let task = Task {
        compiled: &compiled,
        shared: request.shared,
        points: table(&single.point),
        directions: Some(table(&single.direction)),
        values: request.widths[0],
    };
    let mut workspace = [Workspace::default()];
    task.run(
        &mut workspace,
        [gradient, product],
        &mut [],
        &mut Vec::new(),
    );
    Ok(Found {
        outputs: 1,
        of_point,
        to_sum: Vec::new(),
    })
}
