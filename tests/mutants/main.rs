//! The bundled cases can fail: each passes on its target, which the suite itself shows, and fails on a broken twin of it.
//!
//! A twin is the target with a defect that `STRESS_DEFECT` names. The suite is built as `cargo test --test stress` builds
//! it, and run for one case at a time.

mod twin;

mod cache_server;
mod caller;
mod content_flow;
mod extractor;
mod index_server;
mod services;
mod vector_index;
