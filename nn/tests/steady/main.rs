//! A steady training step allocates nothing. The counter is global to the process, so there is only one test.

mod counting;
#[path = "../formulas/method.rs"]
mod method;
mod optimizer;
mod own_model;
#[path = "../formulas/residual.rs"]
mod residual;
mod step;

#[test]
fn a_steady_step_allocates_nothing() {
    counting::assert_counting();
    optimizer::check_all();
    own_model::check_all();
    step::check_all();
}
