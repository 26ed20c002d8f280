use proofload::Context;

#[proofload::case(max_memory = "2 gigs")]
async fn unit(_cx: Context) {}

#[proofload::case(max_memory_growth = "10MB")]
async fn not_per_second(_cx: Context) {}

#[proofload::case(max_memory = 2GiB)]
async fn without_quotes(_cx: Context) {}

fn main() {}
