//! The personas, and what they find.

use albumen::v1::*;
use prost_types::{FieldMask, Timestamp};
use tempfile::TempDir;

use super::table::Row;
use crate::support::{Person, TestServer, fixtures};

/// The owner's things.
pub(super) struct World {
    pub(super) album: Album,
    pub(super) asset: Asset,
    /// In no album.
    pub(super) loose: Asset,
    pub(super) upload: Upload,
    /// The persona's own, if they may upload; else the owner's. For undoing it is finished.
    pub(super) own_upload: Upload,
    pub(super) link: SharedLink,
    /// To a list of one asset.
    pub(super) list: SharedLink,
    pub(super) export: Export,
    pub(super) rule: FolderRule,
    /// Of the owner's, in an empty folder.
    pub(super) library: Library,
    /// Written by the viewer.
    pub(super) comment: Activity,
    /// A user whom administrators change.
    pub(super) target: User,
    /// A member whom others change.
    pub(super) viewer: Person,
    /// Another one.
    pub(super) editor: Person,
    /// The id of the user who plays; empty for guests.
    pub(super) me: String,
}

/// All who play, over and over.
pub(super) struct Cast {
    admin: Person,
    pub(super) owner: Person,
    stranger: Person,
    signed_out: Person,
    member: Person,
    viewer: Person,
    editor: Person,
    other_guest: Person,
    target: User,
    photos: std::cell::Cell<u32>,
    /// The rule of the world before.
    last_rule: std::cell::Cell<String>,
    /// Where libraries may lie.
    folder: TempDir,
}

impl Cast {
    pub(super) async fn gather(server: &TestServer, folder: TempDir) -> Self {
        let admin = server.admin().await;
        let owner = server.user("owner").await;
        let stranger = server.user("stranger").await;
        let member = server.user("member").await;
        let (viewer, editor) = (server.user("viewer").await, server.user("editor").await);
        let mut signed_out = server.login("stranger@example.org").await;
        signed_out.auth().logout(LogoutRequest {}).await.unwrap();
        signed_out.user = User::default();
        let other = stranger.album("Other", &stranger.photos(90_000..90_001).await).await;
        let other = stranger.link(&other, SharedLink::default()).await;
        let other_guest = server.guest(&other, "").await;
        let target = server.user("target").await.user;
        let (photos, last_rule) = (std::cell::Cell::new(0), std::cell::Cell::default());
        Self {
            admin,
            owner,
            stranger,
            signed_out,
            member,
            viewer,
            editor,
            other_guest,
            target,
            photos,
            last_rule,
            folder,
        }
    }

    async fn world(&self) -> World {
        let owner = &self.owner;
        let number = self.photos.replace(self.photos.get() + 1);
        let loose = owner.photos(number..number + 1).await.remove(0);
        let asset = owner.upload("dunes.webp", &fixtures::picture(number)).await;
        let album = owner.album("Trip", std::slice::from_ref(&asset)).await;
        let upload = owner.create_upload("x.jpg", 4096).await;
        let link = owner.link(&album, SharedLink::default()).await;
        let export = owner.export(&album).await.unwrap();
        for (person, role) in [(&self.viewer, AlbumRole::Viewer), (&self.editor, AlbumRole::Editor)]
        {
            owner.add_member(&album, person, role).await;
        }
        let request = CreateSharedLinkRequest {
            shared_link: Some(SharedLink::default()),
            asset_ids: vec![asset.id.clone()],
            ..Default::default()
        };
        let list = owner.links().create_shared_link(request).await.unwrap().into_inner();
        let request = CreateCommentRequest {
            album_id: album.id.clone(),
            text: "Lovely".to_owned(),
            ..Default::default()
        };
        let comment = self.viewer.activities().create_comment(request).await.unwrap().into_inner();
        let rule = self.rule().await;
        let request = CreateLibraryRequest {
            library: Some(Library {
                owner_id: owner.user.id.clone(),
                display_name: format!("Archive {number}"),
                import_paths: vec![self.folder.path().to_str().unwrap().to_owned()],
                ..Library::default()
            }),
            ..Default::default()
        };
        let library = self.admin.libraries().create_library(request).await.unwrap().into_inner();
        World {
            library,
            album,
            rule,
            asset,
            loose,
            own_upload: upload.clone(),
            upload,
            link,
            list,
            export,
            comment,
            target: self.target.clone(),
            viewer: self.viewer.clone(),
            editor: self.editor.clone(),
            me: String::new(),
        }
    }

    /// A rule of the owner's, in place of that of the world before: nobody may have so many.
    async fn rule(&self) -> FolderRule {
        let mut folders = self.owner.folder_albums();
        // Which the call may have deleted.
        let request = DeleteFolderRuleRequest { folder_rule_id: self.last_rule.take() };
        folders.delete_folder_rule(request).await.ok();
        let rule = FolderRule {
            display_name: "Years".to_owned(),
            options: Some(crate::support::folders::options()),
            ..Default::default()
        };
        let request = CreateFolderRuleRequest { folder_rule: Some(rule), ..Default::default() };
        let rule = folders.create_folder_rule(request).await.unwrap().into_inner();
        self.last_rule.set(rule.id.clone());
        rule
    }

    /// A persona who is to make the call of a row, and a new world around them.
    pub(super) async fn play(
        &self,
        persona: &str,
        server: &TestServer,
        row: &Row,
    ) -> (Person, World) {
        let mut world = self.world().await;
        if let Some(link) = link_of(persona) {
            world.link = self.owner.link(&world.album, link).await;
        }
        let person = match persona {
            "anonymous" => server.anonymous(),
            "signed out" => self.signed_out.clone(),
            "stranger" => self.stranger.clone(),
            "viewer" => self.joined(&world, AlbumRole::Viewer).await,
            "contributor" => self.joined(&world, AlbumRole::Contributor).await,
            "editor" => self.joined(&world, AlbumRole::Editor).await,
            "owner" => self.owner.clone(),
            "former member" => self.left(&world).await,
            "administrator" => self.admin.clone(),
            "owner's key" => self.key(server, |_| true).await,
            "owner's other key" => self.key(server, |it| it != row.scope()).await,
            "guest of another link" => self.other_guest.clone(),
            _ => server.guest(&world.link, "").await,
        };
        world.me = person.user.id.clone();
        if persona.starts_with("owner") {
            world.me.clone_from(&self.owner.user.id);
        }
        // Variants to be made, and the run that the persona before started.
        if persona == "guest without metadata" || row.name.contains("/ApplyFolderAlbums") {
            server.run_jobs().await;
        }
        if let Ok(own) = person.export(&world.album).await {
            world.export = own;
        }
        if row.name.ends_with(" own") && row.name.starts_with("UploadService") {
            self.upload(&person, &mut world, row.name.contains("Undo")).await;
        }
        self.spoil(persona, server, &world.link).await;
        (person, world)
    }

    /// Lets the persona upload a photo, in whole or none of it yet.
    async fn upload(&self, person: &Person, world: &mut World, is_whole: bool) {
        let bytes = fixtures::photo(self.photos.replace(self.photos.get() + 1) + 50_000);
        let upload = Upload {
            file_name: "own.jpg".to_owned(),
            size_bytes: bytes.len().try_into().unwrap(),
            ..Upload::default()
        };
        let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
        let Ok(upload) = person.uploads().create_upload(request).await else { return };
        world.own_upload = upload.into_inner();
        if is_whole {
            person.stream(&world.own_upload.id, 0, &bytes).await.unwrap();
            person.finish(&world.own_upload.id).await.unwrap();
        }
    }

    async fn joined(&self, world: &World, role: AlbumRole) -> Person {
        self.owner.add_member(&world.album, &self.member, role).await;
        self.member.clone()
    }

    async fn left(&self, world: &World) -> Person {
        let person = self.joined(world, AlbumRole::Editor).await;
        let request = RemoveAlbumMemberRequest {
            album_id: world.album.id.clone(),
            user_id: person.user.id.clone(),
        };
        self.owner.albums().remove_album_member(request).await.unwrap();
        person
    }

    async fn key(&self, server: &TestServer, has: impl Fn(&str) -> bool) -> Person {
        let info = self.owner.server().get_server_info(GetServerInfoRequest {}).await.unwrap();
        let scopes = info.into_inner().api_key_scopes.into_iter().filter(|scope| has(scope));
        let key = ApiKey {
            display_name: "key".to_owned(),
            scopes: scopes.collect(),
            ..ApiKey::default()
        };
        let request = CreateApiKeyRequest { api_key: Some(key) };
        let created = self.owner.auth().create_api_key(request).await.unwrap().into_inner();
        server.bearer(Some(&created.secret))
    }

    /// Ends what the persona's credential was good for.
    async fn spoil(&self, persona: &str, server: &TestServer, link: &SharedLink) {
        let update = async |change: SharedLink, paths: &[&str]| {
            let paths = paths.iter().map(|&path| path.to_owned()).collect();
            let request = UpdateSharedLinkRequest {
                shared_link_id: link.id.clone(),
                shared_link: Some(change),
                update_mask: Some(FieldMask { paths }),
            };
            self.owner.links().update_shared_link(request).await.unwrap();
        };
        match persona {
            "guest of an expired link" => {
                let seconds = server.now_us() / 1_000_000 + 1;
                let expire_time = Some(Timestamp { seconds, nanos: 0 });
                update(SharedLink { expire_time, ..Default::default() }, &["expire_time"]).await;
                server.sleep(std::time::Duration::from_secs(2));
            }
            "guest with an old password" => {
                let password = "new".to_owned();
                update(SharedLink { password, ..Default::default() }, &["password"]).await;
                // So that others can still open it: the table is about the old token.
                update(SharedLink::default(), &["password"]).await;
            }
            "guest of a revoked link" => {
                let request = DeleteSharedLinkRequest { shared_link_id: link.id.clone() };
                self.owner.links().delete_shared_link(request).await.unwrap();
            }
            _ => {}
        }
    }
}

/// The options of the link that a guest has opened.
fn link_of(persona: &str) -> Option<SharedLink> {
    let link = SharedLink::default();
    match persona {
        "guest of another link" => None,
        "guest without download" => Some(SharedLink { allow_download: Some(false), ..link }),
        "guest of previews" => {
            Some(SharedLink { quality: SharedLinkQuality::Previews.into(), ..link })
        }
        "guest without metadata" => {
            Some(SharedLink { metadata: SharedLinkMetadata::Hidden.into(), ..link })
        }
        "guest who reads" => {
            Some(SharedLink { guest_activity: GuestActivity::Read.into(), ..link })
        }
        "guest who does all" => Some(SharedLink {
            guest_activity: GuestActivity::Write.into(),
            allow_upload: Some(true),
            allow_undo: Some(true),
            ..link
        }),
        guest if guest.starts_with("guest") => Some(link),
        _ => None,
    }
}
