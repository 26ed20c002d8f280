use proofload::Context;

#[proofload::case]
#[ignore]
async fn ignored(_cx: Context) {}

#[proofload::case]
#[proofload::case(slow)]
async fn again(_cx: Context) {}

fn main() {}
