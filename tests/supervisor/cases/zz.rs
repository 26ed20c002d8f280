use proofload::{Context, Load, millis, per_second};

/// The next case: it must run and pass whatever the one before it did. Named to be the last.
#[proofload::case(after)]
async fn zz_after(cx: Context) -> proofload::Result {
    cx.load(Load::rate(per_second(50)).for_duration(millis(300)))
        .expect("success_rate >= 99%")
        .run(|_op| async {})
        .await?;
    cx.done()
}
