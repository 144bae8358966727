//! Gradients and tensors that outlive their tape, and drops at a bad time or with side effects.

use super::deeds::{HARMLESS, at_chance, strike};
use super::operations::Hostile;
use super::{WHOLE, assert_lists_whole, assert_whole};
use autodiff::Tensor;
use autodiff::tensor::{Adjoints, Algebra, Gradients, Op, Point, Real, Tape, raw, release_memory};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

/// Under Miri, every fourth deed.
const STEP: usize = if cfg!(miri) { 4 } else { 1 };

#[test]
fn gradients_and_tensors_outlive_their_tape() {
    let end: [fn(Tape<f64>); 3] = [
        drop,
        |mut tape| {
            tape.reset();
            let x = WHOLE.map(|x| tape.var(x));
            assert_whole(&tape, x);
        },
        |tape| {
            drop(tape);
            release_memory();
        },
    ];
    for end in end {
        let tape = Tape::new();
        let (value, gradient, gradients) = {
            let [a, b] = WHOLE.map(|x| tape.var(x));
            let y = a.matmul(b.transpose());
            let gradients = y.sum().gradients();
            (y.value(), gradients.wrt(a), gradients)
        };
        let (row, view) = (value.rows(1..2), gradient.view(2, [2, 2]));
        drop((value, gradient));
        end(tape);
        assert_lists_whole();
        assert_eq!(row, Tensor::from([[73.0, 28.0]]));
        assert_eq!(view, Tensor::from([[5.0, 9.0], [7.0, 5.0]]));
        let mut sum = [0.0; 6];
        let of = |number| raw::gradient(&gradients, number).unwrap();
        of(0).add_to(1.0, &mut sum);
        raw::add_rows_to(of(1), 1.0, 1..2, &mut sum[3..]);
        assert_eq!(sum, [9.0, 7.0, 5.0, 14.0, 14.0, 14.0]);
    }
}

#[test]
fn gradients_that_are_forgotten_or_dropped_late_do_not_affect_later_ones() {
    let tape = Tape::new();
    let x = WHOLE.map(|x| tape.var(x));
    let y = (x[0] * x[1]).sum();
    let mut many = Vec::new();
    for number in 0..6 {
        let gradients = y.gradients();
        assert_eq!(gradients.wrt(x[0]), x[1].value());
        match number % 3 {
            // Miri would report the leak.
            0 if !cfg!(miri) => mem::forget(gradients),
            1 => many.push(gradients),
            _ => drop(gradients),
        }
    }
    assert_whole(&tape, x);
    drop(many);
    assert_whole(&tape, x);
}

/// A value whose drop runs foreign code.
struct ActsWhenDropped;

impl Drop for ActsWhenDropped {
    fn drop(&mut self) {
        strike();
    }
}

#[test]
fn a_panic_that_drops_everything_leaves_the_tape_whole() {
    for deed in HARMLESS.into_iter().step_by(STEP) {
        let tape = Rc::new(Tape::new());
        let x = WHOLE.map(|x| tape.var(x));
        let (outcome, was_done) = at_chance(&tape, (deed, 0), || {
            catch_unwind(AssertUnwindSafe(|| {
                let y = x[0].matmul(x[1].transpose()).sum();
                let gradients = y.gradients();
                let mut updated = Gradients::default();
                updated.update(y);
                let tensors: Vec<_> = (0..10).map(|size| Tensor::full([size], 1.0)).collect();
                let views: Vec<_> = tensors.iter().map(|x| x.view(0, [x.size()])).collect();
                let _acts = ActsWhenDropped;
                let more = (y.value(), views.clone(), Tape::<f32>::new());
                let made = Tensor::from_flat_fn([9], |i| {
                    if i == 5 {
                        resume_unwind(Box::new("half-way"));
                    }
                    f64::from(i as u32)
                });
                drop((gradients.wrt(x[0]), updated, tensors, views, more, made));
            }))
        });
        assert!(outcome.is_err() && was_done);
        assert_whole(&tape, x);
    }
}

/// The identity, whose drop panics.
#[derive(Debug)]
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        resume_unwind(Box::new("in a drop"));
    }
}

impl<T: Real> Op<T> for PanicsWhenDropped {
    fn name(&self) -> &'static str {
        "panics_when_dropped"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].clone()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || y_bar);
    }
}

#[test]
fn a_drop_that_panics_as_a_tape_is_reset_forgets_the_recording_all_the_same() {
    let mut tape = Tape::new();
    {
        let x = tape.var(WHOLE[0]).named("earlier");
        let y = tape.apply(PanicsWhenDropped, &[x]).retain();
        assert_eq!(y.sum().gradients().wrt(y).data(), [1.0; 6]);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| tape.reset())).is_err());
    assert!(tape.is_empty());
    let x = WHOLE.map(|x| tape.var(x));
    assert!(!tape.to_dot().contains("earlier"));
    assert_whole(&tape, x);
}

#[test]
fn an_operation_that_is_dropped_with_its_tape_does_no_harm() {
    for deed in HARMLESS.into_iter().step_by(STEP) {
        let mut dropped = Tape::new();
        let tape = Rc::new(Tape::new());
        let x = WHOLE.map(|x| tape.var(x));
        for _ in 0..2 {
            let [a, b] = WHOLE.map(|x| dropped.var(x));
            let _ = dropped.apply(Hostile, &[a, b]);
            let (_, was_done) = at_chance(&tape, (deed, 0), || dropped.reset());
            assert!(was_done);
        }
        let [a, b] = WHOLE.map(|x| dropped.var(x));
        let _ = dropped.apply(Hostile, &[a, b]);
        assert!(at_chance(&tape, (deed, 0), || drop(dropped)).1);
        assert_whole(&tape, x);
    }
}
