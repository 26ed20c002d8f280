use proofload::Context;

#[proofload::case(not)]
async fn reserved(_cx: Context) {}

fn main() {}
