use std::{path::Path, time::Duration};

use super::{
    pressure::{Pressure, Stall},
    procfs::ProcFile,
};

/// The three files of the machine or of a control group.
#[derive(Debug)]
pub(super) struct PressureFiles([ProcFile; 3]);

impl PressureFiles {
    /// `/proc/pressure`.
    pub(super) fn of_machine() -> Self {
        Self(["cpu", "memory", "io"].map(|name| open(Path::new("/proc/pressure").join(name))))
    }

    /// The files of a control group of version 2.
    pub(super) fn of_group(folder: &Path) -> Self {
        Self(["cpu", "memory", "io"].map(|name| open(folder.join(format!("{name}.pressure")))))
    }

    /// `None` where the kernel does not tell.
    pub(super) fn read(&self) -> Option<Pressure> {
        let [cpu, memory, io] = &self.0;
        Some(Pressure { cpu: cpu.whole(parse)?, memory: memory.whole(parse)?, io: io.whole(parse)? })
    }
}

fn open(path: std::path::PathBuf) -> ProcFile {
    ProcFile::keep_open(&path).unwrap_or_else(|_| ProcFile::reopen(path))
}

/// Reads the totals, in microseconds. Older kernels have no line `full` for the CPU.
fn parse(text: &str) -> Option<Stall> {
    let total = |kind: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        let total = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="))?;
        total.parse().ok().map(Duration::from_micros)
    };
    Some(Stall { some: total("some ")?, full: total("full ").unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn stall(some_ms: u64, full_ms: u64) -> Stall {
        Stall { some: Duration::from_millis(some_ms), full: Duration::from_millis(full_ms) }
    }

    #[test]
    fn totals_are_read() {
        let text = "some avg10=0.13 avg60=0.49 avg300=0.59 total=15954014\n\
            full avg10=1.50 avg60=0.00 avg300=0 total=7000\n";
        let expected = Stall { some: Duration::from_micros(15_954_014), full: Duration::from_millis(7) };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=5000\n"), Some(stall(5, 0)));
        assert_eq!(parse("full avg10=0.00 avg60=0.00 avg300=0.00 total=5000\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_folder_without_the_files_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(PressureFiles::of_group(folder.path()).read(), None);
        for name in ["cpu", "memory", "io"] {
            let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000\n";
            std::fs::write(folder.path().join(format!("{name}.pressure")), text).unwrap();
        }
        let read = PressureFiles::of_group(folder.path()).read();
        assert_eq!(read.map(|pressure| pressure.io), Some(stall(2, 0)));
    }
}
