use super::HttpError;
use crate::{LoadBuilder, Result, Run, Workload};

/// A workload of requests that can be looked at before it is run.
pub trait Prepared: Workload {
    /// Whether everything that can be told before is right: the requests, the options, the certificates.
    ///
    /// # Errors
    /// What is wrong.
    fn prepared(&self) -> std::result::Result<(), HttpError>;
}

impl LoadBuilder {
    /// Runs the load with requests over HTTP: [`http::Http`](crate::http::Http) makes them.
    ///
    /// ```no_run
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{Load, http::Http, seconds};
    ///
    /// let http = Http::to("http://127.0.0.1:8080")?;
    /// cx.load(Load::users(50).for_duration(seconds(10))).send(http.get("/health")).await?;
    /// # cx.done()
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`LoadBuilder::run`], and what is wrong with the requests.
    pub async fn send<P: Prepared>(self, requests: P) -> Result<Run> {
        requests.prepared()?;
        self.run_workload(requests).await
    }
}
