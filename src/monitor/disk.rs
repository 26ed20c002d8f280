use super::{procfs::ProcFile, sample::DiskTotals};

/// `/proc/diskstats` counts in these, whatever the disk's own.
const SECTOR_BYTES: u64 = 512;

/// The disks of the machine.
#[derive(Debug)]
pub(super) struct Disks {
    stats: ProcFile,
    /// The names of whole disks.
    names: Vec<String>,
}

impl Disks {
    pub(super) fn new() -> Self {
        let entries = std::fs::read_dir("/sys/block").into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let path = "/proc/diskstats";
        Self {
            stats: ProcFile::keep_open(path).unwrap_or_else(|_| ProcFile::reopen(path)),
            names: names.filter(|name| is_hardware(name)).collect(),
        }
    }

    /// `None` where the kernel does not tell, or of no disk.
    pub(super) fn read(&self) -> Option<DiskTotals> {
        match self.names.is_empty() {
            true => None,
            false => self.stats.whole(|text| Some(parse(text, &self.names))),
        }
    }
}

/// What is stacked on disks, or lives in memory, would count bytes twice.
fn is_hardware(name: &str) -> bool {
    !["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"].iter().any(|prefix| name.starts_with(prefix))
}

/// Partitions have lines of their own, beside that of their disk.
fn parse(text: &str, disks: &[String]) -> DiskTotals {
    let mut totals = DiskTotals::default();
    for line in text.lines() {
        // Major and minor number, name, reads, merged, sectors read, ms, writes, merged, sectors written ...
        let fields: Vec<&str> = line.split_ascii_whitespace().take(10).collect();
        let is_disk = fields.get(2).is_some_and(|name| disks.iter().any(|disk| disk == name));
        if is_disk {
            let bytes = |index: usize| {
                let sectors: Option<u64> = fields.get(index).and_then(|number| number.parse().ok());
                sectors.unwrap_or(0) * SECTOR_BYTES
            };
            totals.read_bytes += bytes(5);
            totals.written_bytes += bytes(9);
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_disks_are_summed() {
        let text = "   7       0 loop0 9 0 9 0 9 0 9 0 0 0 0 0 0 0 0 0 0\n \
            259 0 nvme0n1 100 5 2000 70 50 8 1000 30 0 1 2 3 4 5 6 7 8\n \
            259 1 nvme0n1p1 90 5 1900 70 50 8 1000 30 0 1 2 3 4 5 6 7 8\n   \
            8 0 sda 1 0 8 0 2 0 16 0 0 0 0\n   8 1 sdb 1\n";
        let disks = ["nvme0n1", "sda", "sdb"].map(str::to_owned);
        let expected = DiskTotals { read_bytes: 2008 * 512, written_bytes: 1016 * 512 };
        assert_eq!(parse(text, &disks), expected);
        assert_eq!(parse("", &disks), DiskTotals::default());
    }

    #[test]
    fn what_is_stacked_is_no_disk() {
        let names = ["nvme0n1", "sda", "vda", "mmcblk0", "loop0", "zram0", "dm-0", "md127", "sr0"];
        let kept: Vec<&str> = names.into_iter().filter(|name| is_hardware(name)).collect();
        assert_eq!(kept, ["nvme0n1", "sda", "vda", "mmcblk0"]);
    }
}
