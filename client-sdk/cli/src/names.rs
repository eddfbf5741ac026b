//! Finding what people name: by id, or by name where that fits one alone.

use albumen_client::v1::{
    Album, AlbumMember, AlbumRole, FolderRule, GetAlbumRequest, GetFolderRuleRequest,
    GetLibraryRequest, GetUserRequest, Library, ListAlbumMembersRequest, ListAlbumsRequest,
    ListFolderRulesRequest, ListLibrariesRequest, ListSharedLinksRequest, ListUsersRequest,
    SharedLink, User,
};
use albumen_client::{Client, retry};
use futures::TryStreamExt as _;
use uuid::Uuid;

use crate::failure::{Failure, Result};
use crate::table::printable;
use crate::words::{count, whole};

/// Finds an album: one in which the caller has at least a role, else any, with which the server
/// then says what is missing.
pub(crate) async fn album(client: &Client, name: &str, min_role: AlbumRole) -> Result<Album> {
    if let Some(album) = find_album(client, name, min_role).await? {
        return Ok(album);
    }
    let album = find_album(client, name, AlbumRole::Viewer).await?;
    album.ok_or_else(|| not_found("album", name))
}

/// Finds an album in which the caller has at least a role; `None` if no album has the name. An id
/// that nothing has is an error all the same.
pub(crate) async fn find_album(
    client: &Client,
    name: &str,
    min_role: AlbumRole,
) -> Result<Option<Album>> {
    if is_id(name) {
        let request = GetAlbumRequest { album_id: name.to_owned() };
        let get = || async { client.albums().get_album(request.clone()).await };
        return Ok(Some(retry(get).await?));
    }
    let request = ListAlbumsRequest {
        display_name_contains: name.to_owned(),
        min_role: min_role.into(),
        ..ListAlbumsRequest::default()
    };
    let albums: Vec<_> = client.list_albums(request).try_collect().await?;
    pick("album", name, albums, |album| &album.display_name, describe_album)
}

/// Finds an album of the caller's that is in the trash.
pub(crate) async fn trashed_album(client: &Client, name: &str) -> Result<String> {
    if is_id(name) {
        return Ok(name.to_owned());
    }
    let request = ListAlbumsRequest {
        display_name_contains: name.to_owned(),
        only_deleted: true,
        ..ListAlbumsRequest::default()
    };
    let albums: Vec<_> = client.list_albums(request).try_collect().await?;
    let album = pick("album", name, albums, |album| &album.display_name, describe_album)?;
    Ok(album.ok_or_else(|| not_found("album in the trash", name))?.id)
}

/// Finds a user by id, e-mail or name. Deleted ones are found by administrators who ask for them.
pub(crate) async fn user(client: &Client, name: &str, show_deleted: bool) -> Result<User> {
    if is_id(name) && !show_deleted {
        let request = GetUserRequest { user_id: name.to_owned() };
        return Ok(retry(|| async { client.users().get_user(request.clone()).await }).await?);
    }
    let mut request = ListUsersRequest { show_deleted, ..ListUsersRequest::default() };
    match is_email(name) {
        true => name.clone_into(&mut request.email),
        false if !is_id(name) => name.clone_into(&mut request.display_name),
        false => {}
    }
    let mut users: Vec<_> = client.list_users(request).try_collect().await?;
    if is_email(name) || is_id(name) {
        users.retain(|user| is_email(name) || user.id.eq_ignore_ascii_case(name));
        return users.into_iter().next().ok_or_else(|| not_found("user", name));
    }
    let user = pick(
        "user",
        name,
        users,
        |user| &user.display_name,
        |user| format!("{}  {} {}", user.id, user.display_name, user.email),
    )?;
    user.ok_or_else(|| not_found("user", name))
}

/// Finds a member of an album by id, e-mail or name.
pub(crate) async fn member(client: &Client, album_id: &str, name: &str) -> Result<AlbumMember> {
    let album_id = album_id.to_owned();
    let request = ListAlbumMembersRequest { album_id, ..ListAlbumMembersRequest::default() };
    let members: Vec<_> = client.list_album_members(request).try_collect().await?;
    let is_meant = |member: &&AlbumMember| {
        member.user_id.eq_ignore_ascii_case(name) || member.email.eq_ignore_ascii_case(name)
    };
    if let Some(member) = members.iter().find(is_meant) {
        return Ok(member.clone());
    }
    let member = pick(
        "member",
        name,
        members,
        |member| &member.display_name,
        |member| format!("{}  {} {}", member.user_id, member.display_name, member.email),
    )?;
    member.ok_or_else(|| not_found("member", name))
}

/// Finds a library by id or name.
pub(crate) async fn library(client: &Client, name: &str) -> Result<Library> {
    if is_id(name) {
        let request = GetLibraryRequest { library_id: name.to_owned() };
        return Ok(retry(|| async { client.libraries().get_library(request.clone()).await }).await?);
    }
    let libraries: Vec<_> =
        client.list_libraries(ListLibrariesRequest::default()).try_collect().await?;
    let library = pick(
        "library",
        name,
        libraries,
        |library| &library.display_name,
        |library| {
            format!("{}  {}, {}", library.id, library.display_name, library.import_paths.join(", "))
        },
    )?;
    library.ok_or_else(|| not_found("library", name))
}

/// Finds a folder rule by id or name.
pub(crate) async fn folder_rule(client: &Client, name: &str) -> Result<FolderRule> {
    if is_id(name) {
        let request = GetFolderRuleRequest { folder_rule_id: name.to_owned() };
        let get = || async { client.folder_albums().get_folder_rule(request.clone()).await };
        return Ok(retry(get).await?);
    }
    let rules: Vec<_> =
        client.list_folder_rules(ListFolderRulesRequest::default()).try_collect().await?;
    let rule = pick(
        "rule",
        name,
        rules,
        |rule| &rule.display_name,
        |rule| format!("{}  {}", rule.id, rule.display_name),
    )?;
    rule.ok_or_else(|| not_found("rule", name))
}

/// Finds a link by id, address, key or slug.
pub(crate) async fn link(client: &Client, name: &str) -> Result<SharedLink> {
    let key = name.rsplit_once("/share/").map_or(name, |(_, key)| key);
    let links = client.list_shared_links(ListSharedLinksRequest::default());
    let is_meant = |link: &SharedLink| {
        link.id.eq_ignore_ascii_case(key)
            || link.slug == key
            || link.url.rsplit_once("/share/").is_some_and(|(_, end)| end == key)
    };
    let mut found = links.try_filter(|link| std::future::ready(is_meant(link)));
    // A link's address opens it, so it is not repeated.
    let missing = || Failure::NotFound("there is no such link".to_owned());
    found.try_next().await?.ok_or_else(missing)
}

/// Whether a text is an id rather than a name.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// Whether a text is an e-mail rather than a name.
pub(crate) fn is_email(text: &str) -> bool {
    text.contains('@') && !text.contains(' ')
}

fn describe_album(album: &Album) -> String {
    let photos = whole(album.asset_count, "photo");
    format!("{}  {}, {photos}", album.id, album.display_name)
}

fn not_found(noun: &str, name: &str) -> Failure {
    Failure::NotFound(format!("there is no {noun} {name:?}"))
}

/// The one that has the name: letter by letter, else in any case.
fn pick<T>(
    noun: &str,
    name: &str,
    all: Vec<T>,
    name_of: impl Fn(&T) -> &String,
    describe: impl Fn(&T) -> String,
) -> Result<Option<T>> {
    let (same, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|item| name_of(item) == name);
    let is_alike = |item: &T| name_of(item).to_lowercase() == name.to_lowercase();
    let mut found = match same.is_empty() {
        true => others.into_iter().filter(is_alike).collect(),
        false => same,
    };
    if found.len() > 1 {
        let message = format!("{} are called {name:?}", count(found.len(), noun));
        let candidates = found.iter().map(|item| printable(&describe(item))).collect();
        return Err(Failure::Ambiguous { message, candidates });
    }
    Ok(found.pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Result<Option<String>> {
        let names = ["Summer", "summer", "Winter", "Autumn", "Autumn"].map(str::to_owned);
        pick("album", name, names.to_vec(), |name| name, Clone::clone)
    }

    #[test]
    fn name_is_taken_letter_by_letter_and_else_in_any_case() {
        assert_eq!(find("summer").unwrap().as_deref(), Some("summer"));
        assert_eq!(find("WINTER").unwrap().as_deref(), Some("Winter"));
        assert_eq!(find("Spring").unwrap(), None);
    }

    #[test]
    fn name_of_several_is_refused_with_all_of_them() {
        for (name, count) in [("Autumn", 2), ("SUMMER", 2)] {
            let Err(Failure::Ambiguous { candidates, .. }) = find(name) else { panic!("{name}") };
            assert_eq!(candidates.len(), count);
        }
    }
}
