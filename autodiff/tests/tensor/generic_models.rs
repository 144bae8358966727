//! A model is written once and runs on tensors and on variables, also with user-defined operations.

use autodiff::gradcheck;
use autodiff::tensor::{
    Adjoints, Algebra, Op, Point, Real, Saved, Tape, Tensor, Var, methods::ElementwiseMethods,
};

/// `x³`, whose rule applies another user-defined operation.
#[derive(Debug)]
struct Cube;

impl<T: Real> Op<T> for Cube {
    fn name(&self) -> &'static str {
        "cube"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0] * x[0] * x[0]
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || 3.0 * A::apply(Product, &[at.x[0], at.x[0], &y_bar]));
    }
}

/// The product of any number of tensors of one shape.
#[derive(Debug)]
struct Product;

impl<T: Real> Op<T> for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let one = Tensor::full(x[0].shape(), T::from_f64(1.0));
        x.iter().fold(one, |product, &x| product * x)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        for input in 0..at.x.len() {
            x_bar.add(input, || {
                let others = at.x.iter().enumerate().filter(|(other, _)| *other != input);
                let factors: Vec<&A> = others.map(|(_, x)| *x).chain([&y_bar]).collect();
                A::apply(Product, &factors)
            });
        }
    }
}

/// The row with the largest first element, times its number. Saves tensors of three element types for its rule.
#[derive(Debug)]
struct LargestRow;

impl<T: Real> Op<T> for LargestRow {
    fn name(&self) -> &'static str {
        "largest_row"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        self.value_and_saved(x).0
    }

    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        let row = x[0].narrow(1, 0..1).reshape([x[0].shape()[0]]).arg_max(0);
        let factor = f64::from(row.item());
        let mask = Tensor::from_flat_fn(x[0].shape(), |_| 1_u8);
        let y = x[0].gather(0, &row) * factor;
        let saved = Saved::nothing()
            .with(row)
            .with(Tensor::scalar(factor))
            .with(mask);
        (y, saved)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let (row, factor) = (at.saved::<u32>(0), at.saved::<f64>(1).item());
        assert_eq!(at.saved::<u8>(2).shape(), &at.x[0].shape());
        x_bar.add(0, || {
            (y_bar * factor).scatter_add(0, row, at.x[0].shape()[0])
        });
    }
}

/// A small network with operators on values and on references, numbers on both sides, and methods.
fn model<A: Algebra>(p: &[A], x: &A) -> A {
    let h = (x.matmul(&p[0]) + &p[1]).tanh();
    let joined = A::concat(&[&h + A::apply(Cube, &[&h]), p[3].gather(0, [1, 0, 1])], 1);
    let scores = (joined.narrow(1, 0..3) - 0.5 * &h.max(&p[4])).matmul(&p[2]);
    let pieces = (2.0 - &scores / 4.0 + 1.0).split(1, &[1, 2]);
    let penalty = p[2].square().sum() * 0.01 + A::apply(Product, &[&p[1], &p[1], &p[1]]).norm();
    -(scores.softmax(1) + 1e-3).ln().mean() + penalty - &pieces[1].norm() + pieces[0].mean()
}

fn inputs() -> Vec<Tensor<f64>> {
    let shapes: [&[usize]; 6] = [&[2, 3], &[3], &[3, 3], &[2, 2], &[3, 3], &[3, 2]];
    let wave = |seed: usize| move |i: usize| ((i * 7 + seed) as f64).sin();
    let tensors = shapes.iter().enumerate();
    let mut inputs: Vec<_> = tensors
        .map(|(seed, &shape)| Tensor::from_flat_fn(shape, wave(seed)))
        .collect();
    // Far above or below the other operand of the maximum, where there is no kink.
    inputs[4] = inputs[4].map(|x| if x < 0.0 { x - 2.0 } else { x + 2.0 });
    inputs
}

/// The model as a function of all its inputs.
fn of_all<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
    model(&x[..5], &x[5])
}

#[test]
fn a_model_computes_on_tensors_what_it_records_on_variables() {
    let inputs = inputs();
    let plain = model(&inputs[..5], &inputs[5]);
    let tape = Tape::new();
    let vars: Vec<_> = inputs.iter().map(|x| tape.var(x)).collect();
    assert_eq!(of_all(&vars).value(), plain);

    let single: Vec<Tensor<f32>> = inputs.iter().map(Tensor::cast).collect();
    let of_single = model(&single[..5], &single[5]);
    assert!((f64::from(of_single.item()) - plain.item()).abs() < 1e-5);
}

#[test]
fn a_model_with_user_defined_operations_has_derivatives_of_every_order() {
    let inputs = inputs();
    gradcheck::first_order(of_all, &inputs).unwrap();
    gradcheck::second_order(of_all, &inputs).unwrap();
    gradcheck::first_order(squared_slope, &inputs).unwrap();
    gradcheck::second_order(squared_slope, &inputs).unwrap();
}

/// A function of the first derivatives, whose second derivatives are third derivatives of the model.
fn squared_slope<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let slopes = of_all(x).recorded_gradients(&x[..2]);
    slopes[0].square().sum() + slopes[1].sin().sum()
}

#[test]
fn a_rule_finds_saved_tensors_of_any_element_type() {
    let x = [Tensor::from([
        [0.5, 1.0],
        [0.25, -1.0],
        [2.0, 3.0],
        [1.0, 1.0],
    ])];
    let tape = Tape::new();
    let y = tape.apply(LargestRow, &[tape.var(&x[0])]);
    assert_eq!(y.value().data(), [4.0, 6.0]);
    fn recorded<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
        Var::apply(LargestRow, &[&x[0].sin()])
    }
    gradcheck::first_order(recorded, &x).unwrap();
    gradcheck::second_order(recorded, &x).unwrap();
}

#[test]
fn a_recording_takes_any_number_of_inputs() {
    for count in 1..=9 {
        let tape = Tape::new();
        let x: Vec<_> = (0..count).map(|i| tape.var([1.0 + f64::from(i)])).collect();
        let y = tape.apply(Product, &x);
        let factorial: f64 = (1..=count).map(f64::from).product();
        assert_eq!(y.item(), factorial);
        let gradients = y.gradients();
        for &x in &x {
            assert_eq!(gradients.wrt(x).item(), factorial / x.item());
        }
    }
}

/// The operators in every form that a generic function may use, under a single bound.
fn every_form<A: Algebra>(a: &A, b: &A) -> [A; 10] {
    let mut assigned = a.clone();
    assigned += b;
    assigned *= assigned.clone();
    assigned -= 0.5;
    assigned /= b;
    [
        a + b,
        a - b.clone(),
        a.clone() * b,
        a.clone() / b.clone(),
        a * 2.0 + 1.0,
        2.0 * a - 1.0 / b,
        1.0 - a.clone(),
        -a - -b.clone(),
        a.max(b) + a.min(0.25) + a.max(b.clone()),
        assigned,
    ]
}

#[test]
fn operators_take_values_references_and_numbers() {
    let (a, b) = (Tensor::from([0.5, -1.5]), Tensor::from([0.25, 2.0]));
    let tape = Tape::new();
    let (x, y) = (tape.var(&a), tape.var(&b));
    let formulas: [fn(f64, f64) -> f64; 10] = [
        |a, b| a + b,
        |a, b| a - b,
        |a, b| a * b,
        |a, b| a / b,
        |a, _| a * 2.0 + 1.0,
        |a, b| 2.0 * a - 1.0 / b,
        |a, _| 1.0 - a,
        |a, b| -a + b,
        |a, b| a.max(b) + a.min(0.25) + a.max(b),
        |a, b| ((a + b) * (a + b) - 0.5) / b,
    ];
    let (computed, recorded) = (every_form(&a, &b), every_form(&x, &y));
    for ((computed, recorded), formula) in computed.iter().zip(recorded).zip(formulas) {
        let expected = [0, 1].map(|i| formula(a.data()[i], b.data()[i]));
        assert_eq!(computed.data(), expected);
        assert_eq!(recorded.value(), *computed);
    }
    // Concrete types mix freely, in single precision too.
    let single = a.cast::<f32>();
    let z = Tape::new();
    let z = z.var(&single);
    assert_eq!((&single * z).value(), &single * &single);
    assert_eq!((1.0 - &z * 2.0_f32).value(), 1.0 - &single * 2.0_f32);
    assert_eq!((x + &b).value(), &a + &b);
    assert_eq!((&a / x - b.clone()).value(), &a / &a - &b);
    assert_eq!((-&x).value(), -a.clone());
    assert_eq!(ElementwiseMethods::tanh(&x).value(), a.tanh());
}
