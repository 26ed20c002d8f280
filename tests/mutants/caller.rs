//! Twins of those who call a target.

use crate::twin::Twin;

#[test]
fn callers_that_give_up_at_once() {
    let twin = Twin::with("caller.gives_up");
    twin.fails("failure_injection", "the target breaks (success_rate is ");
}
