use proofload::Context;

#[proofload::case(workers = 0, max_concurrency = -1, min_samples = 1.5, max_cpu = 90%)]
async fn numbers(_cx: Context) {}

fn main() {}
