//! One flow, from its place to its document.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use backon::Retryable;
use tokio::time::{Instant, timeout_at};

use super::{
    ContentFlow, FlowError, Parts, Published,
    brief::{Brief, generator},
    draft::Writer,
    manuscript::Manuscript,
    outline::{Outline, outline},
    publish::render,
    research::{Findings, research},
    retries::{Patience, Pauses},
    review::{Judgement, review},
    stage::{Stage, Tally},
};

/// What the random numbers of a flow are for.
const WRITING: u64 = 1 << 40;
const REWRITING: u64 = 2 << 40;

/// Why an attempt has no result.
enum Mishap {
    /// Another one may have.
    Passing(FlowError),
    /// Another one would not.
    Lasting(FlowError),
}

impl Mishap {
    fn error(self) -> FlowError {
        match self {
            Self::Passing(error) | Self::Lasting(error) => error,
        }
    }
}

/// A flow that has its place.
struct Flow<'a> {
    parts: &'a Arc<Parts>,
    brief: Arc<Brief>,
    deadline: Instant,
    pauses: Pauses,
}

/// What the text is made from.
#[derive(Clone)]
struct Material {
    findings: Arc<Findings>,
    outline: Arc<Outline>,
    quotation: Arc<str>,
}

impl ContentFlow {
    /// Carries out flow `number` and hands over what it has published. Dropping the future ends it; its place is free
    /// then, and work that a thread has begun is finished for nobody.
    pub(crate) async fn publish(&self, number: u64) -> Result<Published, FlowError> {
        let place = self.parts.places.take()?;
        let options = &self.parts.options;
        let flow = Flow {
            parts: &self.parts,
            brief: Arc::new(Brief::new(&self.parts.library, options.seed, number)),
            deadline: Instant::now() + options.deadline,
            pauses: Pauses {
                retries: options.retries,
                patience: self.patience(),
                seed: options.seed ^ number,
            },
        };
        let published = flow.run().await;
        if published.is_err() {
            place.failed();
        }
        published
    }

    /// Carries out flow `number` and checks that what is on the shelf is what its review has passed.
    pub(crate) async fn publish_checked(&self, number: u64) -> Result<(), FlowError> {
        let published = self.publish(number).await?;
        let check = move || published.check(number);
        let checked = self.parts.work(Stage::Publish, check).await?;
        if matches!(checked, Err(FlowError::Wrong { .. })) {
            self.parts.wrong.fetch_add(1, Ordering::Relaxed);
        }
        checked
    }
}

impl Published {
    /// Reads every edition back.
    fn check(&self, number: u64) -> Result<(), FlowError> {
        for read in self.publication.read().map_err(FlowError::Shelf)? {
            let found = read.checksum();
            if found != self.passed || read.sections.len() != self.sections {
                return Err(FlowError::Wrong { number, found, passed: self.passed });
            }
        }
        Ok(())
    }
}

impl Parts {
    /// Does `work` on a thread, when one is free. What waits for one is given up with the future; what has one keeps it
    /// until it is done, so that no more threads work than there may be.
    async fn work<T: Send + 'static>(
        &self,
        stage: Stage,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FlowError> {
        let permit = Arc::clone(&self.workers).acquire_owned().await.expect("nobody closes the semaphore");
        let job = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        // Or the runtime shuts down, and nobody hears this.
        job.await.map_err(|_| FlowError::Panicked(stage))
    }
}

impl Flow<'_> {
    async fn run(&self) -> Result<Published, FlowError> {
        let quotation = self.in_time("while asking the archive", self.quotation()).await?;
        let findings = self.in_time("in research", self.research()).await?;
        let outline = self.in_time("in the outline", self.outline(&findings)).await?;
        let material = Material { findings, outline, quotation: quotation.into() };
        let (draft, passed) = self.in_time("in draft and review", self.reviewed(material)).await?;
        self.in_time("in publishing", self.put(draft, passed)).await
    }

    async fn in_time<T>(
        &self,
        during: &'static str,
        part: impl Future<Output = Result<T, FlowError>>,
    ) -> Result<T, FlowError> {
        timeout_at(self.deadline, part).await.unwrap_or(Err(FlowError::Late { during }))
    }

    /// Asks the archive through the breaker.
    async fn quotation(&self) -> Result<String, FlowError> {
        let mut attempt = 0;
        let call = || {
            attempt += 1;
            self.call(attempt)
        };
        self.with_retries(&self.parts.archive_tally, 0, call).await
    }

    async fn call(&self, attempt: u32) -> Result<String, Mishap> {
        let call = self.parts.breaker.ask().map_err(|open| Mishap::Lasting(open.into()))?;
        let answer = self.parts.archive.quotation(&self.brief, attempt).await;
        self.parts.archive_tally.ended(answer.is_err());
        match &answer {
            Ok(_) => call.succeeded(),
            Err(_) => call.failed(),
        }
        answer.map_err(|error| Mishap::Passing(error.into()))
    }

    async fn research(&self) -> Result<Arc<Findings>, FlowError> {
        let (parts, brief) = (Arc::clone(self.parts), Arc::clone(&self.brief));
        let found =
            self.stage(Stage::Research, move |effort| research(&parts.library, &brief, effort)).await?;
        found.map(Arc::new).ok_or(FlowError::Poor(Stage::Research))
    }

    async fn outline(&self, findings: &Arc<Findings>) -> Result<Arc<Outline>, FlowError> {
        let (parts, findings) = (Arc::clone(self.parts), Arc::clone(findings));
        let planned =
            self.stage(Stage::Outline, move |effort| outline(&parts.library, &findings, effort)).await?;
        planned.map(Arc::new).ok_or(FlowError::Poor(Stage::Outline))
    }

    /// A draft that the review has passed, with the checksum of what it has read: the first, or the second.
    async fn reviewed(&self, material: Material) -> Result<(Manuscript, u32), FlowError> {
        let (in_first, in_second) = self.parts.options.slips;
        let quotation = Arc::clone(&material.quotation);
        let draft = self.draft(&material, in_first, WRITING, move |writer| writer.write(&quotation)).await?;
        let (draft, judgement) = self.review(&material, draft).await?;
        let remarks = match judgement {
            Judgement::Passed { checksum } => return Ok((draft, checksum)),
            Judgement::SentBack(remarks) => remarks,
        };
        self.parts.sent_back.fetch_add(1, Ordering::Relaxed);
        let rewrite = move |writer: &mut Writer<'_>| writer.revise(draft.clone(), &remarks);
        let draft = self.draft(&material, in_second, REWRITING, rewrite).await?;
        match self.review(&material, draft).await? {
            (draft, Judgement::Passed { checksum }) => Ok((draft, checksum)),
            (_, Judgement::SentBack(remarks)) => Err(FlowError::SentBack(remarks.len())),
        }
    }

    async fn draft(
        &self,
        material: &Material,
        slips: f64,
        purpose: u64,
        write: impl Fn(&mut Writer<'_>) -> Manuscript + Clone + Send + 'static,
    ) -> Result<Manuscript, FlowError> {
        let (parts, material) = (Arc::clone(self.parts), material.clone());
        let rng = generator(parts.options.seed, self.brief.number, purpose);
        let write = move |effort| {
            let Material { findings, outline, .. } = &material;
            write(&mut Writer::new(&parts.library, findings, outline, effort, slips, rng.clone()))
        };
        self.stage(Stage::Draft, write).await
    }

    async fn review(
        &self,
        material: &Material,
        draft: Manuscript,
    ) -> Result<(Manuscript, Judgement), FlowError> {
        let (parts, material) = (Arc::clone(self.parts), material.clone());
        let read = move |effort| {
            let Material { outline, quotation, .. } = &material;
            let judgement = review(&parts.library, outline, quotation, &draft, effort);
            (draft.clone(), judgement)
        };
        self.stage(Stage::Review, read).await
    }

    /// Sets the document and puts it on the shelf. A failed attempt loses what was set; what is on the shelf stays there.
    async fn put(&self, draft: Manuscript, passed: u32) -> Result<Published, FlowError> {
        let rendered = self.stage(Stage::Publish, move |effort| render(&draft, effort)).await?;
        let (parts, number) = (Arc::clone(self.parts), self.brief.number);
        let put = move || parts.shelf.put(number, &rendered);
        let publication = self.parts.work(Stage::Publish, put).await?.map_err(FlowError::Shelf)?;
        Ok(Published { publication, sections: self.brief.sections, passed })
    }

    /// Does the work of a stage, again and again if its result is lost.
    async fn stage<T: Send + 'static>(
        &self,
        stage: Stage,
        work: impl Fn(u32) -> T + Clone + Send + 'static,
    ) -> Result<T, FlowError> {
        let tally = &self.parts.stages[stage as usize];
        let (terms, seed) = (self.parts.options.stages[stage as usize], self.parts.options.seed);
        let mut attempt = 0;
        let once = || {
            attempt += 1;
            let is_lost = terms.is_lost(seed, stage, self.brief.number, attempt);
            let work = work.clone();
            async move {
                let done =
                    self.parts.work(stage, move || work(terms.effort)).await.map_err(Mishap::Lasting)?;
                tally.ended(is_lost);
                if is_lost { Err(Mishap::Passing(FlowError::Stage(stage))) } else { Ok(done) }
            }
        };
        self.with_retries(tally, 1 + stage as u64, once).await
    }

    async fn with_retries<T, F: Future<Output = Result<T, Mishap>>>(
        &self,
        tally: &Tally,
        purpose: u64,
        once: impl FnMut() -> F,
    ) -> Result<T, FlowError> {
        let pauses = Pauses { seed: self.pauses.seed.rotate_left(8) ^ purpose, ..self.pauses };
        let is_worth_it = |mishap: &Mishap| match (mishap, pauses.patience) {
            (Mishap::Passing(_), _) | (Mishap::Lasting(_), Patience::WithoutEnd) => true,
            (Mishap::Lasting(_), Patience::Bounded) => false,
        };
        let tried = once.retry(pauses).when(is_worth_it).notify(|_, _| tally.retried()).await;
        tried.map_err(Mishap::error)
    }
}
