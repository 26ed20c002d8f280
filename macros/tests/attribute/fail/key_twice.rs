use proofload::Context;

#[proofload::case(time_limit = "10m", slow, time_limit = "20m")]
async fn twice(_cx: Context) {}

fn main() {}
