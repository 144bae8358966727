//! Pictures of a recording: as text for Graphviz, and as SVG.

mod layout;

use super::node::Node;
use super::tape::Tape;
use crate::tensor::ops::StoredOp;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use layout::{BOX, Drawing, HEIGHT};
use std::borrow::Cow;
use std::fmt::Write;

/// Names in pictures.
impl<T: Real> Var<'_, T> {
    /// Names the variable in the tape's pictures.
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

/// Pictures of the recording.
impl<T: Real> Tape<T> {
    /// Returns the recording as a graph in Graphviz's language: each node shows its operation, shape, name and bytes.
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
                StoredOp::Variable => ", penwidth=2",
                StoredOp::Constant => ", style=\"rounded,dashed\"",
                _ => "",
            };
            let _ = writeln!(dot, "  n{index} [label=\"{}\"{border}];", label.join("\\n"));
            for input in node.input_nodes() {
                let _ = writeln!(dot, "  n{input} -> n{index};");
            }
        }
        dot.push_str("}\n");
        dot
    }

    /// Returns the recording as an SVG picture: each node is a box with its operation, shape, name and bytes.
    ///
    /// The picture needs no other program. It can be a file of its own or a part of an HTML page, and follows the
    /// reader's light or dark colour scheme.
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
        let layout = Drawing::new(&nodes);
        let (width, height) = layout.size();
        let mut svg = format!(
            "<svg class=\"tape-graph\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\"><style>{STYLE}</style>"
        );
        for edge in &layout.edges {
            layout.write_edge(edge, &mut svg);
        }
        for (index, node) in nodes.iter().enumerate() {
            let (x, y) = layout.middles[index];
            let class = match node.operation {
                StoredOp::Variable => "variable",
                StoredOp::Constant => "constant",
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

    /// The lines of text in a node's box.
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
                .constant(crate::tensor::Tensor::zeros([2, 3]))
                .named("x <\"1\">");
            let w = tape.var(crate::tensor::Tensor::zeros([4, 3])).named("w");
            let b = tape.var(crate::tensor::Tensor::zeros([4]));
            let y = x.linear(w, b).relu().sum();
            let _ = y + w.sum();
        }
        let dot = tape.to_dot();
        assert!(
            dot.contains(r#"x <\"1\">"#) && dot.contains("n0 -> n3"),
            "{dot}"
        );
        let svg = tape.to_svg();
        for needs_grad in [
            "linear",
            "relu",
            "x &lt;\"1\"&gt;",
            "96 B",
            "variable",
            "constant",
        ] {
            assert!(svg.contains(needs_grad), "{needs_grad}: {svg}");
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
}
