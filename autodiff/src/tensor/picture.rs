//! Pictures of a recording: as a text for Graphviz, and as SVG drawn here.
//!
//! The layout is a simple one. A node's layer is one below the lowest of its inputs; what has no inputs stands just
//! above where it is first used. An edge that passes other layers takes a narrow place in each. Within a layer the
//! places are put in the order of their neighbours' middles, a few times down and up.

use super::element::Real;
use super::ops::Operation;
use super::tape::{Node, Tape};
use super::var::Var;
use std::borrow::Cow;
use std::fmt::Write;

impl<T: Real> Var<'_, T> {
    /// Gives the variable a name, for the tape's pictures.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let weight = tape.var([1.0, 2.0]).named("weight");
    /// assert!(tape.to_dot().contains("weight"));
    /// # let _ = weight;
    /// ```
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.tape.name(self.index, name.into());
        self
    }
}

impl<T: Real> Tape<T> {
    /// The recording as a graph in the language of Graphviz: for each node its operation, shape, name and bytes.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]).named("x");
    /// let _ = (x * x).sum();
    /// let dot = tape.to_dot();
    /// assert!(dot.starts_with("digraph") && dot.contains("n0 -> n1"));
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        let nodes = self.nodes();
        let mut dot = String::from("digraph tape {\n  node [shape=box, style=rounded];\n");
        for (index, node) in nodes.iter().enumerate() {
            let lines = self.lines(index, node);
            let label: Vec<String> = lines
                .iter()
                .map(|line| line.replace('\\', "\\\\").replace('"', "\\\""))
                .collect();
            let border = match node.operation {
                Operation::Variable => ", penwidth=2",
                Operation::Constant => ", style=\"rounded,dashed\"",
                _ => "",
            };
            let _ = writeln!(dot, "  n{index} [label=\"{}\"{border}];", label.join("\\n"));
            for input in &node.inputs {
                let _ = writeln!(dot, "  n{input} -> n{index};");
            }
        }
        dot.push_str("}\n");
        dot
    }

    /// The recording as a picture: for each node a box with its operation, shape, name and bytes.
    ///
    /// It needs no other program, and stands by itself or inside an HTML page, in light or dark as the reader has it.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]).named("x");
    /// let _ = (x * x).sum();
    /// assert!(tape.to_svg().starts_with("<svg"));
    /// ```
    #[must_use]
    pub fn to_svg(&self) -> String {
        let nodes = self.nodes();
        let layout = Layout::new(&nodes);
        let (width, height) = layout.size();
        let mut svg = format!(
            "<svg class=\"tape-graph\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\"><style>{STYLE}</style>"
        );
        for edge in &layout.edges {
            layout.write_edge(edge, &mut svg);
        }
        for (index, node) in nodes.iter().enumerate() {
            let (x, y) = layout.middles[layout.place_of_node[index]];
            let class = match node.operation {
                Operation::Variable => "variable",
                Operation::Constant => "constant",
                _ => "operation",
            };
            let _ = write!(
                svg,
                "<g class=\"{class}\"><rect x=\"{}\" y=\"{}\" width=\"{BOX}\" height=\"{HEIGHT}\" rx=\"8\"/>",
                x - BOX / 2.0,
                y - HEIGHT / 2.0
            );
            let lines = self.lines(index, node);
            let first = y - 9.0 * (lines.len() as f64 - 1.0) + 5.0;
            for (number, line) in lines.iter().enumerate() {
                let class = if number == 0 { "head" } else { "detail" };
                let _ = write!(
                    svg,
                    "<text class=\"{class}\" x=\"{x}\" y=\"{}\">{}</text>",
                    first + 18.0 * number as f64,
                    escape(line)
                );
            }
            svg.push_str("</g>");
        }
        svg.push_str("</svg>");
        svg
    }

    /// What a picture says of a node.
    fn lines(&self, index: usize, node: &Node<T>) -> Vec<String> {
        let operation = node.operation.name();
        let bytes = node.value.size() * size_of::<T>();
        let mut lines = match self.name_of(index) {
            Some(name) if node.operation.is_leaf() => vec![name.into_owned()],
            Some(name) => vec![format!("{name} = {operation}")],
            None => vec![operation.to_owned()],
        };
        lines.push(format!("{}, {bytes} B", node.value.shape()));
        lines
    }
}

const BOX: f64 = 168.0;
const HEIGHT: f64 = 50.0;
const GAP: f64 = 22.0;
const RISE: f64 = 40.0;
/// The room that an edge takes in a layer that it passes.
const NARROW: f64 = 14.0;

const STYLE: &str = "\
.tape-graph{font:14px system-ui,sans-serif}\
.tape-graph text{text-anchor:middle;fill:#22262b}\
.tape-graph .head{font-weight:600}\
.tape-graph .detail{font-size:12px;fill:#5b636b}\
.tape-graph rect{fill:#f4f6f8;stroke:#8a939c}\
.tape-graph .variable rect{fill:#dcecf8;stroke:#0072b2;stroke-width:2}\
.tape-graph .constant rect{fill:none;stroke-dasharray:5 4}\
.tape-graph path{fill:none;stroke:#8a939c;stroke-width:1.5}\
.tape-graph .tip{fill:#8a939c;stroke:none}\
@media(prefers-color-scheme:dark){\
.tape-graph text{fill:#e6e9ec}\
.tape-graph .detail{fill:#a4adb6}\
.tape-graph rect{fill:#22282e;stroke:#77818b}\
.tape-graph .variable rect{fill:#12344c;stroke:#56b4e9}}";

/// A place in a layer: that of a node, or of an edge that passes.
#[derive(Clone, Copy, Debug)]
struct Place {
    layer: usize,
    width: f64,
}

/// Where everything is.
struct Layout {
    /// The middle of each place.
    middles: Vec<(f64, f64)>,
    place_of_node: Vec<usize>,
    /// The places that each edge runs through, from the input to the node.
    edges: Vec<Vec<usize>>,
    width: f64,
    layers: usize,
}

impl Layout {
    fn new<T: Real>(nodes: &[Node<T>]) -> Layout {
        let layer_of = layers(nodes);
        let mut places: Vec<Place> = layer_of
            .iter()
            .map(|&layer| Place { layer, width: BOX })
            .collect();
        let place_of_node = (0..nodes.len()).collect();
        let mut edges = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            for &input in &node.inputs {
                let input = input as usize;
                let mut edge = vec![input];
                for layer in layer_of[input] + 1..layer_of[index] {
                    edge.push(places.len());
                    places.push(Place {
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
        let mut layout = Layout {
            middles: vec![(0.0, 0.0); places.len()],
            place_of_node,
            edges,
            width: 0.0,
            layers,
        };
        layout.arrange(&places, &mut rows);
        layout
    }

    /// Puts the places of each layer in order, and side by side.
    fn arrange(&mut self, places: &[Place], rows: &mut [Vec<usize>]) {
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
            let numbers: Vec<usize> = if pass % 2 == 0 {
                (0..rows.len()).collect()
            } else {
                (0..rows.len()).rev().collect()
            };
            for number in numbers {
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

    fn size(&self) -> (f64, f64) {
        let layers = self.layers as f64;
        let height = layers * (HEIGHT + RISE) - RISE + 2.0 * GAP;
        (self.width.max(BOX) + 2.0 * GAP, height.max(2.0 * GAP))
    }

    fn write_edge(&self, edge: &[usize], svg: &mut String) {
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
        let lowest = node.inputs.iter().map(|&input| layers[input as usize] + 1);
        layers[index] = lowest.max().unwrap_or(0);
    }
    // What has no inputs moves down to its first use.
    let mut first_use = vec![usize::MAX; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for &input in &node.inputs {
            let first = &mut first_use[input as usize];
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pictures_show_operation_shape_name_and_bytes() {
        let mut tape = Tape::<f64>::new();
        {
            let x = tape
                .constant(super::super::Tensor::zeros([2, 3]))
                .named("x <\"1\">");
            let w = tape.var(super::super::Tensor::zeros([4, 3])).named("w");
            let b = tape.var(super::super::Tensor::zeros([4]));
            let y = x.linear(w, b).relu().sum();
            let _ = y + w.sum();
        }
        let dot = tape.to_dot();
        assert!(
            dot.contains(r#"x <\"1\">"#) && dot.contains("n0 -> n3"),
            "{dot}"
        );
        let svg = tape.to_svg();
        for wanted in [
            "linear",
            "relu",
            "x &lt;\"1\"&gt;",
            "96 B",
            "variable",
            "constant",
        ] {
            assert!(svg.contains(wanted), "{wanted}: {svg}");
        }
        assert_eq!(svg.matches("<rect").count(), tape.len());
        assert_eq!(svg.matches("class=\"tip\"").count(), 8);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));

        tape.reset();
        assert!(tape.to_svg().contains("viewBox"));
        let _ = tape.var(1.0);
        assert!(
            !tape.to_dot().contains("label=\"x"),
            "a name outlives its recording"
        );
    }

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
        let layout = Layout::new(&nodes);
        for (i, a) in layout.place_of_node.iter().enumerate() {
            for b in &layout.place_of_node[..i] {
                let ((ax, ay), (bx, by)) = (layout.middles[*a], layout.middles[*b]);
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
