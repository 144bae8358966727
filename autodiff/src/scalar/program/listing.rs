//! `Listing`: a program as readable text.

use super::code::Code;
use super::instruction::{Instruction, Opcode, Slot};
use crate::scalar::number::Scalar;
use crate::tensor::Real;
use std::fmt::{self, Write};

/// The instructions of a computation as text, a line for each with the line of code that recorded it, and their counts.
///
/// [`Program::listing`](super::Program::listing) returns it, and `Display` prints the text. `r3` is a register, which
/// holds a number for each point of a strip; `s3` is a number that is computed once. A fused product and sum is printed
/// as `r1 * r2 + r3`, two functions that share their work as `r1, r2 = sin(r3), cos(r3)`, and a guard as
/// `expect r1 < 0` or `expect not r1 < 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The number of instructions that are executed for each point.
    pub instructions: usize,
    /// The number of instructions that are executed once, before or after the points.
    pub instructions_once: usize,
    /// The number of registers.
    pub registers: usize,
    /// The number of comparisons that each point must meet.
    pub guards: usize,
    /// The memory of the registers, in bytes for each point of a strip. A thread needs 64 times as much.
    pub bytes_per_point: usize,
    text: String,
}

impl Listing {
    pub(super) fn new<T: Real + Scalar>(code: &Code<T>, guards: usize) -> Self {
        let mut text = String::new();
        let mut section = |title: &str, instructions: &[Instruction], with_lines: bool| {
            if instructions.is_empty() {
                return;
            }
            let _ = writeln!(text, "{title}:");
            for (number, instruction) in instructions.iter().enumerate() {
                let line = line(code, instruction);
                let _ = match code.locations.get(number) {
                    Some(location) if with_lines => {
                        writeln!(
                            text,
                            "  {line:<44} // {}:{}",
                            location.file(),
                            location.line()
                        )
                    }
                    _ => writeln!(text, "  {line}"),
                };
            }
        };
        section("once, before the points", &code.before, false);
        section("for each point", &code.each, true);
        section("once, after the points", &code.after, false);
        Listing {
            instructions: code.each.len(),
            instructions_once: code.before.len() + code.after.len(),
            registers: code.registers,
            guards,
            bytes_per_point: code.registers * size_of::<T>(),
            text,
        }
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text of an instruction.
fn line<T: Real + Scalar>(code: &Code<T>, instruction: &Instruction) -> String {
    let operands: Vec<String> = match instruction.opcode {
        Opcode::Load(_) => vec![instruction.from[0].index().to_string()],
        opcode => {
            let from = &instruction.from[..opcode.operand_count()];
            from.iter().map(|&slot| name(code, slot)).collect()
        }
    };
    let text = instruction.opcode.text(&code.functions, &operands);
    match instruction.opcode {
        Opcode::Guard(..) => text,
        Opcode::Store => format!("output[{}] = {text}", instruction.to.index()),
        _ => {
            let results: Vec<String> = instruction.results().map(|slot| name(code, slot)).collect();
            format!("{} = {text}", results.join(", "))
        }
    }
}

/// A register, a constant, or a scalar that is computed once.
fn name<T: Real + Scalar>(code: &Code<T>, slot: Slot) -> String {
    let index = slot.index();
    if !slot.is_scalar() {
        return format!("r{index}");
    }
    let once = code.before.iter().chain(&code.after);
    let is_sum = code.sums.iter().any(|(_, to)| *to == slot);
    if is_sum || once.map(|instruction| instruction.to).any(|to| to == slot) {
        format!("s{index}")
    } else {
        code.scalars[index].to_string()
    }
}
