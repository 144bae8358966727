//! The layout of a picture: positions of boxes and edges.
//!
//! A node's layer is one below the lowest layer of its inputs; a node without inputs is one layer above its first use.
//! An edge that passes through other layers takes a narrow place in each. Within a layer, places are sorted by the mean
//! position of their neighbours, in a few sweeps down and up.

use crate::tensor::engine::node::Node;
use crate::tensor::storage::element::Real;
use std::fmt::Write;

/// The width of a node's box.
pub(super) const BOX: f64 = 168.0;
/// The height of a node's box.
pub(super) const HEIGHT: f64 = 50.0;
/// The horizontal gap between boxes.
const GAP: f64 = 22.0;
/// The vertical gap between layers.
const RISE: f64 = 40.0;
/// The width of the place of an edge that passes through a layer.
const NARROW: f64 = 14.0;

/// A place in a layer: of a node, or of an edge that passes through.
#[derive(Clone, Copy, Debug)]
struct NodeBox {
    layer: usize,
    width: f64,
}

/// The positions of all nodes and edges.
pub(super) struct Drawing {
    /// The centre of each place; the nodes come first.
    pub(super) middles: Vec<(f64, f64)>,
    /// The places on the path of each edge, from the input to the node.
    pub(super) edges: Vec<Vec<usize>>,
    width: f64,
    layers: usize,
}

impl Drawing {
    pub(super) fn new<T: Real>(nodes: &[Node<T>]) -> Drawing {
        let layer_of = layers(nodes);
        let mut places: Vec<NodeBox> = layer_of
            .iter()
            .map(|&layer| NodeBox { layer, width: BOX })
            .collect();
        let mut edges = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            for input in node.input_nodes() {
                let mut edge = vec![input];
                for layer in layer_of[input] + 1..layer_of[index] {
                    edge.push(places.len());
                    places.push(NodeBox {
                        layer,
                        width: NARROW,
                    });
                }
                edge.push(index);
                edges.push(edge);
            }
        }
        let layers = places
            .iter()
            .map(|place| place.layer + 1)
            .max()
            .unwrap_or(0);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); layers];
        for (number, place) in places.iter().enumerate() {
            rows[place.layer].push(number);
        }
        let mut layout = Drawing {
            middles: vec![(0.0, 0.0); places.len()],
            edges,
            width: 0.0,
            layers,
        };
        layout.arrange(&places, &mut rows);
        layout
    }

    /// Sorts the places of each layer and positions them side by side.
    fn arrange(&mut self, places: &[NodeBox], rows: &mut [Vec<usize>]) {
        let mut above: Vec<Vec<usize>> = vec![Vec::new(); places.len()];
        let mut below = above.clone();
        for edge in &self.edges {
            for pair in edge.windows(2) {
                above[pair[1]].push(pair[0]);
                below[pair[0]].push(pair[1]);
            }
        }
        let row_width =
            |row: &[usize]| row.iter().map(|&n| places[n].width + GAP).sum::<f64>() - GAP;
        self.width = rows.iter().map(|row| row_width(row)).fold(0.0, f64::max);
        let spread = |row: &[usize], width: f64, middles: &mut [(f64, f64)]| {
            let mut x = GAP + (width - row_width(row)) / 2.0;
            for &n in row {
                let y = GAP + HEIGHT / 2.0 + (HEIGHT + RISE) * places[n].layer as f64;
                middles[n] = (x + places[n].width / 2.0, y);
                x += places[n].width + GAP;
            }
        };
        for row in rows.iter() {
            spread(row, self.width, &mut self.middles);
        }
        for pass in 0..6 {
            let neighbours = if pass % 2 == 0 { &above } else { &below };
            for step in 0..rows.len() {
                let number = if pass % 2 == 0 {
                    step
                } else {
                    rows.len() - 1 - step
                };
                let middle = |n: usize| {
                    let near = &neighbours[n];
                    if near.is_empty() {
                        return self.middles[n].0;
                    }
                    near.iter().map(|&m| self.middles[m].0).sum::<f64>() / near.len() as f64
                };
                let mut keyed: Vec<(f64, usize)> =
                    rows[number].iter().map(|&n| (middle(n), n)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                rows[number] = keyed.into_iter().map(|(_, n)| n).collect();
                spread(&rows[number], self.width, &mut self.middles);
            }
        }
    }

    pub(super) fn size(&self) -> (f64, f64) {
        let layers = self.layers as f64;
        let height = layers * (HEIGHT + RISE) - RISE + 2.0 * GAP;
        (self.width.max(BOX) + 2.0 * GAP, height.max(2.0 * GAP))
    }

    /// Draws an edge as a line with an arrowhead.
    pub(super) fn write_edge(&self, edge: &[usize], svg: &mut String) {
        let last = edge.len() - 1;
        let (x, y) = self.middles[edge[0]];
        let _ = write!(svg, "<path d=\"M{x:.1} {:.1}", y + HEIGHT / 2.0);
        let mut from = (x, y + HEIGHT / 2.0);
        for (number, &place) in edge.iter().enumerate().skip(1) {
            let (x, y) = self.middles[place];
            let top = y - HEIGHT / 2.0 - if number == last { 6.0 } else { 0.0 };
            let half = (top - from.1) / 2.0;
            let _ = write!(
                svg,
                "C{:.1} {:.1} {x:.1} {:.1} {x:.1} {top:.1}",
                from.0,
                from.1 + half,
                top - half
            );
            from = (x, top);
            if number != last {
                from.1 = y + HEIGHT / 2.0;
                let _ = write!(svg, "V{:.1}", from.1);
            }
        }
        let (x, y) = from;
        let _ = write!(
            svg,
            "\"/><path class=\"tip\" d=\"M{:.1} {y:.1}h8l-4 6z\"/>",
            x - 4.0
        );
    }
}

/// The layer of each node.
fn layers<T: Real>(nodes: &[Node<T>]) -> Vec<usize> {
    let mut layers = vec![0; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        let lowest = node.input_nodes().map(|input| layers[input] + 1);
        layers[index] = lowest.max().unwrap_or(0);
    }
    // A node without inputs moves down to just above its first use.
    let mut first_use = vec![usize::MAX; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for input in node.input_nodes() {
            let first = &mut first_use[input];
            *first = (*first).min(layers[index]);
        }
    }
    for (index, node) in nodes.iter().enumerate() {
        if node.inputs.is_empty() && first_use[index] != usize::MAX {
            layers[index] = first_use[index] - 1;
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::engine::tape::Tape;

    #[test]
    fn boxes_of_a_layer_do_not_overlap() {
        let tape = Tape::<f64>::new();
        let x = tape.var(1.0);
        let mut terms = vec![x];
        for _ in 0..5 {
            terms = terms.iter().flat_map(|&t| [t.sin(), t.cos()]).collect();
        }
        let _ = terms.into_iter().reduce(|a, b| a + b).map(|y| y * x);
        let nodes = tape.nodes();
        let layout = Drawing::new(&nodes);
        let middles = &layout.middles[..nodes.len()];
        for (i, (ax, ay)) in middles.iter().enumerate() {
            for (bx, by) in &middles[..i] {
                assert!(ay != by || (ax - bx).abs() >= BOX, "{i}");
            }
        }
        let (width, height) = layout.size();
        assert!(
            layout
                .middles
                .iter()
                .all(|m| (0.0..width).contains(&m.0) && (0.0..height).contains(&m.1))
        );
    }
}
