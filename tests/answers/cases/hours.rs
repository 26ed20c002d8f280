//! What rises slowly, at the rates at which it is said to be found, in soaks of the length that this takes. With
//! `--include-slow`.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use proofload::{
    Context, Result,
    judge::{Drift, Leak},
    minutes, per_second,
    procedure::LongRunning,
    seconds,
};

use crate::hoard::Hoard;

const MB: f64 = 1e6;

/// Two minutes of a target that holds so many bytes after so many seconds.
async fn two_minutes(cx: &Context, bytes_after: fn(f64) -> f64) -> Result<Leak> {
    let hoard = Hoard::new(bytes_after);
    let soak = LongRunning::new().rate(per_second(200)).for_duration(seconds(120));
    Ok(soak.run(cx, move |_op| std::future::ready(hoard.ask())).await?.leak)
}

/// Requires that a leak of `rate` bytes a second was found, to within a fifth.
fn is_found(cx: &Context, leak: &Leak, rate: f64) {
    let is_close = matches!(leak, Leak::Leaking { bytes_per_sec, .. } if (bytes_per_sec / rate - 1.0).abs() < 0.2);
    cx.require(is_close, format!("{} MB/s: {leak}", rate / MB));
}

#[proofload::case(slow, time_limit = "3m", max_cpu = "off")]
async fn leaks_a_megabyte_a_second(cx: Context) -> Result {
    let leak = two_minutes(&cx, |t| MB * t).await?;
    is_found(&cx, &leak, MB);
    cx.done()
}

#[proofload::case(slow, time_limit = "3m", max_cpu = "off")]
async fn leaks_a_fifth_of_a_megabyte_a_second(cx: Context) -> Result {
    let leak = two_minutes(&cx, |t| 0.2 * MB * t).await?;
    is_found(&cx, &leak, 0.2 * MB);
    cx.done()
}

#[proofload::case(slow, time_limit = "3m", max_cpu = "off")]
async fn leaks_a_twentieth_of_a_megabyte_a_second(cx: Context) -> Result {
    let leak = two_minutes(&cx, |t| 0.05 * MB * t).await?;
    is_found(&cx, &leak, 0.05 * MB);
    cx.done()
}

/// Up by 20 MB within 7 s, and down again.
#[proofload::case(slow, time_limit = "3m", max_cpu = "off")]
async fn goes_up_and_down_for_two_minutes(cx: Context) -> Result {
    let leak = two_minutes(&cx, |t| 20.0 * MB * (t / 7.0).fract()).await?;
    cx.require(matches!(leak, Leak::None { .. }), leak.to_string());
    cx.done()
}

/// Operations of 100 ms that take 1 % longer each minute, for ten.
#[proofload::case(slow, time_limit = "12m", max_cpu = "off")]
async fn becomes_slower_by_a_percent_a_minute(cx: Context) -> Result {
    let began = Instant::now();
    let soak = LongRunning::new().rate(per_second(20)).for_duration(minutes(10));
    let operation = move |_op| async move {
        let minutes = began.elapsed().as_secs_f64() / 60.0;
        tokio::time::sleep(Duration::from_secs_f64(0.1 * 1.01_f64.powf(minutes))).await;
    };
    let drift = soak.run(&cx, operation).await?.drift;
    cx.require(matches!(drift, Drift::Rising { .. }), drift.to_string());
    cx.done()
}
