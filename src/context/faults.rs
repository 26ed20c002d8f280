use std::net::SocketAddr;

use super::Context;
use crate::{
    error::Result,
    fault::{Circumstances, Faults, FewDescriptors, FewDescriptorsError, Injection, Proxy, ProxyBuilder},
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

    /// A proxy to the server at `address` whose toxics are healed when this case is told to stop, so that what is in
    /// flight can come to its end; its seed is the case's.
    ///
    /// ```no_run
    /// use proofload::{Context, Load, fault::Toxic, millis, seconds};
    /// # async fn ask(_: std::net::SocketAddr) -> std::io::Result<()> { Ok(()) }
    ///
    /// #[proofload::case]
    /// async fn far_away(cx: Context) -> proofload::Result {
    ///     let proxy = cx.proxy_to(([127, 0, 0, 1], 5432).into()).start()?;
    ///     let address = proxy.address();
    ///     let _far = proxy.add(Toxic::latency(millis(40)))?;
    ///     let run = cx.load(Load::users(4).for_duration(seconds(5))).run(move |_op| ask(address)).await?;
    ///     run.expect("success_rate == 100%")?;
    ///     cx.done()
    /// }
    /// # fn main() {}
    /// ```
    pub fn proxy_to(&self, address: SocketAddr) -> ProxyBuilder {
        Proxy::to(address).seed(self.seed()).until_stopped(self.stop_token())
    }

    /// Leaves this process `left` descriptors to open, until the guard is dropped or this case is told to stop.
    /// Connections of a load are descriptors too, and a load needs some of its own when it begins: take them before it.
    ///
    /// # Errors
    /// As [`FewDescriptors::left`].
    pub fn few_descriptors(&self, left: u64) -> std::result::Result<FewDescriptors, FewDescriptorsError> {
        Ok(FewDescriptors::left(left)?.until_stopped(self.stop_token().clone()))
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
