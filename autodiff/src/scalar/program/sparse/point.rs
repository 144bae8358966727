//! The instructions that compute the outputs and the nonzeros at a single point.

use super::cones;
use super::structure::{Matrix, Structure, gradient, points};
use crate::scalar::number::Scalar;
use crate::scalar::program::code::{Code, STRIP};
use crate::scalar::program::derive::{Products, forward};
use crate::scalar::program::graph::{Graph, Guard, Id, Source};
use crate::scalar::program::lower::{Roots, lower};
use crate::scalar::program::recording::Recorded;
use crate::scalar::program::runs::Runs;
use crate::scalar::program::strip::{Ports, Register, execute};
use crate::tensor::Real;
use std::cell::RefCell;
use std::ops::Range;

/// The instructions for one point: level runs, and then tangents in the lanes of a strip.
#[derive(Debug)]
pub(super) struct PointCode<T> {
    runs: Runs<T>,
    /// The instructions for a strip of tangents. Their scalars are the numbers that the runs compute.
    code: Code<T>,
    guards: Vec<Guard>,
    /// The positions of the operands of each guard.
    guarded: Vec<[usize; 2]>,
    /// The positions of the outputs: of those of the function, or of its output and gradient.
    outputs: Vec<usize>,
    /// The nonzeros that the runs compute, with their positions.
    in_runs: Vec<(usize, usize)>,
    /// For each input, the group of columns to which it belongs.
    group_of: Vec<Option<u32>>,
    groups: usize,
    tangents: Tangents,
    registers: Vec<Register<T>>,
}

/// The nonzeros that are read from tangents.
#[derive(Debug)]
struct Tangents {
    /// The number of the output of the code that is the tangent of row 0.
    first: usize,
    /// The range of the entries of each row.
    rows: Vec<Range<usize>>,
    /// The group and the nonzero.
    entries: Vec<(u32, usize)>,
}

impl<T: Real + Scalar> PointCode<T> {
    pub(super) fn new(recorded: &Recorded<T>, structure: &Structure, products: Products) -> Self {
        let graph = RefCell::new(recorded.graph.clone());
        let inputs = recorded.inputs[1];
        let x = points(&graph, inputs);
        let mut roots: Vec<Option<Id>> = recorded.outputs.iter().copied().map(Some).collect();
        // The numbers of which the matrix contains the derivatives.
        let mut rows = roots.clone();
        if structure.matrix == Matrix::Hessian {
            rows = gradient(&graph, recorded.outputs[0], &x, products);
            roots.extend(&rows);
        }
        let outputs = 0..roots.len();
        let in_runs = in_reverse(&graph, structure, &rows, &x, products);
        roots.extend(in_runs.iter().map(|&(_, id)| Some(id)));
        let guards = roots.len();
        let guarded = recorded.guards.iter().flat_map(|guard| guard.operands);
        roots.extend(guarded.map(Some));
        let tangents = Tangents::new(roots.len(), structure);
        roots.extend(tangents_of(&graph, structure, &rows, &x, products));

        let mut graph: Graph<T> = graph.into_inner();
        graph.share(Source::Point, 0);
        let roots = Roots {
            outputs: &roots,
            results: &[],
            guards: &[],
            by_outputs: true,
        };
        let mut code = lower(&mut graph, &roots, recorded.graph.len());
        let runs = Runs::new(&mut code, inputs);
        let mut positions = vec![0; roots.outputs.len()];
        for (number, slot) in &code.scalar_outputs {
            positions[*number as usize] = slot.index();
        }
        let mut group_of = vec![None; inputs];
        for (group, column) in structure.groups.entries() {
            group_of[column as usize] = Some(group);
        }
        // A tangent that is the same in all directions is one number.
        code.scalar_outputs
            .retain(|(number, _)| *number as usize >= tangents.first);
        let first = outputs.end;
        PointCode {
            in_runs: (in_runs.iter().zip(&positions[first..]))
                .map(|(&(nonzero, _), &position)| (nonzero, position))
                .collect(),
            guarded: positions[guards..tangents.first].as_chunks().0.to_vec(),
            guards: recorded.guards.clone(),
            outputs: positions[outputs].to_vec(),
            group_of,
            groups: structure.groups.rows(),
            runs,
            code,
            tangents,
            registers: Vec::new(),
        }
    }

    /// Computes the outputs and the nonzeros at a point, and returns whether the recording holds there.
    pub(super) fn compute(&mut self, point: &[T], outputs: &mut [T], nonzeros: &mut [T]) -> bool {
        self.runs.execute(&[point]);
        let numbers = self.runs.numbers();
        for (output, &position) in outputs.iter_mut().zip(&self.outputs) {
            *output = numbers[position];
        }
        for &(nonzero, position) in &self.in_runs {
            nonzeros[nonzero] = numbers[position];
        }
        let holds = self.holds();
        if holds && self.groups > 0 {
            let mut registers = std::mem::take(&mut self.registers);
            registers.resize(self.code.registers, Register::default());
            for first in (0..self.groups).step_by(STRIP) {
                self.compute_tangents(first, &mut registers, nonzeros);
            }
            self.registers = registers;
        }
        holds
    }

    /// Computes the tangents of a strip of groups, and reads the nonzeros from them.
    fn compute_tangents(&self, first: usize, registers: &mut [Register<T>], nonzeros: &mut [T]) {
        let (code, numbers) = (&self.code, self.runs.numbers());
        let mut lanes = Lanes {
            code: self,
            first,
            live: (self.groups - first).min(STRIP),
            nonzeros,
        };
        execute(code, numbers, registers, &mut lanes, u64::MAX);
        for (number, slot) in &code.scalar_outputs {
            lanes.store(*number as usize, &[numbers[slot.index()]; STRIP]);
        }
    }

    /// Whether all comparisons have the outcome that they had in the recording.
    fn holds(&self) -> bool {
        let numbers = self.runs.numbers();
        let mut guards = self.guards.iter().zip(&self.guarded);
        guards.all(|(guard, operands)| {
            let [a, b] = operands.map(|position| numbers[position]);
            guard.relation.holds(a, b) == guard.outcome
        })
    }
}

/// Adds the rows that are computed in reverse. Returns the nonzeros and their nodes.
fn in_reverse<T: Scalar>(
    graph: &RefCell<Graph<T>>,
    structure: &Structure,
    rows: &[Option<Id>],
    x: &[Id],
    products: Products,
) -> Vec<(usize, Id)> {
    let Structure {
        pattern, sources, ..
    } = structure;
    let range = |row: usize| pattern.offsets()[row]..pattern.offsets()[row + 1];
    let reversed: Vec<usize> = (0..pattern.rows())
        .filter(|&row| sources[range(row)].iter().any(Option::is_none))
        .collect();
    let outputs = reversed.iter().filter_map(|&row| rows[row]);
    let gradients = cones::gradients(graph, outputs, x, products);
    let mut found = Vec::new();
    for (&row, gradient) in reversed.iter().zip(gradients) {
        let columns = pattern.row(row);
        for (column, id) in gradient.into_iter().rev() {
            let entry = columns.binary_search(&column);
            let entry = entry.expect("the pattern contains the dependencies");
            let nonzero = range(row).start + entry;
            if sources[nonzero].is_none() {
                found.push((nonzero, id));
            }
        }
    }
    found
}

/// Adds the tangents of the rows in the direction of a group of columns, as far as a nonzero is read from them.
fn tangents_of<T: Scalar>(
    graph: &RefCell<Graph<T>>,
    structure: &Structure,
    rows: &[Option<Id>],
    x: &[Id],
    products: Products,
) -> Vec<Option<Id>> {
    if structure.groups.rows() == 0 {
        return Vec::new();
    }
    let direction = |&column: &u32| {
        let direction = graph.borrow_mut().input(Source::Direction, column);
        (x[column as usize], direction)
    };
    let directions: Vec<(Id, Id)> = structure.groups.indices().iter().map(direction).collect();
    let mut is_read = vec![false; rows.len()];
    for entry in structure.sources.iter().flatten() {
        is_read[entry.index as usize] = true;
    }
    let read: Vec<Option<Id>> = (rows.iter().zip(is_read))
        .map(|(row, is_read)| row.filter(|_| is_read))
        .collect();
    let known: Vec<Id> = read.iter().copied().flatten().collect();
    let mut tangents = forward(graph, &directions, &known, products).into_iter();
    read.iter()
        .map(|row| row.and_then(|_| tangents.next().flatten()))
        .collect()
}

impl Tangents {
    fn new(first: usize, structure: &Structure) -> Self {
        let mut entries: Vec<(u32, u32, usize)> = (structure.sources.iter().enumerate())
            .filter_map(|(nonzero, entry)| entry.map(|x| (x.index, x.product, nonzero)))
            .collect();
        entries.sort_unstable();
        let rows = entries.last().map_or(0, |(row, ..)| *row as usize + 1);
        let mut ranges = vec![0..0; rows];
        for (place, (row, ..)) in entries.iter().enumerate() {
            let range = &mut ranges[*row as usize];
            if range.end == 0 {
                range.start = place;
            }
            range.end = place + 1;
        }
        Tangents {
            first,
            rows: ranges,
            entries: entries
                .iter()
                .map(|&(_, group, nonzero)| (group, nonzero))
                .collect(),
        }
    }
}

/// A strip of tangents: each lane is the direction of a group of columns.
struct Lanes<'a, T> {
    code: &'a PointCode<T>,
    /// The first group of the strip, and the number of groups.
    first: usize,
    live: usize,
    nonzeros: &'a mut [T],
}

impl<T: Real + Scalar> Ports<T> for Lanes<'_, T> {
    #[inline]
    fn load(&self, _: Source, number: usize, to: &mut [T; STRIP]) {
        to.fill(T::default());
        if let Some(group) = self.code.group_of[number]
            && let Some(lane) = (group as usize).checked_sub(self.first)
            && lane < STRIP
        {
            to[lane] = <T as Scalar>::from_f64(1.0);
        }
    }

    #[inline]
    fn store(&mut self, number: usize, from: &[T; STRIP]) {
        let tangents = &self.code.tangents;
        let Some(range) = tangents.rows.get(number - tangents.first) else {
            return;
        };
        for &(group, nonzero) in &tangents.entries[range.clone()] {
            if let Some(lane) = (group as usize).checked_sub(self.first)
                && lane < self.live
            {
                self.nonzeros[nonzero] = from[lane];
            }
        }
    }
}
