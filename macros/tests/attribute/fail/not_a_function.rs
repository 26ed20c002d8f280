#[proofload::case]
struct Case;

fn main() {}
