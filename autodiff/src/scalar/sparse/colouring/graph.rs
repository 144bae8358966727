//! The graphs whose vertices are coloured.

use super::Pattern;
use super::colours::Marks;

/// A graph without direction. Edges from a vertex to itself are ignored.
pub(super) trait Graph {
    /// Returns the number of vertices.
    fn vertices(&self) -> usize;

    /// Calls `visit` for the neighbours of `vertex`, possibly several times for the same one, and possibly for
    /// `vertex`.
    fn visit_neighbours(&self, vertex: u32, visit: impl FnMut(u32));

    /// Calls `visit` once for each neighbour of `vertex`. It uses and clears `marks`.
    fn visit_distinct_neighbours(
        &self,
        vertex: u32,
        marks: &mut Marks,
        mut visit: impl FnMut(u32),
    ) {
        marks.clear();
        marks.insert(vertex);
        self.visit_neighbours(vertex, |neighbour| {
            if marks.insert(neighbour) {
                visit(neighbour);
            }
        });
    }

    /// Returns the number of neighbours of each vertex.
    fn degrees(&self) -> Vec<u32> {
        let mut marks = Marks::new(self.vertices());
        let degree = |vertex| {
            let mut degree = 0;
            self.visit_distinct_neighbours(vertex, &mut marks, |_| degree += 1);
            degree
        };
        (0..self.vertices() as u32).map(degree).collect()
    }
}

/// The adjacency graph of a symmetric matrix: the nonzeros off the diagonal are the edges.
pub(super) struct Adjacency<'a>(pub(super) &'a Pattern);

impl Graph for Adjacency<'_> {
    fn vertices(&self) -> usize {
        self.0.rows()
    }

    fn visit_neighbours(&self, vertex: u32, visit: impl FnMut(u32)) {
        self.0.row(vertex as usize).iter().copied().for_each(visit);
    }
}

/// The column intersection graph of a matrix: columns are neighbours if they have a nonzero in the same row, so that
/// they are at distance 2 in the bipartite graph of rows and columns. It is not stored, because it may be much larger
/// than the matrix.
pub(super) struct ColumnIntersection<'a> {
    pub(super) rows: &'a Pattern,
    /// The transposed pattern.
    pub(super) columns: &'a Pattern,
}

impl Graph for ColumnIntersection<'_> {
    fn vertices(&self) -> usize {
        self.columns.rows()
    }

    fn visit_neighbours(&self, vertex: u32, mut visit: impl FnMut(u32)) {
        for &i in self.columns.row(vertex as usize) {
            self.rows.row(i as usize).iter().for_each(|&j| visit(j));
        }
    }
}
