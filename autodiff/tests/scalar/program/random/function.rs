//! Functions of random steps, with branches.

use crate::graphs::{BINARY, MANY, UNARY, binary, coefficient, many, unary};
use autodiff::Number;
use autodiff::scalar::{Scalar, Var, dot, linear_combination, log_sum_exp, norm};
use proptest::prelude::*;

/// A step of a random function. The operands are indices of earlier results, modulo their number.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Unary(usize, usize),
    Binary(usize, [usize; 2]),
    Many(usize, Vec<usize>),
    /// One of two steps, by a comparison with a number.
    Branch(usize, f64, Box<[Step; 2]>),
    /// One of two results, by a comparison with a number, without a branch.
    Choice(usize, f64, [usize; 2]),
}

/// A random function, and what it is computed on.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) steps: Vec<Step>,
    pub(super) inputs: [usize; 2],
    pub(super) count: usize,
    pub(super) max_variants: usize,
    pub(super) seed: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..1000_usize;
    let two = || [index(), index()];
    let simple = prop_oneof![
        (0..UNARY, index()).prop_map(|(f, x)| Step::Unary(f, x)),
        (0..BINARY, two()).prop_map(|(f, x)| Step::Binary(f, x)),
        (0..MANY, prop::collection::vec(index(), 1..12)).prop_map(|(f, x)| Step::Many(f, x)),
        (index(), -0.9..0.9, two()).prop_map(|(x, c, of)| Step::Choice(x, c, of)),
    ];
    simple.prop_recursive(2, 4, 2, move |inner| {
        let branches = [inner.clone(), inner].prop_map(Box::new);
        (index(), -0.9..0.9, branches).prop_map(|(x, c, of)| Step::Branch(x, c, of))
    })
}

pub(super) fn cases() -> impl Strategy<Value = Case> {
    let steps = prop::collection::vec(step(), 2..16);
    // Points on a tape take long, so that they are few.
    let count_and_limit = prop_oneof![
        4 => (1..100_usize, Just(8_usize)),
        4 => (1..70_usize, 0..3_usize),
        1 => (1000..2300_usize, Just(8_usize)),
    ];
    (steps, 1..3_usize, 1..4_usize, count_and_limit, any::<u64>()).prop_map(
        |(steps, shared, point, (count, max_variants), seed)| Case {
            steps,
            inputs: [shared, point],
            count,
            max_variants,
            seed,
        },
    )
}

/// A number on which a random function is computed.
pub(super) trait Operand: Number<Mask = bool> {
    fn many(function: usize, x: &[Self]) -> Self {
        many(function, x)
    }

    fn choice(a: Self, b: Self, then: Self, otherwise: Self) -> Self {
        Number::select(&a.less(b), then, otherwise)
    }
}

impl<T: Scalar> Operand for Var<'_, T> {
    fn many(function: usize, x: &[Self]) -> Self {
        let reversed: Vec<_> = x.iter().rev().copied().collect();
        let coefficients = (0..x.len()).map(|i| T::Plain::from_f64(coefficient(i)));
        match function {
            0 => x.iter().sum(),
            1 => x.iter().product(),
            2 => dot(x, &reversed),
            3 => linear_combination(&coefficients.collect::<Vec<_>>(), x),
            4 => norm(&[x, &[Var::constant(T::from_f64(1.0))]].concat()),
            _ => log_sum_exp(x),
        }
    }

    fn choice(a: Self, b: Self, then: Self, otherwise: Self) -> Self {
        Var::select_less(a, b, then, otherwise)
    }
}

impl Step {
    /// Whether the result can be a small difference of larger numbers.
    fn may_cancel(&self) -> bool {
        match self {
            // The logarithm of a sum that may be close to 1.
            Step::Unary(function, _) => *function == UNARY - 1,
            // Sums and differences.
            Step::Binary(function, _) => *function < 2,
            // Products, and norms of 1 and other numbers, have no terms that cancel.
            Step::Many(function, _) => ![1, 4].contains(function),
            Step::Branch(_, _, steps) => steps.iter().any(Step::may_cancel),
            Step::Choice(..) => false,
        }
    }

    fn of<N: Operand>(&self, computed: &[N]) -> N {
        let pick = |i: usize| computed[i % computed.len()];
        match self {
            Step::Unary(function, x) => unary(*function, pick(*x)),
            Step::Binary(function, [a, b]) => binary(*function, pick(*a), pick(*b)),
            Step::Many(function, x) => {
                N::many(*function, &x.iter().map(|&x| pick(x)).collect::<Vec<_>>())
            }
            Step::Branch(x, c, steps) => {
                let is_less = pick(*x).less(pick(*x).constant(*c));
                steps[usize::from(is_less)].of(computed)
            }
            Step::Choice(x, c, of) => {
                let [then, otherwise] = of.map(pick);
                N::choice(pick(*x), then.constant(*c), then, otherwise)
            }
        }
    }
}

/// Evaluates the function, and returns the last two results. Each result is multiplied by a factor, whose distance from
/// 1 stands for a rounding error. If terms may cancel, it is added too: their error is not small relative to the sum.
pub(super) fn evaluate<N: Operand>(steps: &[Step], s: &[N], x: &[N], factors: &[f64]) -> [N; 2] {
    let mut computed = [s, x].concat();
    for (step, &factor) in steps.iter().zip(factors) {
        // A contraction brings the number back into range.
        let next = step.of(&computed).tanh();
        let mut result = next * next.constant(factor);
        if factor != 1.0 && step.may_cancel() {
            result = result + next.constant(factor - 1.0);
        }
        computed.push(result);
    }
    *computed.last_chunk().unwrap()
}
