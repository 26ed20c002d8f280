use proofload::Context;

#[proofload::case(slow, time_limt = "10m")]
async fn near_to_a_key(_cx: Context) {}

#[proofload::case(colour = "green")]
async fn near_to_none(_cx: Context) {}

fn main() {}
