//! A suite to copy: this file becomes `stress/main.rs`, a file of `cases/` one of `stress/cases/`.
//!
//! `cargo test --test examples` runs all of them, `cargo test --test examples -- own_function` one.

proofload::main!("cases");
