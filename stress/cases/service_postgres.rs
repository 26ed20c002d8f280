//! PostgreSQL, from the program that is installed: rows come back, and concurrent transactions lose nothing.

use std::sync::Arc;

use proofload::{Context, Load, Outcome, Result, millis, per_second, seconds};

use crate::targets::services::postgres::{self, LedgerError, Options, Postgres};

/// 6 users on 4 connections for a second and a half; a quarter of what they do changes one of two accounts.
#[proofload::case(service, target = "postgres", needs = postgres::is_there, max_cpu = "off")]
async fn service_postgres(cx: Context) -> Result {
    keep(cx, Load::users(6).for_duration(millis(1_500)).into()).await
}

/// 200 operations a second for a minute.
#[proofload::case(
    service,
    slow,
    target = "postgres",
    needs = postgres::is_there,
    max_cpu = "off",
    max_concurrency = 200
)]
async fn service_postgres_full(cx: Context) -> Result {
    keep(cx, Load::rate(per_second(200)).for_duration(seconds(60)).into()).await
}

async fn keep(cx: Context, load: Load) -> Result {
    if cx.is_dry_run() {
        cx.load(load).named("ledger").run(|_op| async {}).await?;
        return cx.done();
    }
    let postgres = Arc::new(Postgres::open(cx.scratch_dir(), Options::default()).await?);
    if let Some(url) = postgres.started_at() {
        cx.note(format!("started at {url}"));
    }
    let keeping = Arc::clone(&postgres);
    cx.load(load)
        .named("ledger")
        .expect("error_rate < 1%")
        .expect("success_rate >= 90%")
        .expect("due >= 50")
        .run(move |op| {
            let postgres = Arc::clone(&keeping);
            async move {
                match op.index % 4 {
                    0 => {
                        op.tag("deposit");
                        outcome(postgres.deposit(op.index).await)
                    }
                    _ => {
                        op.tag("row");
                        outcome(postgres.keep(op.index).await)
                    }
                }
            }
        })
        .await?;
    let refused = postgres.conflict().await;
    cx.require(refused.is_ok(), match &refused {
        Ok(()) => "of two transactions that change the same account one is refused".to_owned(),
        Err(error) => error.to_string(),
    });
    cx.figure("conflicts", postgres.conflicts() as f64, "count");
    let account = postgres.settle().await?;
    cx.require(account.adds_up(), format!("the accounts add up: {account}"));
    cx.done()
}

/// An account that others change all the time is a polite refusal.
fn outcome(answer: std::result::Result<(), LedgerError>) -> Outcome {
    match answer {
        Ok(()) => Outcome::ok(),
        Err(error @ LedgerError::Busy) => Outcome::rejected(error),
        Err(error) => Outcome::error(error),
    }
}
