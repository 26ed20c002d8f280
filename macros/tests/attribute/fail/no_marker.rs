use proofload::Context;

#[proofload::case("slow")]
async fn quoted(_cx: Context) {}

#[proofload::case(slow = true)]
async fn with_a_value(_cx: Context) {}

#[proofload::case(slow,, nightly)]
async fn two_commas(_cx: Context) {}

fn main() {}
