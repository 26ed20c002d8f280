use std::time::Duration;

use crate::settings::Resolved;

/// The path of metrics below an endpoint, by OTLP's rules.
const METRICS_PATH: &str = "/v1/metrics";

/// Unless settings say otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// Why live figures cannot be sent at all.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LiveError {
    #[cfg_attr(all(feature = "otlp", not(test)), expect(dead_code, reason = "it is built in"))]
    #[error(
        "`otlp_endpoint` is set, and proofload was built without its feature `otlp`: add it in Cargo.toml \
         (`features = [\"otlp\"]`), or take the setting away"
    )]
    NotBuiltIn,
    #[error("{origin} is {url:?}, which is no address of a collector: write `http://127.0.0.1:4318`, say")]
    Url { origin: &'static str, url: String },
    // Without its text, which may be a secret.
    #[error(
        "{origin} is no list of headers: write `name=value,name=value`, with `%2C` for a comma in a value"
    )]
    Headers { origin: &'static str },
    #[cfg_attr(not(any(feature = "otlp", test)), expect(dead_code, reason = "nothing is sent"))]
    #[error(
        "no thread for sending live figures: {0}; run fewer things at once, or take `otlp_endpoint` away"
    )]
    Thread(String),
}

/// Where live figures go, and how often.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) interval: Duration,
}

impl Endpoint {
    /// What the settings say, or else OpenTelemetry's own variables, which `variable` reads; nothing where nobody asks
    /// for figures.
    pub(super) fn of(
        settings: &Resolved,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, LiveError> {
        let set = |name: &'static str| {
            variable(name).filter(|text| !text.trim().is_empty()).map(|text| (name, text))
        };
        let (url, origin) = if let Some(url) = settings.text("otlp_endpoint") {
            (below(url), "`otlp_endpoint`")
        } else if let Some((name, url)) = set("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") {
            (url.trim().to_owned(), name)
        } else if let Some((name, url)) = set("OTEL_EXPORTER_OTLP_ENDPOINT") {
            (below(&url), name)
        } else {
            return Ok(None);
        };
        if !is_url(&url) {
            return Err(LiveError::Url { origin, url });
        }
        let headers = set("OTEL_EXPORTER_OTLP_METRICS_HEADERS").or_else(|| set("OTEL_EXPORTER_OTLP_HEADERS"));
        let headers = match headers {
            Some((origin, text)) => headers_of(&text).ok_or(LiveError::Headers { origin })?,
            None => Vec::new(),
        };
        let interval = settings.duration("otlp_interval").unwrap_or(INTERVAL);
        Ok(Some(Self { url, headers, interval }))
    }
}

/// The address of metrics at an endpoint; who names it as a whole is right as well.
fn below(endpoint: &str) -> String {
    let endpoint = endpoint.trim().trim_end_matches('/');
    match endpoint.ends_with(METRICS_PATH) {
        true => endpoint.to_owned(),
        false => format!("{endpoint}{METRICS_PATH}"),
    }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    !host.is_empty()
        && !host.starts_with(':')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// `name=value,name=value`, values percent-encoded.
fn headers_of(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (name.trim(), decoded(value.trim())?);
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            let is_fit = !name.is_empty() && name.chars().all(is_token) && !value.contains(char::is_control);
            is_fit.then(|| (name.to_owned(), value))
        })
        .collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::{Settings, Sources};

    fn endpoint(set: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<Endpoint>, LiveError> {
        let command_line = set
            .map(|url| ("otlp_endpoint".to_owned(), url.to_owned(), "--set".to_owned()))
            .into_iter()
            .collect();
        let settings = Settings::load(Sources { command_line, ..Sources::default() }, &[]).unwrap();
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        Endpoint::of(settings.run(), &|name| variables.get(name).map(|text| (*text).to_owned()))
    }

    fn url(set: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        endpoint(set, variables).unwrap().map(|endpoint| endpoint.url)
    }

    #[test]
    fn nobody_is_told_unless_somebody_asks() {
        assert_eq!(endpoint(None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(None));
    }

    #[test]
    fn the_setting_is_stronger_than_the_variables() {
        let both = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/"),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://b/x"),
        ];
        assert_eq!(url(Some("http://c:4318"), &both).as_deref(), Some("http://c:4318/v1/metrics"));
        assert_eq!(url(Some("http://c/v1/metrics"), &[]).as_deref(), Some("http://c/v1/metrics"));
        assert_eq!(url(None, &both).as_deref(), Some("http://b/x"));
        assert_eq!(url(None, &both[..1]).as_deref(), Some("http://a:4318/v1/metrics"));
        assert_eq!(endpoint(Some("http://c"), &[]).unwrap().unwrap().interval, Duration::from_secs(5));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for wrong in ["collector:4318", "http://", "ftp://a", "http://:4318", "http://a b"] {
            let error = endpoint(Some(wrong), &[]).unwrap_err();
            assert!(matches!(error, LiveError::Url { origin: "`otlp_endpoint`", .. }), "{wrong}: {error}");
        }
    }

    #[test]
    fn headers_are_decoded_and_their_text_is_never_told() {
        let of = |text| endpoint(Some("http://a"), &[("OTEL_EXPORTER_OTLP_HEADERS", text)]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let seen = of("Authorization=Basic%20YTpi, x-tenant = 7%2C8,").unwrap().unwrap().headers;
        assert_eq!(seen, [pair("Authorization", "Basic YTpi"), pair("x-tenant", "7,8")]);
        for wrong in ["secret", "a b=secret", "a=secret%0d", "a=secret%4", "=secret"] {
            let error = of(wrong).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
