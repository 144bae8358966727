//! The assignment of registers to values: each register is reused after the last use of its value.

use super::code::Code;
use super::instruction::{Instruction, Slot};

/// Renames the values of the instructions to registers, as few as their order allows.
///
/// The registers that were used last are taken first, because they are in the cache. A result may take the register of
/// an operand.
pub(super) fn assign<T>(code: &mut Code<T>) {
    let names = code.each.iter().flat_map(Instruction::results);
    let names = names.map(|slot| slot.index() + 1).max().unwrap_or(0);
    let mut last_use = vec![0; names];
    for (position, instruction) in code.each.iter().enumerate() {
        for slot in &instruction.from[..instruction.opcode.operand_count()] {
            if !slot.is_scalar() {
                last_use[slot.index()] = position;
            }
        }
    }
    // The sums are added after the last instruction.
    for (slot, _) in &code.sums {
        if !slot.is_scalar() {
            last_use[slot.index()] = usize::MAX;
        }
    }
    let mut registers = vec![Slot::UNUSED; names];
    let (mut free, mut count) = (Vec::new(), 0);
    for (position, instruction) in code.each.iter_mut().enumerate() {
        let operands = instruction.opcode.operand_count();
        for operand in 0..operands {
            let name = instruction.from[operand];
            if name.is_scalar() {
                continue;
            }
            let register = registers[name.index()];
            let is_repeated = instruction.from[..operand].contains(&register);
            instruction.from[operand] = register;
            if last_use[name.index()] == position && !is_repeated {
                free.push(register);
            }
        }
        for result in instruction.results_mut() {
            let name = result.index();
            let register = free.pop().unwrap_or_else(|| {
                count += 1;
                Slot::register(count - 1)
            });
            registers[name] = register;
            *result = register;
        }
    }
    for (slot, _) in &mut code.sums {
        if !slot.is_scalar() {
            *slot = registers[slot.index()];
        }
    }
    code.registers = count;
}
