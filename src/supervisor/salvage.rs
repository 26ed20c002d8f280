use std::{fs, io, path::Path, time::Duration};

use super::{
    Containment, Ending, Gathered, Listener, Record,
    ending::Evidence,
    output::{TAIL_SHOWN, tail_of},
};
use crate::{journal::Reader, monitor::Resources};

/// What the folder of a case tells whose supervisor did not live to tell it: everything up to 200 ms before.
///
/// What the supervisor alone had measured, CPU and memory of the process tree, is lost. `listener` hears the events of the
/// journal, as it would have while the case ran.
pub(crate) fn salvage(folder: &Path, listener: &mut dyn Listener) -> io::Result<Record> {
    let mut reader = Reader::new(folder.join("journal.ndjson"));
    let mut gathered = Gathered::default();
    let mut last_s = 0.0f64;
    reader.each(|line| {
        last_s = last_s.max(line.t_s);
        listener.heard(&line);
        gathered.take(line);
    })?;
    gathered.finish(reader.losses());
    let ending = match &gathered.result {
        Some(_) => Ending::of(&Evidence {
            status: None,
            gathered: &gathered,
            output_end: "",
            was_killed: false,
            was_hung: false,
            was_out_of_memory: false,
        }),
        None => Ending::SupervisorLost,
    };
    // Without an output there is nothing to show of it.
    let output = fs::read(folder.join("output.log")).unwrap_or_default();
    Ok(Record {
        ending,
        duration: Duration::try_from_secs_f64(last_s).unwrap_or_default(),
        gathered,
        output_tail: tail_of(&output, TAIL_SHOWN),
        ..Record::begun(Containment::default())
    })
}

impl Record {
    /// What is known of a case that has just begun, which is what stays if nobody lives to say more.
    pub(crate) fn begun(containment: Containment) -> Self {
        Self {
            ending: Ending::SupervisorLost,
            stop: None,
            duration: Duration::ZERO,
            gathered: Gathered::default(),
            resources: Resources::default(),
            containment,
            output_tail: String::new(),
            left_processes: 0,
            warnings: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{CaseResult, Event, Writer};

    fn salvage(folder: &Path) -> io::Result<Record> {
        super::salvage(folder, &mut ())
    }

    #[test]
    fn a_case_without_an_end_was_lost_with_its_supervisor() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Writer::create(&folder.path().join("journal.ndjson")).unwrap();
        journal.write(Event::Note { text: "half-way".to_owned() });
        fs::write(folder.path().join("output.log"), "last words\n").unwrap();
        let record = salvage(folder.path()).unwrap();
        assert_eq!(
            (&record.ending, record.gathered.notes.concat()),
            (&Ending::SupervisorLost, "half-way".to_owned())
        );
        assert_eq!(record.output_tail, "last words\n");
        journal.write(Event::CaseFinished { result: CaseResult::Returned, peak_memory_bytes: None });
        assert_eq!(salvage(folder.path()).unwrap().ending, Ending::Returned, "only its supervisor was lost");
    }

    #[test]
    fn a_case_that_wrote_no_journal_is_lost_too() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(salvage(folder.path()).unwrap().ending, Ending::SupervisorLost);
    }
}
