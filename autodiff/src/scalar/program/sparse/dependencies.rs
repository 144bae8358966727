//! The sparsity pattern of a recorded function: the inputs on which each output depends.

use crate::scalar::number::Scalar;
use crate::scalar::program::derive::{differentiable, influenced_by};
use crate::scalar::program::graph::{Graph, Id, Source, Term};
use crate::scalar::sparse::Pattern;
use std::rc::Rc;

/// Returns the pattern of the Jacobian matrix of the outputs with respect to the inputs `x` of the point. An absent
/// output depends on nothing.
pub(super) fn dependencies<T: Scalar>(
    graph: &Graph<T>,
    outputs: &[Option<Id>],
    x: &[Id],
) -> Pattern {
    let active = influenced_by(graph, x);
    let uses = uses(graph, &active, outputs);
    let mut is_output = vec![false; graph.len()];
    for output in outputs.iter().flatten() {
        is_output[output.index()] = true;
    }
    let mut sets = Sets {
        graph,
        active: &active,
        of: vec![None; graph.len()],
        last_seen: vec![0; x.len()],
        collected: 0,
        stack: Vec::new(),
    };
    // A set is kept for each output, and for each node that is used again.
    for id in graph.ids() {
        if active[id.index()] && (uses[id.index()] > 1 || is_output[id.index()]) {
            sets.of[id.index()] = Some(sets.collect(id));
        }
    }
    let rows = outputs.iter().map(|output| {
        let set = output.and_then(|id| sets.of[id.index()].clone());
        set.unwrap_or_default()
    });
    Pattern::from_rows(x.len(), rows)
}

/// For each active node, by how many operands of nodes that the outputs need it is used.
fn uses<T: Scalar>(graph: &Graph<T>, active: &[bool], outputs: &[Option<Id>]) -> Vec<u32> {
    let mut uses = vec![0; graph.len()];
    for output in outputs.iter().flatten() {
        uses[output.index()] += 1;
    }
    for id in graph.ids().rev() {
        if uses[id.index()] > 0 {
            for operand in differentiable(&graph.term(id)) {
                uses[operand.index()] += u32::from(active[operand.index()]);
            }
        }
    }
    uses
}

/// Sets of inputs, in ascending order.
struct Sets<'g, T> {
    graph: &'g Graph<T>,
    active: &'g [bool],
    /// The sets that are kept, by their nodes. Nodes with the same set share it.
    of: Vec<Option<Rc<[u32]>>>,
    /// For each input, the number of the set to which it was added last.
    last_seen: Vec<usize>,
    /// The number of sets that were collected.
    collected: usize,
    stack: Vec<Id>,
}

impl<T: Scalar> Sets<'_, T> {
    /// Collects the inputs on which a node depends, from the nodes before it down to kept sets.
    fn collect(&mut self, id: Id) -> Rc<[u32]> {
        self.collected += 1;
        let mut set = Vec::new();
        let mut largest: Option<&Rc<[u32]>> = None;
        self.stack.push(id);
        while let Some(id) = self.stack.pop() {
            let term = self.graph.term(id);
            let mut add = |input: u32| {
                let last_seen = &mut self.last_seen[input as usize];
                if std::mem::replace(last_seen, self.collected) != self.collected {
                    set.push(input);
                }
            };
            if let Some(known) = &self.of[id.index()] {
                known.iter().for_each(|&input| add(input));
                if largest.is_none_or(|largest| largest.len() < known.len()) {
                    largest = Some(known);
                }
            } else if let Term::Input(Source::Point, input) = term {
                add(input);
            } else {
                let operands = differentiable(&term).iter().copied();
                let active = operands.filter(|operand| self.active[operand.index()]);
                self.stack.extend(active);
            }
        }
        if let Some(largest) = largest
            && largest.len() == set.len()
        {
            return largest.clone();
        }
        set.sort_unstable();
        set.into()
    }
}
