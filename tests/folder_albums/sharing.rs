//! Sharing the albums that a run makes.

use albumen::v1::{AlbumRole, FolderAlbumOptions, FolderAlbumShare};
use tonic::Response;

use crate::support::folders::{Folders, options};
use crate::support::{expect_fields, test};

fn share(user: &str, role: AlbumRole) -> FolderAlbumShare {
    FolderAlbumShare { user: user.to_owned(), role: role.into() }
}

#[tokio::test]
async fn new_albums_are_shared_and_old_ones_are_not() {
    test(|server| async move {
        let (ann, bob, cat) =
            (server.user("ann").await, server.user("bob").await, server.user("cat").await);
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        folders.photos(&["/photos/a/2.jpg", "/photos/b/3.jpg"]).await;
        let shared = FolderAlbumOptions {
            share_with: vec![
                share("bob", AlbumRole::Unspecified),
                share(" CAT@example.org ", AlbumRole::Viewer),
                share("cat", AlbumRole::Editor),
            ],
            share_role: AlbumRole::Contributor.into(),
            ..options()
        };
        let counts = folders.apply(shared).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_members), (1, 2));
        assert_eq!(bob.shelf().await.into_keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(bob.album_named("b").await.role(), AlbumRole::Contributor);
        assert_eq!(cat.album_named("b").await.role(), AlbumRole::Editor, "the last one wins");
    })
    .await;
}

#[tokio::test]
async fn names_that_fit_nobody_or_several_are_refused_before_anything_changes() {
    test(|server| async move {
        let ann = server.user("ann").await;
        server.user("bob").await;
        let twin = server.user("twin").await;
        let user = albumen::v1::User { display_name: "bob".to_owned(), ..Default::default() };
        let request = albumen::v1::UpdateMeRequest { user: Some(user), ..Default::default() };
        twin.users().update_me(request).await.unwrap();
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        for name in ["nobody", "bob", "Ann"] {
            let options = FolderAlbumOptions {
                share_with: vec![
                    share("twin@example.org", AlbumRole::Viewer),
                    share(name, AlbumRole::Viewer),
                ],
                ..options()
            };
            let refused = folders.try_apply("", Some(options), "").await;
            expect_fields(refused.map(Response::new), &["options.share_with[1].user"]);
        }
        let owner =
            FolderAlbumOptions { share_with: vec![share("twin", AlbumRole::Owner)], ..options() };
        let refused = folders.try_apply("", Some(owner), "").await;
        expect_fields(refused.map(Response::new), &["options.share_with[0].role"]);
        assert!(folders.albums().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn naming_oneself_is_passed_over_with_a_note() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        folders.photo("/photos/a/1.jpg").await;
        let options =
            FolderAlbumOptions { share_with: vec![share("ann", AlbumRole::Viewer)], ..options() };
        let (_, summary) = folders.plan(options.clone()).await;
        assert_eq!(summary.notes.len(), 1);
        let run = folders.apply(options).await;
        assert_eq!(run.problems, summary.notes);
        assert_eq!(run.counts.unwrap().created_albums, 1);
    })
    .await;
}
