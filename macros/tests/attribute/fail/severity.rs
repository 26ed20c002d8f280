use proofload::Context;

#[proofload::case(severity = "urgent")]
async fn unknown(_cx: Context) {}

#[proofload::case(severity = high)]
async fn without_quotes(_cx: Context) {}

fn main() {}
