use proofload::Context;

struct Suite;

impl Suite {
    #[proofload::case]
    async fn method(&self, _cx: Context) {}
}

fn main() {}
