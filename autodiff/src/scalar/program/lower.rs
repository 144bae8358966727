//! From a graph to instructions: dead code, multiply–add, stages, and the choice of instructions.

use super::code::Code;
use super::graph::{Graph, Guard, Id, Relation, Source, Stage, Term};
use super::instruction::{Arithmetic, Instruction, Opcode, Pair, Slot};
use super::registers;
use super::schedule;
use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;
use crate::tensor::Real;
use std::panic::Location;

/// What a program computes, as nodes of its graph. A node that is absent is 0.
pub(super) struct Roots<'a> {
    /// The outputs of each point.
    pub(super) outputs: &'a [Option<Id>],
    /// The results after all points.
    pub(super) results: &'a [Option<Id>],
    pub(super) guards: &'a [Guard],
    /// Whether the instructions are ordered by the outputs of each point, of which there are many. There are no guards.
    pub(super) by_outputs: bool,
}

/// Returns the instructions that compute the roots. The nodes from position `derivatives` on are derivative code, in
/// which products and sums are fused.
pub(super) fn lower<T: Real + Scalar>(
    graph: &mut Graph<T>,
    roots: &Roots<'_>,
    derivatives: usize,
) -> Code<T> {
    let zero = graph.constant(<T as Scalar>::from_f64(0.0));
    let or_zero = |ids: &[Option<Id>]| ids.iter().map(|id| id.unwrap_or(zero)).collect();
    let (outputs, results): (Vec<Id>, Vec<Id>) = (or_zero(roots.outputs), or_zero(roots.results));
    let guarded = roots.guards.iter().flat_map(|guard| guard.operands);
    let all: Vec<Id> = outputs
        .iter()
        .chain(&results)
        .copied()
        .chain(guarded)
        .collect();
    let uses = uses(graph, &all);
    let fused = fuse(graph, &uses, derivatives);
    let mut lowering = Lowering {
        graph,
        slots: vec![None; uses.len()],
        loaded: vec![false; uses.len()],
        code: Code::new(),
    };
    let mut guards = by_position(roots.guards.iter().map(|guard| {
        let [a, b] = guard.operands;
        (a.max(b), guard)
    }));
    let mut stores = by_position(outputs.iter().copied().zip(0..));
    for id in lowering.graph.ids() {
        let index = id.index();
        if uses[index] > 0 && !fused.absorbed[index] && !lowering.emit_pair(id, &uses) {
            lowering.emit(id, fused.instructions[index]);
        }
        while let Some((_, guard)) = guards.next_if(|(last, _)| *last <= id) {
            lowering.emit_guard(guard);
        }
        while let Some((stored, number)) = stores.next_if(|(stored, _)| *stored <= id) {
            lowering.emit_store(stored, number);
        }
    }
    lowering.finish(&results, roots.by_outputs)
}

/// Items in the order of their nodes.
fn by_position<I>(
    items: impl Iterator<Item = (Id, I)>,
) -> std::iter::Peekable<std::vec::IntoIter<(Id, I)>> {
    let mut items: Vec<(Id, I)> = items.collect();
    items.sort_by_key(|(id, _)| *id);
    items.into_iter().peekable()
}

/// The number of uses of each node by the roots and by nodes that they need: dead code has none.
fn uses<T: Scalar>(graph: &Graph<T>, roots: &[Id]) -> Vec<u32> {
    let mut uses = vec![0_u32; graph.len()];
    for root in roots {
        uses[root.index()] += 1;
    }
    for id in graph.ids().rev() {
        if uses[id.index()] == 0 {
            continue;
        }
        let term = graph.term(id);
        let summed = match term {
            Term::SumOverPoints(number) => Some(graph.sums[number as usize]),
            _ => None,
        };
        for operand in term.operands_of_value().iter().copied().chain(summed) {
            uses[operand.index()] += 1;
        }
    }
    uses
}

/// Multiply–add instructions, and the products that they absorb.
struct Fused {
    instructions: Vec<Option<(Arithmetic, [Id; 3])>>,
    absorbed: Vec<bool>,
}

/// Fuses products of one use with the sums that use them, in derivative code only: elsewhere the program computes the
/// bits of the function.
fn fuse<T: Scalar>(graph: &Graph<T>, uses: &[u32], derivatives: usize) -> Fused {
    let mut fused = Fused {
        instructions: vec![None; uses.len()],
        absorbed: vec![false; uses.len()],
    };
    for id in graph.ids().skip(derivatives) {
        let stage = graph.stage(id);
        if uses[id.index()] == 0 || stage == Stage::After {
            continue;
        }
        let Term::Binary(function @ (Binary::Add | Binary::Sub), [a, b]) = graph.term(id) else {
            continue;
        };
        let product = |x: Id| match graph.term(x) {
            Term::Binary(Binary::Mul, factors)
                if uses[x.index()] == 1 && x.index() >= derivatives && graph.stage(x) == stage =>
            {
                Some(factors)
            }
            _ => None,
        };
        // Of two products the one that was computed last is fused.
        let found = match (product(a), product(b)) {
            (Some(factors), other) if other.is_none() || a > b => Some((a, factors, b)),
            (_, Some(factors)) => Some((b, factors, a)),
            _ => None,
        };
        let Some((absorbed, [x, y], other)) = found else {
            continue;
        };
        let arithmetic = match function {
            Binary::Add => Arithmetic::MultiplyAdd,
            _ if absorbed == a => Arithmetic::MultiplySubtract,
            _ => Arithmetic::SubtractProduct,
        };
        fused.instructions[id.index()] = Some((arithmetic, [x, y, other]));
        fused.absorbed[absorbed.index()] = true;
    }
    fused
}

struct Lowering<'g, T> {
    graph: &'g Graph<T>,
    /// The slot of each node that was emitted. Registers are numbered by nodes until they are assigned.
    slots: Vec<Option<Slot>>,
    loaded: Vec<bool>,
    code: Code<T>,
}

impl<T: Real + Scalar> Lowering<'_, T> {
    /// Emits the instruction of a node.
    fn emit(&mut self, id: Id, fused: Option<(Arithmetic, [Id; 3])>) {
        let node = *self.graph.node(id);
        let slot = match (node.term, node.stage) {
            (Term::Detach(x) | Term::WithSlope([x, ..]), _) => self.slot(x),
            (_, Stage::Each) => Slot::register(id.index()),
            _ => self.new_scalar(),
        };
        self.slots[id.index()] = Some(slot);
        let (opcode, operands): (Opcode, &[Id]) = match &node.term {
            Term::Detach(_) | Term::WithSlope(_) => return,
            // An input is loaded where it is used first.
            Term::Input(..) if node.stage == Stage::Each => return,
            Term::Input(source, number) => {
                let from = raw(*number);
                return self.push(node.stage, Opcode::Load(*source), slot, from, node.location);
            }
            Term::Constant(value) => {
                self.code.scalars[slot.index()] = *value;
                return;
            }
            Term::SumOverPoints(number) => {
                let summed = self.slot(self.graph.sums[*number as usize]);
                self.code.sums.push((summed, slot));
                return;
            }
            _ => match &fused {
                Some((arithmetic, operands)) => (Opcode::Arithmetic(*arithmetic), operands),
                None => (self.opcode(&node.term), node.term.operands()),
            },
        };
        let mut from = [Slot::UNUSED; 4];
        for (from, &operand) in from.iter_mut().zip(operands) {
            *from = self.slot(operand);
        }
        self.push(node.stage, opcode, slot, from, node.location);
    }

    /// Emits one instruction for the node and its partner, if both are needed. Returns whether the node is done.
    fn emit_pair(&mut self, id: Id, uses: &[u32]) -> bool {
        let node = *self.graph.node(id);
        let Term::Unary(function, x) = node.term else {
            return false;
        };
        let Some((pair, place)) = Pair::of(function).filter(|_| node.stage == Stage::Each) else {
            return false;
        };
        if self.slots[id.index()].is_some() {
            // It was computed with its partner.
            return true;
        }
        let both = pair.functions().map(|function| {
            let partner = self.graph.find(&Term::Unary(function, x));
            partner.filter(|partner| uses.get(partner.index()).is_some_and(|&uses| uses > 0))
        });
        let [Some(first), Some(second)] = both else {
            return false;
        };
        debug_assert_eq!([first, second][place], id);
        let [to, second] = [first, second].map(|id| {
            let slot = Slot::register(id.index());
            self.slots[id.index()] = Some(slot);
            slot
        });
        let from = [self.slot(x), Slot::UNUSED, Slot::UNUSED, Slot::UNUSED];
        self.code.each.push(Instruction {
            opcode: Opcode::Pair(pair),
            to,
            second: Some(second),
            from,
        });
        self.code.locations.push(node.location);
        true
    }

    fn opcode(&mut self, term: &Term<T>) -> Opcode {
        Opcode::Arithmetic(match *term {
            Term::Binary(Binary::Add, _) => Arithmetic::Add,
            Term::Binary(Binary::Sub, _) => Arithmetic::Subtract,
            Term::Binary(Binary::Mul, _) => Arithmetic::Multiply,
            Term::Binary(Binary::Div, _) => Arithmetic::Divide,
            Term::Unary(Unary::Neg, _) => Arithmetic::Negate,
            Term::Unary(Unary::Square, _) => Arithmetic::Square,
            Term::Unary(Unary::Recip, _) => Arithmetic::Reciprocal,
            Term::Remainder(_) => Arithmetic::Remainder,
            Term::Select(Relation::Less, _) => Arithmetic::SelectLess,
            Term::Select(Relation::LessOrEqual, _) => Arithmetic::SelectLessOrEqual,
            Term::Select(Relation::Equal, _) => Arithmetic::SelectEqual,
            Term::Binary(function, _) => return Opcode::Binary(function),
            Term::Unary(function, _) => return Opcode::Unary(self.function(function)),
            _ => unreachable!("emitted without an opcode"),
        })
    }

    /// The number of a function in the list of the program.
    fn function(&mut self, function: Unary) -> u32 {
        let functions = &mut self.code.functions;
        let found = functions.iter().position(|&known| known == function);
        let number = found.unwrap_or_else(|| {
            functions.push(function);
            functions.len() - 1
        });
        number as u32
    }

    /// The slot of an operand. An input of a point is loaded if this is its first use.
    fn slot(&mut self, id: Id) -> Slot {
        let index = id.index();
        if let Term::Input(source @ (Source::Point | Source::Direction), number) =
            self.graph.term(id)
            && !self.loaded[index]
        {
            self.loaded[index] = true;
            let (to, location) = (Slot::register(index), self.graph.node(id).location);
            self.push(Stage::Each, Opcode::Load(source), to, raw(number), location);
        }
        self.slots[index].expect("operands are emitted first")
    }

    fn emit_guard(&mut self, guard: &Guard) {
        let [a, b] = guard.operands.map(|operand| self.slot(operand));
        let from = [a, b, Slot::UNUSED, Slot::UNUSED];
        let opcode = Opcode::Guard(guard.relation, guard.outcome);
        self.push(Stage::Each, opcode, Slot::UNUSED, from, guard.location);
    }

    fn emit_store(&mut self, id: Id, number: u32) {
        let slot = self.slot(id);
        if slot.is_scalar() {
            self.code.scalar_outputs.push((number, slot));
        } else {
            let from = [slot, Slot::UNUSED, Slot::UNUSED, Slot::UNUSED];
            let location = self.graph.node(id).location;
            let to = Slot::register(number as usize);
            self.push(Stage::Each, Opcode::Store, to, from, location);
        }
    }

    fn new_scalar(&mut self) -> Slot {
        let scalars = &mut self.code.scalars;
        scalars.push(T::default());
        Slot::scalar(scalars.len() - 1)
    }

    fn push(
        &mut self,
        stage: Stage,
        opcode: Opcode,
        to: Slot,
        from: [Slot; 4],
        location: &'static Location<'static>,
    ) {
        let instruction = Instruction {
            opcode,
            to,
            second: None,
            from,
        };
        match stage {
            Stage::Before => self.code.before.push(instruction),
            Stage::After => self.code.after.push(instruction),
            Stage::Each => {
                self.code.each.push(instruction);
                self.code.locations.push(location);
            }
        }
    }

    fn finish(mut self, results: &[Id], by_outputs: bool) -> Code<T> {
        if by_outputs {
            schedule::by_outputs(&mut self.code);
        }
        self.code.results = results.iter().map(|&id| self.slot(id)).collect();
        registers::assign(&mut self.code);
        self.code
    }
}

/// The number of an input, in place of an operand.
fn raw(number: u32) -> [Slot; 4] {
    let number = Slot::scalar(number as usize);
    [number, Slot::UNUSED, Slot::UNUSED, Slot::UNUSED]
}
