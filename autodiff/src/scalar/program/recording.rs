//! `Recording`: what a tape tells a program while its function is recorded.

use super::error::ProgramError;
use super::graph::{Graph, Guard, Id, Relation, Source, Term};
use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;
use crate::scalar::tape::Tape;
use crate::scalar::trace::{Input, Operation};
use crate::scalar::var::Var;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::panic::Location;

/// A function of shared inputs and the inputs of a point, as a tape takes it.
pub(super) type Function<'f, T> =
    dyn for<'t> Fn(&[Var<'t, T>], &[Var<'t, T>]) -> Vec<Var<'t, T>> + Send + Sync + 'f;

/// The graph of a function that is being recorded, and the conditions under which it holds.
pub(in crate::scalar) struct Recording<T> {
    graph: Graph<T>,
    /// The numbers of shared inputs and of inputs of each point.
    inputs: [usize; 2],
    /// The node of the graph for each node of the tape.
    nodes: Vec<Id>,
    guards: Vec<Guard>,
    compared: HashSet<(Relation, [Id; 2])>,
    /// Whether points like this one are left to the tape: an infinite norm or sum of exponentials has slopes of its own.
    is_singular: bool,
    /// The first reason for which the function cannot be replayed.
    failure: Option<ProgramError>,
}

/// A function that was recorded at one point.
#[derive(Clone, Debug)]
pub(super) struct Recorded<T> {
    pub(super) graph: Graph<T>,
    pub(super) inputs: [usize; 2],
    pub(super) outputs: Vec<Id>,
    pub(super) guards: Vec<Guard>,
    /// Whether points like this one are left to the tape.
    pub(super) is_singular: bool,
}

/// Records the function at a point.
#[track_caller]
pub(super) fn record<T: Scalar>(
    f: &Function<'_, T>,
    shared: &[T],
    point: &[T],
) -> Result<Recorded<T>, ProgramError> {
    let tape = Tape::for_program(Recording {
        graph: Graph::new(),
        inputs: [shared.len(), point.len()],
        nodes: Vec::new(),
        guards: Vec::new(),
        compared: HashSet::new(),
        is_singular: false,
        failure: None,
    });
    let outputs: Vec<Input<T>> = {
        let (shared, point) = (tape.vars(shared), tape.vars(point));
        let outputs = f(&shared, &point);
        assert!(
            outputs.iter().all(|output| output.is_on_or_constant(&tape)),
            "program: the function returned a variable of another tape"
        );
        outputs.into_iter().map(Var::input).collect()
    };
    let mut recording = tape.into_program();
    if let Some(failure) = recording.failure {
        return Err(failure);
    }
    if outputs.is_empty() {
        return Err(ProgramError::NoOutputs);
    }
    let outputs = outputs.iter().map(|&output| recording.id(output)).collect();
    Ok(Recorded {
        graph: recording.graph,
        inputs: recording.inputs,
        outputs,
        guards: recording.guards,
        is_singular: recording.is_singular,
    })
}

impl<T: Scalar> Recording<T> {
    fn id(&mut self, input: Input<T>) -> Id {
        match input {
            // The first node of a tape has the index 1.
            Input::Node(node) => self.nodes[node as usize - 1],
            Input::Constant(value) => self.graph.constant(value),
        }
    }

    fn ids(&mut self, inputs: &[Input<T>]) -> SmallVec<[Id; 4]> {
        inputs.iter().map(|&input| self.id(input)).collect()
    }

    /// Adds an operation, whose result is the tape's next node.
    pub(in crate::scalar) fn add(
        &mut self,
        operation: Operation,
        inputs: &[Input<T>],
        value: T,
        location: &'static Location<'static>,
    ) {
        self.graph.location = location;
        let id = self.operation(operation, inputs, value);
        self.nodes.push(id);
    }

    fn operation(&mut self, operation: Operation, inputs: &[Input<T>], value: T) -> Id {
        let ids = self.ids(inputs);
        match (operation, &ids[..]) {
            (Operation::Variable, _) => self.variable(value),
            (Operation::Unary(function), &[a]) => self.graph.unary(function, a),
            // Its product of −0 and 1 is 0.
            (Operation::Binary(function @ Binary::AbsorbingMul), &[a, b]) => {
                self.graph.push(Term::Binary(function, [a, b]))
            }
            (Operation::Binary(function), &[a, b]) => self.graph.binary(function, a, b),
            (Operation::Remainder, &[a, b]) => self.graph.remainder(a, b),
            (Operation::Sum, _) => self.sum(&ids),
            (Operation::Product, _) => self.fold(Binary::Mul, 1.0, &ids),
            (Operation::Dot | Operation::LinearCombination, _) => {
                let (a, b) = ids.split_at(ids.len() / 2);
                let pairs = a.iter().zip(b);
                let products = pairs.map(|(&a, &b)| self.graph.binary(Binary::Mul, a, b));
                let products: Vec<Id> = products.collect();
                self.sum(&products)
            }
            (Operation::Norm, _) => self.norm(&ids, value),
            (Operation::LogSumExp, _) => self.log_sum_exp(&ids, value),
            (operation, _) => {
                self.fail(ProgramError::Opaque {
                    operation: operation.name(),
                    location: self.graph.location,
                });
                self.graph.constant(value)
            }
        }
    }

    /// The shared inputs come first, then the inputs of the point. The function itself may make more variables, which
    /// are constants.
    fn variable(&mut self, value: T) -> Id {
        let [shared, point] = self.inputs;
        let number = self.nodes.len();
        if number < shared {
            self.graph.input(Source::Shared, number as u32)
        } else if number < shared + point {
            self.graph.input(Source::Point, (number - shared) as u32)
        } else {
            self.graph.constant(value)
        }
    }

    fn fold(&mut self, function: Binary, empty: f64, ids: &[Id]) -> Id {
        let terms = ids.iter().copied();
        let folded = terms.reduce(|sum, term| self.graph.binary(function, sum, term));
        folded.unwrap_or_else(|| self.graph.constant(T::from_f64(empty)))
    }

    /// The sum, pairwise: its error grows with the logarithm of the number of terms.
    fn sum(&mut self, ids: &[Id]) -> Id {
        /// The number of terms that are added in order.
        const BLOCK: usize = 8;
        if ids.len() <= BLOCK {
            return self.fold(Binary::Add, 0.0, ids);
        }
        let (left, right) = ids.split_at(ids.len() / 2);
        let (left, right) = (self.sum(left), self.sum(right));
        self.graph.binary(Binary::Add, left, right)
    }

    /// `s √(Σ (x/s)²)` with the largest magnitude s, a constant for the derivative, in which it cancels.
    fn norm(&mut self, x: &[Id], value: T) -> Id {
        let magnitudes = x.iter().map(|&x| self.graph.unary(Unary::Abs, x));
        let magnitudes: Vec<Id> = magnitudes.collect();
        let largest = self.fold(Binary::Max, 0.0, &magnitudes);
        self.expect_finite(largest, value);
        // At the origin any scale will do. The reciprocal of a subnormal one would overflow.
        let [zero, double, single] =
            [0.0, f64::MIN_POSITIVE, f32::MIN_POSITIVE.into()].map(T::from_f64);
        let smallest = if double > zero { double } else { single };
        let [zero, smallest] = [zero, smallest].map(|c| self.graph.constant(c));
        let scale = self.graph.binary(Binary::Max, largest, smallest);
        let scale = self.graph.detach(scale);
        let scaled = x.iter().map(|&x| {
            let quotient = self.graph.binary(Binary::Div, x, scale);
            self.graph.unary(Unary::Square, quotient)
        });
        let squares: Vec<Id> = scaled.collect();
        let sum = self.sum(&squares);
        let root = self.graph.unary(Unary::Sqrt, sum);
        let norm = self.graph.binary(Binary::Mul, root, scale);
        // The slope at the origin is 0.
        self.graph
            .select(Relation::Equal, [largest, zero, zero, norm])
    }

    /// `m + ln Σ exp(x − m)` with the largest x as m, a constant for the derivative, in which it cancels.
    fn log_sum_exp(&mut self, x: &[Id], value: T) -> Id {
        let largest = self.fold(Binary::Max, f64::NEG_INFINITY, x);
        self.expect_finite(largest, value);
        let largest = self.graph.detach(largest);
        let powers = x.iter().map(|&x| {
            let difference = self.graph.binary(Binary::Sub, x, largest);
            self.graph.unary(Unary::Exp, difference)
        });
        let powers: Vec<Id> = powers.collect();
        let sum = self.sum(&powers);
        let log = self.graph.unary(Unary::Ln, sum);
        self.graph.binary(Binary::Add, log, largest)
    }

    /// Restricts the recording to points at which the largest operand is not infinite.
    fn expect_finite(&mut self, largest: Id, value: T) {
        self.is_singular |= value.to_f64().is_infinite();
        let magnitude = self.graph.unary(Unary::Abs, largest);
        let infinity = self.graph.constant(T::from_f64(f64::INFINITY));
        self.guard(
            Relation::Equal,
            [magnitude, infinity],
            false,
            self.graph.location,
        );
    }

    /// Adds a condition under which the recording holds, unless it is known.
    fn guard(
        &mut self,
        relation: Relation,
        operands: [Id; 2],
        outcome: bool,
        location: &'static Location<'static>,
    ) {
        let is_constant = operands.map(|id| self.graph.constant_value(id).is_some());
        if is_constant != [true, true] && self.compared.insert((relation, operands)) {
            self.guards.push(Guard {
                relation,
                operands,
                outcome,
                location,
            });
        }
    }
}

/// What the function does apart from operations.
impl<T: Scalar> Recording<T> {
    /// Notes the outcome of a comparison, on which the rest of the recording depends.
    pub(in crate::scalar) fn compare(
        &mut self,
        relation: Relation,
        [a, b]: [Input<T>; 2],
        outcome: bool,
        location: &'static Location<'static>,
    ) {
        let operands = [self.id(a), self.id(b)];
        self.guard(relation, operands, outcome, location);
    }

    /// Notes the outcome of a test of the sign bit.
    pub(in crate::scalar) fn compare_sign(
        &mut self,
        input: Input<T>,
        outcome: bool,
        location: &'static Location<'static>,
    ) {
        self.graph.location = location;
        let id = self.id(input);
        let sign = self.graph.unary(Unary::Signum, id);
        let zero = self.graph.constant(T::from_f64(0.0));
        self.guard(Relation::Less, [sign, zero], outcome, location);
    }

    /// Adds a choice between two numbers, whose result is the tape's next node.
    pub(in crate::scalar) fn select(
        &mut self,
        relation: Relation,
        operands: [Input<T>; 4],
        location: &'static Location<'static>,
    ) {
        self.graph.location = location;
        let operands = operands.map(|operand| self.id(operand));
        let id = self.graph.select(relation, operands);
        self.nodes.push(id);
    }

    /// Adds a number without its derivative, whose result is the tape's next node.
    pub(in crate::scalar) fn detach(
        &mut self,
        input: Input<T>,
        location: &'static Location<'static>,
    ) {
        self.graph.location = location;
        let id = self.id(input);
        let id = self.graph.detach(id);
        self.nodes.push(id);
    }

    /// Adds a number with a slope of its own towards each of some others, whose result is the tape's next node.
    pub(in crate::scalar) fn with_slopes(
        &mut self,
        value: Input<T>,
        terms: &[[Input<T>; 2]],
        location: &'static Location<'static>,
    ) {
        self.graph.location = location;
        let value = self.id(value);
        let mut id = self.graph.detach(value);
        for term in terms {
            let [x, slope] = term.map(|input| self.id(input));
            id = self.graph.with_slope(id, x, slope);
        }
        self.nodes.push(id);
    }

    /// Notes why the function cannot be replayed.
    pub(in crate::scalar) fn fail(&mut self, failure: ProgramError) {
        self.failure.get_or_insert(failure);
    }

    /// Notes that a number was printed. A formatter has no caller that could be named.
    pub(in crate::scalar) fn fail_by_text(&mut self) {
        self.fail(ProgramError::Escaped {
            operation: "Display",
            location: self.graph.location,
        });
    }
}
