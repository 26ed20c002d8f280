use super::{inside, tag::Tag};

/// What an operation is told about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Op {
    /// The number of the operation in its load, from 0. An open load counts them in the order in which they fall due;
    /// in a closed load it is `iteration * users + user`, the same in every run, or the next free one where the users
    /// share their iterations.
    pub index: u64,
    /// The user that carries it out, from 0. In an open load it is the operation's own number.
    pub user: u64,
    /// How often this user has done an operation before. Always 0 in an open load.
    pub iteration: u64,
    /// The stage of the load that it fell due in, from 0; a warm-up is a stage of its own.
    pub stage: usize,
    /// 0 for the first attempt, then 1 for the first retry.
    pub attempt: u32,
    /// The number of the load in its case, from 1; 0 where nobody counts them.
    pub(crate) load: u32,
    pub(crate) seed: u64,
}

impl Op {
    /// Random numbers of this operation's own: the same ones in every run with the same seed.
    ///
    /// Every attempt of the operation gets the same.
    pub fn rng(&self) -> fastrand::Rng {
        // Multiplying by the golden ratio's fraction spreads neighbouring numbers over the whole range (Knuth,
        // TAOCP 3, 6.4); without it the generators of operations 1, 2, 3 would start close to each other.
        let spread = self.index.wrapping_add(self.user << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        fastrand::Rng::with_seed(self.seed ^ spread)
    }

    /// Calls this operation something, such as `read` or `write`: the report and expectations then have figures of
    /// those operations by themselves. To be called inside of the operation, best before anything can fail; what a
    /// task does that the operation spawns is not the operation. The last name counts. Up to 32 names, of at most 60
    /// characters, are kept apart.
    ///
    /// ```no_run
    /// # async fn read() {}
    /// # async fn write() {}
    /// # async fn load(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{Load, Op, seconds};
    ///
    /// let mixed = |op: Op| async move {
    ///     if op.index % 10 == 0 {
    ///         op.tag("write");
    ///         write().await;
    ///     } else {
    ///         op.tag("read");
    ///         read().await;
    ///     }
    /// };
    /// let run = cx.load(Load::users(8).for_duration(seconds(5))).run(mixed).await?;
    /// let reads = run.observation().tags.get("read").map(|figures| figures.counts.ok);
    /// # let _ = reads;
    /// # Ok(())
    /// # }
    /// ```
    pub fn tag(&self, name: &str) {
        inside::call(Some(Tag::of(name)));
    }
}
