//! What of a setting nobody is shown.

/// Settings whose value is a secret.
const SECRETS: [&str; 2] = ["cluster_password", "cluster_token"];

/// The value of a setting as people may see it: secrets are left out, and so is what stands before the `@` of an address.
pub(crate) fn without_secret(key: &str, text: &str) -> String {
    match SECRETS.contains(&key) {
        true => "(secret)".to_owned(),
        false => without_account(text),
    }
}

/// An argument of the command line as people may see it.
pub(crate) fn argument_without_secret(argument: &str) -> String {
    let is_secret =
        |key: &str| SECRETS.iter().any(|secret| key == *secret || key.ends_with(&format!(".{secret}")));
    match argument.split_once('=') {
        Some((key, _)) if is_secret(key) => format!("{key}=(secret)"),
        _ => without_account(argument),
    }
}

/// Addresses without the account that they name.
fn without_account(text: &str) -> String {
    let bare = |part: &str| match (part.find("://"), part.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{}", &part[..scheme + 3], &part[at + 1..]),
        _ => part.to_owned(),
    };
    match text.contains("://") {
        true => text.split(',').map(bare).collect::<Vec<_>>().join(","),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        assert_eq!(without_secret("cluster_token", "abc"), "(secret)");
        assert_eq!(without_secret("cluster", "nats://ann:pw@host:4222,tls://b"), "nats://host:4222,tls://b");
        assert_eq!(without_secret("expect", "success_rate >= 95%"), "success_rate >= 95%");
        assert_eq!(argument_without_secret("cluster_password=pw"), "cluster_password=(secret)");
        assert_eq!(argument_without_secret("--cluster=nats://ann:pw@host"), "--cluster=nats://host");
        assert_eq!(argument_without_secret("nats://ann:p@w@host"), "nats://host");
        assert_eq!(argument_without_secret("--exact"), "--exact");
    }
}
