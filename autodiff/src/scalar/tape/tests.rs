//! A full tape.

use super::Tape;
use crate::scalar::{Var, dot};

#[test]
#[should_panic(expected = "the tape is full: it can hold 5 nodes")]
fn more_nodes_than_an_index_can_hold_are_refused() {
    let tape: Tape = Tape::with_limit(5);
    let [x, y] = tape.vars([1.0, 2.0]);
    let mut z = x;
    for _ in 0..6 {
        z *= y;
    }
}

#[test]
#[should_panic(expected = "the tape is full: it can hold 5 variables")]
fn more_variables_than_an_index_can_hold_are_refused() {
    let tape: Tape = Tape::with_limit(5);
    let _ = tape.vars([1.0; 3]);
    let _ = tape.vars([1.0; 3]);
}

#[test]
#[should_panic(expected = "the tape is full: it can hold 5 nodes")]
fn a_node_with_more_inputs_than_there_is_room_is_refused() {
    let tape: Tape = Tape::with_limit(5);
    let x = tape.vars([1.0; 5]);
    let y: [Var<'_>; 8] = std::array::from_fn(|i| x[i % 5]);
    let _ = dot(&y, &[x[0]; 8]);
}

#[test]
fn a_full_tape_is_full_to_the_last_index() {
    let tape: Tape = Tape::with_limit(5);
    let [x, y, ..] = tape.vars([2.0; 5]);
    let z = (0..5).fold(x, |z, _| z * y);
    assert_eq!((z.value(), tape.len()), (64.0, 10));
    assert_eq!(z.gradients().wrt(y), 160.0);
}
