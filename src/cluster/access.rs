use std::fmt;

use serde::{Deserialize, Serialize};

use crate::settings::Resolved;

/// How the broker is reached, and as whom. Its debug form has no secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Access {
    /// `nats://host:4222`, several with commas between them.
    pub(crate) url: String,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) token: Option<String>,
    /// The file with the seed of an NKey.
    pub(crate) nkey: Option<String>,
    /// A file of credentials, as `nsc` makes it: a JWT and a seed.
    pub(crate) credentials: Option<String>,
    /// A file of certificates (PEM) that the broker's has to be signed by.
    pub(crate) ca: Option<String>,
    /// The file of this client's certificate (PEM) ...
    pub(crate) certificate: Option<String>,
    /// ... and that of its key.
    pub(crate) key: Option<String>,
}

impl Access {
    /// What the settings of a run say, if they name a broker.
    pub(crate) fn of(run: &Resolved) -> Option<Self> {
        let text = |key| run.text(key).map(str::to_owned);
        Some(Self {
            url: text("cluster")?,
            user: text("cluster_user"),
            password: text("cluster_password"),
            token: text("cluster_token"),
            nkey: text("cluster_nkey"),
            credentials: text("cluster_credentials"),
            ca: text("cluster_ca"),
            certificate: text("cluster_certificate"),
            key: text("cluster_key"),
        })
    }

    /// The broker without what stands before an `@`.
    pub(crate) fn shown(&self) -> String {
        let bare = |url: &str| match (url.split_once("://"), url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            (None, Some((_, host))) => host.to_owned(),
            (_, None) => url.to_owned(),
        };
        self.url.split(',').map(|url| bare(url.trim())).collect::<Vec<_>>().join(",")
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("url", &self.shown()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let access = Access {
            url: "nats://ann:secret@a:4222, tls://b:4222,ann:secret@c".to_owned(),
            password: Some("secret".to_owned()),
            token: Some("secret".to_owned()),
            ..Access::default()
        };
        assert_eq!(access.shown(), "nats://a:4222,tls://b:4222,c");
        assert!(!format!("{access:?}").contains("secret"), "{access:?}");
    }
}
