//! The order of the instructions of a strip: one output after the other.

use super::code::Code;
use super::instruction::{Instruction, Opcode};

/// Puts the instructions on which an output depends before it, and those of the next output after it, as far as they
/// are not shared. If outputs have few operands in common with outputs far from them, few values are needed at a time.
///
/// The code has no comparisons, and its registers are not yet assigned.
pub(super) fn by_outputs<T>(code: &mut Code<T>) {
    let names = code.each.iter().flat_map(Instruction::results);
    let names = names.map(|slot| slot.index() + 1).max().unwrap_or(0);
    let mut source = vec![usize::MAX; names];
    let mut stores = Vec::new();
    for (position, instruction) in code.each.iter().enumerate() {
        for slot in instruction.results() {
            source[slot.index()] = position;
        }
        if instruction.opcode == Opcode::Store {
            stores.push(position);
        }
    }
    stores.sort_by_key(|&position| code.each[position].to.index());
    let mut is_placed = vec![false; code.each.len()];
    let mut order = Vec::with_capacity(code.each.len());
    let mut waiting = Vec::new();
    for store in stores {
        waiting.push(store);
        while let Some(&position) = waiting.last() {
            let instruction = &code.each[position];
            let operands = &instruction.from[..instruction.opcode.operand_count()];
            let count = waiting.len();
            if !is_placed[position] {
                let registers = operands.iter().filter(|slot| !slot.is_scalar());
                let sources = registers.map(|slot| source[slot.index()]);
                waiting.extend(sources.filter(|&source| !is_placed[source]));
            }
            if waiting.len() == count {
                waiting.pop();
                if !std::mem::replace(&mut is_placed[position], true) {
                    order.push(position);
                }
            }
        }
    }
    code.each = order.iter().map(|&position| code.each[position]).collect();
    code.locations = order
        .iter()
        .map(|&position| code.locations[position])
        .collect();
}
