//! Memory that leaks, and memory that looks as if it did. Soaks of six seconds, with windows of a tenth of one.
#![cfg(target_os = "linux")]

use proofload::{
    Context, Result,
    judge::Leak,
    per_second,
    procedure::{LongRunning, Soak},
    seconds,
};

use crate::{hoard::Hoard, tries::best_of_three};

const MB: f64 = 1e6;

async fn soak(cx: &Context, bytes_after: fn(f64) -> f64) -> Result<Soak> {
    let hoard = Hoard::new(bytes_after);
    let soak = LongRunning::new().rate(per_second(200)).for_duration(seconds(6));
    soak.run(cx, move |_op| std::future::ready(hoard.ask())).await
}

/// 4 MB a second, for as long as it lasts.
#[proofload::case(max_memory_growth = "off", max_cpu = "off")]
async fn leaks(cx: Context) -> Result {
    best_of_three(&cx, |cx| async move {
        let found = soak(&cx, |t| 4.0 * MB * t).await?;
        Ok(match found.leak {
            Leak::Leaking { bytes_per_sec, at_least_bytes_per_sec, .. }
                if (bytes_per_sec / MB - 4.0).abs() < 0.4 && at_least_bytes_per_sec > 3.0 * MB =>
            {
                Vec::new()
            }
            other => vec![other.to_string()],
        })
    })
    .await
}

async fn does_not_leak(cx: &Context, bytes_after: fn(f64) -> f64) -> Result {
    best_of_three(cx, |cx| async move {
        let found = soak(&cx, bytes_after).await?;
        Ok(match found.leak {
            Leak::None { .. } => Vec::new(),
            other => vec![other.to_string()],
        })
    })
    .await
}

/// Up by 20 MB within 0.9 s, and down again.
#[proofload::case(max_memory_growth = "off", max_cpu = "off")]
async fn goes_up_and_down(cx: Context) -> Result {
    does_not_leak(&cx, |t| 20.0 * MB * (t / 0.9).fract()).await
}

/// 60 MB, most of it within the first second.
#[proofload::case(max_memory_growth = "off", max_cpu = "off")]
async fn fills_a_cache(cx: Context) -> Result {
    does_not_leak(&cx, |t| 60.0 * MB * (1.0 - (-t / 0.5).exp())).await
}

/// 30 MB at once, after four and a half.
#[proofload::case(max_memory_growth = "off", max_cpu = "off")]
async fn steps_once(cx: Context) -> Result {
    does_not_leak(&cx, |t| if t < 4.5 { 0.0 } else { 30.0 * MB }).await
}
