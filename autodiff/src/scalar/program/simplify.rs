//! Adding operations to a graph: constants are folded, and identities that are exact in IEEE arithmetic are applied.
//!
//! Nothing else is simplified. In particular `0 · x`, `x − x` and `x / x` are kept, because they are NaN for some `x`.

use super::graph::{Graph, Id, Relation, Term};
use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;

impl<T: Scalar> Graph<T> {
    /// Adds a function of one variable.
    pub(super) fn unary(&mut self, function: Unary, a: Id) -> Id {
        if let Some(value) = self.constant_value(a) {
            return self.constant(value.unary(function));
        }
        match (function, self.term(a)) {
            (Unary::Neg, Term::Unary(Unary::Neg, x)) => x,
            (Unary::Powi { n: 1 }, _) => a,
            _ => self.push(Term::Unary(function, a)),
        }
    }

    /// Adds a function of two variables.
    pub(super) fn binary(&mut self, function: Binary, a: Id, b: Id) -> Id {
        let values = [a, b].map(|x| self.constant_value(x));
        if let [Some(a), Some(b)] = values {
            return self.constant(a.binary(function, b));
        }
        match function {
            Binary::Add => self.sum(a, b),
            Binary::Sub => self.difference(a, b),
            Binary::Mul | Binary::AbsorbingMul => self.product(function, a, b, values),
            Binary::Div if is(values[1], 1.0) => a,
            Binary::Div if is(values[1], -1.0) => self.unary(Unary::Neg, a),
            _ => self.push(Term::Binary(function, [a, b])),
        }
    }

    /// `a % b`.
    pub(super) fn remainder(&mut self, a: Id, b: Id) -> Id {
        match [a, b].map(|x| self.constant_value(x)) {
            [Some(a), Some(b)] => self.constant(a % b),
            _ => self.push(Term::Remainder([a, b])),
        }
    }

    /// `c` if the relation holds between `a` and `b`, otherwise `d`.
    pub(super) fn select(&mut self, relation: Relation, [a, b, c, d]: [Id; 4]) -> Id {
        match [a, b].map(|x| self.constant_value(x)) {
            [Some(a), Some(b)] if relation.holds(a, b) => c,
            [Some(_), Some(_)] => d,
            _ if c == d => c,
            _ => self.push(Term::Select(relation, [a, b, c, d])),
        }
    }

    /// The node without its derivative.
    pub(super) fn detach(&mut self, a: Id) -> Id {
        match self.term(a) {
            Term::Constant(_) | Term::Detach(_) => a,
            _ => self.push(Term::Detach(a)),
        }
    }

    /// `a`, with the slope `slope` towards `b`.
    pub(super) fn with_slope(&mut self, a: Id, b: Id, slope: Id) -> Id {
        match self.term(b) {
            Term::Constant(_) | Term::Detach(_) => a,
            _ => self.push(Term::WithSlope([a, b, slope])),
        }
    }

    fn sum(&mut self, a: Id, b: Id) -> Id {
        match (self.term(a), self.term(b)) {
            (_, Term::Unary(Unary::Neg, b)) => self.difference(a, b),
            (Term::Unary(Unary::Neg, a), _) => self.difference(b, a),
            // Addition commutes, to the bit.
            _ => self.push(Term::Binary(Binary::Add, [a.min(b), a.max(b)])),
        }
    }

    fn difference(&mut self, a: Id, b: Id) -> Id {
        match self.term(b) {
            Term::Unary(Unary::Neg, b) => self.sum(a, b),
            _ => self.push(Term::Binary(Binary::Sub, [a, b])),
        }
    }

    fn product(&mut self, function: Binary, a: Id, b: Id, values: [Option<T>; 2]) -> Id {
        for (value, other) in [(values[0], b), (values[1], a)] {
            if is(value, 1.0) {
                return other;
            }
            if is(value, -1.0) {
                return self.unary(Unary::Neg, other);
            }
        }
        // The absorbing product of a negative number and 0 is 0, not −0.
        let negated = |id| match self.term(id) {
            Term::Unary(Unary::Neg, x) if function == Binary::Mul => Some(x),
            _ => None,
        };
        let product = match (negated(a), negated(b)) {
            (Some(a), Some(b)) => return self.binary(function, a, b),
            (Some(a), None) => self.binary(function, a, b),
            (None, Some(b)) => self.binary(function, a, b),
            // So does multiplication.
            (None, None) => {
                return self.push(Term::Binary(function, [a.min(b), a.max(b)]));
            }
        };
        self.unary(Unary::Neg, product)
    }
}

/// Whether the constant is exactly `c`.
fn is<T: Scalar>(value: Option<T>, c: f64) -> bool {
    value.is_some_and(|value| value.to_f64() == c)
}
