//! Orders in which a greedy colouring takes the vertices.

use super::colours::{Colours, Marks, NONE};
use super::graph::Graph;

/// An order of the vertices of a graph (Gebremedhin, Manne and Pothen, 2005, section 7.1).
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// As they are numbered.
    Natural,
    /// By descending degree.
    LargestFirst,
    /// From the end: each is one of smallest degree in the graph without those that follow it.
    SmallestLast,
    /// From the start: each is one with the largest number of neighbours among those that precede it.
    IncidenceDegree,
}

impl Order {
    /// Returns the vertices of `graph` in this order.
    pub(super) fn of(self, graph: &impl Graph) -> Vec<u32> {
        match self {
            Self::Natural => (0..graph.vertices() as u32).collect(),
            Self::LargestFirst => {
                let degrees = graph.degrees();
                let mut vertices = Self::Natural.of(graph);
                vertices.sort_by_key(|&vertex| std::cmp::Reverse(degrees[vertex as usize]));
                vertices
            }
            Self::SmallestLast => {
                let mut vertices = by_smallest_key(graph, graph.degrees());
                vertices.reverse();
                vertices
            }
            // The key is the number of all vertices without the neighbours that precede.
            Self::IncidenceDegree => {
                let vertices = graph.vertices();
                by_smallest_key(graph, vec![vertices as u32; vertices])
            }
        }
    }
}

/// With more colours than this, only natural order is tried. The time for a nonzero is proportional to the number of
/// colours, so this bounds the time for a nonzero in the other orders.
const MANY_COLOURS: u32 = 256;

/// Returns the colouring with the fewest colours that `greedy` finds in the orders. `least` colours cannot be improved.
pub(super) fn best_of_orders(
    graph: &impl Graph,
    least: usize,
    greedy: impl Fn(&[u32]) -> Colours,
) -> Colours {
    let mut best = greedy(&Order::Natural.of(graph));
    for order in [
        Order::LargestFirst,
        Order::SmallestLast,
        Order::IncidenceDegree,
    ] {
        if best.count as usize <= least || best.count > MANY_COLOURS {
            break;
        }
        let colours = greedy(&order.of(graph));
        if colours.count < best.count {
            best = colours;
        }
    }
    best
}

/// Returns the vertices in the order in which they are taken, if always one with the smallest key is taken and then the
/// keys of its neighbours are lowered by 1.
fn by_smallest_key(graph: &impl Graph, keys: Vec<u32>) -> Vec<u32> {
    let mut queue = Queue::new(keys);
    let mut marks = Marks::new(graph.vertices());
    let mut vertices = Vec::with_capacity(graph.vertices());
    while let Some(vertex) = queue.take() {
        vertices.push(vertex);
        graph.visit_distinct_neighbours(vertex, &mut marks, |neighbour| queue.lower(neighbour));
    }
    vertices
}

/// A priority queue of vertices with small keys, which are lowered in constant time: a linked list for each key.
struct Queue {
    /// The key of each vertex, or [`NONE`] if it has been taken.
    keys: Vec<u32>,
    /// The first vertex of each key, or [`NONE`].
    first: Vec<u32>,
    /// The vertices before and after each vertex in its list, or [`NONE`].
    links: Vec<[u32; 2]>,
    /// No key is less than this.
    smallest: usize,
}

impl Queue {
    fn new(keys: Vec<u32>) -> Self {
        let largest = keys.iter().copied().max().unwrap_or(0);
        let mut queue = Self {
            first: vec![NONE; largest as usize + 1],
            links: vec![[NONE; 2]; keys.len()],
            keys,
            smallest: 0,
        };
        // In reverse, so that equal vertices are taken in natural order.
        for vertex in (0..queue.keys.len() as u32).rev() {
            queue.insert(vertex);
        }
        queue
    }

    /// Takes a vertex with the smallest key.
    fn take(&mut self) -> Option<u32> {
        while *self.first.get(self.smallest)? == NONE {
            self.smallest += 1;
        }
        let vertex = self.first[self.smallest];
        self.remove(vertex);
        self.keys[vertex as usize] = NONE;
        Some(vertex)
    }

    /// Lowers the key of a vertex by 1 if it has not been taken.
    fn lower(&mut self, vertex: u32) {
        if self.keys[vertex as usize] != NONE {
            self.remove(vertex);
            self.keys[vertex as usize] -= 1;
            self.insert(vertex);
            self.smallest = self.smallest.min(self.keys[vertex as usize] as usize);
        }
    }

    fn insert(&mut self, vertex: u32) {
        let first = &mut self.first[self.keys[vertex as usize] as usize];
        let next = std::mem::replace(first, vertex);
        self.links[vertex as usize] = [NONE, next];
        if next != NONE {
            self.links[next as usize][0] = vertex;
        }
    }

    fn remove(&mut self, vertex: u32) {
        let [before, after] = self.links[vertex as usize];
        if before == NONE {
            self.first[self.keys[vertex as usize] as usize] = after;
        } else {
            self.links[before as usize][1] = after;
        }
        if after != NONE {
            self.links[after as usize][0] = before;
        }
    }
}
