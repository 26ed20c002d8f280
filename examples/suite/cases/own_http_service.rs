//! An HTTP service of your own. Without `PROOFLOAD_BASE_URL` the case starts one itself, so that it runs anywhere:
//! `PROOFLOAD_BASE_URL=http://127.0.0.1:8080 cargo test --test examples -- own_http_service`

use axum::{Router, routing::get};
use proofload::{Context, Load, Result, http::Http, seconds};

/// 10 users ask for the health of the service for two seconds.
#[proofload::case(max_cpu = "off")]
async fn own_http_service(cx: Context) -> Result {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, Router::new().route("/health", get("well"))).await });

    let http = Http::of_case(&cx, || url)?;
    cx.load(Load::users(10).for_duration(seconds(2)))
        .expect("success_rate >= 99%")
        .expect("latency.p95 < 1s")
        .send(http.get("/health"))
        .await?;
    cx.done()
}
