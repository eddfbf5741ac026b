//! Runs that are cut off, that meet others, and that lose their right.

use albumen::v1::folder_rule_run::State;
use albumen::v1::{DeleteFolderRuleRequest, FolderAlbumOptions, UndoFolderRuleRunRequest};
use albumen_server::jobs;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Response};

use crate::support::folders::{Folders, last, options, sorted};
use crate::support::{expect_reason, test};

#[tokio::test]
async fn while_a_run_is_under_way_no_other_one_of_the_rule_begins() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        let rule = ann.rule("Years", options()).await;
        let run = ann.apply(&rule.id, None, "").await.unwrap();
        let refused = ann.apply(&rule.id, None, "").await;
        expect_reason(refused, Code::FailedPrecondition, "RULE_RUNNING");
        let other = ann.apply("", Some(options()), "").await.unwrap();
        server.run_jobs().await;
        assert_eq!(last(run).await.unwrap().state(), State::Succeeded);
        assert_eq!(last(other).await.unwrap().state(), State::Succeeded);
        let again = folders.try_apply(&rule.id, None, "").await.map(Response::new);
        assert_eq!(again.unwrap().into_inner().state(), State::Succeeded);
    })
    .await;
}

#[tokio::test]
async fn a_run_goes_on_though_its_caller_left() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photo = folders.photo("/photos/a/1.jpg").await;
        drop(ann.apply("", Some(options()), "").await.unwrap());
        server.run_jobs().await;
        assert_eq!(folders.albums().await["a"], sorted([&photo]));
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_continued_without_doing_anything_twice() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let mut photos = Vec::new();
        for number in 0..12 {
            photos.push(folders.photo(&format!("/photos/{}/{number}.jpg", number % 4)).await);
        }
        let options = FolderAlbumOptions { chunk_size: 1, archive: true, ..options() };
        let stream = ann.apply("", Some(options.clone()), "").await.unwrap();
        // A worker that is dropped in the middle of its work, a bit later each time.
        for steps in 1..7 {
            let (app, stopping) = (server.app.clone(), CancellationToken::new());
            let mut work = Box::pin(async move {
                jobs::run_until_idle(&app).await.unwrap();
                drop(stopping);
            });
            for _ in 0..steps * 20 {
                let wait = std::time::Duration::from_micros(300);
                if tokio::time::timeout(wait, &mut work).await.is_ok() {
                    break;
                }
            }
            drop(work);
            // The lease ends.
            server.sleep(std::time::Duration::from_secs(61));
        }
        server.run_jobs().await;
        let run = last(stream).await.unwrap();
        assert_eq!(run.state(), State::Succeeded, "{run:?}");
        let counts = run.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets), (4, 12));
        assert_eq!((counts.archived_assets, counts.failed_albums), (12, 0));
        let albums = folders.albums().await;
        assert_eq!(albums.len(), 4);
        assert_eq!(albums.values().map(Vec::len).sum::<usize>(), 12);
        let counts = folders.apply(options).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets), (0, 0));
        let request = UndoFolderRuleRunRequest { folder_rule_run_id: run.id };
        ann.folder_albums().undo_folder_rule_run(request).await.unwrap();
        assert!(folders.albums().await.is_empty(), "all attempts are one run");
    })
    .await;
}

#[tokio::test]
async fn two_rules_at_once_on_two_servers_share_the_album_of_a_name() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let mut photos = Vec::new();
        for number in 0..6 {
            photos.push(folders.photo(&format!("/photos/{}/{number}.jpg", number % 2)).await);
        }
        let all = FolderAlbumOptions { find_assets_in_albums: true, chunk_size: 1, ..options() };
        let (one, two) = (ann.rule("One", all.clone()).await, ann.rule("Two", all).await);
        let beside = server.beside().await;
        let streams = [
            ann.apply(&one.id, None, "").await.unwrap(),
            ann.apply(&two.id, None, "").await.unwrap(),
        ];
        futures::join!(server.run_jobs(), beside.run_jobs());
        server.run_jobs().await;
        let mut created = 0;
        for stream in streams {
            let run = last(stream).await.unwrap();
            assert_eq!(run.state(), State::Succeeded, "{run:?}");
            assert_eq!(run.problems, []);
            created += run.counts.unwrap().created_albums;
        }
        assert_eq!(created, 2);
        let albums = folders.albums().await;
        assert_eq!(albums["0"], sorted(photos.iter().step_by(2)));
        assert_eq!(albums["1"], sorted(photos.iter().skip(1).step_by(2)));
        beside.leave().await;
    })
    .await;
}

#[tokio::test]
async fn a_run_whose_rule_is_deleted_ends() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        let rule = ann.rule("Years", options()).await;
        let stream = ann.apply(&rule.id, None, "").await.unwrap();
        let request = DeleteFolderRuleRequest { folder_rule_id: rule.id };
        ann.folder_albums().delete_folder_rule(request).await.unwrap();
        server.run_jobs().await;
        assert_eq!(last(stream).await.unwrap_err().code(), Code::NotFound);
        assert!(folders.albums().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_run_of_somebody_whose_account_is_deleted_does_nothing() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        drop(ann.apply("", Some(options()), "").await.unwrap());
        let admin = server.login("admin@example.org").await;
        let request = albumen::v1::DeleteUserRequest { user_id: ann.user.id.clone() };
        admin.users().delete_user(request).await.unwrap();
        server.run_jobs().await;
        let request = albumen::v1::RestoreUserRequest { user_id: ann.user.id.clone() };
        admin.users().restore_user(request).await.unwrap();
        let back = server.login("ann@example.org").await;
        assert!(back.shelf().await.is_empty());
    })
    .await;
}
