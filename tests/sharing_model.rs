//! Random people do random things with albums, members and links; after each step everybody sees
//! what a simple model of the rules says.

use std::collections::{BTreeMap, BTreeSet};

use albumen::v1::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tonic::{Code, Response, Status};

use crate::support::membership::new_member;
use crate::support::person::ids;
use crate::support::{Person, TestServer, test};

const PEOPLE: usize = 4;
/// Each person has two.
const ASSETS: usize = 2 * PEOPLE;
const ALBUMS: usize = 2;
const LINKS: usize = 3;

/// Something that somebody does. Whatever a number is too large for is not there yet.
#[derive(Debug, Clone, Copy)]
enum Step {
    CreateAlbum { by: usize },
    AddMember { by: usize, album: usize, who: usize, role: AlbumRole },
    SetRole { by: usize, album: usize, who: usize, role: AlbumRole },
    RemoveMember { by: usize, album: usize, who: usize },
    Transfer { by: usize, album: usize, who: usize },
    MakePrivate { by: usize, album: usize },
    AddAsset { by: usize, album: usize, asset: usize },
    RemoveAsset { by: usize, album: usize, asset: usize },
    TrashAsset { asset: usize },
    RestoreAsset { asset: usize },
    LockAsset { asset: usize },
    UnlockAsset { asset: usize },
    TrashAlbum { by: usize, album: usize },
    RestoreAlbum { by: usize, album: usize },
    CreateLink { by: usize, album: usize, allow_download: bool },
    RevokeLink { by: usize, link: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let by = || 0..PEOPLE;
    let album = || 0..ALBUMS;
    let asset = || 0..ASSETS;
    let role = || {
        prop_oneof![Just(AlbumRole::Viewer), Just(AlbumRole::Contributor), Just(AlbumRole::Editor)]
    };
    prop_oneof![
        2 => by().prop_map(|by| Step::CreateAlbum { by }),
        5 => (by(), album(), by(), role())
            .prop_map(|(by, album, who, role)| Step::AddMember { by, album, who, role }),
        2 => (by(), album(), by(), role())
            .prop_map(|(by, album, who, role)| Step::SetRole { by, album, who, role }),
        2 => (by(), album(), by()).prop_map(|(by, album, who)| Step::RemoveMember { by, album, who }),
        1 => (by(), album(), by()).prop_map(|(by, album, who)| Step::Transfer { by, album, who }),
        1 => (by(), album()).prop_map(|(by, album)| Step::MakePrivate { by, album }),
        6 => (by(), album(), asset())
            .prop_map(|(by, album, asset)| Step::AddAsset { by, album, asset }),
        2 => (by(), album(), asset())
            .prop_map(|(by, album, asset)| Step::RemoveAsset { by, album, asset }),
        1 => asset().prop_map(|asset| Step::TrashAsset { asset }),
        1 => asset().prop_map(|asset| Step::RestoreAsset { asset }),
        1 => asset().prop_map(|asset| Step::LockAsset { asset }),
        1 => asset().prop_map(|asset| Step::UnlockAsset { asset }),
        1 => (by(), album()).prop_map(|(by, album)| Step::TrashAlbum { by, album }),
        1 => (by(), album()).prop_map(|(by, album)| Step::RestoreAlbum { by, album }),
        3 => (by(), album(), any::<bool>())
            .prop_map(|(by, album, allow_download)| Step::CreateLink { by, album, allow_download }),
        1 => (by(), 0..LINKS).prop_map(|(by, link)| Step::RevokeLink { by, link }),
    ]
}

/// The rules, as `docs/API.md` tells them.
#[derive(Debug, Default)]
struct Model {
    albums: Vec<ModelAlbum>,
    links: Vec<ModelLink>,
    trashed: BTreeSet<usize>,
    locked: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct ModelAlbum {
    members: BTreeMap<usize, AlbumRole>,
    assets: BTreeSet<usize>,
    is_trashed: bool,
}

#[derive(Debug)]
struct ModelLink {
    album: usize,
    creator: usize,
    allow_download: bool,
    is_revoked: bool,
}

fn owner(asset: usize) -> usize {
    asset / 2
}

impl Model {
    /// What somebody may do with an album that they see.
    fn role(&self, album: usize, who: usize) -> Option<AlbumRole> {
        let album = self.albums.get(album)?;
        let role = *album.members.get(&who)?;
        (!album.is_trashed || role == AlbumRole::Owner).then_some(role)
    }

    /// The code of a change that needs a role.
    fn change(&self, album: usize, by: usize, least: AlbumRole) -> Code {
        match self.role(album, by) {
            None => Code::NotFound,
            Some(role) if (role as i32) < least as i32 => Code::PermissionDenied,
            Some(_) if self.albums[album].is_trashed => Code::FailedPrecondition,
            Some(_) => Code::Ok,
        }
    }

    /// What an album shows.
    fn shown(&self, album: usize) -> BTreeSet<usize> {
        self.albums[album].assets.difference(&self.trashed).copied().collect()
    }

    fn is_live(&self, link: &ModelLink) -> bool {
        !link.is_revoked && !self.albums[link.album].is_trashed
    }

    fn sees(&self, who: usize, asset: usize) -> bool {
        let shows = |album| self.role(album, who).is_some() && self.shown(album).contains(&asset);
        owner(asset) == who || (0..self.albums.len()).any(shows)
    }

    fn revoke_links(&mut self, album: usize, of: impl Fn(usize) -> bool) {
        let links = self.links.iter_mut().filter(|link| link.album == album && of(link.creator));
        links.for_each(|link| link.is_revoked = true);
    }

    /// Takes a step and says what the server must answer; nothing for what is not there yet.
    fn take(&mut self, step: Step) -> Option<Code> {
        let code = match step {
            Step::CreateAlbum { by } => {
                if self.albums.len() == ALBUMS {
                    return None;
                }
                let members = [(by, AlbumRole::Owner)].into();
                self.albums.push(ModelAlbum { members, ..ModelAlbum::default() });
                Code::Ok
            }
            Step::AddMember { by, album, who, role } => {
                let least =
                    if role == AlbumRole::Editor { AlbumRole::Owner } else { AlbumRole::Editor };
                let code = self.change(album, by, least);
                if code == Code::Ok {
                    self.albums[album].members.entry(who).or_insert(role);
                }
                code
            }
            Step::SetRole { by, album, who, role } => {
                let mut code = self.change(album, by, AlbumRole::Owner);
                if code == Code::Ok {
                    code = match self.albums[album].members.get(&who) {
                        None => Code::NotFound,
                        Some(AlbumRole::Owner) => Code::FailedPrecondition,
                        Some(_) => Code::Ok,
                    };
                }
                if code == Code::Ok {
                    self.albums[album].members.insert(who, role);
                }
                code
            }
            Step::RemoveMember { by, album, who } => self.remove(by, album, who),
            Step::Transfer { by, album, who } => {
                let mut code = self.change(album, by, AlbumRole::Owner);
                if code == Code::Ok && !self.albums[album].members.contains_key(&who) {
                    code = Code::NotFound;
                }
                if code == Code::Ok {
                    self.albums[album].members.insert(by, AlbumRole::Editor);
                    self.albums[album].members.insert(who, AlbumRole::Owner);
                }
                code
            }
            Step::MakePrivate { .. } | Step::CreateLink { .. } | Step::RevokeLink { .. } => {
                return self.take_with_links(step);
            }
            _ => self.take_with_assets(step),
        };
        Some(code)
    }

    fn take_with_links(&mut self, step: Step) -> Option<Code> {
        let code = match step {
            Step::MakePrivate { by, album } => {
                let code = self.change(album, by, AlbumRole::Owner);
                if code == Code::Ok {
                    self.albums[album].members.retain(|_, role| *role == AlbumRole::Owner);
                    self.revoke_links(album, |_| true);
                }
                code
            }
            Step::CreateLink { by, album, allow_download } => {
                if self.links.len() == LINKS {
                    return None;
                }
                let code = self.change(album, by, AlbumRole::Editor);
                if code == Code::Ok {
                    let link = ModelLink { album, creator: by, allow_download, is_revoked: false };
                    self.links.push(link);
                }
                code
            }
            Step::RevokeLink { by, link } => {
                let album = self.links.get(link)?.album;
                match self.role(album, by) {
                    Some(AlbumRole::Editor | AlbumRole::Owner) => {
                        self.links[link].is_revoked = true;
                        Code::Ok
                    }
                    _ => Code::NotFound,
                }
            }
            _ => unreachable!("{step:?} is not about links"),
        };
        Some(code)
    }

    fn remove(&mut self, by: usize, album: usize, who: usize) -> Code {
        let code = self.change(album, by, AlbumRole::Viewer);
        if code != Code::Ok {
            return code;
        }
        let own = self.albums[album].members[&by];
        let code = match self.albums[album].members.get(&who) {
            Some(AlbumRole::Owner) if own == AlbumRole::Owner => Code::FailedPrecondition,
            Some(_) if by == who => Code::Ok,
            Some(AlbumRole::Viewer | AlbumRole::Contributor)
                if own as i32 >= AlbumRole::Editor as i32 =>
            {
                Code::Ok
            }
            Some(AlbumRole::Editor) if own == AlbumRole::Owner => Code::Ok,
            Some(_) => Code::PermissionDenied,
            // Members know who is in the album.
            None => Code::NotFound,
        };
        if code == Code::Ok {
            self.albums[album].members.remove(&who);
            self.revoke_links(album, |creator| creator == who);
        }
        code
    }

    fn take_with_assets(&mut self, step: Step) -> Code {
        match step {
            Step::AddAsset { by, album, asset } => {
                let mut code = self.change(album, by, AlbumRole::Contributor);
                if code == Code::Ok {
                    code = if owner(asset) != by {
                        Code::NotFound
                    } else if self.trashed.contains(&asset) || self.locked.contains(&asset) {
                        Code::FailedPrecondition
                    } else {
                        self.albums[album].assets.insert(asset);
                        Code::Ok
                    };
                }
                code
            }
            Step::RemoveAsset { by, album, asset } => {
                let mut code = self.change(album, by, AlbumRole::Contributor);
                let is_shown = code == Code::Ok && self.shown(album).contains(&asset);
                if is_shown && owner(asset) != by {
                    code = self.change(album, by, AlbumRole::Editor);
                }
                if is_shown && code == Code::Ok {
                    self.albums[album].assets.remove(&asset);
                }
                code
            }
            Step::TrashAsset { asset } => {
                self.trashed.insert(asset);
                Code::Ok
            }
            Step::RestoreAsset { asset } => {
                self.trashed.remove(&asset);
                Code::Ok
            }
            Step::LockAsset { asset } | Step::UnlockAsset { asset }
                if self.trashed.contains(&asset) =>
            {
                Code::FailedPrecondition
            }
            Step::LockAsset { asset } => {
                self.locked.insert(asset);
                self.albums.iter_mut().for_each(|album| album.assets.retain(|it| *it != asset));
                Code::Ok
            }
            Step::UnlockAsset { asset } => {
                self.locked.remove(&asset);
                Code::Ok
            }
            Step::TrashAlbum { by, album } => self.set_trashed(by, album, true),
            Step::RestoreAlbum { by, album } => self.set_trashed(by, album, false),
            _ => unreachable!("{step:?} is about people"),
        }
    }

    fn set_trashed(&mut self, by: usize, album: usize, is_trashed: bool) -> Code {
        match self.role(album, by) {
            None => Code::NotFound,
            Some(AlbumRole::Owner) => {
                self.albums[album].is_trashed = is_trashed;
                Code::Ok
            }
            Some(_) => Code::PermissionDenied,
        }
    }
}

/// The same on a server.
struct Reality {
    people: Vec<Person>,
    assets: Vec<Asset>,
    albums: Vec<Album>,
    links: Vec<(SharedLink, Person)>,
    nothing: Album,
}

fn code<T>(result: Result<Response<T>, Status>) -> Code {
    result.map_or_else(|status| status.code(), |_| Code::Ok)
}

impl Reality {
    async fn start(server: &TestServer) -> Self {
        let (mut people, mut assets) = (Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            let person = server.user(&format!("person{number}")).await;
            let first = u32::try_from(2 * number).unwrap();
            assets.extend(person.photos(first..first + 2).await);
            people.push(person);
        }
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
        let nothing = Album { id, ..Album::default() };
        Self { people, assets, albums: Vec::new(), links: Vec::new(), nothing }
    }

    fn album(&self, album: usize) -> &Album {
        self.albums.get(album).unwrap_or(&self.nothing)
    }

    async fn take(&mut self, server: &TestServer, step: Step) -> Code {
        match step {
            Step::CreateAlbum { by } => {
                self.albums.push(self.people[by].album("Trip", &[]).await);
                Code::Ok
            }
            Step::AddMember { by, album, who, role } => {
                let members = vec![new_member(&self.people[who], role)];
                let added = self.people[by].add_members(self.album(album), members).await;
                code(added.map(Response::new))
            }
            Step::SetRole { by, album, who, role } => {
                let who = &self.people[who];
                code(
                    self.people[by].set_role(self.album(album), who, role).await.map(Response::new),
                )
            }
            Step::RemoveMember { by, album, who } => {
                let who = &self.people[who];
                let removed = self.people[by].remove_member(self.album(album), who).await;
                code(removed.map(Response::new))
            }
            Step::Transfer { by, album, who } => {
                let request = TransferAlbumRequest {
                    album_id: self.album(album).id.clone(),
                    user_id: self.people[who].user.id.clone(),
                };
                code(self.people[by].albums().transfer_album(request).await)
            }
            Step::MakePrivate { by, album } => {
                let request = MakeAlbumPrivateRequest { album_id: self.album(album).id.clone() };
                code(self.people[by].albums().make_album_private(request).await)
            }
            Step::CreateLink { by, album, allow_download } => {
                let link = SharedLink {
                    album_id: self.album(album).id.clone(),
                    allow_download: Some(allow_download),
                    ..SharedLink::default()
                };
                let request =
                    CreateSharedLinkRequest { shared_link: Some(link), ..Default::default() };
                match self.people[by].links().create_shared_link(request).await {
                    Ok(link) => {
                        let link = link.into_inner();
                        let guest = server.guest(&link, "").await;
                        self.links.push((link, guest));
                        Code::Ok
                    }
                    Err(status) => status.code(),
                }
            }
            Step::RevokeLink { by, link } => {
                let shared_link_id = self.links[link].0.id.clone();
                let request = DeleteSharedLinkRequest { shared_link_id };
                code(self.people[by].links().delete_shared_link(request).await)
            }
            _ => self.take_with_assets(step).await,
        }
    }

    async fn take_with_assets(&self, step: Step) -> Code {
        let asset_ids = |asset: usize| ids(&self.assets[asset..=asset]);
        let album_id = |album| self.album(album).id.clone();
        match step {
            Step::AddAsset { by, album, asset } => {
                let request = AddAlbumAssetsRequest {
                    album_id: album_id(album),
                    asset_ids: asset_ids(asset),
                };
                code(self.people[by].albums().add_album_assets(request).await)
            }
            Step::RemoveAsset { by, album, asset } => {
                let request = RemoveAlbumAssetsRequest {
                    album_id: album_id(album),
                    asset_ids: asset_ids(asset),
                };
                code(self.people[by].albums().remove_album_assets(request).await)
            }
            Step::TrashAsset { asset } => {
                let request = TrashAssetsRequest { asset_ids: asset_ids(asset) };
                code(self.people[owner(asset)].assets().trash_assets(request).await)
            }
            Step::RestoreAsset { asset } => {
                let request = RestoreAssetsRequest { asset_ids: asset_ids(asset) };
                code(self.people[owner(asset)].assets().restore_assets(request).await)
            }
            Step::LockAsset { asset } => self.show(asset, AssetVisibility::Locked).await,
            Step::UnlockAsset { asset } => self.show(asset, AssetVisibility::Timeline).await,
            Step::TrashAlbum { by, album } => {
                let request =
                    DeleteAlbumRequest { album_id: album_id(album), ..Default::default() };
                code(self.people[by].albums().delete_album(request).await)
            }
            Step::RestoreAlbum { by, album } => {
                let request = RestoreAlbumRequest { album_id: album_id(album) };
                code(self.people[by].albums().restore_album(request).await)
            }
            _ => unreachable!("{step:?} is about people"),
        }
    }

    async fn show(&self, asset: usize, visibility: AssetVisibility) -> Code {
        let request = UpdateAssetsRequest {
            asset_ids: ids(&self.assets[asset..=asset]),
            asset: Some(Asset { visibility: visibility.into(), ..Asset::default() }),
            update_mask: None,
        };
        code(self.people[owner(asset)].assets().update_assets(request).await)
    }

    /// What somebody sees of an album: the code of asking for it, else their role in it.
    async fn role(&self, who: &Person, album: usize) -> Result<AlbumRole, Code> {
        let request = GetAlbumRequest { album_id: self.album(album).id.clone() };
        let album = who.albums().get_album(request).await.map_err(|status| status.code())?;
        Ok(album.into_inner().role())
    }

    /// The assets that somebody sees in an album.
    async fn shown(&self, who: &Person, album: usize) -> Result<BTreeSet<usize>, Code> {
        let request =
            ListAssetsRequest { album_id: self.album(album).id.clone(), ..Default::default() };
        let assets = who.assets().list_assets(request).await.map_err(|status| status.code())?;
        let number = |asset: Asset| self.assets.iter().position(|it| it.id == asset.id).unwrap();
        Ok(assets.into_inner().assets.into_iter().map(number).collect())
    }

    async fn get(&self, who: &Person, asset: usize) -> Code {
        let asset_id = self.assets[asset].id.clone();
        code(who.assets().get_asset(GetAssetRequest { asset_id }).await)
    }

    async fn download(&self, who: &Person, asset: usize) -> Code {
        let asset_id = self.assets[asset].id.clone();
        let request = DownloadAssetRequest { asset_id, ..Default::default() };
        code(who.assets().download_asset(request).await)
    }

    /// Compares what everybody sees with the model.
    async fn compare(&self, model: &Model) {
        for (who, person) in self.people.iter().enumerate() {
            let listed = person.albums().list_albums(ListAlbumsRequest::default()).await.unwrap();
            let listed: BTreeSet<_> =
                listed.into_inner().albums.into_iter().map(|album| album.id).collect();
            let mut expected = BTreeSet::new();
            for (number, album) in model.albums.iter().enumerate() {
                let role = model.role(number, who);
                assert_eq!(
                    self.role(person, number).await,
                    role.ok_or(Code::NotFound),
                    "the role of person {who} in album {number}"
                );
                if role.is_some() && !album.is_trashed {
                    expected.insert(self.albums[number].id.clone());
                    let shown = self.shown(person, number).await;
                    assert_eq!(shown, Ok(model.shown(number)), "album {number} for person {who}");
                }
            }
            assert_eq!(listed, expected, "the albums of person {who}");
            for asset in 0..ASSETS {
                let expected = if model.sees(who, asset) { Code::Ok } else { Code::NotFound };
                let found = self.get(person, asset).await;
                assert_eq!(found, expected, "asset {asset} for person {who}");
            }
        }
        for (number, (link, (_, guest))) in model.links.iter().zip(&self.links).enumerate() {
            self.compare_guest(model, number, link, guest).await;
        }
    }

    async fn compare_guest(&self, model: &Model, number: usize, link: &ModelLink, guest: &Person) {
        let (shown, role) = if model.is_live(link) {
            (Ok(model.shown(link.album)), Ok(AlbumRole::Viewer))
        } else {
            (Err(Code::Unauthenticated), Err(Code::Unauthenticated))
        };
        assert_eq!(self.role(guest, link.album).await, role, "guest of link {number}");
        assert_eq!(self.shown(guest, link.album).await, shown, "guest of link {number}");
        for asset in 0..ASSETS {
            let code = match &shown {
                Err(code) => *code,
                Ok(shown) if !shown.contains(&asset) => Code::NotFound,
                Ok(_) if !link.allow_download => Code::PermissionDenied,
                Ok(_) => Code::Ok,
            };
            let found = self.download(guest, asset).await;
            assert_eq!(found, code, "asset {asset} for the guest of link {number}");
        }
    }
}

/// `PROPTEST_CASES` makes it more than a few.
#[test]
fn everybody_sees_what_the_rules_say_after_every_step() {
    // What `PROPTEST_CASES` asks for; else a few.
    let default = Config::default();
    let cases = if default.cases == 256 { 4 } else { default.cases };
    let config = Config { cases, failure_persistence: None, ..default };
    let steps = proptest::collection::vec(step(), 20..40);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    TestRunner::new(config)
        .run(&steps, |steps| {
            runtime.block_on(test(|server| async move {
                let (mut model, mut reality) = (Model::default(), Reality::start(&server).await);
                for (number, step) in steps.into_iter().enumerate() {
                    let Some(expected) = model.take(step) else { continue };
                    let found = reality.take(&server, step).await;
                    assert_eq!(found, expected, "step {number}: {step:?}");
                    reality.compare(&model).await;
                }
            }));
            Ok(())
        })
        .unwrap();
}
