//! A library function of your own, called at a steady rate.

use proofload::{Context, Load, Result, per_second, seconds};

/// What is put under stress: a function of your crate stands here.
fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Texts are counted 100 times a second, and rightly.
#[proofload::case(max_memory = "256MiB")]
async fn own_function(cx: Context) -> Result {
    let text = "to be or not to be ".repeat(500);
    cx.load(Load::rate(per_second(100)).for_duration(seconds(2)))
        .expect("success_rate >= 99%")
        .expect("latency.p95 < 500ms")
        .run_blocking(move |_op| match count_words(&text) {
            3_000 => Ok(()),
            other => Err(format!("{other} words")),
        })
        .await?;
    cx.done()
}
