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
    /// The inputs and vectors of all points.
    pub(super) fn inputs(&self) -> Inputs<'a, T> {
        Inputs {
            points: self.table(),
            directions: self.directions(),
        }
    }

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

/// The inputs and vectors of some points.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a, T> {
    pub(super) points: Table<'a, T>,
    pub(super) directions: Option<Table<'a, T>>,
}

/// Points that deviate from earlier paths, gathered in columns, with their results.
pub(super) struct Scratch<T> {
    /// The points that are still to be computed, in order.
    pub(super) pending: Vec<usize>,
    /// Those of them that take a path.
    pub(super) taking: Vec<usize>,
    /// Those that do not.
    pub(super) deviating: Vec<usize>,
    pub(super) gathered: Gathered<T>,
    pub(super) outputs: [Vec<T>; 2],
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Scratch {
            pending: Vec::new(),
            taking: Vec::new(),
            deviating: Vec::new(),
            gathered: Gathered::default(),
            outputs: [Vec::new(), Vec::new()],
        }
    }
}

impl<T> Scratch<T> {
    /// Separates the pending points into those that take a path and those that do not, whose positions among the pending
    /// ones are in `deviating`, in order.
    pub(super) fn separate(&mut self) {
        self.taking.clear();
        let mut start = 0;
        for point in &mut self.deviating {
            self.taking.extend_from_slice(&self.pending[start..*point]);
            start = *point + 1;
            *point = self.pending[*point];
        }
        self.taking.extend_from_slice(&self.pending[start..]);
    }
}

/// Memory for the inputs and vectors of some points, in columns.
pub(super) struct Gathered<T> {
    points: Vec<T>,
    directions: Vec<T>,
}

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Gathered {
            points: Vec::new(),
            directions: Vec::new(),
        }
    }
}

impl<T: Copy> Gathered<T> {
    /// Gathers the inputs of some points.
    pub(super) fn points(&mut self, request: &Request<'_, T>, points: &[usize]) -> Table<'_, T> {
        gather(&request.table(), points, &mut self.points)
    }

    /// Gathers the inputs and the vectors of some points.
    pub(super) fn inputs(&mut self, request: &Request<'_, T>, points: &[usize]) -> Inputs<'_, T> {
        let directions = request.directions();
        Inputs {
            points: gather(&request.table(), points, &mut self.points),
            directions: directions.map(|table| gather(&table, points, &mut self.directions)),
        }
    }
}

fn gather<'a, T: Copy>(table: &Table<'_, T>, points: &[usize], to: &'a mut Vec<T>) -> Table<'a, T> {
    to.clear();
    for number in 0..table.width {
        let column = points.iter();
        match table.points {
            Points::Rows(data) => {
                to.extend(column.map(|point| data[point * table.width + number]));
            }
            Points::Columns(data) => {
                let data = &data[number * table.count..][..table.count];
                to.extend(column.map(|&point| data[point]));
            }
        }
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
        let column = column.iter().zip(points);
        if request.points.is_rows() {
            column.for_each(|(x, point)| to[point * width + number] = *x);
        } else {
            let to = &mut to[number * request.count..][..request.count];
            column.for_each(|(x, &point)| to[point] = *x);
        }
    }
}
