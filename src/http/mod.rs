//! Loads over HTTP: requests prepared once, connections that are kept, answers turned into outcomes.
//!
//! Owns the client. Never decides when a request starts, and never judges: what an answer means is a table of status
//! classes, and a check that the case states.
//!
//! HTTP/1.1 is spoken here, since a general client costs several times what a request does; HTTP/2 is hyper's.

mod agent;
mod answer;
mod calls;
mod client;
mod dial;
mod door;
mod error;
mod failure;
mod http1;
mod http2;
mod options;
mod patience;
mod pool;
mod request;
mod send;
mod sessions;
mod source;
mod status;
mod stream;
mod tls;
mod url;
mod wire;

pub use agent::Agent;
pub use answer::Answer;
pub use calls::Calls;
pub use door::Http;
pub use error::HttpError;
pub use options::Redirects;
pub use request::Request;
pub use send::Prepared;
pub use sessions::Sessions;
pub use source::{Each, Same, Source};
