//! Level runs: the execution of instructions on numbers of a single point.
//!
//! The *level* of an instruction is the length of the longest path to it from the inputs. Instructions of one level do
//! not depend on each other, so equal ones can be executed in one loop, a *run*. The results of a run follow each other
//! in memory. Where its operands lie at a constant stride, the loop loads vectors; other operands are gathered.

mod layout;

use super::code::{Code, STRIP};
use super::instruction::{Opcode, Registers, Slot};
use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;
use crate::tensor::{Loops, Real};
use autodiff_kernels::broadcast::Walk;
use autodiff_kernels::elementary::value;
use autodiff_kernels::simd::{MultiplyAdd, vectorized_with};

/// The number of results that are computed together, in one or two vectors.
const WIDTH: usize = 16;

/// The instructions of a [`Code`] that are executed once, as runs. All inputs are shared inputs.
#[derive(Debug)]
pub(super) struct Runs<T> {
    /// The inputs, then the constants, then the results.
    numbers: Vec<T>,
    inputs: usize,
    runs: Vec<Run>,
    tables: Tables,
}

/// What the runs refer to.
#[derive(Debug)]
struct Tables {
    /// The positions of gathered operands.
    indices: Vec<u32>,
    functions: Vec<Unary>,
    /// The walk of a function of two variables over a strip.
    walk: Walk,
}

/// Equal instructions of one level.
#[derive(Clone, Copy, Debug)]
struct Run {
    opcode: Opcode,
    /// The positions of the results, which follow each other.
    first: usize,
    length: usize,
    from: [Operand; 4],
}

/// The positions of an operand of the instructions of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    /// The position in the first instruction, and the distance to the next.
    Strided { start: usize, stride: isize },
    /// The place of the positions in the list of indices.
    Gathered(usize),
}

impl<T: Real + Scalar> Runs<T> {
    /// Takes the instructions that are executed once from the code, of a function of `inputs` shared inputs. The scalars
    /// of the code are renamed to positions in the [numbers](Self::numbers).
    pub(super) fn new(code: &mut Code<T>, inputs: usize) -> Self {
        let instructions = std::mem::take(&mut code.before);
        let mut runs = Runs {
            numbers: vec![T::default(); inputs],
            inputs,
            runs: Vec::new(),
            tables: Tables {
                indices: Vec::new(),
                functions: code.functions.clone(),
                walk: code.walk.clone(),
            },
        };
        let positions = runs.lay_out(&instructions, &code.scalars);
        code.scalars = Vec::new();
        let rename = |slot: &mut Slot| {
            if slot.is_scalar() {
                *slot = Slot::scalar(positions[slot.index()]);
            }
        };
        for instruction in &mut code.each {
            let operands = instruction.opcode.operand_count();
            instruction.from[..operands].iter_mut().for_each(rename);
        }
        code.scalar_outputs
            .iter_mut()
            .map(|(_, slot)| slot)
            .for_each(rename);
        runs
    }

    /// The numbers at the last point: its inputs, the constants, and the results.
    pub(super) fn numbers(&self) -> &[T] {
        &self.numbers
    }

    /// Computes the numbers at a point, from its inputs in several parts.
    pub(super) fn execute(&mut self, inputs: &[&[T]]) {
        let mut rest = &mut self.numbers[..self.inputs];
        for part in inputs {
            let (to, after) = rest.split_at_mut(part.len());
            to.copy_from_slice(part);
            rest = after;
        }
        let (numbers, runs, tables) = (&mut self.numbers[..], &self.runs, &self.tables);
        vectorized_with(
            #[inline(always)]
            move |how| {
                for run in runs {
                    tables.step(run, numbers, how);
                }
            },
        );
    }
}

impl Tables {
    #[inline(always)]
    fn step<T: Real + Scalar>(&self, run: &Run, numbers: &mut [T], how: MultiplyAdd) {
        let (known, results) = numbers.split_at_mut(run.first);
        let results = &mut results[..run.length];
        let known = Known {
            numbers: known,
            indices: &self.indices,
        };
        match run.opcode {
            Opcode::Arithmetic(arithmetic) => {
                let mut results = Results {
                    known,
                    run,
                    results,
                };
                arithmetic.execute(how, &mut results, Slot::UNUSED, [Slot::UNUSED; 4]);
            }
            Opcode::Unary(number) => {
                let function = self.functions[number as usize];
                if let Unary::Powi { n } = function
                    && n.unsigned_abs() < 16
                {
                    return Results {
                        known,
                        run,
                        results,
                    }
                    .compute_1(
                        Slot::UNUSED,
                        [Slot::UNUSED; 4],
                        #[inline(always)]
                        |x| value::powi(x, n),
                    );
                }
                for (part, results) in results.chunks_mut(STRIP).enumerate() {
                    let x = known.strip(run.from[0], part * STRIP, results.len());
                    // Whole strips: the last numbers of a slice may have other bits.
                    let mut y = [T::default(); STRIP];
                    Loops::unary(function, &x, &mut y);
                    results.copy_from_slice(&y[..results.len()]);
                }
            }
            Opcode::Binary(Binary::Hypot) => Results {
                known,
                run,
                results,
            }
            .compute_2(
                Slot::UNUSED,
                [Slot::UNUSED; 4],
                #[inline(always)]
                |a, b| value::hypot(a, b, how),
            ),
            Opcode::Binary(function) => {
                for (part, results) in results.chunks_mut(STRIP).enumerate() {
                    let [a, b, ..] = run.from;
                    let a = known.strip(a, part * STRIP, results.len());
                    let b = known.strip(b, part * STRIP, results.len());
                    let mut y = [T::default(); STRIP];
                    Loops::binary(function, &self.walk, &a, &b, &mut y);
                    results.copy_from_slice(&y[..results.len()]);
                }
            }
            // Pairs are for strips.
            Opcode::Load(_) | Opcode::Pair(_) | Opcode::Guard(..) | Opcode::Store => {}
        }
    }
}

/// The numbers that precede the results of a run.
#[derive(Clone, Copy)]
struct Known<'a, T> {
    numbers: &'a [T],
    indices: &'a [u32],
}

impl<T: Real + Scalar> Known<'_, T> {
    /// An operand of one instruction of a run.
    #[inline(always)]
    fn get(&self, operand: Operand, instruction: usize) -> T {
        match operand {
            Operand::Strided { start, stride } => {
                self.numbers[start.wrapping_add_signed(instruction as isize * stride)]
            }
            Operand::Gathered(at) => self.numbers[self.indices[at + instruction] as usize],
        }
    }

    /// An operand of the instructions of a run from `first` on.
    #[inline(always)]
    fn part(&self, operand: Operand, first: usize) -> [T; WIDTH] {
        match operand {
            Operand::Strided { start, stride: 0 } => [self.numbers[start]; WIDTH],
            Operand::Strided { start, stride: 1 } => {
                let numbers = self.numbers[start + first..].first_chunk();
                *numbers.expect("the operands precede the results")
            }
            Operand::Strided { .. } => std::array::from_fn(
                #[inline(always)]
                |lane| self.get(operand, first + lane),
            ),
            Operand::Gathered(at) => {
                let indices = self.indices[at + first..].first_chunk::<WIDTH>();
                indices.expect("an index for each instruction").map(
                    #[inline(always)]
                    |index| self.numbers[index as usize],
                )
            }
        }
    }

    /// An operand of at most a strip of instructions. The numbers after them are the last one again.
    #[inline(always)]
    fn strip(&self, operand: Operand, first: usize, count: usize) -> [T; STRIP] {
        let mut strip = [T::default(); STRIP];
        for (lane, x) in strip.iter_mut().enumerate() {
            *x = self.get(operand, first + lane.min(count - 1));
        }
        strip
    }
}

/// The results of a run, to be computed.
struct Results<'a, T> {
    known: Known<'a, T>,
    run: &'a Run,
    results: &'a mut [T],
}

/// Defines the loops for each number of operands. They are plain loops over arrays, which the compiler turns into
/// vector instructions.
macro_rules! loops {
    ($($name:ident($($x:ident: $T:ty),+);)*) => { $(
        #[inline(always)]
        fn $name(&mut self, _: Slot, _: [Slot; 4], f: impl Fn($($T),+) -> T) {
            let [$($x,)+ ..] = self.run.from;
            let (parts, rest) = self.results.as_chunks_mut::<WIDTH>();
            let mut first = 0;
            for part in parts {
                $(let $x = self.known.part($x, first);)+
                let mut results = [T::default(); WIDTH];
                for lane in 0..WIDTH {
                    results[lane] = f($($x[lane]),+);
                }
                *part = results;
                first += WIDTH;
            }
            for (number, result) in rest.iter_mut().enumerate() {
                *result = f($(self.known.get($x, first + number)),+);
            }
        }
    )* };
}

impl<T: Real + Scalar> Registers<T> for Results<'_, T> {
    loops! {
        compute_1(a: T);
        compute_2(a: T, b: T);
        compute_3(a: T, b: T, c: T);
        compute_4(a: T, b: T, c: T, d: T);
    }
}
