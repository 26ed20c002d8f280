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
        let name = self.unique_fault_name(faults.name());
        Ok(Injection::begin(faults.named(name), &self.inner.faults, self.circumstances())?)
    }

    /// Says that something of your own, called `name`, is broken until the guard is dropped: a network behind a proxy, a
    /// disk that is full. Nothing is injected; the report has a band for it, as for faults that are.
    ///
    /// ```no_run
    /// # async fn search() -> Result<(), String> { Ok(()) }
    /// # fn unplug() {}
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{Load, per_second, seconds};
    ///
    /// let load = cx.load(Load::rate(per_second(50)).for_duration(seconds(15))).run(|_op| search());
    /// let meanwhile = async {
    ///     cx.pause(seconds(5)).await;
    ///     let band = cx.mark_fault("the cable is out");
    ///     unplug();
    ///     cx.pause(seconds(5)).await;
    ///     drop(band);
    /// };
    /// tokio::join!(load, meanwhile).0?;
    /// # cx.done()
    /// # }
    /// ```
    pub fn mark_fault(&self, name: impl Into<String>) -> Injection {
        let name = self.unique_fault_name(&name.into());
        Injection::mark(name, &self.inner.faults, self.circumstances())
    }

    fn circumstances(&self) -> Circumstances {
        let settings = self.settings();
        Circumstances {
            seed: self.seed(),
            bounds: self.pressure_bounds(),
            share: settings.percent("fault_share"),
            time_scale: settings.factor("time_scale"),
        }
    }
}
