//! Misuse of variables that must not compile.

#[test]
#[ignore = "builds the dependencies anew; the documentation of `Tape` has examples that do not compile either"]
fn variables_do_not_outlive_their_recording() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/misuse/*.rs");
}
