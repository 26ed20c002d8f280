//! The bundled suite's targets: real systems, embedded in the process or beside it, that cases put under stress.
//!
//! A target owns its data, its threads and its notion of a right answer, and reports a wrong one as an error of its
//! own. It never measures, never limits itself for the sake of a test, and knows nothing of proofload: it could be
//! anybody's code, which is the point.

pub(crate) mod cache_server;
pub(crate) mod caller;
pub(crate) mod content_flow;
pub(crate) mod defect;
pub(crate) mod extractor;
pub(crate) mod index_server;
pub(crate) mod pool;
pub(crate) mod services;
pub(crate) mod vector_index;
