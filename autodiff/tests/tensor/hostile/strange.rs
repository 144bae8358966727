//! User-defined operations that return strange tensors, and rules that add wrong terms.

use super::{WHOLE, assert_lists_whole, assert_whole};
use crate::own_operations::Mistaken;
use autodiff::Tensor;
use autodiff::tensor::raw::{self, plain, transposed};
use autodiff::tensor::{Adjoints, Algebra, Op, Point, Real, Saved, Shape, Tape};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The value of an operation, and the tensor that it saves.
#[derive(Clone, Copy, Debug)]
enum Strange {
    /// The input; saves the input.
    Input,
    /// A view of the input; saves the input.
    Row,
    /// A view of the saved tensor.
    PieceOfSaved,
    /// An empty tensor; saves another.
    Empty,
    /// One number with many axes; saves it.
    ManyAxes,
    /// A tensor of bytes; saves it.
    Bytes,
    /// A view of the saved tensor, which another thread created.
    OfAnotherThread,
}

impl Strange {
    const ALL: [Strange; 7] = [
        Strange::Input,
        Strange::Row,
        Strange::PieceOfSaved,
        Strange::Empty,
        Strange::ManyAxes,
        Strange::Bytes,
        Strange::OfAnotherThread,
    ];
}

impl<T: Real> Op<T> for Strange {
    fn name(&self) -> &'static str {
        "strange"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        self.value_and_saved(x).0
    }

    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        let whole = || Tensor::from_flat_fn([4, 3], |i| T::from_byte(i as u8));
        let (y, saved) = match self {
            Strange::Input => (x[0].clone(), x[0].clone()),
            Strange::Row => (x[0].rows(1..2), x[0].clone()),
            Strange::PieceOfSaved => {
                let saved = whole();
                (saved.view(5, [2, 3]), saved)
            }
            Strange::Empty => (Tensor::zeros([3, 0]), Tensor::zeros([0])),
            Strange::ManyAxes => {
                let y = Tensor::full([1; 7], T::from_byte(1));
                (y.clone(), y)
            }
            Strange::Bytes => {
                let bytes = Tensor::<u8>::from([[0, 1, 2], [3, 0, 0]]);
                let y = Tensor::from_scaled_bytes(&bytes, T::from_f64(0.5));
                (y.clone(), y)
            }
            Strange::OfAnotherThread => {
                let y = std::thread::spawn(whole).join().unwrap();
                (y.rows(0..2), y)
            }
        };
        (y, Saved::nothing().with(saved))
    }

    /// Adds the input and the saved tensor, if it fits, twice each. They are shared, so that no sum may be formed in
    /// them.
    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let saved = y_bar.constant(at.saved::<T>(0).clone());
        for _ in 0..2 {
            x_bar.add(0, || at.x[0].clone());
            if saved.shape() == at.x[0].shape() {
                x_bar.add(0, || saved.clone());
            }
        }
    }
}

#[test]
fn strange_values_are_computed_with_and_stay_as_they_are() {
    for strange in Strange::ALL {
        let tape = Tape::new();
        let x = WHOLE.map(|x| tape.var(x));
        let y = tape.apply(strange, &[x[0]]);
        let (value, before) = (y.value(), y.value().data().to_vec());
        // In three cases, the saved tensor has the shape of the input.
        let saved = match strange {
            Strange::Input | Strange::Row => x[0].value(),
            Strange::Bytes => y.value(),
            _ => Tensor::zeros([2, 3]),
        };
        let expected = (x[0].value() + saved) * 2.0;
        let y_bar = Tensor::full(y.shape(), 1.0);
        for _ in 0..2 {
            assert_eq!(y.vjp(&y_bar).wrt(x[0]), expected, "{strange:?}");
            assert_eq!(y.sum().recorded_gradients(&[x[0]])[0].value(), expected);
            let mut sum = vec![0.0; expected.size()];
            (y * y).sum().gradients().add_to(x[0], 1.0, &mut sum);
            assert_eq!(sum, expected.data());
        }
        assert_eq!(value.data(), before);
        assert!(y_bar.data().iter().all(|&x| x == 1.0));
        assert_whole(&tape, x);
    }
}

#[test]
fn mistaken_rules_leave_the_tape_whole() {
    let step = if cfg!(miri) { 4 } else { 1 };
    for mistake in Mistaken::ALL.into_iter().step_by(step) {
        let tape = Tape::new();
        let x = WHOLE.map(|x| tape.var(x));
        // With and without an adjoint of the input from another operation before the rule runs.
        for y in [
            tape.apply(mistake, &[x[0]]),
            tape.apply(mistake, &[x[0].sin()]),
        ] {
            let y = (y + x[0] * x[1]).sum();
            assert!(catch_unwind(AssertUnwindSafe(|| y.gradients())).is_err());
            assert!(catch_unwind(AssertUnwindSafe(|| y.recorded_gradients(&[x[0]]))).is_err());
        }
        assert_whole(&tape, x);
    }
}

/// The identity of a matrix, whose rule adds products and rows of tensors that the engine still uses.
#[derive(Debug)]
struct Lazy;

impl<T: Real> Op<T> for Lazy {
    fn name(&self) -> &'static str {
        "lazy"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].clone()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        // x̄ += x xᵀ ȳ: as a lazy product, as a product that is added to it, and as a term.
        let square = A::product(plain(at.x[0]), transposed(at.x[0]));
        x_bar.add_product(0, plain(&square), plain(&y_bar));
        x_bar.add_product(0, plain(&square), plain(&y_bar));
        x_bar.add(0, || A::product(plain(&square), plain(&y_bar)));
        let rows = y_bar.broadcast_to(Shape::from([2, 2, 3]));
        x_bar.add_rows(0, rows);
        // The rows of the bias's adjoint stay lazy.
        x_bar.add_rows(1, y_bar);
    }
}

#[test]
fn lazy_terms_keep_their_operands() {
    let mut tape = Tape::new();
    let gradients = {
        let x = WHOLE.map(|x| tape.var(x));
        let bias = tape.var([1.0, 2.0, 3.0]);
        let y = tape.apply(Lazy, &[x[0], bias]).sum();
        let gradients = y.gradients();
        assert_whole(&tape, x);
        gradients
    };
    tape.reset();
    assert_lists_whole();
    drop(tape);
    let [of_x, of_bias] = [0, 2].map(|number| raw::gradient(&gradients, number).unwrap());
    // The rows of x xᵀ ȳ are filled with 46 and with 109. They are added three times, and ȳ twice.
    let expected = Tensor::from([[140.0; 3], [329.0; 3]]);
    assert_eq!(of_x.tensor(), expected);
    let mut sum = [0.5; 3];
    of_bias.add_to(2.0, &mut sum);
    assert_eq!(sum, [4.5; 3]);
    let too_short = AssertUnwindSafe(|| of_bias.add_to(1.0, &mut [0.0; 2]));
    assert!(catch_unwind(too_short).is_err());
}
