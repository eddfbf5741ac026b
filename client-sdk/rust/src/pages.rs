//! Lists, walked page by page to their end.

use albumen::v1::{
    Album, Asset, ListAlbumsRequest, ListAssetsRequest, ListSharedLinksRequest, SharedLink,
};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use crate::{Client, Error, Result, retry};

impl Client {
    /// All albums that a request matches, from its page on. Pages are asked for as they are needed;
    /// the stream ends with the first error.
    #[must_use]
    pub fn list_albums(&self, request: ListAlbumsRequest) -> BoxStream<'static, Result<Album>> {
        let client = self.clone();
        walk(request.page_token.clone(), move |page_token| {
            let (client, request) = (client.clone(), request.clone());
            Box::pin(async move {
                let request = ListAlbumsRequest { page_token, ..request };
                let list = || async { client.albums().list_albums(request.clone()).await };
                let page = retry(list).await?;
                Ok((page.albums, page.next_page_token))
            })
        })
    }

    /// All assets that a request matches, from its page on. Pages are asked for as they are needed;
    /// the stream ends with the first error.
    #[must_use]
    pub fn list_assets(&self, request: ListAssetsRequest) -> BoxStream<'static, Result<Asset>> {
        let client = self.clone();
        walk(request.page_token.clone(), move |page_token| {
            let (client, request) = (client.clone(), request.clone());
            Box::pin(async move {
                let request = ListAssetsRequest { page_token, ..request };
                let list = || async { client.assets().list_assets(request.clone()).await };
                let page = retry(list).await?;
                Ok((page.assets, page.next_page_token))
            })
        })
    }

    /// All links that a request matches, from its page on. Pages are asked for as they are needed;
    /// the stream ends with the first error.
    #[must_use]
    pub fn list_shared_links(
        &self,
        request: ListSharedLinksRequest,
    ) -> BoxStream<'static, Result<SharedLink>> {
        let client = self.clone();
        walk(request.page_token.clone(), move |page_token| {
            let (client, request) = (client.clone(), request.clone());
            Box::pin(async move {
                let request = ListSharedLinksRequest { page_token, ..request };
                let links = || client.shared_links();
                let list = || async { links().list_shared_links(request.clone()).await };
                let page = retry(list).await?;
                Ok((page.shared_links, page.next_page_token))
            })
        })
    }
}

/// A page: its items and the token of the next one, empty on the last.
type Page<T> = BoxFuture<'static, Result<(Vec<T>, String)>>;

fn walk<T: Send + 'static>(
    first: String,
    page: impl Fn(String) -> Page<T> + Send + 'static,
) -> BoxStream<'static, Result<T>> {
    let pages = stream::try_unfold((Some(first), page), |(token, page)| async move {
        let Some(token) = token else { return Ok::<_, Error>(None) };
        let (items, next) = page(token).await?;
        let next = Some(next).filter(|token| !token.is_empty());
        Ok(Some((stream::iter(items.into_iter().map(Ok)), (next, page))))
    });
    pages.try_flatten().boxed()
}
