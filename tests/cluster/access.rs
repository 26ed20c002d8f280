//! Who is let in by the broker, and as whom.

use std::fs;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    broker::Broker,
    checks::{ended, passed},
    fixture::Left,
};

/// Files for a broker and its nodes.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Writes one; its path.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("text").to_owned()
    }

    /// A key with a certificate that it has signed itself, for 127.0.0.1: the paths of the certificate and of the key.
    fn certificate(&self, name: &str) -> (String, String) {
        let names = vec!["127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("a certificate");
        let key = self.write(&format!("{name}.key"), &signing_key.serialize_pem());
        (self.write(&format!("{name}.pem"), &cert.pem()), key)
    }

    /// A broker with these settings.
    fn broker(&self, config: &str) -> Broker {
        Broker::with(&["--config", &self.write("nats.conf", config)])
    }
}

/// Nodes that are told this of the broker.
fn with(broker: &Broker, nodes: u32, settings: &[(&str, &str)]) -> Vec<Left> {
    let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting.as_str()]).collect();
    ended(broker, "once", nodes, &arguments)
}

/// What one node says that does not get in.
#[track_caller]
fn refused(broker: &Broker, settings: &[(&str, &str)]) -> String {
    let left = with(broker, 1, settings).pop().expect("one node");
    assert_eq!(left.status, Some(2), "{}", left.said);
    left.said
}

#[track_caller]
fn says(said: &str, what: &str) {
    assert!(said.contains(what), "{what:?} is not in {said}");
}

pub(crate) fn accounts() {
    let broker = Broker::with(&["--user", "ann", "--pass", "hush-hush"]);
    let all = with(&broker, 2, &[("cluster_user", "ann"), ("cluster_password", "hush-hush")]);
    passed(&all);
    for file in ["report.json", "summary.txt", "report.html"] {
        assert!(!all[0].file(file).contains("hush-hush"), "{file} shows the password");
    }
    let said = refused(&broker, &[("cluster_user", "ann"), ("cluster_password", "not-hush")]);
    says(&said, "cannot be used");
    assert!(!said.contains("not-hush"), "{said}");
    let broker = Broker::with(&["--auth", "hush-token"]);
    passed(&with(&broker, 2, &[("cluster_token", "hush-token")]));
}

pub(crate) fn keys() {
    let files = Files::new();
    let (certificate, private) = files.certificate("broker");
    let user = KeyPair::new_user();
    let broker = files.broker(&format!(
        "authorization {{ users = [ {{ nkey: {} }} ] }}\ntls {{ cert_file: \"{certificate}\", key_file: \"{private}\" }}\n",
        user.public_key()
    ));
    let seed = files.write("seed", &format!("{}\n", user.seed().expect("it has one")));
    let ca = ("cluster_ca", certificate.as_str());
    passed(&with(&broker, 2, &[("cluster_nkey", &seed), ca]));
    says(&refused(&broker, &[ca]), "cannot be used");
    let said = refused(&broker, &[("cluster_nkey", &seed)]);
    says(&said, "cannot be used");
    let said = refused(&broker, &[("cluster_nkey", "/nowhere")]);
    says(&said, "the file /nowhere of `cluster_nkey` cannot be read");
}

pub(crate) fn certificates() {
    let files = Files::new();
    let (certificate, private) = files.certificate("broker");
    let (own, own_key) = files.certificate("node");
    let (strange, strange_key) = files.certificate("stranger");
    let broker = files.broker(&format!(
        "tls {{ cert_file: \"{certificate}\", key_file: \"{private}\", ca_file: \"{own}\", verify: true }}\n"
    ));
    let ca = ("cluster_ca", certificate.as_str());
    passed(&with(&broker, 2, &[ca, ("cluster_certificate", &own), ("cluster_key", &own_key)]));
    says(&refused(&broker, &[ca]), "cannot be used");
    let said = refused(&broker, &[ca, ("cluster_certificate", &strange), ("cluster_key", &strange_key)]);
    says(&said, "cannot be used");
}

/// What one who may sign says of another, as a JSON Web Token of NATS: claims of version 2, signed with Ed25519.
fn token(signer: &KeyPair, about: &KeyPair, nats: Value) -> String {
    let claims = json!({ "jti": "1", "iss": signer.public_key(), "sub": about.public_key(), "name": "a", "nats": nats });
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let encoded = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let text =
        format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
    let signature = signer.sign(text.as_bytes()).expect("it has its seed");
    format!("{text}.{}", encoded(&signature))
}

/// A file of credentials as `nsc` makes it.
fn credentials_of(files: &Files, name: &str, user: &KeyPair, account: &KeyPair) -> String {
    let unlimited = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let text = format!(
        "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        token(account, user, unlimited),
        user.seed().expect("it has one"),
    );
    files.write(name, &text)
}

pub(crate) fn credentials() {
    let files = Files::new();
    let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1
    });
    let of_account = json!({ "type": "account", "version": 2, "limits": limits });
    let broker = files.broker(&format!(
        "operator: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {} }}\n",
        token(&operator, &operator, json!({ "type": "operator", "version": 2 })),
        account.public_key(),
        token(&operator, &account, of_account),
    ));
    let user = KeyPair::new_user();
    let known = credentials_of(&files, "known", &user, &account);
    passed(&with(&broker, 2, &[("cluster_credentials", &known)]));
    let stranger = credentials_of(&files, "stranger", &user, &KeyPair::new_account());
    says(&refused(&broker, &[("cluster_credentials", &stranger)]), "cannot be used");
    let empty = files.write("empty", "");
    let said = refused(&broker, &[("cluster_credentials", &empty)]);
    says(&said, &format!("the file {empty} of `cluster_credentials` cannot be read"));
}

pub(crate) fn halves() {
    let broker = Broker::start();
    for (stated, missing) in [
        ("cluster_user", "cluster_password"),
        ("cluster_password", "cluster_user"),
        ("cluster_certificate", "cluster_key"),
        ("cluster_key", "cluster_certificate"),
    ] {
        let said = refused(&broker, &[(stated, "half")]);
        says(&said, &format!("`{stated}` is stated and `{missing}` is not"));
    }
}
