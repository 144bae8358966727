//! Closures and conversions that record, panic, or return something different each time.

use super::deeds::{Deed, HARMLESS, PANIC, PANICKED, at_chance, strike, text};
use super::{WHOLE, assert_whole};
use crate::refusals::refused;
use autodiff::Tensor;
use autodiff::tensor::raw::vectorized;
use autodiff::tensor::{Operand, Shape, Tape, Targets, Var};
use std::borrow::Cow;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// A value that foreign code converts to other types.
#[derive(Clone, Copy)]
struct Foreign;

impl From<Foreign> for Tensor<f64> {
    fn from(_: Foreign) -> Self {
        strike();
        Tensor::full([2, 3], 2.0)
    }
}

impl From<Foreign> for Shape {
    fn from(_: Foreign) -> Self {
        strike();
        Shape::from([3, 2])
    }
}

impl From<Foreign> for Targets<f64> {
    fn from(_: Foreign) -> Self {
        strike();
        Tensor::from([2_u32, 0]).into()
    }
}

impl From<Foreign> for Cow<'static, str> {
    fn from(_: Foreign) -> Self {
        strike();
        Cow::Borrowed("of foreign code")
    }
}

impl AsRef<[f64]> for Foreign {
    fn as_ref(&self) -> &[f64] {
        strike();
        &[2.0; 6]
    }
}

impl<'t> Operand<Var<'t, f64>> for Foreign {
    type Held = Var<'t, f64>;

    fn beside(self, other: &Var<'t, f64>) -> Var<'t, f64> {
        strike();
        let two = other.tape().constant(2.0);
        strike();
        two
    }

    fn plain(self) -> Tensor<f64> {
        strike();
        Tensor::scalar(2.0)
    }
}

type Attacked = for<'t> fn(&'t Tape<f64>, [Var<'t, f64>; 2]);

/// Every function that runs a user's closure or conversion.
const ATTACKED: [Attacked; 13] = [
    |_, _| {
        let x = Tensor::from_flat_fn([2, 3], |i| {
            strike();
            i as f64
        });
        assert_eq!(x.data(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    },
    |_, [a, _]| {
        let masked = a.value().map(|x| {
            strike();
            u8::from(x > 3.0)
        });
        assert_eq!(masked.data(), [0, 0, 0, 1, 1, 1]);
    },
    |_, _| {
        // A tensor may be created inside of the function that creates another.
        let x = Tensor::from_flat_fn([2, 3], |i| {
            let inner = Tensor::from_flat_fn([i], |k| {
                strike();
                k as f64
            });
            inner.sum().item()
        });
        assert_eq!(x.data(), [0.0, 0.0, 1.0, 3.0, 6.0, 10.0]);
    },
    |_, _| {
        let sum = vectorized(|| {
            strike();
            Tensor::from([1.0, 2.0]).sum().item()
        });
        assert_eq!(sum, 3.0);
    },
    |tape, _| assert_eq!(tape.var(Foreign).sum().item(), 12.0),
    |tape, _| assert_eq!(tape.constant(Foreign).sum().item(), 12.0),
    |_, [a, _]| assert_eq!(a.vjp(Foreign).wrt(a).data(), [2.0; 6]),
    |_, [a, _]| assert_eq!(a.reshape(Foreign).shape()[..], [3, 2]),
    |_, _| assert_eq!(Tensor::new(Foreign, Foreign).data(), [2.0; 6]),
    |_, _| assert_eq!(Tensor::full(Foreign, 2.0).view(0, Foreign).size(), 6),
    |_, [a, _]| {
        let [plain, foreign] = [
            a.cross_entropy(Tensor::from([2_u32, 0])),
            a.cross_entropy(Foreign),
        ];
        assert_eq!(plain.item(), foreign.item());
    },
    |tape, [a, _]| {
        let _ = a.named(Foreign);
        assert!(tape.to_dot().contains("of foreign code"));
    },
    |_, [a, b]| {
        let y = a * Foreign + b.matmul(Tensor::full([3, 3], 1.0)) / Foreign;
        assert_eq!(y.sum().gradients().wrt(a).data(), [2.0; 6]);
    },
];

#[test]
fn closures_and_conversions_with_side_effects_leave_the_tape_whole() {
    for (number, attacked) in ATTACKED.into_iter().enumerate() {
        for (what, deed) in HARMLESS.into_iter().chain([PANIC]).enumerate() {
            // Under Miri, one deed for each.
            if cfg!(miri) && what != number % 10 {
                continue;
            }
            let expected = (what == HARMLESS.len()).then_some(PANICKED);
            let mut chance = 0;
            while let Some(message) = attack(attacked, (deed, chance)) {
                assert_eq!(message.as_deref(), expected);
                chance += if cfg!(miri) { 7 } else { 1 };
            }
            assert!(chance > 0);
        }
    }
}

/// Lets foreign code do a deed at one of its chances. Returns `None` if there are fewer chances, and otherwise the
/// message of the panic, if any.
fn attack(attacked: Attacked, at: (Deed, usize)) -> Option<Option<String>> {
    let tape = Rc::new(Tape::new());
    let x = WHOLE.map(|x| tape.var(x));
    let (outcome, was_done) = at_chance(&tape, at, || {
        catch_unwind(AssertUnwindSafe(|| attacked(&tape, x)))
    });
    assert_whole(&tape, x);
    let message = outcome.err().map(text);
    assert!(was_done || message.is_none(), "{message:?}");
    was_done.then_some(message)
}

/// Numbers whose count changes with every read.
struct Changing(Cell<usize>);

impl AsRef<[f64]> for Changing {
    fn as_ref(&self) -> &[f64] {
        let count = self.0.get();
        self.0.set(if count == 9 { 2 } else { 9 });
        &[7.0; 9][..count]
    }
}

#[test]
fn numbers_that_change_while_a_tensor_is_created_do_no_harm() {
    for (count, of) in [(2, 2), (9, 2), (2, 9), (9, 9), (0, 9)] {
        let numbers = Changing(Cell::new(count));
        let made = catch_unwind(AssertUnwindSafe(|| Tensor::new([of], &numbers)));
        assert_eq!(made.is_ok(), count == of);
        assert!(made.is_err() || made.unwrap().data() == &[7.0; 9][..of]);
    }
    super::assert_lists_whole();
}

/// An operand that becomes a variable of the wrong tape.
struct OfAnotherTape<'t>(Var<'t, f64>);

impl<'t> Operand<Var<'t, f64>> for OfAnotherTape<'t> {
    type Held = Var<'t, f64>;

    fn beside(self, _: &Var<'t, f64>) -> Var<'t, f64> {
        self.0
    }

    fn plain(self) -> Tensor<f64> {
        self.0.value()
    }
}

#[test]
fn an_operand_of_another_tape_is_refused() {
    let (tape, other) = (Tape::new(), Tape::new());
    let x = WHOLE.map(|x| tape.var(x));
    // A node number that the first tape does not have.
    let y = (0..100).fold(other.var(WHOLE[0]), |y, _| y * 1.0);
    let expected = "an input is a variable of another tape";
    refused(expected, || x[0] + OfAnotherTape(y));
    refused(expected, || x[0].matmul(OfAnotherTape(y)));
    refused(expected, || x[0].linear(OfAnotherTape(y), x[1]));
    refused(expected, || x[0].linear(x[1], OfAnotherTape(y)));
    assert_whole(&tape, x);
}
