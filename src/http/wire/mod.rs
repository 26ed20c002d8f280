//! HTTP/1.1 as bytes: a request written, the head of an answer read, its body unframed. No input, no output, no clock.

mod body;
mod head;
mod render;

pub(super) use body::{Body, Progress};
pub(super) use head::{AfterAnswer, Framing, Head, Headers, read_head};
pub(super) use render::{AGENT, render};
