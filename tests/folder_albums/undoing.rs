//! Taking runs back.

use std::collections::BTreeMap;
use std::time::Duration;

use albumen::v1::folder_album_options::{Mode, Thumbnail};
use albumen::v1::{
    Album, AlbumOrder, AlbumRole, Asset, CreateCommentRequest, FolderAlbumOptions,
    FolderAlbumShare, FolderRuleRun, FolderRuleRunUndoCounts, SetLikeRequest, SharedLink,
    UndoFolderRuleRunRequest, UndoFolderRuleRunResponse, UpdateAlbumRequest,
};
use prost_types::FieldMask;

use super::{put_in, rename, take_out};
use crate::support::folders::{Folders, deleting, is_archived, options, sorted};
use crate::support::{Person, test};

pub(super) async fn undo(folders: &Folders, run: &FolderRuleRun) -> UndoFolderRuleRunResponse {
    let request = UndoFolderRuleRunRequest { folder_rule_run_id: run.id.clone() };
    folders.owner.folder_albums().undo_folder_rule_run(request).await.unwrap().into_inner()
}

/// The albums that stay, with the reason.
pub(super) fn kept(undone: &UndoFolderRuleRunResponse) -> BTreeMap<&str, &str> {
    let kept: BTreeMap<_, _> =
        undone.kept.iter().map(|it| (it.subject.as_str(), it.message.as_str())).collect();
    assert_eq!(i64::try_from(kept.len()).unwrap(), undone.counts.unwrap().kept_albums);
    kept
}

pub(super) async fn comment(person: &Person, album: &Album, asset: Option<&Asset>) {
    let request = CreateCommentRequest {
        album_id: album.id.clone(),
        asset_id: asset.map(|asset| asset.id.clone()).unwrap_or_default(),
        text: "Not one cloud".to_owned(),
        ..CreateCommentRequest::default()
    };
    person.activities().create_comment(request).await.unwrap();
}

async fn like(person: &Person, album: &Album, asset: &Asset) {
    let request = SetLikeRequest {
        album_id: album.id.clone(),
        asset_id: asset.id.clone(),
        liked: true,
        ..SetLikeRequest::default()
    };
    person.activities().set_like(request).await.unwrap();
}

async fn set(person: &Person, name: &str, path: &str, values: Album) {
    let request = UpdateAlbumRequest {
        album_id: person.album_named(name).await.id,
        album: Some(values),
        update_mask: Some(FieldMask { paths: vec![path.to_owned()] }),
    };
    person.albums().update_album(request).await.unwrap();
}

#[tokio::test]
async fn albums_that_a_run_made_go_and_what_it_archived_comes_back() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photo = folders.photo("/photos/a/1.jpg").await;
        let run = folders.apply(FolderAlbumOptions { archive: true, ..options() }).await;
        assert!(is_archived(&server, &photo).await);
        let undone = undo(&folders, &run).await;
        assert!(undone.run.as_ref().unwrap().undo_time.is_some());
        let counts = FolderRuleRunUndoCounts {
            trashed_albums: 1,
            unarchived_assets: 1,
            ..FolderRuleRunUndoCounts::default()
        };
        assert_eq!((undone.counts, undone.already_undone), (Some(counts), false));
        assert!(folders.albums().await.is_empty());
        assert!(!is_archived(&server, &photo).await);
        server.sleep(Duration::from_secs(1));
        let again = UndoFolderRuleRunResponse { already_undone: true, ..undone };
        assert_eq!(undo(&folders, &run).await, again, "again changes nothing");
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn an_album_with_anything_that_the_run_did_not_give_it_stays() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let folders = Folders::of(&server, &ann).await;
        let names = [
            "activity", "comment", "cover", "left", "like", "link", "member", "order", "plain",
            "text",
        ];
        let mut photos = BTreeMap::new();
        for name in names {
            let paths = ["1", "2"].map(|file| format!("/photos/{name}/{file}.jpg"));
            photos.insert(name, folders.photos(&paths.each_ref().map(String::as_str)).await);
        }
        let run = folders.apply(options()).await;
        let off = Album { activity_enabled: Some(false), ..Album::default() };
        set(&ann, "activity", "activity_enabled", off).await;
        comment(&ann, &ann.album_named("comment").await, None).await;
        let cover = Album { cover_asset_id: photos["cover"][1].id.clone(), ..Album::default() };
        set(&ann, "cover", "cover_asset_id", cover).await;
        // Another cover that nobody chose.
        take_out(&ann, &ann.album_named("left").await, &photos["left"][..1]).await;
        like(&ann, &ann.album_named("like").await, &photos["like"][0]).await;
        ann.link(&ann.album_named("link").await, SharedLink::default()).await;
        ann.add_member(&ann.album_named("member").await, &bob, AlbumRole::Viewer).await;
        let manual = Album { order: AlbumOrder::Manual.into(), ..Album::default() };
        set(&ann, "order", "order", manual).await;
        let text = Album { description: "Ten days".to_owned(), ..Album::default() };
        set(&ann, "text", "description", text).await;
        let undone = undo(&folders, &run).await;
        let expected = [
            ("activity", "another use of comments"),
            ("comment", "1 comment"),
            ("cover", "another cover"),
            ("like", "1 like"),
            ("link", "1 link"),
            ("member", "1 member added or changed by hand"),
            ("order", "another order"),
            ("text", "a description"),
        ];
        assert_eq!(kept(&undone), expected.into());
        let counts = undone.counts.unwrap();
        assert_eq!((counts.trashed_albums, counts.kept_assets), (2, 16));
        assert_eq!(counts.removed_assets, 0);
        let albums = folders.albums().await;
        assert_eq!(albums.len(), 8);
        for (name, placed) in &albums {
            let photos = &photos[name.as_str()];
            assert_eq!(*placed, sorted(photos), "who sees {name} sees what they saw");
        }
    })
    .await;
}

#[tokio::test]
async fn photos_with_comments_stay_in_albums_that_were_there_before() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let first = folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        let photos = folders.photos(&["/photos/a/2.jpg", "/photos/a/3.jpg"]).await;
        let run = folders.apply(options()).await;
        let album = ann.album_named("a").await;
        comment(&ann, &album, Some(&photos[0])).await;
        comment(&ann, &album, Some(&first)).await;
        let undone = undo(&folders, &run).await;
        assert!(kept(&undone).is_empty(), "nobody asks whether an older album goes");
        let counts = undone.counts.unwrap();
        assert_eq!((counts.removed_assets, counts.kept_assets), (1, 1));
        assert_eq!(folders.albums().await["a"], sorted([&first, &photos[0]]));
    })
    .await;
}

#[tokio::test]
async fn those_with_whom_a_run_shared_its_albums_keep_none_of_them() {
    test(|server| async move {
        let (ann, bob, cat) =
            (server.user("ann").await, server.user("bob").await, server.user("cat").await);
        let folders = Folders::of(&server, &ann).await;
        folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg", "/photos/c/3.jpg"]).await;
        let share = |user: &str| FolderAlbumShare { user: user.to_owned(), role: 0 };
        let shared =
            FolderAlbumOptions { share_with: vec![share("bob"), share("cat")], ..options() };
        let run = folders.apply(shared).await;
        ann.set_role(&ann.album_named("b").await, &bob, AlbumRole::Editor).await.unwrap();
        cat.leave(&ann.album_named("c").await).await.unwrap();
        // They are known by more than their names.
        let user = albumen::v1::User { display_name: "Robert".to_owned(), ..Default::default() };
        let request = albumen::v1::UpdateMeRequest { user: Some(user), ..Default::default() };
        bob.users().update_me(request).await.unwrap();
        let undone = undo(&folders, &run).await;
        assert_eq!(kept(&undone), [("b", "1 member added or changed by hand")].into());
        assert_eq!(bob.shelf().await.into_keys().collect::<Vec<_>>(), ["b"]);
    })
    .await;
}

#[tokio::test]
async fn covers_that_runs_choose_keep_no_album() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg", "/photos/a/3.jpg"]).await;
        let with = |cover: Thumbnail| FolderAlbumOptions {
            set_album_thumbnail: cover.into(),
            ..options()
        };
        let run = folders.apply(with(Thumbnail::Last)).await;
        folders.apply(with(Thumbnail::RandomFiltered)).await;
        folders.apply(with(Thumbnail::RandomAll)).await;
        let counts = undo(&folders, &run).await.counts.unwrap();
        assert_eq!((counts.trashed_albums, counts.kept_albums), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn albums_that_a_run_renamed_get_their_name_back_unless_people_renamed_them_since() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg"]).await;
        folders.apply(options()).await;
        folders.rename("/photos/a/", "/photos/a new/").await;
        folders.rename("/photos/b/", "/photos/b new/").await;
        let run = folders.apply(options()).await;
        assert_eq!(run.counts.unwrap().renamed_albums, 2);
        rename(&ann, &ann.album_named("b new").await, "Ours").await;
        let undone = undo(&folders, &run).await;
        let counts = FolderRuleRunUndoCounts { renamed_albums: 1, ..Default::default() };
        assert_eq!(undone.counts, Some(counts));
        let names = |albums: BTreeMap<String, Vec<String>>| albums.into_keys().collect::<Vec<_>>();
        assert_eq!(names(folders.albums().await), ["Ours", "a"]);
        folders.apply(options()).await;
        assert_eq!(names(folders.albums().await), ["Ours", "a new"], "as if it had not run");
    })
    .await;
}

#[tokio::test]
async fn an_undoing_that_is_cut_off_goes_on_and_tells_of_all() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        for number in 0..8 {
            folders.photo(&format!("/photos/{number}/{number}.jpg")).await;
        }
        let run = folders.apply(FolderAlbumOptions { archive: true, ..options() }).await;
        for name in ["2", "5"] {
            comment(&ann, &ann.album_named(name).await, None).await;
        }
        let request = UndoFolderRuleRunRequest { folder_rule_run_id: run.id.clone() };
        let mut looks = 1;
        let undone = 'undone: loop {
            let mut client = ann.folder_albums();
            let mut call = Box::pin(client.undo_folder_rule_run(request.clone()));
            for _ in 0..looks {
                if let std::task::Poll::Ready(answer) = futures::poll!(&mut call) {
                    break 'undone answer.unwrap().into_inner();
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            looks += 1;
        };
        let counts = FolderRuleRunUndoCounts {
            trashed_albums: 6,
            kept_albums: 2,
            kept_assets: 2,
            unarchived_assets: 8,
            ..FolderRuleRunUndoCounts::default()
        };
        assert_eq!(undone.counts, Some(counts));
        assert_eq!(kept(&undone), [("2", "1 comment"), ("5", "1 comment")].into());
    })
    .await;
}

#[tokio::test]
async fn assets_that_a_run_added_leave_and_what_was_there_before_stays() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let first = folders.photo("/photos/a/1.jpg").await;
        let made = folders.apply(options()).await;
        let second = folders.photo("/photos/a/2.jpg").await;
        let run = folders.apply(options()).await;
        undo(&folders, &run).await;
        assert_eq!(folders.albums().await["a"], sorted([&first]));
        let run = folders.apply(options()).await;
        assert_eq!(folders.albums().await["a"], sorted([&first, &second]));
        // What the first run made holds what the last one added: it stays for that, as it is.
        undo(&folders, &made).await;
        assert_eq!(folders.albums().await["a"], sorted([&first, &second]));
        undo(&folders, &run).await;
        assert_eq!(folders.albums().await["a"], sorted([&first]));
    })
    .await;
}

#[tokio::test]
async fn what_people_changed_since_stays() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let paths = ["/photos/a/1.jpg", "/photos/a/2.jpg", "/photos/b/3.jpg"];
        let photos = folders.photos(&paths).await;
        let own = ann.photos(60..61).await;
        let run = folders.apply(options()).await;
        put_in(&ann, &ann.album_named("a").await, &own).await;
        take_out(&ann, &ann.album_named("a").await, &photos[..1]).await;
        rename(&ann, &ann.album_named("b").await, "Named by hand").await;
        let undone = undo(&folders, &run).await;
        let expected = [("Named by hand", "another name"), ("a", "1 asset added since")];
        assert_eq!(kept(&undone), expected.into());
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted([&own[0], &photos[1]]), "what they added is there");
        assert_eq!(albums["Named by hand"], sorted(&photos[2..]), "what they named is there");
        folders.apply(options()).await;
        assert_eq!(folders.albums().await, albums, "what they took out is not back");
    })
    .await;
}

#[tokio::test]
async fn albums_that_a_run_deleted_come_back() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        ann.album("By hand", &[]).await;
        let before = folders.albums().await;
        let all = FolderAlbumOptions { all_albums: true, ..deleting(Mode::DeleteAll) };
        let run = folders.apply(all).await;
        assert!(folders.albums().await.is_empty());
        let counts = undo(&folders, &run).await.counts.unwrap();
        assert_eq!(counts.restored_albums, 2);
        assert_eq!(folders.albums().await, before);
    })
    .await;
}
