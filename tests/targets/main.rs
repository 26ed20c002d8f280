//! The bundled suite's targets, tested as the systems they are. They live with the suite, whose binary has no tests of
//! its own (`harness = false`), so they are included here by path.

#[allow(dead_code, reason = "the suite's cases use what these tests do not")]
#[path = "../../stress/targets/mod.rs"]
mod targets;

mod cache_server;
mod content_flow;
mod extractor;
mod services;
mod vector_index;
