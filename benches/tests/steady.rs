//! A steady training step of each model allocates nothing. The counter is global to the process, so there is only one
//! test.

#[path = "../../nn/tests/steady/counting.rs"]
mod counting;

use benches::models;
use counting::{assert_counting, fewest_allocations};

/// The name of each model, and its number of allocations in a step. The recurrent network concatenates 64 states, and
/// each list of more inputs than an operation usually has is allocated: for the values, the recording and the rule.
const MODELS: [(&str, usize); 3] = [("W8", 0), ("W9", 5), ("W10", 0)];

#[test]
fn after_three_steps_a_step_allocates_nothing() {
    assert_counting();
    for (name, allowed) in MODELS {
        let (mut model, batches) = models::prepare_small(name).unwrap();
        let mut batches = (0..batches).cycle();
        let mut step = || model.step(batches.next().unwrap());
        (0..3).for_each(|_| step());
        assert_eq!(fewest_allocations(step), allowed, "{name}");
    }
}
