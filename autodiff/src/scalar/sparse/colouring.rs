//! `Colouring`: groups of columns and rows whose products hold every nonzero of a sparse matrix.

mod colours;
mod dense_rows;
mod distance_two;
mod graph;
mod order;
mod star;
#[cfg(test)]
mod tests;

use super::pattern::Pattern;
use colours::{Colours, groups};
use dense_rows::Partition;

/// Groups of the columns and rows of a sparse matrix, so that one product for each group determines all nonzeros.
///
/// The product of a group of columns is the sum of these columns, `A s` with the sum `s` of their unit vectors. A
/// forward pass computes it. The product of a group of rows is the sum of these rows, `sᵀ A`, and a backward pass
/// computes it. Every nonzero is an entry of one of the products, to which no other nonzero is added. This is a
/// *direct* method: no equations are solved, so nothing is lost to rounding.
///
/// To find the smallest number of groups is NP-hard. A small one is found by greedy colouring of a graph, with its
/// vertices in several orders: natural, largest first, smallest last and incidence degree (Gebremedhin, Manne and
/// Pothen, "What color is your Jacobian?", 2005).
///
/// ```
/// use autodiff::scalar::sparse::{Colouring, Pattern};
///
/// // All functions depend on the first variable, and the last one on all variables.
/// let arrow = Pattern::from_rows(4, [&[0][..], &[0, 1], &[0, 2], &[0, 1, 2, 3]]);
/// let colouring = Colouring::of_jacobian(&arrow);
/// // The last row has a product of its own. Without it the columns need two: column 0, and the others, of which the
/// // last has no further nonzero.
/// assert_eq!(colouring.products(), 3);
/// assert_eq!(colouring.column_groups().to_string(), "× · · ·\n· × × ·");
/// assert_eq!(colouring.row_groups().to_string(), "· · · ×");
/// // One mode alone needs four.
/// assert_eq!(Colouring::by_columns(&arrow).products(), 4);
/// assert_eq!(Colouring::by_rows(&arrow).products(), 4);
/// ```
#[derive(Clone, Debug)]
pub struct Colouring {
    column_groups: Pattern,
    row_groups: Pattern,
    /// For each nonzero, row after row.
    sources: Vec<Source>,
}

/// The entry of a product that equals a nonzero of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The number of the product. Those of the column groups come first, then those of the row groups.
    pub product: u32,
    /// The index of the entry: a row for the product of a column group, a column for the product of a row group.
    pub index: u32,
}

impl Colouring {
    /// Returns the colouring with the fewest products that was found for a matrix without known symmetry, for instance
    /// a Jacobian.
    ///
    /// Four kinds are compared: [by columns](Self::by_columns); by columns, with dense rows that have products of their
    /// own; [by rows](Self::by_rows); and by rows, with dense columns that have products of their own. The dense rows
    /// are those with the most nonzeros, as many as make the sum of colours and dense rows smallest, among a few
    /// numbers that promise most. Of kinds with as many products, one that needs only one mode is returned.
    #[must_use]
    pub fn of_jacobian(pattern: &Pattern) -> Self {
        let transpose = pattern.transpose();
        let [by_columns, by_rows] = [pattern, &transpose].map(dense_rows::lower_bound);
        let by_rows_first = by_rows < by_columns;
        let [first, second] = if by_rows_first {
            [&transpose, pattern]
        } else {
            [pattern, &transpose]
        };
        let mut best = dense_rows::partition(first, second);
        let mut of_transpose = by_rows_first;
        if by_columns.max(by_rows) < best.cost() {
            let other = dense_rows::partition(second, first);
            if other.cost() < best.cost() {
                (best, of_transpose) = (other, !of_transpose);
            }
        }
        if of_transpose {
            Self::of_transposed(pattern, &best)
        } else {
            Self::of(pattern, &best)
        }
    }

    /// Returns a colouring without row groups, so that forward passes are enough. The time is at most proportional to
    /// the sum of the squared numbers of nonzeros of the rows.
    ///
    /// Columns of one group are *structurally orthogonal*: no two have a nonzero in the same row (Curtis, Powell and
    /// Reid, "On the estimation of sparse Jacobian matrices", 1974). So entry `i` of a product is the only nonzero of
    /// row `i` in the group. The columns of a matrix are divided into such groups if and only if these are the colours
    /// of a partial distance-2 colouring of the columns in its bipartite graph (Gebremedhin, Manne and Pothen, 2005).
    /// No fewer groups are possible than a row has nonzeros.
    #[must_use]
    pub fn by_columns(pattern: &Pattern) -> Self {
        let columns = distance_two::colour(pattern, &pattern.transpose());
        Self::of(pattern, &Partition::of_columns(columns))
    }

    /// Returns a colouring without column groups, so that backward passes are enough: that of the transposed matrix
    /// [by columns](Self::by_columns).
    #[must_use]
    pub fn by_rows(pattern: &Pattern) -> Self {
        let rows = distance_two::colour(&pattern.transpose(), pattern);
        Self::of_transposed(pattern, &Partition::of_columns(rows))
    }

    /// Returns a colouring of a symmetric matrix, for instance a Hessian. It has no row groups.
    ///
    /// Each pair of nonzeros `(i, j)` and `(j, i)` is read once, so it is exactly symmetric: from row `i` of the
    /// product with the group of `j`, or from row `j` of the product with the group of `i`. One of the two is possible
    /// for each pair if the groups are the colours of a *star colouring* of the adjacency graph: neighbours have
    /// different colours, and every path of four vertices has at least three colours. If the diagonal has no zeros,
    /// this condition is also necessary (Coleman and Moré, "Estimation of sparse Hessian matrices and graph coloring
    /// problems", 1984). Groups from which nothing is read are removed.
    ///
    /// An arrow matrix gets two products. A band matrix with `w` nonzeros on either side of the diagonal gets
    /// `2 w + 1`, as many as without symmetry.
    ///
    /// The colouring is greedy and keeps the stars of two colours, like that of Gebremedhin, Tarafdar, Manne and Pothen
    /// ("New acyclic and star coloring algorithms with application to computing Hessians", 2007). The time is at most
    /// proportional to the number of nonzeros times the number of colours.
    ///
    /// # Panics
    ///
    /// If the pattern is not symmetric.
    #[must_use]
    #[track_caller]
    pub fn of_hessian(pattern: &Pattern) -> Self {
        assert!(
            pattern.is_symmetric(),
            "of_hessian: the pattern is not symmetric"
        );
        let colours = star::colour(pattern);
        let (colours, sources) =
            star::sources(pattern, &colours).expect("a star colouring determines all nonzeros");
        Self {
            column_groups: groups(&colours),
            row_groups: Pattern::from_rows(pattern.rows(), [[0; 0]; 0]),
            sources,
        }
    }

    /// Returns the colouring of `pattern` whose column groups are the colours of `partition`, and whose row groups are
    /// its separate rows.
    fn of(pattern: &Pattern, partition: &Partition) -> Self {
        let Partition { columns, separate } = partition;
        let separate = Colours::separate(pattern.rows(), separate);
        let sources = pattern.entries().map(|(i, j)| match separate.get(i) {
            Some(row) => Source {
                product: columns.count + row,
                index: j,
            },
            None => Source {
                product: columns.of[j as usize],
                index: i,
            },
        });
        Self {
            sources: sources.collect(),
            column_groups: groups(columns),
            row_groups: groups(&separate),
        }
    }

    /// Returns the colouring of `pattern` whose row groups are the colours of `partition`, and whose column groups are
    /// its separate rows: `partition` is one of the transposed pattern.
    fn of_transposed(pattern: &Pattern, partition: &Partition) -> Self {
        let Partition {
            columns: rows,
            separate,
        } = partition;
        let separate = Colours::separate(pattern.columns(), separate);
        let sources = pattern.entries().map(|(i, j)| match separate.get(j) {
            Some(column) => Source {
                product: column,
                index: i,
            },
            None => Source {
                product: separate.count + rows.of[i as usize],
                index: j,
            },
        });
        Self {
            sources: sources.collect(),
            column_groups: groups(&separate),
            row_groups: groups(rows),
        }
    }

    /// Returns the number of products: of column groups and row groups together.
    #[must_use]
    pub fn products(&self) -> usize {
        self.column_groups.rows() + self.row_groups.rows()
    }

    /// Returns the columns of each column group, as the rows of a pattern. A column is in at most one group; one
    /// without nonzeros is in none.
    #[must_use]
    pub fn column_groups(&self) -> &Pattern {
        &self.column_groups
    }

    /// Returns the rows of each row group, as the rows of a pattern. A row is in at most one group; one without
    /// nonzeros is in none.
    #[must_use]
    pub fn row_groups(&self) -> &Pattern {
        &self.row_groups
    }

    /// Returns where each nonzero of the pattern is read, row after row.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Returns the nonzeros of the matrix, row after row, from its products with the groups: first those with the
    /// column groups, then those with the row groups.
    ///
    /// ```
    /// use autodiff::scalar::sparse::{Colouring, Pattern};
    ///
    /// // The diagonal matrix of 3 and 4: its columns share a product.
    /// let colouring = Colouring::of_hessian(&Pattern::from_rows(2, [[0], [1]]));
    /// assert_eq!(colouring.recover(&[[3.0, 4.0]]), [3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the number of products or the length of a product is wrong.
    #[must_use]
    #[track_caller]
    pub fn recover<T: Copy>(&self, products: &[impl AsRef<[T]>]) -> Vec<T> {
        let (given, expected) = (products.len(), self.products());
        assert!(
            given == expected,
            "recover: {given} products, and the colouring has {expected} groups"
        );
        for (c, product) in products.iter().enumerate() {
            let by_columns = c < self.column_groups.rows();
            let other = if by_columns {
                &self.row_groups
            } else {
                &self.column_groups
            };
            let (length, expected) = (product.as_ref().len(), other.columns());
            assert!(
                length == expected,
                "recover: product {c} has {length} entries instead of {expected}"
            );
        }
        let nonzero =
            |source: &Source| products[source.product as usize].as_ref()[source.index as usize];
        self.sources.iter().map(nonzero).collect()
    }
}
