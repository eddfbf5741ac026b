//! Watching an album across interruptions.

use albumen::v1::{WatchAlbumRequest, WatchAlbumResponse};
use futures::stream::{self, BoxStream, StreamExt as _};
use tonic::Streaming;

use crate::error::Patience;
use crate::{Client, Error, Result};

impl Client {
    /// What happens in an album, from `cursor` on, or from now on if it is empty. The first message
    /// has no event: from then on nothing is missed. An interrupted call goes on where it was.
    ///
    /// The stream ends with an error: `RESOURCE_NOT_FOUND` once the caller may no longer see the
    /// album, `CURSOR_EXPIRED` after a week away, or an interruption that lasts.
    #[must_use]
    pub fn watch_album(
        &self,
        album_id: &str,
        cursor: &str,
    ) -> BoxStream<'static, Result<WatchAlbumResponse>> {
        let request =
            WatchAlbumRequest { album_id: album_id.to_owned(), cursor: cursor.to_owned() };
        let watch =
            Watch { client: self.clone(), request, messages: None, patience: Patience::default() };
        let messages = stream::unfold(Some(watch), |watch| async move {
            let mut watch = watch?;
            match watch.next().await {
                Ok(message) => Some((Ok(message), Some(watch))),
                Err(error) => Some((Err(error), None)),
            }
        });
        messages.boxed()
    }
}

struct Watch {
    client: Client,
    request: WatchAlbumRequest,
    messages: Option<Streaming<WatchAlbumResponse>>,
    patience: Patience,
}

impl Watch {
    async fn next(&mut self) -> Result<WatchAlbumResponse> {
        loop {
            match self.try_next().await {
                Ok(message) => {
                    self.request.cursor.clone_from(&message.cursor);
                    self.patience = Patience::default();
                    return Ok(message);
                }
                Err(error) => {
                    self.messages = None;
                    self.patience.pause(0, error).await?;
                }
            }
        }
    }

    async fn try_next(&mut self) -> Result<WatchAlbumResponse> {
        let messages = match &mut self.messages {
            Some(messages) => messages,
            none => {
                let answer = self.client.albums().watch_album(self.request.clone()).await?;
                none.insert(answer.into_inner())
            }
        };
        messages.message().await?.ok_or(Error::Ended)
    }
}
