//! Partial distance-2 colouring of the columns: groups of structurally orthogonal columns.

use super::Pattern;
use super::colours::{Colours, Marks};
use super::graph::ColumnIntersection;
use super::order::best_of_orders;

/// Returns the best colouring that was found in which columns with a nonzero in the same row have different colours.
/// Columns without nonzeros have none. `columns` is the transpose of `rows`.
pub(super) fn colour(rows: &Pattern, columns: &Pattern) -> Colours {
    let longest = longest_row(rows);
    let occupied: Vec<_> = (0..columns.rows() as u32)
        .filter(|&j| !columns.row(j as usize).is_empty())
        .collect();
    if longest == occupied.len() {
        // A full row: the search would take quadratic time and find nothing else.
        return Colours::separate(columns.rows(), &occupied);
    }
    let graph = ColumnIntersection { rows, columns };
    best_of_orders(&graph, longest, |order| greedy(&graph, order))
}

/// Returns the largest number of nonzeros of a row: no colouring of the columns has fewer colours.
pub(super) fn longest_row(pattern: &Pattern) -> usize {
    (0..pattern.rows())
        .map(|i| pattern.row(i).len())
        .max()
        .unwrap_or(0)
}

/// Colours the columns with nonzeros in the given order, each with the smallest colour that no neighbour has.
pub(super) fn greedy(graph: &ColumnIntersection<'_>, order: &[u32]) -> Colours {
    let mut colours = Colours::none(graph.columns.rows());
    let mut forbidden = Marks::new(graph.columns.rows() + 1);
    for &vertex in order {
        let column = graph.columns.row(vertex as usize);
        if column.is_empty() {
            continue;
        }
        forbidden.clear();
        let mut allowed = colours.count;
        for &i in column {
            if allowed == 0 {
                // In a dense matrix a few rows forbid all colours.
                break;
            }
            for &j in graph.rows.row(i as usize) {
                if colours
                    .get(j)
                    .is_some_and(|colour| forbidden.insert(colour))
                {
                    allowed -= 1;
                }
            }
        }
        colours.set(vertex, forbidden.smallest_absent());
    }
    colours
}
