//! The server's paths. Whatever is refused is answered in JSON, and what may pass with `Retry-After`.

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    body::Bytes,
    error_handling::HandleErrorLayer,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tower::{BoxError, ServiceBuilder, limit::GlobalConcurrencyLimitLayer, load_shed::LoadShedLayer};

use super::{
    service::Service,
    wire::{Answer, Health, Refusal, Request},
};

/// A longer body is not read.
const LONGEST_BODY: usize = 1 << 20;

/// Seconds after which a client may try again.
const RETRY_AFTER: &str = "1";

/// The paths of `service`, which processes at most `requests` at a time.
pub(crate) fn router(service: Arc<Service>, requests: usize) -> Router {
    let shed = Arc::clone(&service);
    // The pool bounds what is processed; this bounds what is read and waits before it.
    let crowd = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(move |_overloaded: BoxError| {
            let refused = refused(&shed, Refusal::Crowded, Instant::now());
            async move { refused }
        }))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(requests));
    Router::new()
        .route("/v1/messages", post(messages).layer(crowd))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/admin/reset", post(reset))
        .fallback(async || Refusal::Nowhere)
        .method_not_allowed_fallback(async || Refusal::Method)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(service)
}

async fn messages(State(service): State<Arc<Service>>, body: Result<Bytes, BytesRejection>) -> Response {
    let began = Instant::now();
    match answer(&service, body).await {
        Ok(answer) => {
            service.metrics().request(StatusCode::OK.as_u16(), began.elapsed());
            Json(answer).into_response()
        }
        Err(refusal) => refused(&service, refusal, began),
    }
}

async fn answer(service: &Arc<Service>, body: Result<Bytes, BytesRejection>) -> Result<Answer, Refusal> {
    let body = body.map_err(|rejection| Refusal::Unreadable(rejection.body_text()))?;
    service.message(Request::parse(&body)?).await
}

/// Counts a refusal, and is its response.
fn refused(service: &Service, refusal: Refusal, began: Instant) -> Response {
    service.metrics().request(refusal.status(), began.elapsed());
    refusal.into_response()
}

async fn health(State(service): State<Arc<Service>>) -> Json<Health> {
    Json(service.health())
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    match service.metrics().text(service.health()) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_unformatted) => Refusal::Broken.into_response(),
    }
}

async fn reset(State(service): State<Arc<Service>>) -> Response {
    let forgotten = service.reset();
    Json(json!({ "forgotten_prefixes": forgotten })).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = Json(json!({ "error": { "kind": self.kind(), "message": self.to_string() } }));
        if self.passes() {
            (status, [(header::RETRY_AFTER, RETRY_AFTER)], body).into_response()
        } else {
            (status, body).into_response()
        }
    }
}
