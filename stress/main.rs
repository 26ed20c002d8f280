//! The bundled suite.
fn main() {}
