//! What the attribute takes, and what it says of the rest: the messages are part of the interface.

#[test]
fn cases_compile_or_say_what_is_wrong() {
    let attribute = trybuild::TestCases::new();
    attribute.pass("tests/attribute/pass/*.rs");
    attribute.compile_fail("tests/attribute/fail/*.rs");
}
