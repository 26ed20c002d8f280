//! The HTTP workload, on the wire: against a server that writes exactly the bytes it is told to, against axum, over TLS,
//! and against a server of another make.

mod raw;
mod seen;
mod wire;
