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
    monitor::Machine,
    pressure::{CpuBurners, MOST_PER_CORE},
    units::Ratio,
};

const NAME: &str = "CPU saturation";

/// How a target fares while the cores are taken: a steady load before, while threads burn CPU time, and after they end.
///
/// The threads do arithmetic ([`CpuBurners`]) and compete with the target for the cores, in the case's own process. All
/// cores are burnt unless stated (times the factor of the severity: at 2 there are two threads for each core); under it
/// `success_rate >= 95%` has to hold. Where the threads got under half of what was asked for and the machine was not
/// busy, what held is inconclusive. A case that burns more than its `max_cpu` needs `max_cpu = "off"`.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, procedure::CpuSaturation, units::Ratio};
///
/// #[proofload::case(max_cpu = "off")]
/// async fn while_the_cores_are_taken(cx: Context) -> Result {
///     let found = CpuSaturation::new()
///         .burn(Ratio::new(0.9))
///         .users(10)
///         .objective("success_rate > 60%")
///         .run(&cx, |_op| search())
///         .await?;
///     found.judge(&cx);
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct CpuSaturation {
    terms: Terms,
    steady: Steady,
    burn: Option<Ratio>,
}

impl Default for CpuSaturation {
    fn default() -> Self {
        Self::new()
    }
}

impl CpuSaturation {
    /// With the terms above.
    pub fn new() -> Self {
        Self { terms: Terms::new(NAME), steady: Steady::new(), burn: None }
    }

    setters!();
    objective_setter!();
    steady_setters!();

    /// What is burnt, as a share of the cores available: 1 are all of them, 2 are two threads for each, 4 is the most.
    pub const fn burn(mut self, share: Ratio) -> Self {
        self.burn = Some(share);
        self
    }

    fn share(&self) -> Ratio {
        self.burn.unwrap_or(Ratio::new(self.terms.factor()))
    }

    fn press(&self, cx: &Context) -> std::result::Result<Burners, ProcedureError> {
        let settings = cx.settings();
        let limit = settings.percent("max_cpu").map(|limit| (limit, settings.origin("max_cpu").to_string()));
        self.check(limit)
    }

    fn check(&self, limit: Option<(Ratio, String)>) -> std::result::Result<Burners, ProcedureError> {
        self.steady.check(&self.terms)?;
        let share = self.share();
        if !(share.share() > 0.0 && share.share() <= MOST_PER_CORE) {
            return Err(self.terms.wrong(format!(
                "it is to burn {share} of the cores: `burn` wants a share over 0 and up to {:.0}%",
                MOST_PER_CORE * 100.0
            )));
        }
        match limit {
            Some((limit, origin)) if share >= limit => Err(self.terms.wrong(format!(
                "it is to burn {share} of the cores, and the case is stopped at {limit} ({origin}): set `max_cpu = \
                 \"off\"` for this case, or burn less"
            ))),
            Some(_) | None => Ok(Burners { share }),
        }
    }
}

/// Burners of this share.
#[derive(Debug, PartialEq)]
struct Burners {
    share: Ratio,
}

/// The threads, and what had been burnt when the load began.
struct Burning {
    burners: CpuBurners,
    machine: Machine,
    before: Duration,
}

impl Press for Burners {
    type Guard = Burning;

    fn apply(&self, cx: &Context) -> Result<Burning> {
        let burners = CpuBurners::share(self.share, cx.pressure_bounds())?;
        Ok(Burning { burners, machine: Machine::new(), before: Duration::ZERO })
    }

    fn is_settled(&self, burning: &Burning) -> bool {
        !burning.burners.burnt().is_zero()
    }

    fn began(&self, burning: &mut Burning) {
        burning.before = burning.burners.burnt();
        // From here on: a share is over the time since the last look.
        burning.machine = Machine::new();
    }

    fn applied(&self, burning: &mut Burning, over: Duration) -> (AppliedPressure, Option<String>) {
        let burnt = burning.burners.burnt().saturating_sub(burning.before);
        let applied = AppliedPressure::Cpu {
            threads: burning.burners.threads() as u64,
            wanted_cores: burning.burners.wanted_cores(),
            burnt_cores: burnt.as_secs_f64() / over.as_secs_f64().max(f64::MIN_POSITIVE),
            machine_share: burning.machine.sample().cpu_share,
        };
        (applied, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Severity;

    fn refused(procedure: CpuSaturation, limit: Option<f64>) -> String {
        let limit = limit.map(|limit| (Ratio::new(limit), "built in".to_owned()));
        procedure.check(limit).unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_or_the_limits_is_refused_with_the_reason() {
        let new = CpuSaturation::new;
        assert_eq!(
            refused(new(), Some(0.9)),
            "the procedure `CPU saturation` cannot run: it is to burn 100% of the cores, and the case is stopped at 90% \
             (built in): set `max_cpu = \"off\"` for this case, or burn less"
        );
        assert!(refused(new().burn(Ratio::new(0.0)), None).contains("over 0 and up to 400%"));
        assert!(refused(new().burn(Ratio::new(5.0)), None).contains("it is to burn 500% of the cores"));
        assert!(refused(new().burn(Ratio::new(f64::NAN)), None).contains("`burn` wants a share"));
        assert!(refused(new().users(0), None).ends_with("give `users` at least 1"));
        let half = Ratio::new(0.5);
        let limit = Some((Ratio::new(0.9), "built in".to_owned()));
        assert_eq!(new().burn(half).check(limit), Ok(Burners { share: half }));
    }

    #[test]
    fn severity_moves_what_was_not_stated() {
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let share = |severity| CpuSaturation::new().severity(severity).share().to_string();
        assert_eq!(all.map(share), ["50%", "100%", "200%", "400%"]);
        let stated = CpuSaturation::new().severity(Severity::High).burn(Ratio::new(0.3)).share();
        assert_eq!(stated, Ratio::new(0.3));
    }
}
