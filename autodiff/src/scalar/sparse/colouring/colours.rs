//! Colours of vertices, and the greedy choice of one.

use super::Pattern;

/// The colour of a vertex that has none.
pub(super) const NONE: u32 = u32::MAX;

/// A colour for each vertex.
#[derive(Clone, Debug)]
pub(super) struct Colours {
    /// The colour of each vertex, or [`NONE`].
    pub(super) of: Vec<u32>,
    /// Every colour is less than this.
    pub(super) count: u32,
}

impl Colours {
    pub(super) fn none(vertices: usize) -> Self {
        Self {
            of: vec![NONE; vertices],
            count: 0,
        }
    }

    /// Returns a colour of its own for each vertex in `separate`, and none for the others.
    pub(super) fn separate(vertices: usize, separate: &[u32]) -> Self {
        let mut colours = Self::none(vertices);
        for &vertex in separate {
            colours.set(vertex, colours.count);
        }
        colours
    }

    pub(super) fn get(&self, vertex: u32) -> Option<u32> {
        let colour = self.of[vertex as usize];
        (colour != NONE).then_some(colour)
    }

    pub(super) fn set(&mut self, vertex: u32, colour: u32) {
        self.of[vertex as usize] = colour;
        self.count = self.count.max(colour + 1);
    }
}

/// Returns the vertices of each colour, as the rows of a pattern.
pub(super) fn groups(colours: &Colours) -> Pattern {
    let of_vertices = colours.of.iter().map(|colour| match *colour {
        NONE => &[][..],
        _ => std::slice::from_ref(colour),
    });
    Pattern::from_rows(colours.count as usize, of_vertices).transpose()
}

/// A set of numbers that is emptied in constant time.
pub(super) struct Marks {
    /// The number of the set in which an element was last inserted.
    inserted: Vec<u32>,
    current: u32,
}

impl Marks {
    /// Returns a set for numbers less than `size`. It can be cleared 2³² - 1 times.
    pub(super) fn new(size: usize) -> Self {
        Self {
            inserted: vec![0; size],
            current: 1,
        }
    }

    pub(super) fn clear(&mut self) {
        self.current += 1;
    }

    /// Inserts a number, and returns whether it was absent.
    pub(super) fn insert(&mut self, number: u32) -> bool {
        std::mem::replace(&mut self.inserted[number as usize], self.current) != self.current
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.inserted[number as usize] == self.current
    }

    /// Returns the smallest number that is not in the set: the colour that a greedy colouring (first fit) takes if the
    /// set has the forbidden ones.
    pub(super) fn smallest_absent(&self) -> u32 {
        (0..).find(|&number| !self.contains(number)).unwrap_or(NONE)
    }
}
