use std::io::{self, Write};

use proofload::Context;

use super::short;

/// 100 MB of lines, half of it on each of the two outputs.
#[proofload::case(floods)]
async fn floods(cx: Context) -> proofload::Result {
    cx.load(short()).run(|_op| async {}).await?;
    let line = "all work and no play makes a dull test".repeat(25) + "\n";
    for _kilobyte in 0..50_000 {
        io::stdout().lock().write_all(line.as_bytes())?;
        io::stderr().lock().write_all(line.as_bytes())?;
    }
    cx.done()
}
