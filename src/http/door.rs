use std::{fmt, path::Path, sync::Arc, time::Duration};

use super::{
    Agent, Answer, Calls, Each, HttpError, Redirects, Request, Same, Sessions,
    client::Client,
    options::{Connections, Options, Protocol, Verification},
    request::header,
    tls::read_certificates,
    url::Base,
};
use crate::{Context, Op, traffic::TrafficMeter};

/// A service that is spoken to over HTTP: where it is, and how. Cheap to clone; all clones share their connections.
///
/// Options make a new client of it, so state them first. A request that fails on a connection which the target had
/// closed meanwhile, before it was read, is sent once more on a new one; every other failure is an outcome.
///
/// ```no_run
/// # async fn case(cx: proofload::Context) -> proofload::Result {
/// use proofload::{Load, http::{Answer, Http, Request}, millis, per_second, seconds};
///
/// let http = Http::to("http://127.0.0.1:8080")?.header("x-agent", "a")?.read_timeout(seconds(5));
///
/// // The same request each time.
/// cx.load(Load::users(50).for_duration(seconds(10))).send(http.get("/health")).await?;
/// // One for each operation, and a look at its answer.
/// let questions = http
///     .each(|op| Request::post("/v1/messages").json(&format!("question {}", op.index)))
///     .check(|answer: &Answer| answer.json::<Vec<String>>().map(drop));
/// cx.load(Load::rate(per_second(200)).for_duration(seconds(10))).send(questions).await?;
/// # cx.done()
/// # }
/// ```
#[derive(Clone)]
pub struct Http {
    pub(super) client: Arc<Client>,
}

impl Http {
    /// The service at `url`: `http` or `https`, a host, perhaps a port, and perhaps a path that is put before those of all
    /// requests.
    ///
    /// # Errors
    /// It is no such URL.
    ///
    /// ```
    /// use proofload::http::Http;
    ///
    /// assert!(Http::to("http://127.0.0.1:8080/api").is_ok());
    /// let error = Http::to("127.0.0.1:8080").unwrap_err();
    /// assert!(error.to_string().starts_with("\"127.0.0.1:8080\" is no base URL: it has no scheme"));
    /// ```
    pub fn to(url: impl AsRef<str>) -> Result<Self, HttpError> {
        let base = Base::parse(url.as_ref())?;
        Ok(Self { client: Arc::new(Client::new(base, Options::default(), TrafficMeter::default())) })
    }

    /// The service that the environment variable `name` names, or the one at the URL that `otherwise` has.
    ///
    /// # Errors
    /// What it names, or `otherwise` has, is no such URL.
    pub fn to_env<U: AsRef<str>>(name: &str, otherwise: impl FnOnce() -> U) -> Result<Self, HttpError> {
        match std::env::var(name).ok().filter(|url| !url.is_empty()) {
            Some(url) => Self::to(url).map_err(|source| HttpError::Variable {
                variable: name.to_owned(),
                source: Box::new(source),
            }),
            None => Self::to(otherwise()),
        }
    }

    /// The service that the setting `base_url` names ([`Context::base_url`]), or the one at the URL that `otherwise` has:
    /// a server of the case's own. Its bytes are counted for the report.
    ///
    /// # Errors
    /// What it names, or `otherwise` has, is no such URL.
    pub fn of_case<U: AsRef<str>>(cx: &Context, otherwise: impl FnOnce() -> U) -> Result<Self, HttpError> {
        let http = match cx.base_url() {
            Some(url) => Self::to(url)?,
            None => Self::to(otherwise())?,
        };
        Ok(http.counted_by(cx.traffic()))
    }

    /// `GET path`, prepared once.
    pub fn get(&self, path: impl Into<String>) -> Calls<Same> {
        self.request(Request::get(path))
    }

    /// `HEAD path`, prepared once.
    pub fn head(&self, path: impl Into<String>) -> Calls<Same> {
        self.request(Request::head(path))
    }

    /// `POST path`, prepared once.
    pub fn post(&self, path: impl Into<String>) -> Calls<Same> {
        self.request(Request::post(path))
    }

    /// `PUT path`, prepared once.
    pub fn put(&self, path: impl Into<String>) -> Calls<Same> {
        self.request(Request::put(path))
    }

    /// `PATCH path`, prepared once.
    pub fn patch(&self, path: impl Into<String>) -> Calls<Same> {
        self.request(Request::patch(path))
    }

    /// `DELETE path`, prepared once.
    pub fn delete(&self, path: impl Into<String>) -> Calls<Same> {
        self.request(Request::delete(path))
    }

    /// Any request, prepared once.
    pub fn request(&self, request: Request) -> Calls<Same> {
        Calls::new(self, Same::new(request))
    }

    /// A request for each operation. One that is wrong is an error of that operation, of the kind `request: ...`.
    pub fn each<F: Fn(Op) -> Request + Send + Sync + 'static>(&self, request: F) -> Calls<Each<F>> {
        Calls::new(self, Each::new(request))
    }

    /// Sessions of several turns: `make` makes a user's state, `turn` its next request, `hear` hears every answer that is
    /// ok by its status, and may refuse it as [`Calls::check`] does. An operation is a turn. In an open load each operation
    /// is a user of its own, so sessions of more than one turn want a closed one.
    ///
    /// ```no_run
    /// # async fn case(cx: proofload::Context, http: proofload::http::Http) -> proofload::Result {
    /// use proofload::{Load, http::{Answer, Request}, seconds};
    ///
    /// let chats = http.sessions(
    ///     |user| vec![format!("I am agent {user}")],
    ///     |said: &mut Vec<String>, _op| Request::post("/v1/messages").json(said),
    ///     |said, answer: &Answer| Ok(said.push(answer.text()?.to_owned())),
    /// );
    /// cx.load(Load::users(10).iterations_each(50)).send(chats).await?;
    /// # cx.done()
    /// # }
    /// ```
    pub fn sessions<S, M, T, H>(&self, make: M, turn: T, hear: H) -> Sessions<S, M, T, H>
    where
        S: Send + 'static,
        M: Fn(u64) -> S + Send + Sync + 'static,
        T: Fn(&mut S, Op) -> Request + Send + Sync + 'static,
        H: Fn(&mut S, &Answer) -> Result<(), String> + Send + Sync + 'static,
    {
        Sessions::new(self, make, turn, hear)
    }

    /// The client of user `number`, for a [`Workload`](crate::Workload) of your own.
    pub fn agent(&self, number: u64) -> Agent {
        Agent::new(self, number)
    }

    /// Connections that were opened so far, those that are closed included.
    pub fn connections_opened(&self) -> u64 {
        self.client.opened()
    }

    /// HTTP/2: agreed on within TLS, taken for granted without. Requests share their connections, four of them unless
    /// [`Http::connections`] says otherwise.
    pub fn http2(self) -> Self {
        self.with(|options| options.protocol = Protocol::Http2)
    }

    /// HTTP/1.1: at most so many connections at once; requests wait for one, and their time runs. Without a limit a user
    /// of a closed load keeps its own, and an open load has as many as requests at once. HTTP/2: exactly so many.
    pub fn connections(self, number: usize) -> Self {
        self.with(|options| options.most = Some(number))
    }

    /// A new connection for each request, of which opening is a part.
    pub fn new_connections(self) -> Self {
        self.with(|options| options.connections = Connections::Anew)
    }

    /// The longest time for opening a connection, the lookup of the name and TLS included; 10 s unless stated. It ends in
    /// an error `connect timeout`.
    pub fn connect_timeout(self, longest: Duration) -> Self {
        self.with(|options| options.connect_timeout = longest)
    }

    /// The longest time without progress, neither with the request nor with its answer; 30 s unless stated. It ends in an
    /// error `read timeout`. How long an operation may take in all is the load's `timeout`.
    pub fn read_timeout(self, longest: Duration) -> Self {
        self.with(|options| options.read_timeout = longest)
    }

    /// What becomes of answers with a status of 3xx; they are ok unless stated.
    pub fn redirects(self, redirects: Redirects) -> Self {
        self.with(|options| options.redirects = redirects)
    }

    /// Bytes of a body that are kept for a check; 1 MiB unless stated. What is more is read, counted and let go.
    pub fn largest_body(self, bytes: usize) -> Self {
        self.with(|options| options.most_body = bytes)
    }

    /// A header that every request has unless it states its own.
    ///
    /// # Errors
    /// No header can be so.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<Self, HttpError> {
        let header = header(name.as_ref(), value.as_ref())?;
        Ok(self.with(|options| options.headers.push(header)))
    }

    /// Trusts the certificates in this file, in PEM, beside those of the system.
    ///
    /// # Errors
    /// The file cannot be read, or has no certificate.
    pub fn trusting(self, file: impl AsRef<Path>) -> Result<Self, HttpError> {
        let certificates = read_certificates(file.as_ref())?;
        Ok(self.with(|options| options.roots.extend(certificates)))
    }

    /// Takes whatever certificate the target shows: for a test system of your own, and nothing else. Whoever is on the way
    /// can read and change what is sent.
    pub fn dangerously_without_verification(self) -> Self {
        self.with(|options| options.verification = Verification::None)
    }

    /// Counts the bytes of its connections with `meter`, such as [`Context::traffic`]: of the network, so with TLS what TLS
    /// makes of them.
    pub fn counted_by(self, meter: &TrafficMeter) -> Self {
        let Client { base, options, .. } = &*self.client;
        Self { client: Arc::new(Client::new(base.clone(), options.clone(), meter.clone())) }
    }

    fn with(self, change: impl FnOnce(&mut Options)) -> Self {
        let Client { base, options, meter, .. } = &*self.client;
        let mut options = options.clone();
        change(&mut options);
        Self { client: Arc::new(Client::new(base.clone(), options, meter.clone())) }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Client { base, options, .. } = &*self.client;
        f.debug_struct("Http").field("to", &base.authority).field("options", options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Load,
        context::Terms,
        journal::Writer,
        seconds,
        settings::{Resolved, Scope},
        stop::StopToken,
    };

    /// The context of a case with this `base_url`, and the folder that it needs.
    fn case(base_url: Option<&str>) -> (Context, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = serde_json::to_value(Resolved::built_in(Scope::Case)).unwrap();
        settings["base_url"]["text"] = base_url.into();
        let terms = Terms {
            settings: serde_json::from_value(settings).unwrap(),
            folder: folder.path().to_owned(),
            scratch: folder.path().to_owned(),
            data_limit_bytes: None,
            seed: 0,
            is_dry_run: false,
            cluster: None,
        };
        let journal = Writer::create(&folder.path().join("journal.ndjson")).unwrap();
        (Context::new(terms, Arc::new(journal), StopToken::new()).unwrap(), folder)
    }

    #[test]
    fn a_case_can_be_put_on_any_service() {
        let (cx, _folder) = case(None);
        assert_eq!(cx.base_url(), None);
        let own = Http::of_case(&cx, || "http://127.0.0.1:1").unwrap();
        assert_eq!(own.client.base.authority, "127.0.0.1:1");

        let (cx, _folder) = case(Some("http://elsewhere:2/api"));
        let other = Http::of_case(&cx, || -> String { panic!("there is no need of a server") }).unwrap();
        assert_eq!((&*other.client.base.authority, &*other.client.base.prefix), ("elsewhere:2", "/api"));

        let (cx, _folder) = case(Some("elsewhere"));
        let error = Http::of_case(&cx, || "http://127.0.0.1:1").unwrap_err().to_string();
        assert!(error.starts_with("\"elsewhere\" is no base URL: it has no scheme"), "{error}");
    }

    #[test]
    fn a_variable_names_the_service_or_is_named_in_the_error() {
        // One that every process has, and that is no URL.
        let error = Http::to_env("PATH", || "http://127.0.0.1:1").unwrap_err().to_string();
        assert!(error.starts_with("the variable PATH: "), "{error}");
        let own = Http::to_env("PROOFLOAD_TEST_NOT_SET", || "http://127.0.0.1:1").unwrap();
        assert_eq!(own.client.base.authority, "127.0.0.1:1");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_request_that_cannot_be_sent_is_an_error_before_anything_runs() {
        let (cx, _folder) = case(None);
        let http = Http::to("http://127.0.0.1:1").unwrap();
        let load = || Load::users(1).for_duration(seconds(60));
        let error = cx.load(load()).send(http.get("health")).await.err().unwrap().to_string();
        assert!(error.contains("it has to begin with a slash"), "{error}");
        let error = cx.load(load()).send(http.http2().new_connections().get("/")).await.err().unwrap();
        assert!(error.to_string().contains("HTTP/2 shares its connections"), "{error}");
    }
}
