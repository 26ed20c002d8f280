use std::{any::Any, fmt, pin::Pin, sync::Arc, time::Duration};

use super::wait::waited;
use crate::{
    pressure::{Bounds, MemoryBallast},
    stop::StopToken,
    units::{ByteSize, Ratio, show_duration},
};

/// One operation takes no more: a share of many would be the whole machine.
const MOST_MEMORY: ByteSize = ByteSize::new(256 << 20);

/// What is held for longer is a leak.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Something that is held; dropping it gives it back.
type Held = Box<dyn Any + Send>;

type Taking = Pin<Box<dyn Future<Output = Held> + Send>>;

/// A resource that an operation takes and that is held for a time.
#[derive(Clone)]
pub(super) struct Hold {
    what: What,
    length: Duration,
}

#[derive(Clone)]
enum What {
    Memory(ByteSize),
    Resource { name: Box<str>, take: Arc<dyn Fn() -> Taking + Send + Sync> },
}

impl Hold {
    pub(super) const fn memory(amount: ByteSize, length: Duration) -> Self {
        Self { what: What::Memory(amount), length }
    }

    pub(super) fn resource<F, T>(name: String, length: Duration, take: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output: Send + 'static> + Send + 'static,
    {
        let take = move || -> Taking {
            let taking = take();
            Box::pin(async move { Box::new(taking.await) as Held })
        };
        Self { what: What::Resource { name: name.into(), take: Arc::new(take) }, length }
    }

    pub(super) fn mistake(&self) -> Option<String> {
        match self.what {
            What::Memory(amount) if amount.bytes() == 0 => {
                return Some("it is to hold nothing: give it a size over 0".to_owned());
            }
            What::Memory(amount) if amount > MOST_MEMORY => {
                return Some(format!("one operation is to hold {amount}: {MOST_MEMORY} at most"));
            }
            What::Memory(_) | What::Resource { .. } => {}
        }
        let is_a_time = !self.length.is_zero() && self.length <= LONGEST;
        (!is_a_time).then(|| {
            format!("it is to be held for {}: over 0 s, and an hour at most", show_duration(self.length))
        })
    }

    /// Takes it, holds it for its time or until `ended` says so, and gives it back.
    pub(super) async fn carry_out(self, bounds: Bounds, ended: StopToken) {
        let taking = async {
            match &self.what {
                What::Memory(amount) => {
                    let amount = *amount;
                    // Touching pages takes a while, and the workers have operations to run.
                    let taken = tokio::task::spawn_blocking(move || take_memory(amount, &bounds));
                    taken.await.ok().flatten().map(|block| Box::new(block) as Held)
                }
                What::Resource { take, .. } => Some(take().await),
            }
        };
        let held = tokio::select! {
            held = taking => held,
            () = ended.stopped() => return,
        };
        if held.is_some() {
            let until = tokio::time::Instant::now() + self.length;
            waited(&ended, Some(until.into_std())).await;
        }
    }
}

/// Memory with all pages touched, where the limits leave it.
fn take_memory(amount: ByteSize, bounds: &Bounds) -> Option<Vec<u8>> {
    let room = MemoryBallast::plan(Ratio::new(1.0), bounds);
    if room < amount {
        return None;
    }
    let length = usize::try_from(amount.bytes()).ok()?;
    let mut block = Vec::new();
    block.try_reserve_exact(length).ok()?;
    // Anything but zeroes, which the system would not have to find memory for.
    block.resize(length, 1);
    Some(std::hint::black_box(block))
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Memory(amount) => write!(f, "{amount} of memory")?,
            What::Resource { name, .. } => f.write_str(name)?,
        }
        write!(f, " held for {}", show_duration(self.length))
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hold({self})")
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;
    use crate::{
        stop::StopReason,
        units::{millis, seconds},
    };

    fn permit(pool: &Arc<Semaphore>, length: Duration) -> Hold {
        let pool = Arc::clone(pool);
        Hold::resource("permit".to_owned(), length, move || Arc::clone(&pool).acquire_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_is_held_for_its_time() {
        let pool = Arc::new(Semaphore::new(1));
        let holding = tokio::spawn(permit(&pool, seconds(5)).carry_out(Bounds::default(), StopToken::new()));
        tokio::time::sleep(millis(4_900)).await;
        assert_eq!(pool.available_permits(), 0);
        tokio::time::sleep(millis(200)).await;
        assert_eq!(pool.available_permits(), 1);
        holding.await.expect("it ends");
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_fault_gives_it_back_and_waits_for_nothing() {
        let (pool, ended) = (Arc::new(Semaphore::new(1)), StopToken::new());
        let hold = || tokio::spawn(permit(&pool, seconds(3_000)).carry_out(Bounds::default(), ended.clone()));
        let (holds, waits) = (hold(), hold());
        tokio::time::sleep(millis(10)).await;
        assert_eq!(pool.available_permits(), 0);
        ended.stop(StopReason::Interrupted);
        holds.await.expect("it ends");
        waits.await.expect("it never had one");
        assert_eq!(pool.available_permits(), 1);
    }

    #[test]
    fn memory_is_taken_within_its_bounds() {
        let block = take_memory(ByteSize::new(1 << 20), &Bounds::default());
        assert!(block.is_none_or(|block| block.len() == 1 << 20), "all of it or nothing");
        let none = Bounds { max_memory: Some(ByteSize::new(1)), ..Bounds::default() };
        assert_eq!(take_memory(ByteSize::new(1 << 20), &none), None);
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        let memory = |bytes, length| Hold::memory(ByteSize::new(bytes), length).mistake().unwrap_or_default();
        assert!(memory(0, seconds(1)).ends_with("give it a size over 0"));
        assert!(memory(1 << 30, seconds(1)).contains("one operation is to hold 1 GiB"));
        assert!(memory(1, Duration::ZERO).contains("it is to be held for 0 ns"));
        assert_eq!(memory(1, seconds(1)), "");
    }
}
