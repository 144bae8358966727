//! The layout of level runs: from instructions on scalars to runs with the positions of their operands.

use super::{Operand, Run, Runs};
use crate::scalar::number::Scalar;
use crate::scalar::program::instruction::{Instruction, Opcode};
use crate::tensor::Real;

/// The length from which a run with operands at constant strides is kept for itself. Shorter ones are joined to a run
/// with gathered operands.
const SHORTEST: usize = 16;

/// An instruction with the positions of its operands.
struct Placed {
    to: usize,
    from: [usize; 4],
}

impl<T: Real + Scalar> Runs<T> {
    /// Adds the runs of all instructions. Returns the position of each scalar, of which the given values are the
    /// constants.
    pub(super) fn lay_out(&mut self, instructions: &[Instruction], scalars: &[T]) -> Vec<usize> {
        let mut positions = vec![usize::MAX; scalars.len()];
        let mut level_of = vec![0_usize; scalars.len()];
        let mut levels: Vec<Vec<Instruction>> = Vec::new();
        for instruction in instructions {
            let to = instruction.to.index();
            if let Opcode::Load(_) = instruction.opcode {
                positions[to] = instruction.from[0].index();
                continue;
            }
            let operands = &instruction.from[..instruction.opcode.operand_count()];
            let level = operands.iter().map(|slot| level_of[slot.index()]).max();
            let level = level.unwrap_or(0);
            level_of[to] = level + 1;
            if levels.len() <= level {
                levels.push(Vec::new());
            }
            levels[level].push(*instruction);
        }
        // What is neither loaded nor computed is a constant.
        for (scalar, value) in scalars.iter().enumerate() {
            if positions[scalar] == usize::MAX && level_of[scalar] == 0 {
                positions[scalar] = self.numbers.len();
                self.numbers.push(*value);
            }
        }
        for level in &levels {
            self.add_level(level, &mut positions);
        }
        positions
    }

    /// Adds the runs of the instructions of a level.
    fn add_level(&mut self, level: &[Instruction], positions: &mut [usize]) {
        let mut groups: Vec<(Opcode, Vec<Placed>)> = Vec::new();
        for instruction in level {
            let mut placed = Placed {
                to: instruction.to.index(),
                from: [0; 4],
            };
            let operands = &instruction.from[..instruction.opcode.operand_count()];
            for (from, slot) in placed.from.iter_mut().zip(operands) {
                *from = positions[slot.index()];
            }
            let opcode = instruction.opcode;
            match groups.iter_mut().find(|(known, _)| *known == opcode) {
                Some((_, group)) => group.push(placed),
                None => groups.push((opcode, vec![placed])),
            }
        }
        for (opcode, mut group) in groups {
            if descends(&group) {
                group.reverse();
            }
            for placed in &group {
                positions[placed.to] = self.numbers.len();
                self.numbers.push(T::default());
            }
            self.add_group(opcode, &group);
        }
    }

    /// Adds the runs of equal instructions, whose results are the last positions.
    fn add_group(&mut self, opcode: Opcode, group: &[Placed]) {
        let first = self.numbers.len() - group.len();
        let (mut added, mut end) = (0, 0);
        while end < group.len() {
            let length = strided(&group[end..]);
            if length >= SHORTEST {
                self.add_run(opcode, first + added, &group[added..end]);
                self.add_run(opcode, first + end, &group[end..end + length]);
                added = end + length;
            }
            end += length;
        }
        self.add_run(opcode, first + added, &group[added..]);
    }

    /// Adds a run.
    fn add_run(&mut self, opcode: Opcode, first: usize, run: &[Placed]) {
        if run.is_empty() {
            return;
        }
        let mut from = [Operand::Strided {
            start: 0,
            stride: 0,
        }; 4];
        for (number, operand) in from.iter_mut().enumerate().take(opcode.operand_count()) {
            let position = |instruction: &Placed| instruction.from[number];
            let stride = stride(run, number);
            let is_strided = (run.windows(2))
                .all(|pair| position(&pair[0]).wrapping_add_signed(stride) == position(&pair[1]));
            *operand = if is_strided {
                let start = position(&run[0]);
                Operand::Strided { start, stride }
            } else {
                let at = self.tables.indices.len();
                self.tables
                    .indices
                    .extend(run.iter().map(|x| position(x) as u32));
                Operand::Gathered(at)
            };
        }
        self.runs.push(Run {
            opcode,
            first,
            length: run.len(),
            from,
        });
    }
}

/// The distance of an operand from the first instruction to the second.
fn stride(run: &[Placed], number: usize) -> isize {
    match run {
        [first, second, ..] => second.from[number] as isize - first.from[number] as isize,
        _ => 0,
    }
}

/// The number of instructions, from the first on, whose operands are at constant strides.
fn strided(group: &[Placed]) -> usize {
    let strides: [isize; 4] = std::array::from_fn(|number| stride(group, number));
    let follows = |pair: &&[Placed]| {
        (0..4).all(|number| {
            let next = pair[0].from[number].wrapping_add_signed(strides[number]);
            next == pair[1].from[number]
        })
    };
    1 + group.windows(2).take_while(follows).count()
}

/// Whether the positions of the operands mostly decrease from an instruction to the next, as in a reverse pass.
fn descends(group: &[Placed]) -> bool {
    let mut balance = 0_isize;
    for pair in group.windows(2) {
        for (before, after) in pair[0].from.iter().zip(&pair[1].from) {
            balance += isize::from(after > before) - isize::from(after < before);
        }
    }
    balance < 0
}
