use std::time::Duration;

use super::{
    ProcedureError,
    pressed::{Press, Steady, steady_setters},
    terms::{Terms, objective_setter, setters},
};
use crate::{
    context::Context,
    error::Result,
    judge::AppliedPressure,
    pressure::{Churned, DiskChurn},
    units::{ByteSize, mib},
};

const NAME: &str = "I/O stress";

/// Written a second, at medium severity.
const USUAL: ByteSize = mib(32);

/// A disk that is written to faster than that was no disk.
const MOST: ByteSize = ByteSize::new(16 << 30);

/// How a target fares while the disk is busy: a steady load before, while files are written, read and forced to the
/// disk, and after that ends.
///
/// The files are in the case's scratch folder ([`DiskChurn`]), `keep` bytes in all, written over and over, and removed
/// at the end. 32 MiB are written a second unless stated (times the factor of the severity), 64 MiB are kept; under it
/// `success_rate >= 95%` has to hold. Where under half was written and the disk was not busy, where writing failed, or
/// where `max_disk_written` or `min_free_disk` ended it, what held is inconclusive.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, mib, per_second, procedure::IoStress};
///
/// #[proofload::case]
/// async fn while_the_disk_is_busy(cx: Context) -> Result {
///     let stress = IoStress::new().write(mib(100)).keep(mib(256)).rate(per_second(100));
///     stress.run(&cx, |_op| search()).await?.judge(&cx);
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct IoStress {
    terms: Terms,
    steady: Steady,
    write: Option<ByteSize>,
    keep: ByteSize,
}

impl Default for IoStress {
    fn default() -> Self {
        Self::new()
    }
}

impl IoStress {
    /// With the terms above.
    pub fn new() -> Self {
        Self { terms: Terms::new(NAME), steady: Steady::new(), write: None, keep: mib(64) }
    }

    setters!();
    objective_setter!();
    steady_setters!();

    /// Bytes written a second.
    pub const fn write(mut self, per_second: ByteSize) -> Self {
        self.write = Some(per_second);
        self
    }

    /// Bytes that the files have together.
    pub const fn keep(mut self, bytes: ByteSize) -> Self {
        self.keep = bytes;
        self
    }

    fn per_second(&self) -> ByteSize {
        self.write.unwrap_or(ByteSize::new((USUAL.bytes() as f64 * self.terms.factor()) as u64))
    }

    fn press(&self, _cx: &Context) -> std::result::Result<Churn, ProcedureError> {
        self.check()
    }

    fn check(&self) -> std::result::Result<Churn, ProcedureError> {
        self.steady.check(&self.terms)?;
        let per_second = self.per_second();
        if per_second.bytes() == 0 || per_second > MOST {
            return Err(self.terms.wrong(format!(
                "it is to write {per_second} a second: `write` wants a size over 0 and up to {MOST}"
            )));
        }
        match self.keep < mib(1) {
            true => Err(self
                .terms
                .wrong(format!("its files have {} together: `keep` wants at least 1 MiB", self.keep))),
            false => Ok(Churn { per_second, keep: self.keep }),
        }
    }
}

/// A churn of this rate.
#[derive(Debug, PartialEq)]
struct Churn {
    per_second: ByteSize,
    keep: ByteSize,
}

/// The thread, and what it had done when the load began.
struct Churning {
    churn: DiskChurn,
    before: Churned,
}

impl Press for Churn {
    type Guard = Churning;

    fn apply(&self, cx: &Context) -> Result<Churning> {
        let churn = DiskChurn::start(cx.scratch_dir(), self.per_second, self.keep, cx.pressure_bounds())?;
        Ok(Churning { churn, before: Churned::default() })
    }

    fn is_settled(&self, churning: &Churning) -> bool {
        let done = churning.churn.done();
        done.written.bytes() > 0 || done.ended.is_some()
    }

    fn began(&self, churning: &mut Churning) {
        churning.before = churning.churn.done();
    }

    fn applied(&self, churning: &mut Churning, over: Duration) -> (AppliedPressure, Option<String>) {
        let (done, before) = (churning.churn.done(), &churning.before);
        let written = done.written.bytes() - before.written.bytes();
        let over = over.as_secs_f64().max(f64::MIN_POSITIVE);
        let applied = AppliedPressure::Io {
            wanted_bytes_per_sec: self.per_second.bytes() as f64,
            written_bytes_per_sec: written as f64 / over,
            written_bytes: written,
            syncs: done.syncs - before.syncs,
            busy_share: (done.busy.saturating_sub(before.busy).as_secs_f64() / over).min(1.0),
        };
        (applied, done.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Severity, units::Rate};

    fn refused(procedure: IoStress) -> String {
        procedure.check().unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = IoStress::new;
        assert_eq!(
            refused(new().keep(ByteSize::new(4096))),
            "the procedure `I/O stress` cannot run: its files have 4 KiB together: `keep` wants at least 1 MiB"
        );
        assert!(
            refused(new().write(ByteSize::new(0))).contains("`write` wants a size over 0 and up to 16 GiB")
        );
        assert!(refused(new().write(ByteSize::new(u64::MAX))).contains("`write` wants a size"));
        assert!(refused(new().rate(Rate::new(f64::NAN))).ends_with("it must be over 0"));
        assert_eq!(new().check(), Ok(Churn { per_second: mib(32), keep: mib(64) }));
    }

    #[test]
    fn severity_moves_what_was_not_stated() {
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let written = |severity| IoStress::new().severity(severity).per_second().to_string();
        assert_eq!(all.map(written), ["16 MiB", "32 MiB", "64 MiB", "128 MiB"]);
        assert_eq!(IoStress::new().severity(Severity::High).write(mib(5)).per_second(), mib(5));
    }
}
