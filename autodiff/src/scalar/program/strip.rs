//! The execution of a program on a strip of points: each instruction for all points of the strip at once.

use super::code::{Code, STRIP};
use super::graph::Relation;
use super::instruction::{Instruction, Opcode, Pair, Registers, Slot};
use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;
use crate::tensor::{Loops, Real};
use autodiff_kernels::elementary;
use autodiff_kernels::simd::{MultiplyAdd, vectorized_with};

/// The number of points that are computed together, in one or two vectors.
const WIDTH: usize = 16;

/// A number for each point of a strip. It is aligned to cache lines, because a vector that crosses two of them takes
/// twice as long to load or store.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Register<T>([[T; WIDTH]; STRIP / WIDTH]);

/// The points of a strip on which a recording does not hold, a bit for each.
pub(super) type Deviating = u64;

/// Where a strip finds its inputs and puts its outputs.
pub(super) trait Ports<T> {
    /// Loads an input for all points.
    fn load(&self, source: super::graph::Source, number: usize, to: &mut [T; STRIP]);

    /// Stores an output for all points.
    fn store(&mut self, number: usize, from: &[T; STRIP]);
}

/// Executes the instructions for each point of a strip, and returns the points of which a comparison had another
/// outcome. Stops early if they are all of `points`.
pub(super) fn execute<T: Real + Scalar>(
    code: &Code<T>,
    scalars: &[T],
    registers: &mut [Register<T>],
    ports: &mut impl Ports<T>,
    points: Deviating,
) -> Deviating {
    vectorized_with(
        #[inline(always)]
        move |how| {
            let mut deviating = 0;
            let mut file = File { registers, scalars };
            for instruction in &code.each {
                if let Opcode::Guard(relation, outcome) = instruction.opcode {
                    deviating |= file.compare(relation, outcome, instruction);
                    if deviating & points == points {
                        break;
                    }
                } else {
                    step(code, instruction, &mut file, ports, how);
                }
            }
            deviating
        },
    )
}

/// Executes an instruction that is not a comparison.
#[inline(always)]
fn step<T: Real + Scalar>(
    code: &Code<T>,
    instruction: &Instruction,
    file: &mut File<'_, T>,
    ports: &mut impl Ports<T>,
    how: MultiplyAdd,
) {
    let (to, from) = (instruction.to, instruction.from);
    match instruction.opcode {
        Opcode::Arithmetic(arithmetic) => arithmetic.execute(how, file, to, from),
        Opcode::Load(source) => {
            let register = &mut file.registers[to.index()];
            ports.load(source, from[0].index(), numbers_mut(register));
        }
        Opcode::Store => ports.store(to.index(), numbers(&file.registers[from[0].index()])),
        Opcode::Unary(number) => match code.functions[number as usize] {
            Unary::Powi { n } if n.unsigned_abs() < 16 => {
                let mut x = file.read(from[0]);
                elementary::powi(numbers_mut(&mut x), n);
                file.registers[to.index()] = x;
            }
            function => {
                let x = file.read(from[0]);
                let y = &mut file.registers[to.index()];
                Loops::unary(function, numbers(&x), numbers_mut(y));
            }
        },
        Opcode::Pair(pair) => {
            if let Some(second) = instruction.second {
                file.compute_pair(pair, to, second, from[0]);
            }
        }
        Opcode::Binary(Binary::Hypot) => {
            let (mut a, b) = (file.read(from[0]), file.read(from[1]));
            elementary::hypot(numbers_mut(&mut a), numbers(&b));
            file.registers[to.index()] = a;
        }
        Opcode::Binary(function) => {
            let (a, b) = (file.read(from[0]), file.read(from[1]));
            let y = &mut file.registers[to.index()];
            Loops::binary(
                function,
                &code.walk,
                numbers(&a),
                numbers(&b),
                numbers_mut(y),
            );
        }
        Opcode::Guard(..) => {}
    }
}

/// The registers and scalars of a program.
struct File<'a, T> {
    registers: &'a mut [Register<T>],
    scalars: &'a [T],
}

impl<T: Real> File<'_, T> {
    /// A copy of an operand.
    #[inline(always)]
    fn read(&self, slot: Slot) -> Register<T> {
        if slot.is_scalar() {
            Register([[self.scalars[slot.index()]; WIDTH]; STRIP / WIDTH])
        } else {
            self.registers[slot.index()]
        }
    }

    /// Computes two functions of an operand.
    #[inline(always)]
    fn compute_pair(&mut self, pair: Pair, to: Slot, second: Slot, from: Slot) {
        let x = self.read(from);
        let results = self
            .registers
            .get_disjoint_mut([to.index(), second.index()]);
        let [y, z] = results.expect("two results have two registers");
        let (x, y, z) = (numbers(&x), numbers_mut(y), numbers_mut(z));
        match pair {
            Pair::SinCos => elementary::sin_cos(x, y, z),
            Pair::TanhAndSlope => elementary::tanh_and_slope(x, y, z),
            Pair::SigmoidAndSlope => elementary::sigmoid_and_slope(x, y, z),
        }
    }

    /// The points at which the comparison has another outcome.
    #[inline(always)]
    fn compare(&self, relation: Relation, outcome: bool, instruction: &Instruction) -> Deviating {
        let (a, b) = (
            self.read(instruction.from[0]),
            self.read(instruction.from[1]),
        );
        let mut deviating = [0_u8; STRIP];
        for (deviating, (a, b)) in deviating
            .iter_mut()
            .zip(numbers(&a).iter().zip(numbers(&b)))
        {
            *deviating = u8::from(relation.holds(*a, *b) != outcome);
        }
        // Most strips deviate nowhere, and the bits need not be collected.
        if deviating == [0; STRIP] {
            return 0;
        }
        let bits = deviating.iter().enumerate();
        bits.fold(0, |bits, (lane, &bit)| bits | u64::from(bit) << lane)
    }
}

/// An operand of an instruction, of which the loop knows what it is before it begins.
trait Operand<T>: Copy {
    fn part(self, registers: &[Register<T>], part: usize) -> [T; WIDTH];
}

/// A scalar.
#[derive(Clone, Copy)]
struct Same<T>(T);

impl<T: Real> Operand<T> for Same<T> {
    #[inline(always)]
    fn part(self, _: &[Register<T>], _: usize) -> [T; WIDTH] {
        [self.0; WIDTH]
    }
}

/// The register with this number.
#[derive(Clone, Copy)]
struct Each(usize);

impl<T: Real> Operand<T> for Each {
    #[inline(always)]
    fn part(self, registers: &[Register<T>], part: usize) -> [T; WIDTH] {
        registers[self.0].0[part]
    }
}

/// Calls a loop with its operands, in a copy for each combination of registers and scalars.
macro_rules! with_operands {
    ($file:ident.$name:ident($to:ident, $f:ident, [] $($x:expr),*)) => {
        $file.$name($to, $($x,)* $f)
    };
    ($file:ident.$name:ident($to:ident, $f:ident, [$first:ident $($rest:ident)*] $($x:expr),*)) => {
        if $first.is_scalar() {
            let $first = Same($file.scalars[$first.index()]);
            with_operands!($file.$name($to, $f, [$($rest)*] $($x,)* $first))
        } else {
            let $first = Each($first.index());
            with_operands!($file.$name($to, $f, [$($rest)*] $($x,)* $first))
        }
    };
}

/// Defines the loops for each number of operands. They are plain loops over arrays, which the compiler turns into
/// vector instructions.
macro_rules! loops {
    ($($name:ident, $loop:ident($($x:ident: $T:ty),+);)*) => {
        impl<T: Real> File<'_, T> { $(
            #[inline(always)]
            fn $loop(&mut self, to: Slot, $($x: impl Operand<T>,)+ f: impl Fn($($T),+) -> T) {
                for part in 0..STRIP / WIDTH {
                    $(let $x = $x.part(self.registers, part);)+
                    let mut result = [T::default(); WIDTH];
                    for lane in 0..WIDTH {
                        result[lane] = f($($x[lane]),+);
                    }
                    self.registers[to.index()].0[part] = result;
                }
            }
        )* }

        impl<T: Real> Registers<T> for File<'_, T> { $(
            #[inline(always)]
            fn $name(&mut self, to: Slot, [$($x,)+ ..]: [Slot; 4], f: impl Fn($($T),+) -> T) {
                with_operands!(self.$loop(to, f, [$($x)+]));
            }
        )* }
    };
}

loops! {
    compute_1, loop_1(a: T);
    compute_2, loop_2(a: T, b: T);
    compute_3, loop_3(a: T, b: T, c: T);
    compute_4, loop_4(a: T, b: T, c: T, d: T);
}

/// Executes instructions on scalars.
pub(super) fn execute_scalars<T: Real + Scalar>(
    code: &Code<T>,
    instructions: &[Instruction],
    shared: &[T],
    scalars: &mut [T],
) {
    for instruction in instructions {
        let mut x = [T::default(); 4];
        if let Opcode::Load(_) = instruction.opcode {
            x[0] = shared[instruction.from[0].index()];
        } else {
            let operands = &instruction.from[..instruction.opcode.operand_count()];
            for (x, slot) in x.iter_mut().zip(operands) {
                *x = scalars[slot.index()];
            }
        }
        scalars[instruction.to.index()] = instruction.opcode.evaluate(&code.functions, x);
    }
}

/// The numbers of a register.
#[inline(always)]
pub(super) fn numbers<T>(register: &Register<T>) -> &[T; STRIP] {
    register
        .0
        .as_flattened()
        .as_array()
        .expect("a register holds a strip")
}

/// The numbers of a register, to be written.
#[inline(always)]
pub(super) fn numbers_mut<T>(register: &mut Register<T>) -> &mut [T; STRIP] {
    register
        .0
        .as_flattened_mut()
        .as_mut_array()
        .expect("a register holds a strip")
}
