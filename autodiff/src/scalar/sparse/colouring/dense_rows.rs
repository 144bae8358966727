//! Colouring of the columns without a few dense rows, which have products of their own.

use super::Pattern;
use super::colours::Colours;
use super::distance_two;

/// Colours of the columns, and the rows to which the colouring does not apply.
pub(super) struct Partition {
    pub(super) columns: Colours,
    /// Rows that have a product of their own.
    pub(super) separate: Vec<u32>,
}

impl Partition {
    pub(super) fn of_columns(columns: Colours) -> Self {
        Self {
            columns,
            separate: Vec::new(),
        }
    }

    /// Returns the number of products, and whether there are separate rows: of two partitions with as many products,
    /// one that needs only one mode is better.
    pub(super) fn cost(&self) -> (usize, bool) {
        (
            self.columns.count as usize + self.separate.len(),
            !self.separate.is_empty(),
        )
    }
}

/// The largest number of proper separations that are coloured.
const TRIALS: usize = 4;

/// A number of rows that are separated, and a lower bound of the cost.
struct Separation {
    rows: usize,
    lower_bound: (usize, bool),
}

/// Returns the rows by descending number of nonzeros, and all separations of leading rows that are followed by a
/// shorter one, by ascending bound. The columns need at least as many colours as the longest row that is not separate
/// has nonzeros.
fn separations(pattern: &Pattern) -> (Vec<u32>, Vec<Separation>) {
    let length = |i: u32| pattern.row(i as usize).len();
    let mut by_length: Vec<u32> = (0..pattern.rows() as u32).collect();
    by_length.sort_by_key(|&i| std::cmp::Reverse(length(i)));
    let lengths: Vec<_> = by_length.iter().map(|&i| length(i)).chain([0]).collect();
    let mut separations: Vec<_> = (0..lengths.len())
        .filter(|&rows| rows == 0 || lengths[rows - 1] > lengths[rows])
        .map(|rows| Separation {
            rows,
            lower_bound: (rows + lengths[rows], rows > 0),
        })
        .collect();
    separations.sort_by_key(|separation| separation.lower_bound);
    (by_length, separations)
}

/// Returns a lower bound of the cost of [`partition`].
pub(super) fn lower_bound(pattern: &Pattern) -> (usize, bool) {
    separations(pattern).1[0].lower_bound
}

/// Returns the partition with the lowest cost that was found. `transpose` is the transpose of `pattern`.
///
/// It is at most that of all columns without separate rows, and at most that of a product for each row.
pub(super) fn partition(pattern: &Pattern, transpose: &Pattern) -> Partition {
    let (by_length, separations) = separations(pattern);
    let occupied = by_length
        .iter()
        .copied()
        .filter(|&i| !pattern.row(i as usize).is_empty());
    // A product for each row needs no search, and rules out the separations that cannot be better.
    let mut best = Partition {
        columns: Colours::none(pattern.columns()),
        separate: occupied.collect(),
    };
    for (trial, separation) in separations.into_iter().enumerate() {
        if best.cost() <= separation.lower_bound {
            break;
        }
        if trial >= TRIALS && separation.rows > 0 {
            continue;
        }
        let separate = &by_length[..separation.rows];
        let columns = if separate.is_empty() {
            distance_two::colour(pattern, transpose)
        } else {
            let remainder = without_rows(pattern, separate);
            distance_two::colour(&remainder, &remainder.transpose())
        };
        let partition = Partition {
            columns,
            separate: separate.to_vec(),
        };
        if partition.cost() < best.cost() {
            best = partition;
        }
    }
    best
}

/// Returns the pattern with the rows `removed` empty.
fn without_rows(pattern: &Pattern, removed: &[u32]) -> Pattern {
    let removed = Colours::separate(pattern.rows(), removed);
    let rows = (0..pattern.rows() as u32).map(|i| match removed.get(i) {
        Some(_) => &[][..],
        None => pattern.row(i as usize),
    });
    Pattern::from_rows(pattern.columns(), rows)
}
