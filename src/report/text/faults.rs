use super::{lay::Page, show};
use crate::{FaultBand, report::CaseReport};

/// Stretches shown of the same faults in the same load; the others are in `report.json`.
const MOST_STRETCHES: usize = 4;

/// Faults shown of a load.
const MOST_FAULTS: usize = 4;

/// Where injected faults were in force while the load called `name` ran (outside of any where it is empty), and what met
/// them: times in seconds since `began_s`.
pub(super) fn lay(page: &mut Page, indent: usize, case: &CaseReport, name: &str, began_s: f64) {
    let of_load: Vec<&FaultBand> = case.faults.iter().filter(|band| band.load == name).collect();
    let mut names: Vec<&str> = of_load.iter().map(|band| band.faults.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for faults in names.iter().take(MOST_FAULTS) {
        let bands: Vec<&FaultBand> = of_load.iter().filter(|band| band.faults == *faults).copied().collect();
        let Some(first) = bands.first() else { continue };
        let mut shown: Vec<String> =
            bands.iter().take(MOST_STRETCHES).map(|band| stretch(band, began_s)).collect();
        if let Some(more) = bands.len().checked_sub(MOST_STRETCHES).filter(|more| *more > 0) {
            shown.push(format!("{more} more"));
        }
        let plan = if first.plan.is_empty() { String::new() } else { format!("{}; ", first.plan) };
        // Those that have a name of their own must not read as a tag.
        let lead =
            if faults.starts_with("faults") { format!("{faults}: ") } else { format!("faults {faults}: ") };
        page.prose(indent, &lead, &format!("{plan}{}", shown.join(", ")));
    }
    if let Some(more) = names.len().checked_sub(MOST_FAULTS).filter(|more| *more > 0) {
        page.prose(indent, "", &format!("... {more} more faults in report.json"));
    }
}

/// `53 met (27 error, 26 hang) from 5 s to 10 s`.
fn stretch(band: &FaultBand, began_s: f64) -> String {
    let times = format!(
        "from {} to {}",
        show::seconds((band.from_s - began_s).max(0.0)),
        show::seconds((band.until_s - began_s).max(0.0))
    );
    let kinds: Vec<String> =
        band.kinds.iter().map(|(word, n)| format!("{} {word}", show::count(*n))).collect();
    match band.met {
        Some(met) if kinds.len() > 1 => {
            format!("{} met ({}) {times}", show::count(met), kinds.join(", "))
        }
        Some(met) => format!("{} met {times}", show::count(met)),
        None => format!("{times}, not counted"),
    }
}
