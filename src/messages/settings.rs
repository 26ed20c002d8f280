use super::{Page, scene::settings};
use crate::{
    case::CaseInfo,
    settings::{Settings, Sources, Wrong},
    suite::{Body, Registered, Suite, sorted},
};

#[test]
fn settings_of_a_run() {
    let mut page = Page::new("settings", "Settings and cases that contradict themselves");
    page.family("In stress.toml");
    for file in [
        "users = 5\nrate = \"100/s\n",
        "max_memmory = 1\n",
        "colour = 1\n",
        "duration = 30\n",
        "max_memory = \"2 parsecs\"\n",
        "max_memory = \"0\"\n",
        "timeout = \"0s\"\n",
        "cpu_window = \"1ms\"\n",
        "max_cpu = 90\n",
        "users = -1\n",
        "load_scale = \"much\"\n",
        "report = [\"json\", \"pdf\"]\n",
        "dry_run = \"perhaps\"\n",
        "on_alert = [\"mail, please\"]\n",
        "profile = \"nightly\"\n",
        "[profile.base]\n[profile.x]\ninherits = \"bsae\"\n",
        "[profile.x]\ninherits = \"x\"\n",
        "[[override]]\nusers = 1\n",
        "[[override]]\ncase = \"serach\"\nusers = 1\n",
        "[[override]]\ncase = \"write\"\nusers = 1\n",
        "[[override]]\nmarker = \"slwo\"\nusers = 1\n",
        "[[override]]\ncase = \"search\"\nseed = 1\n",
    ] {
        page.refuses(file.trim_end(), settings(file, &[], &[]));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stress.toml");
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    let error = Sources::around(&path).unwrap_err();
    assert!(matches!(error.mistakes[0].wrong, Wrong::Unreadable(_)));
    page.says("(no text)", error.to_string().replace(&path.display().to_string(), "stress/stress.toml"));
    page.family("In the environment and on the command line");
    page.refuses("PROOFLOAD_RAET=5", settings("", &[("PROOFLOAD_RAET", "5")], &[]));
    page.refuses("PROOFLOAD_COLOUR=5", settings("", &[("PROOFLOAD_COLOUR", "5")], &[]));
    page.refuses("PROOFLOAD_PROFILE=nightly", settings("", &[("PROOFLOAD_PROFILE", "nightly")], &[]));
    page.refuses("--set rate", settings("", &[], &["rate"]));
    page.refuses("--set search.seed=5", settings("", &[], &["search.seed=5"]));
    page.refuses("--set serach.users=5", settings("", &[], &["serach.users=5"]));
    page.family("In the attribute of a case");
    let twice = CaseInfo { settings: &[("users", "5"), ("users", "6")], ..super::scene::CASE };
    page.refuses("users = 5, users = 6", Settings::load(Sources::default(), &[twice]));
    page.family("Of the suite");
    let suite = Suite {
        package_dir: "",
        package: "index",
        version: "1.0.0",
        crate_name: "stress",
        main_file: "stress/main.rs",
        folder: "cases",
        files: &[],
        tmp: None,
    };
    page.refuses("main!(\"cases\") without a case", sorted([], &suite));
    let case = Registered { info: super::scene::CASE, body: Body::Blocking(|_| Ok(())), needs: None };
    page.refuses("two of a name", sorted([case, case], &suite));
    page.check();
}
