use proofload::Context;

fn redis() -> bool {
    true
}

#[proofload::case(needs = redis)]
async fn an_answer_of_another_type(_cx: Context) {}

#[proofload::case(needs = "redis-server")]
async fn no_function(_cx: Context) {}

fn main() {}
