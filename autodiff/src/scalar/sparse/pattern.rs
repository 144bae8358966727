//! `Pattern`: the places where a sparse matrix may be nonzero.

use std::fmt;

/// The sparsity pattern of a matrix: the places of its nonzeros, row by row, in ascending order (compressed sparse
/// rows, CSR).
///
/// A "nonzero" is an entry that may be different from 0 at some point; all other entries are 0 everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    columns: usize,
    /// Row `i` has the indices from `offsets[i]` to `offsets[i + 1]`.
    offsets: Vec<usize>,
    indices: Vec<u32>,
}

impl Pattern {
    /// Returns the pattern with the given number of columns, whose rows have nonzeros in the given columns.
    ///
    /// ```
    /// use autodiff::scalar::sparse::Pattern;
    ///
    /// let pattern = Pattern::from_rows(3, [vec![0, 2], vec![], vec![1]]);
    /// assert_eq!((pattern.rows(), pattern.columns(), pattern.nonzeros()), (3, 3, 3));
    /// assert_eq!(pattern.row(0), [0, 2]);
    /// assert_eq!(pattern.to_string(), "× · ×\n· · ·\n· × ·");
    /// ```
    ///
    /// # Panics
    ///
    /// If a row is not strictly ascending, if it has a column that is not less than `columns`, or if there are 2³² - 1
    /// or more rows or columns.
    #[must_use]
    #[track_caller]
    pub fn from_rows<R: AsRef<[u32]>>(columns: usize, rows: impl IntoIterator<Item = R>) -> Self {
        let limit = u32::MAX as usize;
        assert!(columns < limit, "from_rows: {columns} columns are too many");
        let (mut offsets, mut indices) = (vec![0], Vec::new());
        for row in rows {
            let (i, row) = (offsets.len() - 1, row.as_ref());
            assert!(i + 1 < limit, "from_rows: too many rows");
            if let Some(pair) = row.windows(2).find(|pair| pair[0] >= pair[1]) {
                let (first, second) = (pair[0], pair[1]);
                panic!("from_rows: row {i} is not ascending: {second} follows {first}");
            }
            if let Some(&last) = row.last() {
                let inside = (last as usize) < columns;
                assert!(
                    inside,
                    "from_rows: row {i} has column {last}, and there are {columns} columns"
                );
            }
            indices.extend_from_slice(row);
            offsets.push(indices.len());
        }
        Self {
            columns,
            offsets,
            indices,
        }
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns the number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the number of nonzeros.
    #[must_use]
    pub fn nonzeros(&self) -> usize {
        self.indices.len()
    }

    /// Returns the columns of the nonzeros of row `i`, in ascending order.
    ///
    /// # Panics
    ///
    /// If there is no row `i`.
    #[must_use]
    #[track_caller]
    pub fn row(&self, i: usize) -> &[u32] {
        let rows = self.rows();
        assert!(i < rows, "row: there is no row {i} among {rows}");
        &self.indices[self.offsets[i]..self.offsets[i + 1]]
    }

    /// Returns where each row begins in [`indices`](Self::indices), and the number of nonzeros in the end.
    #[must_use]
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Returns the columns of all nonzeros, row after row.
    #[must_use]
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Returns the pattern of the transposed matrix.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let mut offsets = vec![0; self.columns + 1];
        for &j in &self.indices {
            offsets[j as usize + 1] += 1;
        }
        for j in 0..self.columns {
            offsets[j + 1] += offsets[j];
        }
        let mut next = offsets.clone();
        let mut indices = vec![0; self.nonzeros()];
        for (i, j) in self.entries() {
            indices[next[j as usize]] = i;
            next[j as usize] += 1;
        }
        Self {
            columns: self.rows(),
            offsets,
            indices,
        }
    }

    /// Returns whether the pattern equals its transpose.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        *self == self.transpose()
    }

    /// Returns the pattern of the nonzeros on and below the diagonal.
    #[must_use]
    pub fn lower_triangle(&self) -> Self {
        let lower = (0..self.rows()).map(|i| {
            let row = self.row(i);
            &row[..row.partition_point(|&j| j as usize <= i)]
        });
        Self::from_rows(self.columns, lower)
    }

    /// Returns the columns of all nonzeros, row after row, in the integers of other crates.
    #[cfg(any(feature = "faer", feature = "nalgebra-sparse"))]
    pub(super) fn wide_indices(&self) -> Vec<usize> {
        self.indices.iter().map(|&j| j as usize).collect()
    }

    /// Returns the row and column of each nonzero, row after row.
    pub(in crate::scalar) fn entries(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.rows()).flat_map(|i| self.row(i).iter().map(move |&j| (i as u32, j)))
    }
}

/// The largest number of rows or columns of a pattern that is displayed entry by entry.
const DISPLAYED: usize = 64;

/// Displays a pattern of at most 64 rows and columns as lines of `×` and `·`, and the size of a larger one.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns) = (self.rows(), self.columns);
        if rows.max(columns) > DISPLAYED {
            let nonzeros = self.nonzeros();
            return write!(f, "{rows} × {columns} with {nonzeros} nonzeros");
        }
        for i in 0..rows {
            if i > 0 {
                writeln!(f)?;
            }
            let row = self.row(i);
            for j in 0..columns {
                let separator = if j > 0 { " " } else { "" };
                let entry = if row.binary_search(&(j as u32)).is_ok() {
                    '×'
                } else {
                    '·'
                };
                write!(f, "{separator}{entry}")?;
            }
        }
        Ok(())
    }
}
