//! `Request`: what a program is asked to compute, and the memory in which some of its points are gathered.

use super::compile::Computation;
use super::points::{Points, Table};

/// What a program is asked to compute.
pub(super) struct Request<'a, T> {
    pub(super) computation: Computation,
    pub(super) shared: &'a [T],
    pub(super) points: Points<'a, T>,
    /// A vector for each point, in the layout of the points.
    pub(super) direction: Option<&'a [T]>,
    pub(super) count: usize,
    /// The numbers of outputs that go to the first and to the second place.
    pub(super) widths: [usize; 2],
}

impl<'a, T: Copy> Request<'a, T> {
    /// The inputs of the points.
    pub(super) fn table(&self) -> Table<'a, T> {
        self.layout(self.points.data())
    }

    /// The vectors of the points.
    pub(super) fn directions(&self) -> Option<Table<'a, T>> {
        self.direction.map(|data| self.layout(data))
    }

    /// The place of a number of a point among the results.
    pub(super) fn place(&self, point: usize, number: usize, width: usize) -> usize {
        if self.points.is_rows() {
            point * width + number
        } else {
            number * self.count + point
        }
    }

    fn layout(&self, data: &'a [T]) -> Table<'a, T> {
        Table {
            points: if self.points.is_rows() {
                Points::Rows(data)
            } else {
                Points::Columns(data)
            },
            count: self.count,
            width: data.len() / self.count.max(1),
        }
    }
}

/// Points that deviate from earlier paths, gathered in columns, with their results.
pub(super) struct Scratch<T> {
    pub(super) pending: Vec<usize>,
    pub(super) deviating: Vec<usize>,
    pub(super) points: Vec<T>,
    pub(super) directions: Vec<T>,
    pub(super) outputs: [Vec<T>; 2],
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Scratch {
            pending: Vec::new(),
            deviating: Vec::new(),
            points: Vec::new(),
            directions: Vec::new(),
            outputs: [Vec::new(), Vec::new()],
        }
    }
}

/// Gathers some points of a table, in columns.
pub(super) fn gather<'a, T: Copy>(
    table: &Table<'_, T>,
    points: &[usize],
    to: &'a mut Vec<T>,
) -> Table<'a, T> {
    to.clear();
    for number in 0..table.width {
        let column = points.iter();
        to.extend(column.map(|&point| table.points.get(point, number, table.count, table.width)));
    }
    Table {
        points: Points::Columns(to),
        count: points.len(),
        width: table.width,
    }
}

/// Puts the results of some points, in columns, to their places among all points.
pub(super) fn scatter<T: Copy>(
    from: &[T],
    points: &[usize],
    request: &Request<'_, T>,
    to: &mut [T],
) {
    let width = from.len() / points.len();
    for (number, column) in from.chunks_exact(points.len()).enumerate() {
        for (x, point) in column.iter().zip(points) {
            to[request.place(*point, number, width)] = *x;
        }
    }
}
