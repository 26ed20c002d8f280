use proofload::Context;

#[proofload::case]
async fn of_a_type<T: Default>(_cx: Context) {}

fn main() {}
