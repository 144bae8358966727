//! Star colouring of the adjacency graph of a symmetric matrix, and which product then holds each nonzero.
//!
//! In a star colouring every path of four vertices has at least three colours. So the vertices of any two colours
//! induce a forest of *stars*: a *hub* with its *leaves*, or a single edge.

use super::colours::{Colours, Marks, NONE};
use super::graph::Adjacency;
use super::order::{Order, best_of_orders};
use super::{Pattern, Source};

/// Returns the star colouring with the fewest colours that was found. Vertices whose row is empty have none.
pub(super) fn colour(pattern: &Pattern) -> Colours {
    let graph = Adjacency(pattern);
    let vertices = pattern.rows();
    let is_complete = (0..vertices).all(|i| pattern.row(i).len() == vertices);
    if is_complete {
        // A full matrix: the search would take cubic time and find nothing else.
        return Colours::separate(vertices, &Order::Natural.of(&graph));
    }
    let least = if pattern.entries().all(|(i, j)| i == j) {
        1
    } else {
        2
    };
    best_of_orders(&graph, least, |order| greedy(pattern, order))
}

/// Colours the vertices in the given order, each with the smallest colour that leaves no path of four vertices with two
/// colours.
pub(super) fn greedy(pattern: &Pattern, order: &[u32]) -> Colours {
    let mut colours = Colours::none(pattern.rows());
    let mut surroundings = Surroundings::new(pattern);
    let mut forbidden = Marks::new(pattern.rows() + 1);
    let mut repeated = Marks::new(pattern.rows() + 1);
    for &vertex in order {
        let neighbours = pattern.row(vertex as usize);
        if neighbours.is_empty() {
            continue;
        }
        forbidden.clear();
        repeated.clear();
        for near in surroundings.of(vertex) {
            forbidden.insert(near.colour);
            if near.several {
                repeated.insert(near.colour);
            }
        }
        for &neighbour in neighbours {
            let Some(colour) = colours.get(neighbour) else {
                continue;
            };
            // With a repeated colour, `vertex` becomes the hub of a star, and no leaf may have another neighbour of the
            // hub's colour. Otherwise it may become a leaf of `neighbour`, but not if that is a leaf itself.
            let in_the_middle = repeated.contains(colour);
            for near in surroundings.of(neighbour) {
                if in_the_middle || near.is_hub {
                    forbidden.insert(near.colour);
                }
            }
        }
        colours.set(vertex, forbidden.smallest_absent());
        surroundings.add(vertex, neighbours, &colours);
    }
    colours
}

/// The coloured neighbours of a vertex that have the same colour.
#[derive(Clone, Copy)]
struct Near {
    colour: u32,
    /// The first of them.
    first: u32,
    /// There are more.
    several: bool,
    /// There is only this one, and it is the hub of a star whose leaves are the vertex and others.
    is_hub: bool,
}

/// For each vertex, its coloured neighbours by colour. They determine the stars.
///
/// A vertex has at most as many entries as colours, and as neighbours. So the colouring takes time proportional to the
/// number of edges times the number of colours, also if a vertex has all others as neighbours.
struct Surroundings<'a> {
    pattern: &'a Pattern,
    /// The entries of a vertex begin at the offset of its row.
    entries: Vec<Near>,
    lengths: Vec<u32>,
}

impl<'a> Surroundings<'a> {
    fn new(pattern: &'a Pattern) -> Self {
        let empty = Near {
            colour: NONE,
            first: NONE,
            several: false,
            is_hub: false,
        };
        Self {
            pattern,
            entries: vec![empty; pattern.nonzeros()],
            lengths: vec![0; pattern.rows()],
        }
    }

    fn of(&self, vertex: u32) -> &[Near] {
        let begin = self.pattern.offsets()[vertex as usize];
        &self.entries[begin..][..self.lengths[vertex as usize] as usize]
    }

    fn find(&mut self, vertex: u32, colour: u32) -> Option<&mut Near> {
        let begin = self.pattern.offsets()[vertex as usize];
        let entries = &mut self.entries[begin..][..self.lengths[vertex as usize] as usize];
        entries.iter_mut().find(|near| near.colour == colour)
    }

    /// Adds `vertex`, which has just been coloured, to the surroundings of its neighbours, and updates the stars.
    fn add(&mut self, vertex: u32, neighbours: &[u32], colours: &Colours) {
        let colour = colours.of[vertex as usize];
        for &neighbour in neighbours.iter().filter(|&&neighbour| neighbour != vertex) {
            let other = colours.get(neighbour);
            // Whether `vertex` is a hub for this neighbour.
            let is_hub = other
                .and_then(|other| self.find(vertex, other))
                .is_some_and(|near| near.several);
            if let Some(near) = self.find(neighbour, colour) {
                near.several = true;
                let first = near.first;
                // The neighbour is a hub, and its leaves are the first and `vertex`.
                if let Some(other) = other {
                    for leaf in [first, vertex] {
                        if let Some(near) = self.find(leaf, other) {
                            near.is_hub = true;
                        }
                    }
                }
            } else {
                let length = &mut self.lengths[neighbour as usize];
                let end = self.pattern.offsets()[neighbour as usize] + *length as usize;
                *length += 1;
                self.entries[end] = Near {
                    colour,
                    first: vertex,
                    several: false,
                    is_hub,
                };
            }
        }
    }
}

/// Returns the colouring without the colours that no nonzero needs, and where each nonzero is read; `None` if it is not
/// a star colouring.
///
/// A nonzero is read where its column is the only one of its colour in its row. For an edge of a star, that is the row
/// of a leaf and the colour of the hub.
pub(super) fn sources(pattern: &Pattern, colours: &Colours) -> Option<(Colours, Vec<Source>)> {
    let unique = unique_in_row(pattern, colours);
    let mirrored = mirrored(pattern);
    let mut needed = vec![false; colours.count as usize];
    let unknown = Source {
        product: NONE,
        index: NONE,
    };
    let mut sources = vec![unknown; pattern.nonzeros()];
    // First the nonzeros that can be read from only one product, so that the others can use the same colours.
    for forced in [true, false] {
        for (k, (i, j)) in pattern.entries().enumerate().filter(|(_, (i, j))| j <= i) {
            let k_mirrored = mirrored[k];
            let here = Source {
                product: colours.of[j as usize],
                index: i,
            };
            let there = Source {
                product: colours.of[i as usize],
                index: j,
            };
            let source = match (unique[k], unique[k_mirrored]) {
                (false, false) => return None,
                (true, false) => here,
                (false, true) => there,
                (true, true) if forced && i != j => continue,
                (true, true) if needed[there.product as usize] => there,
                (true, true) => here,
            };
            needed[source.product as usize] = true;
            sources[k] = source;
            sources[k_mirrored] = source;
        }
    }
    let mut count = 0;
    let number = |&needed: &bool| {
        let number = if needed { count } else { NONE };
        count += u32::from(needed);
        number
    };
    let numbers: Vec<_> = needed.iter().map(number).collect();
    for source in &mut sources {
        source.product = numbers[source.product as usize];
    }
    let renumbered = |&colour: &u32| numbers.get(colour as usize).copied().unwrap_or(NONE);
    let of = colours.of.iter().map(renumbered).collect();
    Some((Colours { of, count }, sources))
}

/// Returns for each nonzero whether its column is the only one of its colour in its row.
fn unique_in_row(pattern: &Pattern, colours: &Colours) -> Vec<bool> {
    let mut unique = Vec::with_capacity(pattern.nonzeros());
    let mut counts = vec![0_u32; colours.count as usize];
    for i in 0..pattern.rows() {
        let row = pattern.row(i);
        let of_row = || row.iter().map(|&j| colours.of[j as usize] as usize);
        of_row().for_each(|colour| counts[colour] += 1);
        unique.extend(of_row().map(|colour| counts[colour] == 1));
        of_row().for_each(|colour| counts[colour] = 0);
    }
    unique
}

/// Returns for each nonzero `(i, j)` of a symmetric pattern the number of the nonzero `(j, i)`.
fn mirrored(pattern: &Pattern) -> Vec<usize> {
    let mut next = pattern.offsets().to_vec();
    let mirrored = pattern.entries().map(|(_, j)| {
        next[j as usize] += 1;
        next[j as usize] - 1
    });
    mirrored.collect()
}
