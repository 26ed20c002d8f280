use super::Page;
use crate::live::LiveError;

#[test]
fn live_figures() {
    let mut page = Page::new("live", "Figures for a collector that cannot be sent");
    page.family("Before anything runs");
    let (origin, url) = ("`otlp_endpoint`", "collector:4318".to_owned());
    for error in [
        LiveError::NotBuiltIn,
        LiveError::Url { origin, url },
        LiveError::Headers { origin: "OTEL_EXPORTER_OTLP_HEADERS" },
        LiveError::Thread("no room for a thread".to_owned()),
    ] {
        let given = match &error {
            LiveError::NotBuiltIn => "built without the feature",
            LiveError::Url { url, .. } => url,
            LiveError::Headers { .. } => "a list of headers without `=`",
            LiveError::Thread(_) => "a table of threads without room",
        };
        page.says(given, error.to_string());
    }
    page.check();
}
