//! Safe code that does not keep its promises: numbers, iterators and closures that record on the tape in the midst of an
//! operation, panic, or lie. Whatever they do, a tape stays whole: what is recorded next has the right derivatives.
//!
//! Run under Miri as well, where any undefined behaviour is an error.

mod closures;
mod iterators;
mod number;
mod operations;
mod without_size;

use autodiff::scalar::{Tape, Var, checkpoint};
use number::Hostile;

/// The numbers that the following expects of its variables.
const WHOLE: [Hostile; 3] = [Hostile(2.0), Hostile(3.0), Hostile(5.0)];

/// What is recorded from now on with these variables of the tape has the right derivatives.
fn assert_whole<'t>(tape: &'t Tape<Hostile>, x: &[Var<'t, Hostile>; 3]) {
    // First operations on two variables alone: whatever else is recorded says anew at which node it is.
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
    let z = checkpoint(|x| vec![x[0] * x[0]], &[sum])[0] * tape.var(Hostile(0.5));
    assert_eq!(z.value().0, 0.5 * 114.0 * 114.0);
    assert_eq!(slopes(z), [53.0, 3.0, 21.0].map(|slope| slope * 114.0));
    assert_eq!(tape.nodes().count(), tape.len());
}
