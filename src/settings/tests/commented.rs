use super::{super::keys::KEYS, *};
use crate::settings::{Scope, commented_file};

/// What `--init` writes beside the file.
const FIRST: CaseInfo = CaseInfo {
    function: "words_are_counted",
    module: "stress::cases::first",
    target: Some("count_words"),
    ..PLAIN
};

fn read(text: String, profile: &str) -> Settings {
    let sources = Sources {
        file: Some(("stress/stress.toml".into(), text)),
        command_line: vec![("profile".to_owned(), profile.to_owned(), format!("--profile {profile}"))],
        ..Sources::default()
    };
    Settings::load(sources, &[FIRST]).unwrap_or_else(|error| panic!("{error}"))
}

/// The file with every line of TOML that is commented out.
fn uncommented() -> String {
    let text = commented_file("stress");
    let is_prose = |line: &str| line == "#" || line.starts_with("# ");
    let lines = text.lines().map(|line| if is_prose(line) { line } else { line.trim_start_matches('#') });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn as_it_is_written_it_changes_nothing() {
    let with = read(commented_file("stress"), "default");
    let without = load("", &[], &[]).unwrap();
    assert_eq!(with.for_case(&FIRST), without.for_case(&FIRST));
    let differs = |key: &&str| with.run().text(key) != without.run().text(key);
    let keys: Vec<&str> = with.run().iter().map(|(key, _)| key).collect();
    assert!(!keys.iter().any(differs), "{keys:?}");
}

#[test]
fn every_key_is_in_it_once_with_its_default() {
    let settings = read(uncommented(), "default");
    let case = settings.for_case(&CaseInfo { target: None, ..FIRST });
    for key in KEYS.iter().filter(|key| key.name != "profile") {
        let resolved = if key.scope == Scope::Case { &case } else { settings.run() };
        assert!(
            resolved.origin(key.name).to_string().starts_with("stress/stress.toml:"),
            "{} is not in the file",
            key.name
        );
        let built_in = crate::settings::Resolved::built_in(key.scope);
        if let Some(default) = built_in.text(key.name) {
            assert_eq!(resolved.text(key.name), Some(default), "{}", key.name);
        }
    }
}

#[test]
fn its_profiles_and_overrides_are_right() {
    let text = |settings: &Settings, key: &str| settings.for_case(&FIRST).text(key).map(str::to_owned);
    let ci = read(commented_file("stress"), "ci");
    assert_eq!(text(&ci, "max_cpu").as_deref(), Some("off"));
    assert!(!ci.run().switch("include_all"));
    let nightly = read(commented_file("stress"), "nightly");
    assert_eq!(text(&nightly, "max_cpu").as_deref(), Some("off"), "it inherits");
    assert!(nightly.run().switch("include_all"));
    assert_eq!(nightly.profile_description(), Some("every case"));
    let soak = read(commented_file("stress"), "soak");
    assert_eq!(text(&soak, "duration").as_deref(), Some("1h"));
    let soak = read(uncommented(), "soak");
    assert_eq!(text(&soak, "duration").as_deref(), Some("8h"), "by case");
    assert_eq!(text(&soak, "expect").as_deref(), Some("latency.p99 < 500ms"), "by target");
}

#[test]
fn it_reads_like_this() {
    let text = commented_file("load");
    for part in [
        "\n\n# longest time for a case, everything included (duration or `off`)\n#time_limit = \"300s\"\n\n",
        "\n# users of closed loads, instead of what the case states (whole number; not set)\n#users = 10\n",
        "\n#report = [\"json\", ",
        "\n#max_descriptors = \"off\"\n",
        "\n#include_slow = false\n",
        "\n#expect = [\"success_rate >= 95%\", \"latency.p95 < 100ms\"]\n",
        "`cargo test --test load -- --show-settings`",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}
