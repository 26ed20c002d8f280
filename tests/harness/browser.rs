//! `report.html` in a real browser: Chromium without a window, which reads the file of a run from the disk.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Impossible, fixture::Package, tests};

tests![
    ; where possible:
    a_report_is_shown_as_it_is,
];

/// What the program is called, by system and packager.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Far more than showing a page takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(50);

/// Looks at the page from inside and writes what it saw into the title.
const LOOK: &str = r#"<script>
addEventListener("load", () => {
  const charts = [...document.querySelectorAll("svg")];
  document.querySelectorAll("details").forEach(part => part.open = true);
  const isDrawn = chart => [...chart.querySelectorAll("polyline,circle,rect")].some(shape => {
    const box = shape.getBoundingClientRect();
    const style = getComputedStyle(shape);
    return box.width + box.height > 0 && (style.stroke !== "none" || style.fill !== "none");
  });
  document.title = JSON.stringify({
    charts: charts.length,
    drawn: charts.filter(isDrawn).length,
    width: innerWidth,
    needs: document.documentElement.scrollWidth,
    background: getComputedStyle(document.body).backgroundColor,
    line: getComputedStyle(document.querySelector('svg [stroke="\#1F6FEB"]')).stroke,
    requests: performance.getEntriesByType("resource").map(entry => entry.name),
  });
  if (parent !== window) parent.document.title = document.title;
});
</script>"#;

fn a_report_is_shown_as_it_is() -> Result<(), Impossible> {
    let browser = Browser::find()?;
    let package = Package::new();
    package.run(&["fast_"]).exits(0);
    let page = package.latest("report.html").canonicalize().unwrap();

    // As it is: whatever it asked for or did wrong would be a message on the console.
    let shown = browser.show(&page, &[]);
    assert!(shown.dom.contains("suite::fast_open") && shown.dom.contains("<svg"), "{}", shown.dom);
    let complaints: Vec<&str> = shown.log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");

    // The same page, which its own policy would not let be looked at.
    let looked_at = package.file("looked-at.html");
    let text = fs::read_to_string(&page).unwrap();
    assert_eq!(text.matches("Content-Security-Policy").count(), 1);
    let text = text.replace("Content-Security-Policy", "x").replace("</head>", &format!("{LOOK}</head>"));
    fs::write(&looked_at, &text).unwrap();
    // Chromium has no window as narrow as a phone, but a frame can be.
    let narrow = package.file("narrow.html");
    let quoted = text.replace('&', "&amp;").replace('"', "&quot;");
    let head = "<!DOCTYPE html><title></title><meta name=\"color-scheme\" content=\"light dark\">";
    fs::write(&narrow, format!("{head}<iframe width=\"390\" height=\"800\" srcdoc=\"{quoted}\"></iframe>"))
        .unwrap();
    for (scheme, background, line) in
        [("1", "rgb(255, 255, 255)", "rgb(31, 111, 235)"), ("0", "rgb(13, 17, 23)", "rgb(88, 166, 255)")]
    {
        for (page, most) in [(&looked_at, 1280), (&narrow, 390)] {
            let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
            let seen = browser.show(page, &[&scheme, "--window-size=1280,900"]).title();
            assert_eq!((&seen["background"], &seen["line"]), (&background.into(), &line.into()), "{seen}");
            assert!(seen["charts"].as_u64() >= Some(7) && seen["charts"] == seen["drawn"], "{seen}");
            assert!(seen["width"].as_u64() <= Some(most), "{seen}");
            assert!(
                seen["needs"].as_u64() <= seen["width"].as_u64(),
                "it has to be scrolled sideways: {seen}"
            );
            assert_eq!(seen["requests"], Value::Array(Vec::new()), "{seen}");
        }
    }
    Ok(())
}

/// A program that shows pages.
struct Browser {
    program: PathBuf,
    /// What it keeps of itself.
    profile: tempfile::TempDir,
}

/// What became of a page.
struct Shown {
    dom: String,
    log: String,
}

impl Shown {
    /// What [`LOOK`] saw.
    #[track_caller]
    fn title(&self) -> Value {
        let (_, rest) = self.dom.split_once("<title>").expect("a title");
        let (title, _) = rest.split_once("</title>").expect("the end of the title");
        serde_json::from_str(title).unwrap_or_else(|error| panic!("{error}: {title}"))
    }
}

impl Browser {
    /// The first one on the path. In CI there is one, so that this test is never left out unseen, unless `STRESS_WITHOUT`
    /// says that it could not be installed.
    fn find() -> Result<Self, Impossible> {
        let folders: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
        let mut programs = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        let without = env::var("STRESS_WITHOUT").unwrap_or_default();
        let is_excused = without.split_whitespace().any(|name| name == "chromium");
        match programs.find(|program| program.is_file()) {
            Some(program) => Ok(Self { program, profile: tempfile::tempdir().unwrap() }),
            None if env::var_os("CI").is_some() && !is_excused => {
                panic!("CI has to install one of {}", NAMES.join(", "))
            }
            None => Err(Impossible(format!("none of {} is installed", NAMES.join(", ")))),
        }
    }

    /// Shows a file and says what became of it.
    #[track_caller]
    fn show(&self, page: &Path, arguments: &[&str]) -> Shown {
        let file = |name: &str| self.profile.path().join(name);
        let (dom, log) = (file("dom"), file("log"));
        let mut child = Command::new(&self.program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--dump-dom",
            ])
            .args(["--disable-background-networking", "--disable-component-update", "--no-first-run"])
            .args(["--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND"])
            .arg(format!("--user-data-dir={}", file("profile").display()))
            .args(arguments)
            .arg(format!("file://{}", page.display()))
            .stdin(Stdio::null())
            .stdout(fs::File::create(&dom).unwrap())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it did not end\n{}", fs::read_to_string(&log).unwrap_or_default());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Shown { dom: read(&dom), log: read(&log) }
    }
}
