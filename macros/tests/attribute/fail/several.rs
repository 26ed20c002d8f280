use proofload::Context;

#[proofload::case(slow, slow, time_limit = "soon", max_mem = "2GiB", severity = "urgent")]
async fn all_at_once<T>(_cx: Context, _second: T) {}

fn main() {}
