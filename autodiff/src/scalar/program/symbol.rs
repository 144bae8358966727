//! `Symbol`: a number that adds its operations to a graph. The slopes of the table, computed with it, are the code of
//! the derivatives.

use super::graph::{Graph, Id, Relation};
use crate::Number;
use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;
use std::cell::RefCell;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A node of a graph, as a number to compute with.
#[derive(Clone, Copy)]
pub(super) struct Symbol<'g, T> {
    pub(super) graph: &'g RefCell<Graph<T>>,
    pub(super) id: Id,
}

/// A comparison of two nodes, which selects when the program runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    relation: Relation,
    operands: [Id; 2],
}

impl<T: Scalar> Symbol<'_, T> {
    fn with(self, id: Id) -> Self {
        Symbol { id, ..self }
    }
}

impl<T: Scalar> Number for Symbol<'_, T> {
    type Mask = Comparison;

    fn constant(self, c: f64) -> Self {
        self.with(self.graph.borrow_mut().constant(T::from_f64(c)))
    }

    fn less(self, other: Self) -> Comparison {
        Comparison {
            relation: Relation::Less,
            operands: [self.id, other.id],
        }
    }

    fn equal(self, other: Self) -> Comparison {
        Comparison {
            relation: Relation::Equal,
            operands: [self.id, other.id],
        }
    }

    fn select(mask: &Comparison, a: Self, b: Self) -> Self {
        let [left, right] = mask.operands;
        let operands = [left, right, a.id, b.id];
        let id = a.graph.borrow_mut().select(mask.relation, operands);
        a.with(id)
    }

    fn unary(self, function: Unary) -> Self {
        self.with(self.graph.borrow_mut().unary(function, self.id))
    }

    fn binary(self, function: Binary, other: Self) -> Self {
        let id = self.graph.borrow_mut().binary(function, self.id, other.id);
        self.with(id)
    }
}

macro_rules! operators {
    ($($Op:ident $op:ident)*) => { $(
        impl<T: Scalar> $Op for Symbol<'_, T> {
            type Output = Self;

            fn $op(self, other: Self) -> Self {
                self.binary(Binary::$Op, other)
            }
        }
    )* };
}
operators!(Add add Sub sub Mul mul Div div);

impl<T: Scalar> Neg for Symbol<'_, T> {
    type Output = Self;

    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

impl<T> fmt::Debug for Symbol<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({})", self.id.index())
    }
}
