//! Safe code that breaks its promises: numbers, iterators and closures that record on the tape in the middle of an
//! operation, panic, or lie. Whatever they do, the tape stays consistent: later recordings have the right derivatives.
//!
//! These tests run under Miri too, which reports undefined behaviour.

mod closures;
mod iterators;
mod number;
mod operations;
mod scopes;
mod without_size;

use autodiff::scalar::{Tape, Var, checkpoint};
use number::Hostile;

/// The values of the variables that [`assert_whole`] takes.
const WHOLE: [Hostile; 3] = [Hostile(2.0), Hostile(3.0), Hostile(5.0)];

/// Asserts that later recordings with these variables of the tape have the right derivatives.
fn assert_whole<'t>(tape: &'t Tape<Hostile>, x: &[Var<'t, Hostile>; 3]) {
    // Operations on two variables come first, because they rely on the offset of the next node. Others append a span,
    // which holds the index of its node.
    let mut y = x[0] * x[1];
    for _ in 0..10 {
        y += x[2] * x[0];
    }
    let slopes = |z: Var<'t, Hostile>| {
        z.gradients()
            .wrt_all(x)
            .iter()
            .map(|g| g.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(y.value().0, 106.0);
    assert_eq!(slopes(y), [53.0, 2.0, 20.0]);
    let sum: Var<'_, Hostile> = [y, x[1], x[2]].iter().sum();
    let z = checkpoint(|[x]| vec![x[0] * x[0]], [&[sum]])[0] * tape.var(Hostile(0.5));
    assert_eq!(z.value().0, 0.5 * 114.0 * 114.0);
    assert_eq!(slopes(z), [53.0, 3.0, 21.0].map(|slope| slope * 114.0));
    assert_eq!(tape.nodes().count(), tape.len());
}
