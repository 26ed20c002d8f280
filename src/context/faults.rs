use std::net::SocketAddr;

use super::Context;
use crate::fault::{FewDescriptors, FewDescriptorsError, Proxy, ProxyBuilder};

impl Context {
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
    pub fn few_descriptors(&self, left: u64) -> Result<FewDescriptors, FewDescriptorsError> {
        Ok(FewDescriptors::left(left)?.until_stopped(self.stop_token().clone()))
    }
}
