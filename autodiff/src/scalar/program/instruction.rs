//! The instructions of a program. This file is the only list of them.

use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;
use crate::scalar::program::graph::{Relation, Source};
use crate::tensor::Real;
use autodiff_kernels::simd::MultiplyAdd;

/// Where an operand is, or a result goes: a register, which holds a number for each point of a strip, or a scalar,
/// which is the same for all points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

const SCALAR: u32 = 1 << 31;

impl Slot {
    /// The slot of an operand that an instruction does not have.
    pub(super) const UNUSED: Slot = Slot(SCALAR);

    pub(super) fn register(index: usize) -> Self {
        Slot(index as u32)
    }

    pub(super) fn scalar(index: usize) -> Self {
        Slot(index as u32 | SCALAR)
    }

    #[inline(always)]
    pub(super) fn is_scalar(self) -> bool {
        self.0 & SCALAR != 0
    }

    #[inline(always)]
    pub(super) fn index(self) -> usize {
        (self.0 & !SCALAR) as usize
    }
}

/// An instruction: what it does, where the result goes, and where the operands are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) opcode: Opcode,
    pub(super) to: Slot,
    /// Where the second result goes, if there is one.
    pub(super) second: Option<Slot>,
    pub(super) from: [Slot; 4],
}

impl Instruction {
    /// The registers or scalars that the instruction writes.
    pub(super) fn results(&self) -> impl Iterator<Item = Slot> + use<> {
        let first = self.opcode.has_result().then_some(self.to);
        first.into_iter().chain(self.second)
    }

    /// The registers or scalars that the instruction writes, to be renamed.
    pub(super) fn results_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        let first = self.opcode.has_result().then_some(&mut self.to);
        first.into_iter().chain(&mut self.second)
    }
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Opcode {
    /// Loads an input; its number stands in place of the first operand.
    Load(Source),
    Arithmetic(Arithmetic),
    /// A function of one variable, by its number in the list of the program.
    Unary(u32),
    /// Two functions of one variable that share most of their work.
    Pair(Pair),
    Binary(Binary),
    /// Marks the points at which the comparison has another outcome.
    Guard(Relation, bool),
    /// Stores a register as the output with the number `to`.
    Store,
}

/// Two functions of one variable that are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    SinCos,
    TanhAndSlope,
    SigmoidAndSlope,
}

impl Pair {
    /// The functions, in the order of the results.
    pub(super) fn functions(self) -> [Unary; 2] {
        match self {
            Pair::SinCos => [Unary::Sin, Unary::Cos],
            Pair::TanhAndSlope => [Unary::Tanh, Unary::TanhSlope],
            Pair::SigmoidAndSlope => [Unary::Sigmoid, Unary::SigmoidSlope],
        }
    }

    /// The pair to which a function belongs, and its place in it.
    pub(super) fn of(function: Unary) -> Option<(Pair, usize)> {
        let all = [Pair::SinCos, Pair::TanhAndSlope, Pair::SigmoidAndSlope];
        all.into_iter().find_map(|pair| {
            let place = pair.functions().iter().position(|&one| one == function)?;
            Some((pair, place))
        })
    }
}

impl Opcode {
    pub(super) fn operand_count(self) -> usize {
        match self {
            Opcode::Load(_) => 0,
            Opcode::Arithmetic(arithmetic) => arithmetic.operand_count(),
            Opcode::Unary(_) | Opcode::Pair(_) | Opcode::Store => 1,
            Opcode::Binary(_) | Opcode::Guard(..) => 2,
        }
    }

    /// Returns whether the instruction writes to `to`.
    pub(super) fn has_result(self) -> bool {
        !matches!(self, Opcode::Guard(..) | Opcode::Store)
    }

    /// Computes the result for one point.
    pub(super) fn evaluate<T: Real + Scalar>(self, functions: &[Unary], x: [T; 4]) -> T {
        match self {
            Opcode::Arithmetic(arithmetic) => arithmetic.evaluate(MultiplyAdd::Separate, x),
            Opcode::Unary(number) => x[0].unary(functions[number as usize]),
            Opcode::Binary(function) => x[0].binary(function, x[1]),
            Opcode::Load(_) | Opcode::Pair(_) | Opcode::Guard(..) | Opcode::Store => x[0],
        }
    }

    /// Prints the instruction, with the given operands.
    pub(super) fn text(self, functions: &[Unary], x: &[String]) -> String {
        match self {
            Opcode::Load(source) => {
                let name = match source {
                    Source::Shared => "shared",
                    Source::Point => "input",
                    Source::Direction => "direction",
                };
                format!("{name}[{}]", x[0])
            }
            Opcode::Arithmetic(arithmetic) => arithmetic.text(x),
            Opcode::Unary(number) => {
                format!("{}({})", functions[number as usize].name(), x[0])
            }
            Opcode::Pair(pair) => {
                let [a, b] = pair.functions().map(Unary::name);
                format!("{a}({x}), {b}({x})", x = x[0])
            }
            Opcode::Binary(function) => format!("{}({}, {})", function.name(), x[0], x[1]),
            Opcode::Guard(relation, outcome) => {
                let not = if outcome { "" } else { "not " };
                format!("expect {not}{} {} {}", x[0], relation.symbol(), x[1])
            }
            Opcode::Store => x[0].clone(),
        }
    }
}

/// The registers of a strip of points, as an instruction sees them: one method for each number of operands computes a
/// register, point by point.
pub(super) trait Registers<T> {
    fn compute_1(&mut self, to: Slot, from: [Slot; 4], f: impl Fn(T) -> T);
    fn compute_2(&mut self, to: Slot, from: [Slot; 4], f: impl Fn(T, T) -> T);
    fn compute_3(&mut self, to: Slot, from: [Slot; 4], f: impl Fn(T, T, T) -> T);
    fn compute_4(&mut self, to: Slot, from: [Slot; 4], f: impl Fn(T, T, T, T) -> T);
}

/// Calls the method of [`Registers`] for the number of operands.
macro_rules! compute {
    ($registers:ident, $to:ident, $from:ident, |$a:ident| $result:expr) => {
        $registers.compute_1(
            $to,
            $from,
            #[inline(always)]
            move |$a: T| $result,
        )
    };
    ($registers:ident, $to:ident, $from:ident, |$a:ident, $b:ident| $result:expr) => {
        $registers.compute_2(
            $to,
            $from,
            #[inline(always)]
            move |$a: T, $b: T| $result,
        )
    };
    ($registers:ident, $to:ident, $from:ident, |$a:ident, $b:ident, $c:ident| $result:expr) => {
        $registers.compute_3(
            $to,
            $from,
            #[inline(always)]
            move |$a: T, $b: T, $c: T| $result,
        )
    };
    ($registers:ident, $to:ident, $from:ident, |$a:ident, $b:ident, $c:ident, $d:ident| $result:expr) => {
        $registers.compute_4(
            $to,
            $from,
            #[inline(always)]
            move |$a: T, $b: T, $c: T, $d: T| $result,
        )
    };
}

/// Defines the arithmetic instructions: operands, text, and the result, which serves single numbers and vectors alike.
macro_rules! arithmetic {
    ($($(#[$doc:meta])* $Name:ident($($x:ident),+) $text:literal |$how:ident| $result:expr;)*) => {
        /// An instruction that is computed in vectors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Arithmetic {
            $($(#[$doc])* $Name,)*
        }

        impl Arithmetic {
            fn operand_count(self) -> usize {
                match self {
                    $(Arithmetic::$Name => [$(stringify!($x)),+].len(),)*
                }
            }

            /// Computes the result for one point.
            #[inline(always)]
            fn evaluate<T: Real + Scalar>(self, how: MultiplyAdd, x: [T; 4]) -> T {
                match self {
                    $(Arithmetic::$Name => {
                        let ($how, mut x) = (how, x.into_iter());
                        $(let $x = x.next().unwrap_or_default();)+
                        let _ = $how;
                        $result
                    })*
                }
            }

            /// Computes the result for all points of a strip.
            #[inline(always)]
            pub(super) fn execute<T: Real + Scalar>(
                self, how: MultiplyAdd, registers: &mut impl Registers<T>, to: Slot, from: [Slot; 4],
            ) {
                match self {
                    $(Arithmetic::$Name => {
                        let $how = how;
                        let _ = $how;
                        compute!(registers, to, from, |$($x),+| $result);
                    })*
                }
            }

            fn text(self, x: &[String]) -> String {
                match self {
                    $(Arithmetic::$Name => {
                        let mut x = x.iter();
                        $(let $x = x.next().map_or("", |x| x);)+
                        format!($text, $($x = $x),+)
                    })*
                }
            }
        }
    };
}

arithmetic! {
    Add(a, b) "{a} + {b}" |_how| a + b;
    Subtract(a, b) "{a} - {b}" |_how| a - b;
    Multiply(a, b) "{a} * {b}" |_how| a * b;
    Divide(a, b) "{a} / {b}" |_how| a / b;
    Negate(a) "-{a}" |_how| -a;
    Square(a) "{a} * {a}" |_how| a * a;
    Reciprocal(a) "1 / {a}" |_how| <T as Scalar>::from_f64(1.0) / a;
    MultiplyAdd(a, b, c) "{a} * {b} + {c}" |how| T::multiply_add(how, a, b, c);
    MultiplySubtract(a, b, c) "{a} * {b} - {c}" |how| T::multiply_add(how, a, b, -c);
    SubtractProduct(a, b, c) "{c} - {a} * {b}" |how| T::multiply_add(how, -a, b, c);
    SelectLess(a, b, c, d) "if {a} < {b} then {c} else {d}" |_how| if a < b { c } else { d };
    SelectLessOrEqual(a, b, c, d) "if {a} <= {b} then {c} else {d}" |_how| if a <= b { c } else { d };
    SelectEqual(a, b, c, d) "if {a} == {b} then {c} else {d}" |_how| if a == b { c } else { d };
    Remainder(a, b) "{a} % {b}" |_how| a % b;
}
