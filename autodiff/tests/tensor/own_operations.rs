//! User-defined operations: the terms that their rules may add, the messages on mistakes, and recording inside of them.

use crate::refusals::{refused, refused_in};
use autodiff::tensor::raw::{plain, transposed};
use autodiff::tensor::{Adjoints, Algebra, Float, Op, Point, Real, Saved, Tape, Tensor, Var};

/// The identity, with a rule that makes a mistake.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mistaken {
    Transposed,
    OfAnotherSize,
    OfLowerRank,
    ToNoInput,
    RowsOfAnotherLength,
    RowsToNoInput,
    ProductOfAnotherShape,
    ProductThatDoesNotFit,
    ProductToNoInput,
    Unsaved,
    SavedOfAnotherType,
}

impl Mistaken {
    pub(crate) const ALL: [Mistaken; 10] = [
        Mistaken::Transposed,
        Mistaken::OfAnotherSize,
        Mistaken::OfLowerRank,
        Mistaken::ToNoInput,
        Mistaken::RowsOfAnotherLength,
        Mistaken::RowsToNoInput,
        Mistaken::ProductOfAnotherShape,
        Mistaken::ProductThatDoesNotFit,
        Mistaken::ProductToNoInput,
        Mistaken::Unsaved,
    ];
}

impl<T: Real> Op<T> for Mistaken {
    fn name(&self) -> &'static str {
        "mistaken"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].clone()
    }

    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        let saved = match self {
            Mistaken::SavedOfAnotherType => Saved::nothing().with(Tensor::from([1_u8])),
            _ => Saved::nothing(),
        };
        (x[0].clone(), saved)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        match self {
            Mistaken::Transposed => x_bar.add(0, || y_bar.permute([1, 0])),
            Mistaken::OfAnotherSize => x_bar.add(0, || y_bar.broadcast_to([5, 2, 3])),
            Mistaken::OfLowerRank => x_bar.add(0, || y_bar.sum_to([3])),
            Mistaken::ToNoInput => x_bar.add(1, || y_bar),
            Mistaken::RowsOfAnotherLength => x_bar.add_rows(0, y_bar),
            Mistaken::RowsToNoInput => x_bar.add_rows(7, y_bar),
            Mistaken::ProductOfAnotherShape => {
                x_bar.add_product(0, transposed(&y_bar), plain(at.x[0]));
            }
            Mistaken::ProductThatDoesNotFit => x_bar.add_product(0, plain(&y_bar), plain(at.x[0])),
            Mistaken::ProductToNoInput => x_bar.add_product(1, plain(&y_bar), plain(&y_bar)),
            Mistaken::Unsaved | Mistaken::SavedOfAnotherType => {
                let saved: &Tensor<T> = at.saved(0);
                x_bar.add(0, || y_bar.constant(saved));
            }
        }
    }
}

#[test]
fn a_mistaken_rule_is_named_in_either_reading() {
    let input = "mistaken: the rule gives input 0, of shape [2, 3],";
    let cases = [
        (Mistaken::Transposed, "an adjoint of shape [3, 2]"),
        (Mistaken::OfAnotherSize, "an adjoint of shape [5, 2, 3]"),
        (Mistaken::OfLowerRank, "an adjoint of shape [3]"),
        (Mistaken::RowsOfAnotherLength, "rows of shape [2, 3]"),
        (
            Mistaken::ProductOfAnotherShape,
            "a product of shapes [2, 3]ᵀ and [2, 3]",
        ),
        (
            Mistaken::ProductThatDoesNotFit,
            "a product of shapes [2, 3] and [2, 3]",
        ),
    ];
    let tape = Tape::new();
    let x = tape.var(Tensor::<f64>::full([2, 3], 0.5));
    for (mistake, term) in cases {
        mistaken_rule_is_refused(
            x,
            mistake,
            &format!("{input} {term} (recorded at {}:", file!()),
        );
    }
    let cases = [
        (Mistaken::ToNoInput, "1"),
        (Mistaken::RowsToNoInput, "7"),
        (Mistaken::ProductToNoInput, "1"),
    ];
    for (mistake, number) in cases {
        let expected =
            format!("mistaken: the rule gives input {number} an adjoint, and there are 1 inputs");
        mistaken_rule_is_refused(x, mistake, &expected);
    }
    let expected =
        "mistaken: the rule asks for saved tensor 0, of f64, and `Op::value_and_saved` saved []";
    mistaken_rule_is_refused(x, Mistaken::Unsaved, expected);
    let expected = "of f64, and `Op::value_and_saved` saved [\"u8\"]";
    mistaken_rule_is_refused(x, Mistaken::SavedOfAnotherType, expected);
}

/// Checks that the rule is refused at its own line, for the adjoint of a variable and of an intermediate result.
fn mistaken_rule_is_refused(x: Var<'_, f64>, mistake: Mistaken, expected: &str) {
    for x in [x, x.sin()] {
        let y = x.tape().apply(mistake, &[x]).sum();
        refused_in(file!(), expected, || y.gradients());
        refused_in(file!(), expected, || y.recorded_gradients(&[x]));
    }
}

/// `a · b` with broadcasting. The rule leaves it to the engine to sum the terms back.
#[derive(Debug)]
struct Product;

impl<T: Real> Op<T> for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0] * x[1]
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || at.x[1] * &y_bar);
        x_bar.add(1, || at.x[0] * y_bar);
    }
}

#[test]
fn broadcasting_is_undone_for_a_rule() {
    let shapes: [[&[usize]; 2]; 6] = [
        [&[2, 3], &[2, 3]],
        [&[2, 3], &[3]],
        [&[], &[2, 3]],
        [&[2, 1], &[3]],
        [&[4, 1, 3], &[2, 1]],
        [&[0, 3], &[1, 1]],
    ];
    for shapes in shapes {
        let inputs = shapes.map(|shape| Tensor::from_flat_fn(shape, |i| (i as f64).cos()));
        let gradients = |product: fn(Var<'_, f64>, Var<'_, f64>) -> [Tensor<f64>; 4]| {
            let tape = Tape::new();
            let [a, b] = inputs.each_ref().map(|x| tape.var(x));
            product(a, b)
        };
        fn both_readings<'t>(y: Var<'t, f64>, x: [Var<'t, f64>; 2]) -> [Tensor<f64>; 4] {
            let y = y.sin().sum();
            let computed = y.gradients();
            let recorded = y.recorded_gradients(&x);
            [
                computed.wrt(x[0]),
                computed.wrt(x[1]),
                recorded[0].value(),
                recorded[1].value(),
            ]
        }
        let own = gradients(|a, b| both_readings(a.tape().apply(Product, &[a, b]), [a, b]));
        let built_in = gradients(|a, b| both_readings(a * b, [a, b]));
        assert_eq!(own, built_in, "{shapes:?}");
    }
}

thread_local! {
    static TAPE: Tape<f64> = Tape::new();
}

/// `sin x`. Value and rule are computed on the tape that the operation is recorded on.
#[derive(Debug)]
struct Recording;

impl<T: Real> Op<T> for Recording {
    fn name(&self) -> &'static str {
        "recording"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        TAPE.with(|tape| {
            let x = tape.var(x[0].map(Float::to_f64));
            x.sin().value().map(T::from_f64)
        })
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let one = TAPE.with(|tape| {
            let x = tape.var(3.0).retain();
            (x * 1.0).gradients().wrt(x).item()
        });
        x_bar.add(0, || at.x[0].cos() * y_bar * one);
    }
}

#[test]
fn an_operation_may_record_on_its_own_tape() {
    TAPE.with(|tape| {
        let x = tape.var([0.5, 1.5]);
        let y = tape.apply(Recording, &[x]);
        let expected = x.value().cos();
        assert_eq!(y.value(), x.value().sin());
        assert_eq!(y.sum().gradients().wrt(x), expected);
        let slope = y.sum().recorded_gradients(&[x])[0];
        assert_eq!(slope.value(), expected);
        assert_eq!(slope.sum().gradients().wrt(x), -&x.value().sin());
    });
}

/// An operation that records whenever its name is read.
#[derive(Debug)]
struct RecordingName;

impl<T: Real> Op<T> for RecordingName {
    fn name(&self) -> &'static str {
        TAPE.with(|tape| {
            let _ = tape.var(1.0);
        });
        "recording_name"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].clone()
    }

    fn vjp<A: Algebra<Element = T>>(&self, _: &Point<'_, A>, _: A, _: &mut Adjoints<'_, A>) {}
}

#[test]
fn recording_on_a_borrowed_tape_is_refused() {
    TAPE.with(|tape| {
        let _ = tape.apply(RecordingName, &[tape.var(2.0)]);
        let expected = "a tape cannot be recorded on while it is read";
        refused_in(file!(), expected, || format!("{tape:?}"));
    });
}

#[test]
fn a_mistake_in_an_operation_leaves_the_tape_as_it_was() {
    let tape = Tape::new();
    let x = tape.var(Tensor::<f64>::full([2, 3], 0.5));
    let y = tape.apply(Mistaken::Transposed, &[x]).sum();
    let z = (x * x).sum();
    let before = tape.len();
    refused_in(file!(), "mistaken: the rule", || y.gradients());
    refused("sum_over: a tensor of shape [2, 3] has no axis 2", || {
        x.sum_over([2])
    });
    assert_eq!(tape.len(), before);
    assert_eq!(z.gradients().wrt(x), Tensor::full([2, 3], 1.0));
}
