use proofload::Context;

#[proofload::case(time_limit)]
async fn bare(_cx: Context) {}

#[proofload::case(workers =)]
async fn without_a_value(_cx: Context) {}

fn main() {}
