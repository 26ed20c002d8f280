use super::Context;
use crate::{
    error::Result,
    fault::{Circumstances, Faults, Injection},
};

impl Context {
    /// Puts faults in force, until the guard is dropped: see [`fault`](crate::fault).
    ///
    /// A setting `fault_share` replaces the share of the operations that meet one, `0%` being none; a `time_scale`
    /// applies to their times. In a dry run none is met.
    ///
    /// ```no_run
    /// # async fn search() -> Result<(), String> { Ok(()) }
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{Load, fault::{Faults, Latency}, millis, per_second, percent, seconds};
    ///
    /// let slow = Faults::share(percent(20)).latency(Latency::exponential(millis(100)));
    /// let faults = cx.inject(slow.named("slow network").during(seconds(5)..seconds(10)))?;
    /// cx.load(Load::rate(per_second(50)).for_duration(seconds(15))).run(faults.around(|_op| search())).await?;
    /// drop(faults);
    /// # cx.done()
    /// # }
    /// ```
    ///
    /// # Errors
    /// The faults contradict themselves.
    pub fn inject(&self, faults: Faults) -> Result<Injection> {
        let inner = &self.inner;
        let settings = self.settings();
        let name = self.unique_fault_name(faults.name());
        let terms = Circumstances {
            seed: self.seed(),
            bounds: self.pressure_bounds(),
            share: settings.percent("fault_share"),
            time_scale: settings.factor("time_scale"),
        };
        Ok(Injection::begin(faults.named(name), &inner.faults, terms)?)
    }
}
