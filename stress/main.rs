//! The bundled suite: real targets, embedded, under the stress that the framework is for.

mod targets;

proofload::main!("cases");
