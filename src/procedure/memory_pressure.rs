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
    pressure::MemoryBallast,
    units::{ByteSize, Portion, Ratio},
};

const NAME: &str = "memory pressure";

/// Of the memory that the limits leave, at medium severity.
const USUAL_SHARE: f64 = 0.5;

/// The target needs some, too.
const MOST_SHARE: f64 = 0.9;

/// How a target fares while memory is short: a steady load before, while memory is held, and after its release.
///
/// The memory is really held, by the case's own process: what `max_memory` and the machine leave bounds it
/// ([`MemoryBallast`]), and when less was held than asked for, what held is inconclusive. Half of what the limits leave
/// is held unless stated (times the factor of the severity, 90 % at most); under it `success_rate >= 95%` has to hold.
/// A case with a growing ballast needs `max_memory_growth = "off"`.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, gib, per_second, procedure::MemoryPressure};
///
/// #[proofload::case(max_memory = "2GiB", max_memory_growth = "off")]
/// async fn while_memory_is_short(cx: Context) -> Result {
///     let found = MemoryPressure::new()
///         .hold(gib(1))
///         .rate(per_second(100))
///         .objective("success_rate > 50%")
///         .run(&cx, |_op| search())
///         .await?;
///     found.judge(&cx);
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct MemoryPressure {
    terms: Terms,
    steady: Steady,
    hold: Option<Portion>,
}

impl Default for MemoryPressure {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryPressure {
    /// With the terms above.
    pub fn new() -> Self {
        Self { terms: Terms::new(NAME), steady: Steady::new(), hold: None }
    }

    setters!();
    objective_setter!();
    steady_setters!();

    /// What is held: so many bytes, or a share of what the limits leave (`Ratio::new(0.5)`).
    pub fn hold(mut self, amount: impl Into<Portion>) -> Self {
        self.hold = Some(amount.into());
        self
    }

    fn amount(&self) -> Portion {
        let usual = Ratio::new((USUAL_SHARE * self.terms.factor()).min(MOST_SHARE));
        self.hold.unwrap_or(Portion::Share(usual))
    }

    fn press(&self, cx: &Context) -> std::result::Result<Ballast, ProcedureError> {
        self.check()?;
        let bounds = cx.pressure_bounds();
        let amount = self.amount();
        let settings = cx.settings();
        let wanted = MemoryBallast::plan(amount, &bounds);
        if let Some(most) = bounds.max_memory.filter(|most| wanted >= *most) {
            return Err(self.terms.wrong(format!(
                "it is to hold {wanted}, and the case may use {most} in all ({}): raise `max_memory`, or hold less",
                settings.origin("max_memory")
            )));
        }
        let growth = settings.bytes("max_memory_growth").map(|limit| {
            let window = settings.duration("memory_growth_window").unwrap_or(Duration::from_secs(10));
            (limit, window)
        });
        if let Some((limit, window)) = growth.filter(|(limit, window)| is_growth(wanted, *limit, *window)) {
            let grown = wanted.bytes() as f64 / window.as_secs_f64();
            return Err(self.terms.wrong(format!(
                "holding {wanted} is growth of memory by {} a second, and the case may grow by {} ({}): set \
                 `max_memory_growth = \"off\"` for this case, or hold less",
                ByteSize::new(grown as u64),
                ByteSize::new(limit),
                settings.origin("max_memory_growth")
            )));
        }
        Ok(Ballast { amount })
    }

    fn check(&self) -> std::result::Result<(), ProcedureError> {
        self.steady.check(&self.terms)?;
        match self.amount() {
            Portion::Size(size) if size.bytes() == 0 => {
                Err(self.terms.wrong("it is to hold nothing: give `hold` a size over 0"))
            }
            Portion::Share(share) if !(share.share() > 0.0 && share.share() <= 1.0) => Err(self.terms.wrong(
                format!("it is to hold {share} of what is left: `hold` wants a share over 0 and up to 100%"),
            )),
            Portion::Size(_) | Portion::Share(_) => Ok(()),
        }
    }
}

/// Whether taking `wanted` at once is more growth than `limit` a second allows within its window.
fn is_growth(wanted: ByteSize, limit: u64, window: Duration) -> bool {
    wanted.bytes() as f64 > limit as f64 * window.as_secs_f64()
}

/// A ballast of this amount.
#[derive(Debug)]
struct Ballast {
    amount: Portion,
}

impl Press for Ballast {
    type Guard = MemoryBallast;

    fn apply(&self, cx: &Context) -> Result<MemoryBallast> {
        Ok(MemoryBallast::take(self.amount, cx.pressure_bounds())?)
    }

    fn is_settled(&self, ballast: &MemoryBallast) -> bool {
        ballast.is_settled()
    }

    fn began(&self, _ballast: &mut MemoryBallast) {}

    fn applied(&self, ballast: &mut MemoryBallast, _over: Duration) -> (AppliedPressure, Option<String>) {
        let applied = AppliedPressure::Memory {
            wanted_bytes: ballast.wanted().bytes(),
            held_bytes: ballast.held().bytes(),
        };
        (applied, ballast.cut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::Severity,
        units::{Rate, mib},
    };

    fn refused(procedure: MemoryPressure) -> String {
        procedure.check().unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = MemoryPressure::new;
        assert_eq!(
            refused(new().hold(Ratio::new(1.5))),
            "the procedure `memory pressure` cannot run: it is to hold 150% of what is left: `hold` wants a share over 0 \
             and up to 100%"
        );
        assert!(refused(new().hold(mib(0))).ends_with("give `hold` a size over 0"));
        assert!(refused(new().hold(Ratio::new(f64::NAN))).contains("`hold` wants a share"));
        assert!(refused(new().rate(Rate::ZERO)).ends_with("its rate is 0/s: it must be over 0"));
        assert!(refused(new().users(0)).ends_with("give `users` at least 1"));
        assert!(refused(new().phase(Duration::ZERO)).contains("its phases last 0 s"));
        assert_eq!(new().check(), Ok(()));
    }

    #[test]
    fn severity_moves_what_was_not_stated() {
        let amount = |severity| MemoryPressure::new().severity(severity).amount().to_string();
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        assert_eq!(all.map(amount), ["25%", "50%", "90%", "90%"]);
        let stated = MemoryPressure::new().severity(Severity::Critical).hold(mib(300)).amount();
        assert_eq!(stated, Portion::Size(mib(300)));
    }

    #[test]
    fn a_ballast_is_growth_over_its_window() {
        let ten_seconds = Duration::from_secs(10);
        assert!(!is_growth(ByteSize::new(100_000_000), 10_000_000, ten_seconds));
        assert!(is_growth(mib(96), 10_000_000, ten_seconds));
    }
}
