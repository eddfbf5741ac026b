//! Taking bytes in, from one call or a stream of them.

use bytes::Bytes;
use futures::stream::{Stream, StreamExt as _};
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use super::spool::{self, Spool};
use super::{active, mark_cancelled, not_active, open_spool};
use crate::access::{self, Actor, Interest};
use crate::app::App;
use crate::entity::upload::{Model as Upload, State};
use crate::error::{Error, Result};
use crate::id::UploadId;
use crate::media::{self, SNIFF_BYTES};

/// How many bytes are gathered before they are written and digested together.
const BATCH_BYTES: usize = 1 << 20;
/// How many bytes of a stream a crash can cost at most: the row is brought up to date this often.
const COMMIT_BYTES: i64 = 16 << 20;

/// [`append`] in a task of its own: what arrived is kept even if the caller is gone before the end.
/// What arrives after the caller lost the right is not taken.
pub async fn append_in_background(
    app: &App,
    actor: Actor,
    id: UploadId,
    offset: i64,
    chunks: impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static,
) -> Result<i64> {
    let app_ = app.clone();
    let may_still =
        move |app: App, actor: Actor| async move { active(&app, &actor, id).await.map(drop) };
    let chunks =
        Box::pin(access::guard(app.clone(), actor.clone(), Interest::Bytes, chunks, may_still));
    let append = async move { append(&app_, &actor, id, offset, chunks).await };
    app.spawn(append).await.map_err(Error::internal)?
}

/// Appends chunks to the caller's upload and returns how many bytes are safe.
///
/// When it fails, the bytes of the chunks before the failure are safe all the same.
pub async fn append(
    app: &App,
    actor: &Actor,
    id: UploadId,
    offset: i64,
    chunks: impl Stream<Item = Result<Bytes>> + Send + Unpin,
) -> Result<i64> {
    let (upload, spool) = open_spool(app, actor, id).await?;
    let mut appender = Appender { app, actor, upload, spool: Some(spool) };
    let committed_size_bytes = appender.len();
    if offset != committed_size_bytes {
        return Err(Error::UploadOffset { committed_size_bytes });
    }
    let result = appender.take(chunks).await;
    if matches!(result, Err(Error::UnsupportedType(_))) {
        appender.give_up().await?;
    } else {
        appender.commit().await?;
    }
    result.map(|()| appender.upload.committed_size_bytes)
}

/// Moves bytes from a caller to the spool, and the row along with them.
struct Appender<'a> {
    app: &'a App,
    actor: &'a Actor,
    upload: Upload,
    /// None only while a write is under way, or if nobody knows what it did.
    spool: Option<Spool>,
}

impl Appender<'_> {
    async fn take(&mut self, mut chunks: impl Stream<Item = Result<Bytes>> + Unpin) -> Result<()> {
        let mut batch = Vec::new();
        let mut batched = 0;
        loop {
            let chunk = chunks.next().await;
            let is_end = !matches!(chunk, Some(Ok(_)));
            let failure = match chunk {
                Some(Ok(chunk)) if self.fits(batched, chunk.len()) => {
                    batched += chunk.len();
                    batch.push(chunk);
                    None
                }
                Some(Ok(_)) => Some(Error::invalid("chunk", "must not go beyond size_bytes")),
                Some(Err(error)) => Some(error),
                None => None,
            };
            if is_end || failure.is_some() || batched >= BATCH_BYTES {
                self.write(std::mem::take(&mut batch)).await?;
                batched = 0;
            }
            match failure {
                Some(error) => return Err(error),
                None if is_end => return Ok(()),
                None => {}
            }
        }
    }

    fn fits(&self, batched: usize, chunk: usize) -> bool {
        let rest = self.upload.size_bytes - self.len();
        (batched + chunk) as u64 <= rest.cast_unsigned()
    }

    fn len(&self) -> i64 {
        self.spool.as_ref().map_or(self.upload.committed_size_bytes, Spool::len)
    }

    async fn write(&mut self, batch: Vec<Bytes>) -> Result<()> {
        let Some(spool) = self.spool.take() else { return Ok(()) };
        let before = spool.len();
        let (spool, written) = spool.append(batch).await?;
        let spool = self.spool.insert(spool);
        written?;
        let decisive = (SNIFF_BYTES as i64).min(self.upload.size_bytes);
        if before < decisive && spool.len() >= decisive {
            self.sniff().await?;
        }
        if self.len() - self.upload.committed_size_bytes >= COMMIT_BYTES {
            self.commit().await?;
        }
        Ok(())
    }

    /// Refuses what is neither photo nor video as soon as it can be told.
    async fn sniff(&mut self) -> Result<()> {
        let Some(spool) = self.spool.take() else { return Ok(()) };
        let (spool, head) = spool.head().await?;
        self.spool = Some(spool);
        media::detect(&head).map_err(|refused| Error::UnsupportedType(refused.detected))?;
        Ok(())
    }

    /// Brings the row up to the file: from here on the bytes are safe.
    async fn commit(&mut self) -> Result<()> {
        let Some(spool) = &self.spool else { return Ok(()) };
        let (before, after) = (self.upload.committed_size_bytes, spool.len());
        if before == after {
            return Ok(());
        }
        spool.sync().await?;
        let (digest_state, actor, id) =
            (spool.digest().state(), self.actor.clone(), self.upload.id);
        let expire_time = self.app.now().after(self.app.config.upload_ttl);
        let upload = self.app.transact(move |transaction| async move {
            let upload = access::lock_upload(&transaction, &actor, id).await?;
            if upload.state != State::Active {
                return Err(not_active(&upload));
            }
            if upload.committed_size_bytes != before {
                return Err(Error::Conflict);
            }
            let mut upload = upload.into_active_model();
            upload.committed_size_bytes = Set(after);
            upload.digest_state = Set(digest_state);
            upload.expire_time = Set(expire_time);
            Ok(upload.update(&*transaction).await?)
        });
        self.upload = upload.await?;
        Ok(())
    }

    async fn give_up(&mut self) -> Result<()> {
        let (app, actor, id) = (self.app.clone(), self.actor.clone(), self.upload.id);
        let upload = self.app.transact(move |transaction| async move {
            let upload = access::lock_upload(&transaction, &actor, id).await?;
            mark_cancelled(&app, &transaction, upload).await
        });
        self.upload = upload.await?;
        spool::remove(self.app, id).await;
        Ok(())
    }
}
