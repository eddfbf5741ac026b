//! Lists, walked page by page to their end.

use albumen::v1::{
    Activity, Album, AlbumMember, ApiKey, Asset, AuditEvent, FolderRule, FolderRuleRun, Job,
    Library, LibraryScan, ListActivitiesRequest, ListAlbumMembersRequest, ListAlbumsRequest,
    ListAllSharedLinksRequest, ListApiKeysRequest, ListAssetsRequest, ListAuditEventsRequest,
    ListFolderRuleRunsRequest, ListFolderRulesRequest, ListJobsRequest, ListLibrariesRequest,
    ListLibraryScansRequest, ListSharedLinksRequest, ListUsersRequest, SharedLink, User,
};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use crate::{Client, Error, Result, retry};

/// A method for each list: what it lists, its name, service, request, item and field of answers.
macro_rules! lists {
    ($($what:literal $list:ident $service:ident $request:ident $item:ident $items:ident;)*) => {
        impl Client {
            $(
                #[doc = concat!("All ", $what, " that a request matches, from its page on.")]
                /// Pages are asked for as they are needed; the stream ends with the first error.
                #[must_use]
                pub fn $list(&self, request: $request) -> BoxStream<'static, Result<$item>> {
                    let client = self.clone();
                    walk(request.page_token.clone(), move |page_token| {
                        let (client, request) = (client.clone(), request.clone());
                        Box::pin(async move {
                            let request = $request { page_token, ..request };
                            let list = || async { client.$service().$list(request.clone()).await };
                            let page = retry(list).await?;
                            Ok((page.$items, page.next_page_token))
                        })
                    })
                }
            )*
        }
    };
}

lists! {
    "comments and likes" list_activities activities ListActivitiesRequest Activity activities;
    "albums" list_albums albums ListAlbumsRequest Album albums;
    "members of an album" list_album_members albums ListAlbumMembersRequest AlbumMember members;
    "links of all users" list_all_shared_links shared_links
        ListAllSharedLinksRequest SharedLink shared_links;
    "API keys" list_api_keys auth ListApiKeysRequest ApiKey api_keys;
    "assets" list_assets assets ListAssetsRequest Asset assets;
    "entries of the audit log" list_audit_events audit
        ListAuditEventsRequest AuditEvent audit_events;
    "runs of folder rules" list_folder_rule_runs folder_albums
        ListFolderRuleRunsRequest FolderRuleRun runs;
    "folder rules" list_folder_rules folder_albums
        ListFolderRulesRequest FolderRule folder_rules;
    "jobs" list_jobs jobs ListJobsRequest Job jobs;
    "libraries" list_libraries libraries ListLibrariesRequest Library libraries;
    "scans of a library" list_library_scans libraries ListLibraryScansRequest LibraryScan scans;
    "links" list_shared_links shared_links ListSharedLinksRequest SharedLink shared_links;
    "users" list_users users ListUsersRequest User users;
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
