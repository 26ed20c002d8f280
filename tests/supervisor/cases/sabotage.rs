use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use proofload::Context;

use super::{amid_load, short};

/// Where the reports of this run are.
fn run_folder() -> std::io::Result<PathBuf> {
    let reports = std::env::var_os("PROOFLOAD_REPORT_DIR").expect("the fixture says where");
    fs::canonicalize(Path::new(&reports).join("latest"))
}

/// Where the supervisor keeps what it has of this case.
fn case_folder(name: &str) -> std::io::Result<PathBuf> {
    Ok(run_folder()?.join(format!("cases/cases.sabotage.{name}")))
}

#[proofload::case(deletes_its_folders)]
async fn deletes_its_folders(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    fs::remove_dir_all(cx.scratch_dir().parent().expect("a folder around it"))?;
    fs::remove_dir_all(case_folder("deletes_its_folders")?)?;
    cx.load(short()).named("later").run(|_op| async {}).await?;
    cx.done()
}

#[proofload::case(deletes_all_reports)]
async fn deletes_all_reports(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    fs::remove_dir_all(run_folder()?)?;
    cx.load(short()).named("later").run(|_op| async {}).await?;
    cx.done()
}

#[proofload::case(deletes_its_journal)]
async fn deletes_its_journal(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    fs::remove_file(case_folder("deletes_its_journal")?.join("journal.ndjson"))?;
    cx.load(short()).named("later").run(|_op| async {}).await?;
    cx.done()
}

#[proofload::case(cuts_its_journal)]
async fn cuts_its_journal(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    let journal = case_folder("cuts_its_journal")?.join("journal.ndjson");
    File::options().write(true).open(journal)?.set_len(0)?;
    cx.load(short()).named("later").run(|_op| async {}).await?;
    cx.done()
}

/// Leaves no room on the disk of the reports for a while.
#[proofload::case(fills_the_disk, min_free_disk = "off")]
async fn fills_the_disk(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    let path = run_folder()?.join("filler");
    let mut filler = File::create(&path)?;
    while filler.write_all(&[1; 512]).is_ok() {}
    // Slices come every 200 ms, and a busy machine has its own idea of that.
    tokio::time::sleep(Duration::from_secs(1)).await;
    fs::remove_file(path)?;
    cx.done()
}
