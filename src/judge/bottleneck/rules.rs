use std::time::Duration;

use super::{Limit, Surroundings, used::Used};
use crate::{
    judge::{
        level::{Amount, Level, shown},
        saturation::{BEHIND, REFUSED, Saturated},
        validity::missing_starts,
    },
    observe::Observation,
    stop::StopReason,
    units::{ByteSize, show_duration},
};

/// A rule's answer: which limit, and the evidence.
pub(super) type Answer = (Limit, String);

/// From here on, in percent, cores count as used up: the rest is what a second of scheduling loses.
const BUSY_CPU: f64 = 90.0;

/// From this share on, memory, descriptors and a link count as used up.
const USED_UP: f64 = 0.9;

/// Shares of the time in which something waited for memory, or for storage, that slow a target down.
const MEMORY_STALL: f64 = 0.1;
const STORAGE_STALL: f64 = 0.2;

/// A case that moves fewer bytes a second is not what keeps a disk busy.
const LEAST_DISK: f64 = 1024.0 * 1024.0;

/// A resource that was nearly as busy when the target was calm is not what the load used up.
const MORE_THAN_CALM: f64 = 2.0;

/// Other processes that take so many more percent of the machine under load than before do so because of it.
const OTHERS_MORE: f64 = 25.0;

/// An operation that is on a core for half of its service time is one that computes.
const COMPUTES: f64 = 0.5;

/// On a machine that is so crowded that less than this is fair, nobody can tell who computes.
const LEAST_SHARE: f64 = 0.1;

/// All workers busy for this share of a load: nothing else could start.
const WORKERS_BUSY: f64 = 0.5;

/// Over this share of refusals it is refusing that keeps the cores busy.
const MOSTLY_REFUSED: f64 = 0.9;

/// Between these bounds operations are served one at a time; above, there are places.
const ONE: std::ops::Range<f64> = 0.6..1.5;

/// Response times that grow by less do not wait in a queue.
const NO_WAIT: f64 = 1.5;

/// A response time that is this many times that of a lower level is close to a limit.
const STRAINED: f64 = 3.0;

/// Fewer than one in a hundred operations without a descriptor is an accident.
const NOTABLE: f64 = 0.01;

/// What a safety limit that ended the case says.
pub(super) fn ended_by(around: &Surroundings<'_>) -> Option<Answer> {
    let (reason, seen) = around.ended_by?;
    let limit = match reason {
        StopReason::Memory | StopReason::MachineMemory => Limit::Memory,
        StopReason::Cpu => Limit::Cpu,
        StopReason::Descriptors => Limit::Descriptors,
        StopReason::DiskWritten | StopReason::MachineDisk => Limit::Disk,
        // Limits of what is allowed, not of what the target can do.
        StopReason::TimeLimit
        | StopReason::MemoryGrowth
        | StopReason::Concurrency
        | StopReason::Threads
        | StopReason::Threshold
        | StopReason::Ceiling
        | StopReason::Interrupted
        | StopReason::Terminated
        | StopReason::HungUp
        | StopReason::StopFile
        | StopReason::SupervisorLost
        | StopReason::OtherNode
        | StopReason::NodeLost => return None,
    };
    Some((limit, format!("{seen}, which ended the case")))
}

/// Operations that failed because no descriptor was left.
pub(super) fn no_descriptors_left(observations: &[Observation], around: &Surroundings<'_>) -> Option<Answer> {
    let of_load = |load: &'_ Observation| {
        let kinds = load.total.kinds.iter().filter(|kind| is_without_descriptor(&kind.sample));
        (kinds.map(|kind| kind.count).sum::<u64>(), load.total.counts.due)
    };
    let worst = observations.iter().map(of_load).filter(|(n, due)| *n as f64 > NOTABLE * *due as f64);
    let (failed, due) = worst.max_by_key(|(n, _)| *n)?;
    let limit = around.descriptor_limit.map_or(String::new(), |limit| format!(" of {limit}"));
    let open = around.resources.peak_descriptors;
    Some((
        Limit::Descriptors,
        format!("{failed} of {due} operations found no descriptor left, with {open}{limit} open at most"),
    ))
}

/// `EMFILE` and `ENFILE`, as the standard library prints them on Linux, macOS and Windows (10024).
fn is_without_descriptor(error: &str) -> bool {
    let error = error.to_lowercase();
    error.contains("too many open files") || error.contains("os error 10024")
}

/// What a saturated target had used up.
pub(super) fn at_its_limit(found: &Saturated<'_>, all: &[Level<'_>], around: &Surroundings<'_>) -> Answer {
    let scene = Scene::of(found, all, around);
    let rules = [Scene::cpu, Scene::memory, Scene::descriptors, Scene::disk, Scene::network];
    let used_up = rules.iter().find_map(|rule| rule(&scene));
    let rules = [Scene::refusals, Scene::cap, Scene::crowded_machine, Scene::generator, Scene::places];
    used_up.or_else(|| rules.iter().find_map(|rule| rule(&scene))).unwrap_or_else(|| scene.unknown())
}

/// Cores that are used up before throughput says so: with users of one level, or with response times that rise.
pub(super) fn near_its_limit(levels: &[Level<'_>], around: &Surroundings<'_>) -> Option<Answer> {
    let highest = levels.iter().max_by(|a, b| a.carried_per_sec.total_cmp(&b.carried_per_sec))?;
    let lowest = levels
        .iter()
        .filter(|level| level.is_of_kind(highest))
        .min_by(|a, b| a.carried_per_sec.total_cmp(&b.carried_per_sec));
    let rise = lowest.and_then(|lowest| Rise::between(lowest, highest));
    let is_near = match highest.amount {
        Amount::Users(_) => true,
        Amount::PerSec(_) => rise.as_ref().is_some_and(|rise| rise.times >= STRAINED),
    };
    let used = Used::over(around.resources, highest.from_s, highest.to_s)?;
    let busy = busy_cores(&used, around).filter(|_| is_near)?;
    let rise = rise.filter(|rise| rise.times >= NO_WAIT);
    let while_ = rise.map_or_else(
        || format!("{} got {}", highest.amount, shown(highest.carried_per_sec)),
        |rise| rise.to_string(),
    );
    Some((Limit::Cpu, format!("{busy} while {while_}")))
}

/// `97% of the 2 cores busy`, when they are.
fn busy_cores(used: &Used, around: &Surroundings<'_>) -> Option<String> {
    let percent = used.cpu_percent.filter(|percent| *percent >= BUSY_CPU)?;
    let cores = match around.resources.cores_available {
        Some(1.0) => "the only core".to_owned(),
        Some(cores) => format!("the {cores} cores"),
        None => "the cores available".to_owned(),
    };
    Some(format!("{percent:.0}% of {cores} busy"))
}

/// How response times rose from one level to another.
struct Rise {
    times: f64,
    sentence: String,
}

impl Rise {
    fn between(low: &Level<'_>, high: &Level<'_>) -> Option<Self> {
        let (before, after) = (low.response_s?, high.response_s?);
        let times = after / before;
        let times = if times < 10.0 { format!("{times:.1}") } else { format!("{times:.0}") };
        let sentence = format!(
            "the median response time rose {times}-fold from {} to {} between {} and {}",
            time(before),
            time(after),
            low.amount,
            high.amount
        );
        Some(Self { times: after / before, sentence })
    }
}

impl std::fmt::Display for Rise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

fn time(s: f64) -> String {
    show_duration(Duration::try_from_secs_f64(s).unwrap_or_default())
}

fn size(bytes: f64) -> ByteSize {
    ByteSize::new(bytes as u64)
}

/// A saturated target and what was used meanwhile.
struct Scene<'a> {
    found: &'a Saturated<'a>,
    around: &'a Surroundings<'a>,
    used: Used,
    /// While the target was calm.
    calm: Option<Used>,
    /// Another load ran at the same time.
    is_shared: bool,
}

impl<'a> Scene<'a> {
    fn of(found: &'a Saturated<'a>, all: &[Level<'_>], around: &'a Surroundings<'a>) -> Self {
        let used = |level: &Level<'_>| Used::over(around.resources, level.from_s, level.to_s);
        Self {
            found,
            around,
            used: used(found.peak).unwrap_or_default(),
            calm: found.calm.and_then(used),
            is_shared: found.peak.is_shared(all),
        }
    }

    /// What was asked and what came of it.
    fn symptom(&self) -> String {
        let peak = self.found.peak;
        let carried = shown(peak.carried_per_sec);
        let asked = match peak.amount {
            Amount::PerSec(_) => format!("{carried} of {} asked were carried out", peak.amount),
            Amount::Users(_) => format!("{} got {carried}", peak.amount),
        };
        let low = self.found.calm.or(self.found.knee);
        match low.and_then(|low| Rise::between(low, peak)).filter(|rise| rise.times >= NO_WAIT) {
            Some(rise) => format!("{asked} and {rise}"),
            None => asked,
        }
    }

    fn is_more_than_calm(&self, now: f64, of: fn(&Used) -> Option<f64>) -> bool {
        self.calm.as_ref().and_then(of).is_none_or(|calm| now >= MORE_THAN_CALM * calm)
    }

    fn cpu(&self) -> Option<Answer> {
        if self.found.peak.refused > MOSTLY_REFUSED {
            return None;
        }
        let busy = busy_cores(&self.used, self.around)?;
        Some((Limit::Cpu, format!("{busy} while {}", self.symptom())))
    }

    fn memory(&self) -> Option<Answer> {
        let (rss, limit) =
            (self.used.rss_bytes as f64, self.around.memory_limit_bytes.map(|limit| limit as f64));
        if let Some(limit) = limit.filter(|limit| rss >= USED_UP * limit) {
            let evidence = format!(
                "{}, {:.0}% of the {} allowed, while {}",
                size(rss),
                rss / limit * 100.0,
                size(limit),
                self.symptom()
            );
            return Some((Limit::Memory, evidence));
        }
        let stall = self.used.memory_stall.filter(|stall| *stall >= MEMORY_STALL)?;
        self.is_more_than_calm(stall, |used| used.memory_stall).then(|| {
            let evidence = format!(
                "something waited for memory for {:.0}% of the time while {}",
                stall * 100.0,
                self.symptom()
            );
            (Limit::Memory, evidence)
        })
    }

    fn descriptors(&self) -> Option<Answer> {
        let limit = self.around.descriptor_limit? as f64;
        let open = f64::from(self.used.descriptors);
        // The limit is of each process, the count of all of them.
        let is_used_up = self.around.resources.peak_processes <= 1 && open >= USED_UP * limit;
        is_used_up.then(|| (Limit::Descriptors, format!("{open} of {limit} open while {}", self.symptom())))
    }

    fn disk(&self) -> Option<Answer> {
        let stall = self.used.storage_stall.filter(|stall| *stall >= STORAGE_STALL)?;
        let bytes = self.used.disk_bytes_per_sec;
        let is_it = bytes >= LEAST_DISK && self.is_more_than_calm(stall, |used| used.storage_stall);
        is_it.then(|| {
            let evidence = format!(
                "something waited for storage for {:.0}% of the time, at {} a second of the case's own, while {}",
                stall * 100.0,
                size(bytes),
                self.symptom()
            );
            (Limit::Disk, evidence)
        })
    }

    fn network(&self) -> Option<Answer> {
        let interfaces = self.around.resources.machine.interfaces.iter().flatten();
        let link = interfaces.filter_map(|interface| interface.link_bytes_per_sec).max()? as f64;
        let crossed = self.used.network_bytes_per_sec;
        (crossed >= USED_UP * link).then(|| {
            let evidence = format!(
                "{} a second, {:.0}% of what the link carries, while {}",
                size(crossed),
                crossed / link * 100.0,
                self.symptom()
            );
            (Limit::Network, evidence)
        })
    }

    /// A pool that refuses what it has no place for.
    fn refusals(&self) -> Option<Answer> {
        let peak = self.found.peak;
        if peak.refused <= REFUSED {
            return None;
        }
        let within = peak.refusal_s.map_or(String::new(), |s| format!(" within {}", time(s)));
        let places = peak.time_s.map(|served| peak.carried_per_sec * served).filter(|_| !self.is_shared);
        let places =
            places.map_or(String::new(), |n| format!("; {:.1} were in service at once (Little's law)", n));
        let evidence = format!(
            "{:.0}% of {} were refused{within}, and {} served{}{places}",
            peak.refused * 100.0,
            peak.amount,
            shown(peak.carried_per_sec),
            self.cpu_beside()
        );
        Some((Limit::Pool, evidence))
    }

    /// The cap of operations in flight, when those that started were served as fast as at a lower load. Without a lower
    /// load nobody knows: those that wait in a queue as long as the cap all wait alike.
    fn cap(&self) -> Option<Answer> {
        let peak = self.found.peak;
        let cap = peak.load.max_in_flight?;
        let slower = self.found.slowdown()?;
        let is_it = peak.dropped > BEHIND && slower < NO_WAIT;
        is_it.then(|| {
            let evidence = format!(
                "{:.0}% of {} never started, with {cap} in flight at most (max_in_flight), though an answer took {} as \
                 at lower load",
                peak.dropped * 100.0,
                peak.amount,
                time(peak.time_s.unwrap_or_default())
            );
            (Limit::Generator, evidence)
        })
    }

    /// CPU seconds of the case for each second that an operation is served: near 1 for operations that compute.
    fn cores_in_service(&self) -> Option<f64> {
        let cores = self.used.cpu_percent? / 100.0 * self.around.resources.cores_available?;
        Some(cores / self.found.concurrency()?)
    }

    /// The share of its time that an operation which computes is on a core, beside what the machine had to do when the
    /// case began: all of it on an idle machine, a sixth where five others wait for each core.
    fn fair_share(&self) -> f64 {
        let resources = self.around.resources;
        let beside = resources.machine.load_at_start.zip(resources.cores_available);
        beside.map_or(1.0, |(load, cores)| (cores / (load + 1.0)).clamp(LEAST_SHARE, 1.0))
    }

    /// Cores that are all busy, though not by this case alone: on what it computes, or on a target outside of it.
    fn crowded_machine(&self) -> Option<Answer> {
        let machine = self.used.machine_cpu_percent.filter(|percent| *percent >= BUSY_CPU)?;
        let own = self.used.cpu_percent?;
        let others = |used: &Used| Some(used.machine_cpu_percent? - used.cpu_percent?);
        let before = self.calm.as_ref().and_then(others);
        let is_theirs =
            others(&self.used).zip(before).is_some_and(|(now, before)| now - before >= OTHERS_MORE);
        let computes = self.cores_in_service().is_some_and(|share| share >= COMPUTES * self.fair_share());
        let whose = match computes {
            true => "and the case had",
            false if is_theirs => "most of it by processes outside of the case, which had",
            false => return None,
        };
        let evidence = format!(
            "the machine's cores were {machine:.0}% busy, {whose} {own:.0}%, while {}",
            self.symptom()
        );
        Some((Limit::Cpu, evidence))
    }

    /// The load was not the one that was asked for, or its workers had no time.
    fn generator(&self) -> Option<Answer> {
        let load = self.found.peak.load;
        if let Some(missing) = missing_starts(load) {
            return Some((Limit::Generator, missing));
        }
        let process = &load.process;
        let is_it = process.span_s > 0.0 && process.all_workers_busy_s >= WORKERS_BUSY * process.span_s;
        is_it.then(|| {
            let evidence = format!(
                "every worker thread was busy for {} of {}{}: operations that block belong into `run_blocking`, or the \
                 load needs more `workers`",
                time(process.all_workers_busy_s),
                time(process.span_s),
                self.cpu_beside()
            );
            (Limit::Generator, evidence)
        })
    }

    /// With nothing used up: how many operations are served at once.
    fn places(&self) -> Option<Answer> {
        let calm = self.found.calm?;
        let at_once = self.found.concurrency().filter(|n| *n >= ONE.start && !self.is_shared)?;
        let law = format!(
            "{} of {} each at low load are {at_once:.1} at once (Little's law){}, while {}",
            shown(self.found.peak.carried_per_sec),
            time(calm.usual_s?),
            self.cpu_beside(),
            self.symptom()
        );
        let computes = self.cores_in_service().is_some_and(|share| share >= COMPUTES);
        let answer = match (ONE.contains(&at_once), computes) {
            (true, true) => {
                (Limit::Lock, format!("one at a time on one core, a lock or a single thread: {law}"))
            }
            (true, false) => {
                (Limit::Lock, format!("one at a time, a lock held while something is waited for: {law}"))
            }
            (false, true) => (Limit::Pool, format!("about {at_once:.0} threads that compute: {law}")),
            (false, false) => {
                (Limit::Pool, format!("about {at_once:.0} places that the others wait for: {law}"))
            }
        };
        Some(answer)
    }

    /// `, with CPU at 12%`; nothing where it is not known.
    fn cpu_beside(&self) -> String {
        let Some(percent) = self.used.cpu_percent else { return String::new() };
        match self.around.resources.cores_available {
            Some(cores) if cores > 1.0 => {
                format!(", with {:.1} of {cores} cores busy", percent / 100.0 * cores)
            }
            Some(_) | None => format!(", with CPU at {percent:.0}%"),
        }
    }

    fn unknown(&self) -> Answer {
        let why = match (self.used.cpu_percent, self.found.concurrency()) {
            (None, _) => "what was used meanwhile is not known".to_owned(),
            (Some(_), _) if self.is_shared => "several loads at once cannot be told apart".to_owned(),
            (Some(_), Some(at_once)) => format!(
                "no resource was used up, and only {at_once:.1} operations were served at once going by the time that \
                 they take at low load"
            ),
            (Some(_), None) => {
                "no resource was used up; a lock and a pool are told apart by a level at under 60% of \
                                that throughput, or of one user"
                    .to_owned()
            }
        };
        (Limit::Inconclusive, format!("{}{}, and {why}", self.symptom(), self.cpu_beside()))
    }
}
