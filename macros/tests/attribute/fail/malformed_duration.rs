use proofload::Context;

#[proofload::case(slow, time_limit = "10 parsecs")]
async fn unit(_cx: Context) {}

#[proofload::case(timeout = 30)]
async fn number(_cx: Context) {}

#[proofload::case(time_limit = 10m)]
async fn without_quotes(_cx: Context) {}

#[proofload::case(time_limit = "0s")]
async fn zero(_cx: Context) {}

fn main() {}
