use super::{
    Limits, Needs,
    limits::amount,
    standing::{Standing, Subject},
};
use crate::{
    monitor::Supply,
    units::{ByteSize, Portion},
};

/// From this share of the highest load on the figures are worth a warning.
const WARN_FROM: f64 = 0.8;

/// What is known before a case starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Preflight {
    /// It can run; what makes its figures less trustworthy.
    Fit { warnings: Vec<String> },
    /// It has to be left out, and why.
    Unfit { reason: String },
}

/// Whether the machine has what a case needs, and would still have what must stay free.
pub(crate) fn preflight(needs: &Needs, limits: &Limits, supply: &Supply) -> Preflight {
    let reason =
        memory(needs, limits, supply).or_else(|| disk(needs, limits, supply)).or_else(|| load(needs, supply));
    match reason {
        Some(reason) => Preflight::Unfit { reason },
        None => Preflight::Fit { warnings: busy(needs, supply).into_iter().collect() },
    }
}

fn memory(needs: &Needs, limits: &Limits, supply: &Supply) -> Option<String> {
    let space = supply.memory.as_ref()?;
    let reserve = Reserve { bytes: limits.free_memory_bytes, key: "min_free_memory" };
    let low = limits.free_memory_bytes.map(|limit| Standing {
        subject: Subject::MachineMemory,
        seen: space.free_bytes as f64,
        limit: limit as f64,
    });
    missing(needs.memory, "of memory (needs_memory)", space.free_bytes, space.total_bytes, &reserve)
        .or_else(|| low.filter(Standing::is_crossed).map(|standing| standing.crossing(limits)))
}

fn disk(needs: &Needs, limits: &Limits, supply: &Supply) -> Option<String> {
    let reserve_of = |total| limits.free_disk.and_then(|portion| amount(portion, ByteSize::new(total)));
    let needed = supply.disks.first().and_then(|scratch| {
        let reserve = Reserve { bytes: reserve_of(scratch.total_bytes), key: "min_free_disk" };
        let what = "of disk for the scratch folder (needs_disk)";
        missing(needs.disk, what, scratch.free_bytes, scratch.total_bytes, &reserve)
    });
    needed.or_else(|| {
        supply.disks.iter().find_map(|disk| {
            let standing = Standing {
                subject: Subject::MachineDisk(disk.name),
                seen: disk.free_bytes as f64,
                limit: reserve_of(disk.total_bytes)? as f64,
            };
            standing.is_crossed().then(|| standing.crossing(limits))
        })
    })
}

/// What must stay free whatever a case needs.
struct Reserve {
    bytes: Option<u64>,
    key: &'static str,
}

fn missing(need: Option<Portion>, what: &str, free: u64, total: u64, reserve: &Reserve) -> Option<String> {
    let needed = amount(need?, ByteSize::new(total))?;
    let kept = reserve.bytes.unwrap_or(0);
    (free < needed.saturating_add(kept)).then(|| {
        let (needed, free) = (ByteSize::new(needed), ByteSize::new(free));
        let but = match kept {
            0 => String::new(),
            kept => format!(", and {} must stay so ({})", ByteSize::new(kept), reserve.key),
        };
        format!("needs {needed} {what}, {free} are free{but}")
    })
}

fn load(needs: &Needs, supply: &Supply) -> Option<String> {
    let limit = needs.load_per_core?;
    (supply.load_per_core()? > limit).then(|| busy_sentence(supply, limit))
}

fn busy(needs: &Needs, supply: &Supply) -> Option<String> {
    let limit = needs.load_per_core?;
    (supply.load_per_core()? >= WARN_FROM * limit).then(|| busy_sentence(supply, limit))
}

fn busy_sentence(supply: &Supply, limit: f64) -> String {
    let (load, cores) = (supply.load_1m.unwrap_or(0.0), supply.cores);
    format!(
        "the machine was busy before the case: a load average of {load:.2} on {cores} cores, the limit is {limit} a \
         core (max_machine_load)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        monitor::Space,
        settings::{Resolved, Scope},
        units::{Ratio, gib, mib},
    };

    fn supply() -> Supply {
        let disk = |name, free_bytes| Space { name, free_bytes, total_bytes: 100 << 30 };
        Supply {
            memory: Some(Space { name: "memory", free_bytes: 2 << 30, total_bytes: 8 << 30 }),
            disks: vec![disk("the temporary folder", 20 << 30), disk("the reports", 30 << 30)],
            load_1m: Some(3.0),
            cores: 2.0,
        }
    }

    /// With the built-in limits, of which a twentieth stays free.
    fn said(needs: Needs, supply: &Supply) -> String {
        let limits = Limits::of(&Resolved::built_in(Scope::Case), gib(8));
        match preflight(&needs, &limits, supply) {
            Preflight::Fit { warnings } => format!("fit {warnings:?}"),
            Preflight::Unfit { reason } => reason,
        }
    }

    #[test]
    fn a_need_is_met_beside_what_must_stay_free() {
        let needs = |size| Needs { memory: Some(Portion::Size(size)), ..Needs::default() };
        assert_eq!(said(Needs::default(), &supply()), "fit []");
        assert_eq!(said(needs(mib(1638)), &supply()), "fit []");
        assert_eq!(
            said(needs(mib(1639)), &supply()),
            "needs 1.6 GiB of memory (needs_memory), 2 GiB are free, and 409.6 MiB must stay so (min_free_memory)"
        );
        assert_eq!(
            said(needs(gib(4)), &supply()),
            "needs 4 GiB of memory (needs_memory), 2 GiB are free, and 409.6 MiB must stay so (min_free_memory)"
        );
        let share = Needs { memory: Some(Portion::Share(Ratio::new(0.5))), ..Needs::default() };
        assert!(said(share, &supply()).starts_with("needs 4 GiB of memory"));
    }

    #[test]
    fn without_a_reserve_it_is_not_named() {
        let none = Limits {
            free_memory_bytes: None,
            free_disk: None,
            ..Limits::of(&Resolved::built_in(Scope::Case), gib(8))
        };
        let needs = Needs { memory: Some(Portion::Size(gib(4))), ..Needs::default() };
        let reason = "needs 4 GiB of memory (needs_memory), 2 GiB are free".to_owned();
        assert_eq!(preflight(&needs, &none, &supply()), Preflight::Unfit { reason });
    }

    #[test]
    fn disk_is_needed_where_the_scratch_folder_is() {
        let needs = |size| Needs { disk: Some(Portion::Size(size)), ..Needs::default() };
        assert_eq!(said(needs(gib(15)), &supply()), "fit []");
        assert_eq!(
            said(needs(gib(16)), &supply()),
            "needs 16 GiB of disk for the scratch folder (needs_disk), 20 GiB are free, and 5 GiB must stay so \
             (min_free_disk)"
        );
    }

    #[test]
    fn the_last_twentieth_is_never_taken() {
        let mut low = supply();
        low.memory = Some(Space { name: "memory", free_bytes: 400 << 20, total_bytes: 8 << 30 });
        assert_eq!(
            said(Needs::default(), &low),
            "the machine had 400 MiB of memory left, and 409.6 MiB must stay free (min_free_memory)"
        );
        let mut full = supply();
        full.disks[1].free_bytes = 4 << 30;
        assert_eq!(
            said(Needs::default(), &full),
            "the disk of the reports had 4 GiB left, and 5 GiB must stay free (min_free_disk)"
        );
    }

    #[test]
    fn a_busy_machine() {
        let needs = |limit| Needs { load_per_core: Some(limit), ..Needs::default() };
        let sentence = |limit| {
            format!(
                "the machine was busy before the case: a load average of 3.00 on 2 cores, the limit is {limit} a core \
                 (max_machine_load)"
            )
        };
        assert_eq!(said(needs(1.0), &supply()), sentence("1"));
        assert_eq!(said(needs(1.5), &supply()), format!("fit {:?}", [sentence("1.5")]));
        assert_eq!(said(needs(2.0), &supply()), "fit []");
        let unknown = Supply { load_1m: None, ..supply() };
        assert_eq!(said(needs(0.1), &unknown), "fit []");
    }

    #[test]
    fn what_could_not_be_measured_leaves_nothing_out() {
        let blind = Supply { memory: None, disks: Vec::new(), load_1m: None, cores: 2.0 };
        let needs = Needs {
            memory: Some(Portion::Size(gib(4))),
            disk: Some(Portion::Size(gib(4))),
            load_per_core: Some(0.1),
        };
        assert_eq!(said(needs, &blind), "fit []");
    }
}
