use std::io;

use super::{
    CaseReport, FolderError, LoadReport, RunFolder,
    folder::{failed, write_whole},
};
use crate::{
    monitor::{ResourceWindow, Resources},
    observe::Window,
};

/// The file of a case's course, for spreadsheets and data frames.
pub(crate) const TIMELINE: &str = "timeline.csv";

/// The columns in their order, units in their names. New ones come at the end.
const COLUMNS: [&str; 40] = [
    "at_s",
    "length_s",
    "load",
    "phase",
    "is_warm_up",
    "asked_per_s",
    "due",
    "ok",
    "rejected",
    "error",
    "timeout",
    "unfinished",
    "dropped",
    "in_flight",
    "response_p50_ms",
    "response_p90_ms",
    "response_p95_ms",
    "response_p99_ms",
    "response_max_ms",
    "service_p50_ms",
    "service_p90_ms",
    "service_p95_ms",
    "service_p99_ms",
    "service_max_ms",
    "lateness_p99_ms",
    "cpu_percent",
    "cpu_cores",
    "memory_bytes",
    "threads",
    "descriptors",
    "disk_read_bytes_per_s",
    "disk_written_bytes_per_s",
    "context_switches_per_s",
    "memory_stall_percent",
    "storage_stall_percent",
    "machine_cpu_percent",
    "machine_memory_available_bytes",
    "machine_network_received_bytes_per_s",
    "machine_network_sent_bytes_per_s",
    "machine_loopback_bytes_per_s",
];

/// How many of them are of a load; the others are of the processes and the machine.
const OF_A_LOAD: usize = 25;

impl RunFolder {
    /// Writes what became of one case, and its course where that is among the formats, into its folder.
    pub(crate) fn write_course(&self, case: &CaseReport, formats: &[String]) -> Result<(), FolderError> {
        self.write_case(case)?;
        if !formats.iter().any(|format| format == "csv") {
            return Ok(());
        }
        let path = self.path.join(&case.folder).join(TIMELINE);
        let text = timeline(case).map_err(failed("the timeline", &path, "written"))?;
        write_whole(&path, &text)
    }
}

/// When a row begins, in seconds of the case, whose window it is, and what the processes did then.
type Row<'a> = (f64, Option<(&'a LoadReport, &'a Window)>, Option<&'a ResourceWindow>);

/// The course of a case: a row for each window of each load, by their beginning, and one for each stretch of the
/// processes' timeline in which no window of a load begins.
fn timeline(case: &CaseReport) -> io::Result<Vec<u8>> {
    // Lines end as RFC 4180 has it.
    let mut out = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    let resources = &case.resources;
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut is_met = vec![false; resources.windows.len()];
    for load in &case.loads {
        for window in &load.timeline {
            let at_s = load.started_s + window.at_s;
            let index = stretch_at(resources, at_s + window.length_s / 2.0);
            if let Some(met) = index.and_then(|index| is_met.get_mut(index)) {
                *met = true;
            }
            let stretch = index.and_then(|index| resources.windows.get(index));
            rows.push((at_s, Some((load, window)), stretch));
        }
    }
    for (stretch, _) in resources.windows.iter().zip(is_met).filter(|(_, is_met)| !is_met) {
        rows.push((f64::from(stretch.at_s), None, Some(stretch)));
    }
    // Stable: loads that begin at the same time stay in their order.
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (at_s, seen, stretch) in rows {
        let length_s = seen.map_or(f64::from(resources.window_s), |(_, window)| window.length_s);
        let mut row = vec![number(at_s), number(length_s)];
        match seen {
            Some((load, window)) => of_load(&mut row, load, window),
            None => row.resize(OF_A_LOAD, String::new()),
        }
        match stretch {
            Some(stretch) => of_processes(&mut row, stretch, resources),
            None => row.resize(COLUMNS.len(), String::new()),
        }
        out.write_record(&row)?;
    }
    out.into_inner().map_err(|error| error.into_error())
}

/// The stretch of the processes' timeline that this moment of the case is in.
fn stretch_at(resources: &Resources, at_s: f64) -> Option<usize> {
    let after = resources.windows.partition_point(|window| f64::from(window.at_s) <= at_s);
    let index = after.checked_sub(1)?;
    let end_s = f64::from(resources.windows[index].at_s) + f64::from(resources.window_s);
    (at_s < end_s).then_some(index)
}

fn of_load(row: &mut Vec<String>, load: &LoadReport, window: &Window) {
    let phase = load.phases.get(window.phase as usize);
    let counts = &window.counts;
    row.extend([
        text(&load.load),
        phase.map_or_else(String::new, |phase| text(&phase.name)),
        phase.is_some_and(|phase| phase.is_warm_up).to_string(),
        phase.and_then(|phase| phase.asked_per_sec).map_or_else(String::new, number),
    ]);
    let counted = [
        counts.due,
        counts.ok,
        counts.rejected,
        counts.error,
        counts.timeout,
        counts.unfinished,
        counts.dropped,
        window.in_flight,
    ];
    row.extend(counted.map(|n| n.to_string()));
    let carried_out = counts.ok + counts.error;
    let told = carried_out + counts.timeout + counts.unfinished + counts.dropped;
    let response = [window.p50_us, window.p90_us, window.p95_us, window.p99_us, window.max_us];
    row.extend(response.map(|us| ms(us, told > 0)));
    let service = [
        window.service_p50_us,
        window.service_p90_us,
        window.service_p95_us,
        window.service_p99_us,
        window.service_max_us,
    ];
    row.extend(service.map(|us| ms(us, carried_out > 0)));
    row.push(ms(window.lateness_p99_us, counts.due > counts.dropped));
}

fn of_processes(row: &mut Vec<String>, stretch: &ResourceWindow, resources: &Resources) {
    let width_s = f64::from(resources.window_s.max(1));
    let rate = |n: u64| number(n as f64 / width_s);
    let some = |value: Option<f64>| value.map_or_else(String::new, number);
    let share = |stalled_s: Option<f64>| some(stalled_s.map(|s| 100.0 * s / width_s));
    let cores =
        stretch.cpu_percent.zip(resources.cores_available).map(|(percent, cores)| percent / 100.0 * cores);
    row.extend([
        some(stretch.cpu_percent),
        some(cores),
        stretch.rss_bytes.to_string(),
        stretch.threads.to_string(),
        stretch.descriptors.to_string(),
        rate(stretch.read_bytes),
        rate(stretch.written_bytes),
        rate(stretch.context_switches),
        share(stretch.memory_stall_s),
        share(stretch.storage_stall_s),
        some(stretch.machine_cpu_percent),
        stretch.memory_available_bytes.map_or_else(String::new, |bytes| bytes.to_string()),
        rate(stretch.network_received_bytes),
        rate(stretch.network_sent_bytes),
        rate(stretch.loopback_bytes),
    ]);
}

/// Six places: a nanosecond of times, which are in milliseconds.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    short.to_owned()
}

/// Nothing where no operation has such a time: zero would be one.
fn ms(us: f64, is_known: bool) -> String {
    if is_known { number(us / 1e3) } else { String::new() }
}

/// A text of the user's. Spreadsheets take what begins so for a formula and would carry it out; after an apostrophe they
/// do not.
fn text(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        observe::Counts,
        report::tests::{case, counts, observation},
    };

    /// Rows by the names of their columns, as a reader of CSV sees them.
    fn read(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
        ::csv::Reader::from_reader(bytes).deserialize().map(Result::unwrap).collect()
    }

    fn of(row: &BTreeMap<String, String>, columns: &[&str]) -> Vec<String> {
        columns.iter().map(|column| row[*column].clone()).collect()
    }

    fn shown(name: &str) -> CaseReport {
        let mut seen = observation(name, counts(480, 10, 6, 3, 1));
        let counts = Counts { due: 100, ok: 90, error: 2, timeout: 1, dropped: 1, ..Counts::default() };
        let busy = Window {
            at_s: 0.0,
            length_s: 1.0,
            counts,
            in_flight: 6,
            p50_us: 1500.0,
            p90_us: 2000.5,
            max_us: 30_000_000.0,
            service_max_us: 1.25,
            lateness_p99_us: 80.0,
            ..Window::default()
        };
        let silent = Window { at_s: 1.0, length_s: 1.1, ..Window::default() };
        seen.timeline = vec![busy, silent];
        seen.started_s = 1.25;
        let stretch = |at_s: u32| ResourceWindow {
            at_s,
            cpu_percent: Some(50.0),
            rss_bytes: 1 << 20,
            threads: 7,
            read_bytes: 4096,
            storage_stall_s: Some(0.25),
            ..ResourceWindow::default()
        };
        let resources = Resources {
            cores_available: Some(4.0),
            window_s: 1,
            windows: [0, 1, 2, 9].map(stretch).to_vec(),
            ..Resources::default()
        };
        CaseReport { loads: vec![LoadReport::from(&seen)], resources, ..case("cases::a", &[]) }
    }

    #[test]
    fn windows_of_loads_stand_beside_the_processes() {
        let rows = read(&timeline(&shown("searches")).unwrap());
        let times: Vec<_> =
            rows.iter().map(|row| of(row, &["at_s", "length_s", "load", "cpu_percent"])).collect();
        assert_eq!(
            times,
            [
                ["0", "1", "", "50"],
                ["1.25", "1", "searches", "50"],
                ["2.25", "1.1", "searches", "50"],
                ["9", "1", "", "50"]
            ]
        );
        let outcomes = of(&rows[1], &["due", "ok", "rejected", "error", "timeout", "dropped", "in_flight"]);
        assert_eq!(outcomes, ["100", "90", "0", "2", "1", "1", "6"]);
        let times =
            ["response_p50_ms", "response_p90_ms", "response_max_ms", "service_max_ms", "lateness_p99_ms"];
        assert_eq!(of(&rows[1], &times), ["1.5", "2.0005", "30000", "0.00125", "0.08"]);
        assert_eq!(of(&rows[2], &times), [""; 5], "nothing ended, so there is no time");
        let used = ["cpu_cores", "memory_bytes", "threads", "disk_read_bytes_per_s", "storage_stall_percent"];
        assert_eq!(of(&rows[0], &used), ["2", "1048576", "7", "4096", "25"]);
        assert_eq!(of(&rows[0], &["machine_cpu_percent", "phase", "ok"]), ["", "", ""]);
    }

    #[test]
    fn every_row_has_every_column() {
        let bytes = timeline(&shown("searches")).unwrap();
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
        let lengths: Vec<usize> = reader.records().map(|row| row.unwrap().len()).collect();
        assert_eq!(lengths, [COLUMNS.len(); 5]);
        assert_eq!(COLUMNS[OF_A_LOAD - 1..=OF_A_LOAD], ["lateness_p99_ms", "cpu_percent"]);
        assert!(bytes.windows(2).filter(|two| two == b"\r\n").count() == 5);
    }

    #[test]
    fn names_are_quoted_and_no_formulas() {
        for (name, cell, written) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1", "'+1"),
            ("-1", "'-1", "'-1"),
            ("@sum(1,2)", "'@sum(1,2)", "\"'@sum(1,2)\""),
            ("a \"b\",\nc", "a \"b\",\nc", "\"a \"\"b\"\",\nc\""),
        ] {
            let bytes = timeline(&shown(name)).unwrap();
            assert_eq!(read(&bytes)[1]["load"], cell);
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(&format!("\r\n1.25,1,{written},")), "{text}");
        }
    }

    #[test]
    fn a_case_without_anything_has_its_columns() {
        let nothing =
            CaseReport { loads: Vec::new(), resources: Resources::default(), ..case("cases::a", &[]) };
        assert_eq!(timeline(&nothing).unwrap(), (COLUMNS.join(",") + "\r\n").into_bytes());
    }
}
