use proofload::Context;

#[proofload::case(slow, nightly, slow)]
async fn twice(_cx: Context) {}

fn main() {}
