use proofload::Context;

#[proofload::case]
async fn two(_cx: Context, _users: u32) {}

fn main() {}
