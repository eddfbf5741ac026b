//! One call for each row of the table.

use albumen::v1::*;
use tonic::{Code, Response, Status};

use super::world::World;
use crate::support::membership::new_member_by_id;
use crate::support::person::{address, ids};
use crate::support::{Person, fixtures};

const OK: Code = Code::Ok;

/// The id of nothing that is there.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn code<T>(result: Result<Response<T>, Status>) -> Code {
    result.map_or_else(|status| status.code(), |_| Code::Ok)
}

/// Makes the call of a row.
pub(super) async fn call(row: &str, who: &Person, world: &World) -> Code {
    let (service, rpc) = row.split_once('/').unwrap();
    match service {
        "ServerService" => code(who.server().get_server_info(GetServerInfoRequest {}).await),
        "AuditService" => call_audit(who).await,
        "JobService" => call_jobs(rpc, who).await,
        "AuthService" => call_auth(rpc, who).await,
        "UserService" => call_user(rpc, who, world).await,
        "UploadService" => call_upload(rpc, who, world).await,
        "AssetService" => call_asset(rpc, who, world).await,
        "AlbumService" => call_album(rpc, who, world).await,
        "ActivityService" => call_activity(rpc, who, world).await,
        "SharedLinkService" => call_link(rpc, who, world).await,
        "ExportService" => call_export(rpc, who, world).await,
        "FolderAlbumService" => call_folders(rpc, who, world).await,
        "LibraryService" => call_library(rpc, who, world).await,
        "GET " => call_http(rpc, who, world).await,
        _ => panic!("{row}"),
    }
}

async fn call_auth(rpc: &str, who: &Person) -> Code {
    let mut auth = who.auth();
    match rpc {
        "SetUp" => {
            let request = SetUpRequest {
                setup_token: "x".to_owned(),
                email: "x@example.org".to_owned(),
                password: "12345678".to_owned(),
                display_name: "x".to_owned(),
                ..SetUpRequest::default()
            };
            code(auth.set_up(request).await)
        }
        "Login" => {
            let request = LoginRequest {
                email: "owner@example.org".to_owned(),
                password: crate::support::person::PASSWORD.to_owned(),
                ..LoginRequest::default()
            };
            code(auth.login(request).await)
        }
        "RefreshSession" => {
            let request =
                RefreshSessionRequest { refresh_token: "x".to_owned(), ..Default::default() };
            code(auth.refresh_session(request).await)
        }
        "Logout" => code(auth.logout(LogoutRequest {}).await),
        _ => call_credentials(rpc, who).await,
    }
}

async fn call_credentials(rpc: &str, who: &Person) -> Code {
    let mut auth = who.auth();
    match rpc {
        "ListSessions" => code(auth.list_sessions(ListSessionsRequest::default()).await),
        "UpdateSession" => {
            let sessions = auth.list_sessions(ListSessionsRequest::default()).await;
            let own = sessions.map(|answer| answer.into_inner().sessions.remove(0).id);
            let session = Session { device_name: "x".to_owned(), ..Session::default() };
            let request = UpdateSessionRequest {
                session_id: own.unwrap_or_else(|_| NOBODY.to_owned()),
                session: Some(session),
                update_mask: None,
            };
            code(auth.update_session(request).await)
        }
        "RevokeSession" => {
            let request = RevokeSessionRequest { session_id: NOBODY.to_owned() };
            code(auth.revoke_session(request).await)
        }
        "RevokeOtherSessions" => {
            code(auth.revoke_other_sessions(RevokeOtherSessionsRequest {}).await)
        }
        "ChangePassword" => {
            let request = ChangePasswordRequest {
                current_password: "wrong".to_owned(),
                new_password: "a new password".to_owned(),
            };
            code(auth.change_password(request).await)
        }
        "CreateApiKey" => {
            let key = ApiKey {
                display_name: "x".to_owned(),
                scopes: vec!["album.read".to_owned()],
                ..ApiKey::default()
            };
            code(auth.create_api_key(CreateApiKeyRequest { api_key: Some(key) }).await)
        }
        "ListApiKeys" => code(auth.list_api_keys(ListApiKeysRequest::default()).await),
        "DeleteApiKey" => {
            let request = DeleteApiKeyRequest { api_key_id: NOBODY.to_owned() };
            code(auth.delete_api_key(request).await)
        }
        _ => panic!("{rpc}"),
    }
}

async fn call_audit(who: &Person) -> Code {
    code(who.audit().list_audit_events(ListAuditEventsRequest::default()).await)
}

async fn call_jobs(rpc: &str, who: &Person) -> Code {
    let (mut jobs, job_id) = (who.jobs(), NOBODY.to_owned());
    match rpc {
        "GetJob" => code(jobs.get_job(GetJobRequest { job_id }).await),
        "ListJobs" => code(jobs.list_jobs(ListJobsRequest::default()).await),
        "RetryJob" => code(jobs.retry_job(RetryJobRequest { job_id }).await),
        "CancelJob" => code(jobs.cancel_job(CancelJobRequest { job_id }).await),
        _ => panic!("{rpc}"),
    }
}

async fn call_library(rpc: &str, who: &Person, world: &World) -> Code {
    let (mut libraries, library_id) = (who.libraries(), world.library.id.clone());
    match rpc {
        "CreateLibrary" => {
            let display_name = world.album.id.clone();
            let library = Library { id: String::new(), display_name, ..world.library.clone() };
            let library = Some(library);
            let request = CreateLibraryRequest { library, ..Default::default() };
            code(libraries.create_library(request).await)
        }
        "GetLibrary" => code(libraries.get_library(GetLibraryRequest { library_id }).await),
        "ListLibraries" => code(libraries.list_libraries(ListLibrariesRequest::default()).await),
        "UpdateLibrary" => {
            let display_name = world.album.id.clone();
            let library = Library { id: library_id, display_name, ..Library::default() };
            let request = UpdateLibraryRequest { library: Some(library), update_mask: None };
            code(libraries.update_library(request).await)
        }
        "DeleteLibrary" => {
            let request = DeleteLibraryRequest { library_id, force: false };
            code(libraries.delete_library(request).await)
        }
        "ValidateImportPaths" => {
            let request = ValidateImportPathsRequest { import_paths: vec!["/x".to_owned()] };
            code(libraries.validate_import_paths(request).await)
        }
        "ScanLibrary" => {
            let request = ScanLibraryRequest { library_id, restore_excluded: false };
            code(libraries.scan_library(request).await)
        }
        "ListLibraryScans" => {
            let request = ListLibraryScansRequest { library_id, ..Default::default() };
            code(libraries.list_library_scans(request).await)
        }
        "CancelLibraryScan" => {
            let request = CancelLibraryScanRequest { library_id };
            code(libraries.cancel_library_scan(request).await)
        }
        "RemoveOfflineAssets" => {
            let request = RemoveOfflineAssetsRequest { library_id };
            code(libraries.remove_offline_assets(request).await)
        }
        _ => panic!("{rpc}"),
    }
}

async fn call_user(rpc: &str, who: &Person, world: &World) -> Code {
    let user_id = world.target.id.clone();
    let mut users = who.users();
    match rpc {
        "GetUsage" => code(users.get_usage(GetUsageRequest {}).await),
        "GetUser" => code(users.get_user(GetUserRequest { user_id }).await),
        "ListUsers" => code(users.list_users(ListUsersRequest::default()).await),
        "CreateUser" => {
            let user = User {
                display_name: "x".to_owned(),
                email: format!("{}@example.org", world.album.id),
                ..User::default()
            };
            let password = "a new password".to_owned();
            let request = CreateUserRequest { user: Some(user), password, ..Default::default() };
            code(users.create_user(request).await)
        }
        "UpdateUser" => {
            let user = User { display_name: "x".to_owned(), ..User::default() };
            let request = UpdateUserRequest { user_id, user: Some(user), update_mask: None };
            code(users.update_user(request).await)
        }
        "DeleteUser" => code(users.delete_user(DeleteUserRequest { user_id }).await),
        "RestoreUser" => code(users.restore_user(RestoreUserRequest { user_id }).await),
        "ResetPassword" => {
            let new_password = "a new password".to_owned();
            code(users.reset_password(ResetPasswordRequest { user_id, new_password }).await)
        }
        "GetMe" => code(who.users().get_me(GetMeRequest {}).await),
        "UpdateMe" => {
            let user = User { display_name: "x".to_owned(), ..User::default() };
            let request = UpdateMeRequest { user: Some(user), update_mask: None };
            code(who.users().update_me(request).await)
        }
        _ => panic!("{rpc}"),
    }
}

async fn call_upload(rpc: &str, who: &Person, world: &World) -> Code {
    let mut uploads = who.uploads();
    let (rpc, upload_id) = match rpc.strip_suffix(" own") {
        Some(rpc) => (rpc, world.own_upload.id.clone()),
        None => (rpc, world.upload.id.clone()),
    };
    match rpc {
        "UndoUpload" => code(uploads.undo_upload(UndoUploadRequest { upload_id }).await),
        "CreateUpload into the album" => {
            let album_id = world.album.id.clone();
            let file_name = "x".to_owned();
            let upload = Upload { file_name, size_bytes: 1, album_id, ..Upload::default() };
            let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
            code(uploads.create_upload(request).await)
        }
        "GetUpload" => code(uploads.get_upload(GetUploadRequest { upload_id }).await),
        "CreateUpload" => {
            let upload = Upload { file_name: "x".to_owned(), size_bytes: 1, ..Upload::default() };
            let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
            code(uploads.create_upload(request).await)
        }
        "AppendUpload" => {
            let chunk = fixtures::photo(1).into();
            code(uploads.append_upload(AppendUploadRequest { upload_id, offset: 0, chunk }).await)
        }
        "StreamUpload" => {
            let stream = who.stream(&upload_id, 0, &fixtures::photo(1)).await;
            stream.map_or_else(|status| status.code(), |_| OK)
        }
        "FinishUpload" => code(uploads.finish_upload(FinishUploadRequest { upload_id }).await),
        "CancelUpload" => code(uploads.cancel_upload(CancelUploadRequest { upload_id }).await),
        _ => panic!("{rpc}"),
    }
}

async fn call_asset(rpc: &str, who: &Person, world: &World) -> Code {
    let mut assets = who.assets();
    let asset_id = world.asset.id.clone();
    match rpc {
        "GetAsset" => code(assets.get_asset(GetAssetRequest { asset_id }).await),
        "ListAssets" => code(assets.list_assets(ListAssetsRequest::default()).await),
        "ListAssets album" => {
            let album_id = world.album.id.clone();
            code(assets.list_assets(ListAssetsRequest { album_id, ..Default::default() }).await)
        }
        "ListAssets of a link" => {
            let shared_link_id = world.link.id.clone();
            let request = ListAssetsRequest { shared_link_id, ..Default::default() };
            code(assets.list_assets(request).await)
        }
        "GetTimelineBuckets of a link" => {
            let shared_link_id = world.link.id.clone();
            let request = GetTimelineBucketsRequest { shared_link_id, ..Default::default() };
            code(assets.get_timeline_buckets(request).await)
        }
        "DownloadAsset" => {
            let request = DownloadAssetRequest { asset_id, ..Default::default() };
            code(assets.download_asset(request).await)
        }
        "GetTimelineBuckets" => {
            code(assets.get_timeline_buckets(GetTimelineBucketsRequest::default()).await)
        }
        "GetTimelineBuckets in" => {
            let album_id = world.album.id.clone();
            let request = GetTimelineBucketsRequest { album_id, ..Default::default() };
            code(assets.get_timeline_buckets(request).await)
        }
        "CheckAssets" => {
            let sha256 = vec![world.asset.sha256.clone()];
            code(assets.check_assets(CheckAssetsRequest { sha256 }).await)
        }
        _ => call_asset_change(rpc, who, world).await,
    }
}

async fn call_asset_change(rpc: &str, who: &Person, world: &World) -> Code {
    let mut assets = who.assets();
    let asset_ids = vec![world.asset.id.clone()];
    match rpc {
        "UpdateAssets" => {
            let asset = Some(Asset { rating: Some(5), ..Asset::default() });
            let request = UpdateAssetsRequest { asset_ids, asset, update_mask: None };
            code(assets.update_assets(request).await)
        }
        "TrashAssets" => code(assets.trash_assets(TrashAssetsRequest { asset_ids }).await),
        "RestoreAssets" => code(assets.restore_assets(RestoreAssetsRequest { asset_ids }).await),
        "DeleteAssets" => code(assets.delete_assets(DeleteAssetsRequest { asset_ids }).await),
        "EmptyTrash" => code(assets.empty_trash(EmptyTrashRequest {}).await),
        _ => panic!("{rpc}"),
    }
}

async fn call_album(rpc: &str, who: &Person, world: &World) -> Code {
    let mut albums = who.albums();
    let album_id = world.album.id.clone();
    let asset_ids = vec![world.asset.id.clone()];
    let named = || Some(Album { display_name: "x".to_owned(), ..Album::default() });
    match rpc {
        "GetAlbum" => code(albums.get_album(GetAlbumRequest { album_id }).await),
        "ListAlbums" => code(albums.list_albums(ListAlbumsRequest::default()).await),
        "CreateAlbum" => {
            let request = CreateAlbumRequest { album: named(), ..Default::default() };
            code(albums.create_album(request).await)
        }
        "UpdateAlbum" => {
            let request = UpdateAlbumRequest { album_id, album: named(), update_mask: None };
            code(albums.update_album(request).await)
        }
        "DeleteAlbum" => {
            code(albums.delete_album(DeleteAlbumRequest { album_id, etag: String::new() }).await)
        }
        "RestoreAlbum" => code(albums.restore_album(RestoreAlbumRequest { album_id }).await),
        "AddAlbumAssets" => {
            let asset_ids = vec![world.loose.id.clone()];
            code(albums.add_album_assets(AddAlbumAssetsRequest { album_id, asset_ids }).await)
        }
        "AddAlbumAssets own" => {
            let own = match who.user.id.as_str() {
                "" => world.loose.clone(),
                _ => who.photos(80_000..80_001).await.remove(0),
            };
            let asset_ids = ids(&[own]);
            code(albums.add_album_assets(AddAlbumAssetsRequest { album_id, asset_ids }).await)
        }
        "RemoveAlbumAssets" => {
            let request = RemoveAlbumAssetsRequest { album_id, asset_ids };
            code(albums.remove_album_assets(request).await)
        }
        "ReorderAlbumAssets" => {
            let previous_asset_id = String::new();
            let request = ReorderAlbumAssetsRequest { album_id, asset_ids, previous_asset_id };
            code(albums.reorder_album_assets(request).await)
        }
        "WatchAlbum" => {
            let cursor = String::new();
            code(albums.watch_album(WatchAlbumRequest { album_id, cursor }).await)
        }
        _ => call_members(rpc, who, world).await,
    }
}

async fn call_members(rpc: &str, who: &Person, world: &World) -> Code {
    let mut albums = who.albums();
    let album_id = world.album.id.clone();
    let viewer_id = world.viewer.user.id.clone();
    let target = new_member_by_id(&world.target.id, AlbumRole::Viewer);
    let remove = async |user_id: &str| {
        let (album_id, user_id) = (world.album.id.clone(), user_id.to_owned());
        code(who.albums().remove_album_member(RemoveAlbumMemberRequest { album_id, user_id }).await)
    };
    match rpc {
        "ListAlbumMembers" => {
            let request = ListAlbumMembersRequest { album_id, ..Default::default() };
            code(albums.list_album_members(request).await)
        }
        "AddAlbumMembers" => {
            let request = AddAlbumMembersRequest { album_id, members: vec![target] };
            code(albums.add_album_members(request).await)
        }
        "AddAlbumMembers editors" => {
            let target = new_member_by_id(&world.target.id, AlbumRole::Editor);
            let request = AddAlbumMembersRequest { album_id, members: vec![target] };
            code(albums.add_album_members(request).await)
        }
        "UpdateAlbumMember" => {
            let role = AlbumRole::Contributor;
            who.set_role(&world.album, &world.viewer, role)
                .await
                .map_or_else(|it| it.code(), |_| OK)
        }
        "RemoveAlbumMember" => remove(&viewer_id).await,
        "RemoveAlbumMember editor" => remove(&world.editor.user.id).await,
        "RemoveAlbumMember owner" => remove(&world.album.owner_id).await,
        "RemoveAlbumMember oneself" => {
            let own = if world.me.is_empty() { NOBODY } else { &world.me };
            remove(own).await
        }
        "TransferAlbum" => {
            let request = TransferAlbumRequest { album_id, user_id: viewer_id };
            code(albums.transfer_album(request).await)
        }
        "MakeAlbumPrivate" => {
            code(albums.make_album_private(MakeAlbumPrivateRequest { album_id }).await)
        }
        "CreateAlbum with members" => {
            let album = Some(Album { display_name: "x".to_owned(), ..Album::default() });
            let request = CreateAlbumRequest { album, members: vec![target], ..Default::default() };
            code(albums.create_album(request).await)
        }
        _ => panic!("{rpc}"),
    }
}

async fn call_link(rpc: &str, who: &Person, world: &World) -> Code {
    let mut links = who.links();
    let shared_link_id = world.link.id.clone();
    match rpc {
        "GetSharedLink" => {
            code(links.get_shared_link(GetSharedLinkRequest { shared_link_id }).await)
        }
        "ListSharedLinks" => code(links.list_shared_links(ListSharedLinksRequest::default()).await),
        "CreateSharedLink" => {
            let album_id = world.album.id.clone();
            let link = Some(SharedLink { album_id, ..SharedLink::default() });
            let request = CreateSharedLinkRequest { shared_link: link, ..Default::default() };
            code(links.create_shared_link(request).await)
        }
        "UpdateSharedLink" => {
            let link = SharedLink { description: "x".to_owned(), ..SharedLink::default() };
            let request = UpdateSharedLinkRequest {
                shared_link_id,
                shared_link: Some(link),
                update_mask: None,
            };
            code(links.update_shared_link(request).await)
        }
        "DeleteSharedLink" => {
            code(links.delete_shared_link(DeleteSharedLinkRequest { shared_link_id }).await)
        }
        "GetSharedLink list" => {
            let shared_link_id = world.list.id.clone();
            code(links.get_shared_link(GetSharedLinkRequest { shared_link_id }).await)
        }
        "CreateSharedLink list" => {
            let request = CreateSharedLinkRequest {
                shared_link: Some(SharedLink::default()),
                asset_ids: vec![world.asset.id.clone()],
                ..Default::default()
            };
            code(links.create_shared_link(request).await)
        }
        "OpenSharedLink" => {
            let key_or_slug = address(&world.link).to_owned();
            let request = OpenSharedLinkRequest { key_or_slug, ..Default::default() };
            code(links.open_shared_link(request).await)
        }
        "GetOpenedLink" => {
            code(links.get_opened_link(GetOpenedLinkRequest { shared_link_id }).await)
        }
        _ => call_link_more(rpc, who, world).await,
    }
}

async fn call_link_more(rpc: &str, who: &Person, world: &World) -> Code {
    let mut links = who.links();
    let (list, asset_ids) = (world.list.id.clone(), vec![world.loose.id.clone()]);
    match rpc {
        "ListAllSharedLinks" => {
            code(links.list_all_shared_links(ListAllSharedLinksRequest::default()).await)
        }
        "AddSharedLinkAssets" => {
            let request = AddSharedLinkAssetsRequest { shared_link_id: list, asset_ids };
            code(links.add_shared_link_assets(request).await)
        }
        "RemoveSharedLinkAssets" => {
            let request = RemoveSharedLinkAssetsRequest { shared_link_id: list, asset_ids };
            code(links.remove_shared_link_assets(request).await)
        }
        "GetSharedLinkStats" => {
            let shared_link_id = world.link.id.clone();
            code(links.get_shared_link_stats(GetSharedLinkStatsRequest { shared_link_id }).await)
        }
        "GetSharingPolicy" => code(links.get_sharing_policy(GetSharingPolicyRequest {}).await),
        "UpdateSharingPolicy" => {
            let policy = SharingPolicy { allow_links: Some(true), ..Default::default() };
            let request =
                UpdateSharingPolicyRequest { sharing_policy: Some(policy), update_mask: None };
            code(links.update_sharing_policy(request).await)
        }
        _ => panic!("{rpc}"),
    }
}

async fn call_activity(rpc: &str, who: &Person, world: &World) -> Code {
    let mut activities = who.activities();
    let album_id = world.album.id.clone();
    match rpc {
        "ListActivities" => {
            let request = ListActivitiesRequest { album_id, ..Default::default() };
            code(activities.list_activities(request).await)
        }
        "GetActivityCounts" => {
            let request = GetActivityCountsRequest { album_id, ..Default::default() };
            code(activities.get_activity_counts(request).await)
        }
        "CreateComment" => {
            let text = "x".to_owned();
            let request = CreateCommentRequest { album_id, text, ..Default::default() };
            code(activities.create_comment(request).await)
        }
        "DeleteComment" => {
            let activity_id = world.comment.id.clone();
            code(activities.delete_comment(DeleteCommentRequest { activity_id }).await)
        }
        "SetLike" => {
            let request = SetLikeRequest { album_id, liked: true, ..Default::default() };
            code(activities.set_like(request).await)
        }
        _ => panic!("{rpc}"),
    }
}

async fn call_export(rpc: &str, who: &Person, world: &World) -> Code {
    let mut exports = who.exports();
    let export_id = world.export.id.clone();
    match rpc {
        "CreateExport" => who.export(&world.album).await.map_or_else(|s| s.code(), |_| OK),
        "CreateExport of a link" => {
            let source = Some(create_export_request::Source::SharedLinkId(world.link.id.clone()));
            let request = CreateExportRequest { source, ..Default::default() };
            code(exports.create_export(request).await)
        }
        "GetExport" => code(exports.get_export(GetExportRequest { export_id }).await),
        "StreamExport" => {
            let request = StreamExportRequest { export_id, part: 1, ..Default::default() };
            code(exports.stream_export(request).await)
        }
        "DeleteExport" => code(exports.delete_export(DeleteExportRequest { export_id }).await),
        _ => panic!("{rpc}"),
    }
}

async fn call_folders(rpc: &str, who: &Person, world: &World) -> Code {
    let mut folders = who.folder_albums();
    let folder_rule_id =
        if rpc.ends_with(" of a rule") { world.rule.id.clone() } else { String::new() };
    // Any root will do: there are no libraries.
    let root_path = vec!["/photos".to_owned()];
    let options = Some(FolderAlbumOptions { root_path, ..Default::default() });
    // A name that none of the owner's rules has.
    let display_name = world.album.id.clone();
    let rule = FolderRule { display_name, options: options.clone(), ..Default::default() };
    match rpc {
        "PlanFolderAlbums" | "PlanFolderAlbums of a rule" => {
            let request = PlanFolderAlbumsRequest { folder_rule_id, options };
            code(folders.plan_folder_albums(request).await)
        }
        "ApplyFolderAlbums" | "ApplyFolderAlbums of a rule" => {
            let request =
                ApplyFolderAlbumsRequest { folder_rule_id, options, ..Default::default() };
            code(folders.apply_folder_albums(request).await)
        }
        "CreateFolderRule" => {
            let request = CreateFolderRuleRequest { folder_rule: Some(rule), ..Default::default() };
            code(folders.create_folder_rule(request).await)
        }
        "ListFolderRules" => {
            code(folders.list_folder_rules(ListFolderRulesRequest::default()).await)
        }
        "ListFolderRuleRuns" | "ListFolderRuleRuns of a rule" => {
            let request = ListFolderRuleRunsRequest { folder_rule_id, ..Default::default() };
            code(folders.list_folder_rule_runs(request).await)
        }
        "UndoFolderRuleRun" => {
            let request = UndoFolderRuleRunRequest { folder_rule_run_id: NOBODY.to_owned() };
            code(folders.undo_folder_rule_run(request).await)
        }
        _ => call_rule(rpc, who, world.rule.id.clone(), rule).await,
    }
}

async fn call_rule(rpc: &str, who: &Person, folder_rule_id: String, rule: FolderRule) -> Code {
    let mut folders = who.folder_albums();
    match rpc {
        "GetFolderRule" => {
            code(folders.get_folder_rule(GetFolderRuleRequest { folder_rule_id }).await)
        }
        "UpdateFolderRule" => {
            let folder_rule = Some(rule);
            let request =
                UpdateFolderRuleRequest { folder_rule_id, folder_rule, update_mask: None };
            code(folders.update_folder_rule(request).await)
        }
        "DeleteFolderRule" => {
            code(folders.delete_folder_rule(DeleteFolderRuleRequest { folder_rule_id }).await)
        }
        _ => panic!("{rpc}"),
    }
}

/// The HTTP faces answer with the status that stands for the code.
async fn call_http(route: &str, who: &Person, world: &World) -> Code {
    let path = match route {
        "api/assets/original" => format!("/api/assets/{}/original", world.asset.id),
        "api/exports/part" => world.export.parts[0].http_path.clone(),
        "share/page" => format!("/share/{}", address(&world.link)),
        "share/page/cover" => format!("/share/{}/cover", address(&world.link)),
        _ => panic!("{route}"),
    };
    match who.get(&path, &[]).await.0.as_u16() {
        200 => OK,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        other => panic!("HTTP status {other}"),
    }
}
