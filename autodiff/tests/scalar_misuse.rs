//! Misuse that does not compile.

#[test]
#[cfg_attr(miri, ignore = "runs the compiler")]
fn variables_do_not_outlive_their_recording() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/misuse/*.rs");
}
