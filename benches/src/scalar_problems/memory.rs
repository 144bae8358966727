//! The memory of a recording for each elementary operation: a number that counts operations, compared with the tape.

use super::{Gmm, Number, Ours, Problem};
use std::cell::Cell;
use std::ops::{Add, Mul, Neg, Sub};

thread_local! {
    /// The number of elementary operations so far with at least one operand that depends on a variable.
    static OPERATIONS: Cell<usize> = const { Cell::new(0) };
}

/// A number that records whether it depends on a variable, and counts the operations on numbers that do.
#[derive(Clone, Copy)]
struct Counted {
    value: f64,
    is_active: bool,
}

impl Counted {
    /// The result of one operation.
    fn result(value: f64, is_active: bool) -> Self {
        OPERATIONS.set(OPERATIONS.get() + usize::from(is_active));
        Counted { value, is_active }
    }
}

macro_rules! operators {
    ($($Op:ident $op:ident)*) => { $(
        impl $Op for Counted {
            type Output = Self;

            fn $op(self, other: Self) -> Self {
                Counted::result(self.value.$op(other.value), self.is_active || other.is_active)
            }
        }

        impl $Op<f64> for Counted {
            type Output = Self;

            fn $op(self, other: f64) -> Self {
                Counted::result(self.value.$op(other), self.is_active)
            }
        }
    )* };
}
operators!(Add add Sub sub Mul mul);

impl Neg for Counted {
    type Output = Self;

    fn neg(self) -> Self {
        Counted::result(-self.value, self.is_active)
    }
}

impl Number for Counted {
    fn value(self) -> f64 {
        self.value
    }

    fn constant(self, value: f64) -> Self {
        Counted {
            value,
            is_active: false,
        }
    }

    fn exp(self) -> Self {
        Counted::result(self.value.exp(), self.is_active)
    }

    fn ln(self) -> Self {
        Counted::result(self.value.ln(), self.is_active)
    }

    fn tanh(self) -> Self {
        Counted::result(self.value.tanh(), self.is_active)
    }

    fn recip(self) -> Self {
        Counted::result(self.value.recip(), self.is_active)
    }

    fn subtract_from(self, left: f64) -> Self {
        Counted::result(left - self.value, self.is_active)
    }
}

#[test]
fn a_gaussian_mixture_takes_at_most_20_bytes_per_operation_with_adjoints() {
    let problem = Gmm::new(10, 25, 1000, 1);
    let parameters = problem.parameters();
    let active = parameters.iter().map(|&value| Counted {
        value,
        is_active: true,
    });
    let before = OPERATIONS.get();
    let value = problem.value(&active.collect::<Vec<_>>()).value;
    let operations = OPERATIONS.get() - before;

    let mut ours = Ours::default();
    let recorded = ours.gradient(&problem, parameters, &mut vec![0.0; parameters.len()]);
    assert!((recorded - value).abs() <= 1e-12 * value.abs());
    let (nodes, bytes) = ours.size();
    let each = (bytes + 8 * nodes) as f64 / operations as f64;
    assert!(each <= 20.0, "{each:.1} bytes for each of {operations}");
    println!("{each:.2} bytes for each of {operations} operations, in {nodes} nodes");
}
