//! Draws random graphs of tensor operations and prints each with its value, gradient and second-order product, a line of
//! JSON a graph.
//!
//! `cargo run -- [graphs] [first seed]`.

mod graph;
mod operations;

use autodiff::tensor::Tape;
use graph::Graph;
use std::io::{BufWriter, Write, stdout};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| {
        arguments
            .next()
            .map_or(default, |word| word.parse().expect("a number"))
    };
    let (graphs, first) = (number(1000), number(0));
    let operations = operations::all();
    let mut out = BufWriter::new(stdout().lock());
    let mut rejected = 0;
    for seed in first..first + graphs {
        let tape = Tape::new();
        let graph = Graph::draw(seed, &tape, &operations);
        rejected += graph.rejected();
        writeln!(out, "{}", graph.evaluate(seed))?;
    }
    out.flush()?;
    eprintln!(
        "{graphs} graphs of {} operations; {rejected} draws rejected",
        operations.len()
    );
    Ok(())
}
