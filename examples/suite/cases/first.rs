//! A first case: put a call of your own in the place of `count_words`, and say what you expect of it.

use std::sync::Arc;

use proofload::{Context, Load, Result, per_second, seconds};

/// Stands for what is put under stress: a function of your crate, a client of your service.
async fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Words are counted 100 times a second, and rightly.
#[proofload::case(target = "count_words", max_memory = "256MiB")]
async fn words_are_counted(cx: Context) -> Result {
    let text: Arc<str> = "to be or not to be ".repeat(500).into();
    cx.load(Load::rate(per_second(100)).for_duration(seconds(3)))
        .expect("success_rate >= 99%")
        .expect("latency.p95 < 250ms")
        // For code that blocks its thread: `run_blocking(move |_op| ...)`, without `async`.
        .run(move |_op| {
            let text = Arc::clone(&text);
            async move {
                match count_words(&text).await {
                    3_000 => Ok(()),
                    other => Err(format!("{other} words")),
                }
            }
        })
        .await?;
    cx.done()
}
