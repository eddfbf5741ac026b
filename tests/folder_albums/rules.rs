//! Rules that are kept, and their runs.

use albumen::v1::folder_rule_run::State;
use albumen::v1::{
    AlbumRole, CreateFolderRuleRequest, DeleteFolderRuleRequest, FolderAlbumOptions,
    FolderAlbumShare, FolderRule, GetFolderRuleRequest, ListFolderRuleRunsRequest,
    ListFolderRulesRequest, UpdateFolderRuleRequest,
};
use prost_types::FieldMask;
use tonic::Code;

use crate::support::folders::{Folders, options};
use crate::support::{Person, expect_code, expect_fields, expect_reason, metadata, test};

impl Person {
    /// Makes a rule.
    pub(super) async fn rule(&self, name: &str, options: FolderAlbumOptions) -> FolderRule {
        let rule = FolderRule {
            display_name: name.to_owned(),
            options: Some(options),
            ..FolderRule::default()
        };
        let request = CreateFolderRuleRequest { folder_rule: Some(rule), ..Default::default() };
        self.folder_albums().create_folder_rule(request).await.unwrap().into_inner()
    }

    async fn update_rule(&self, id: &str, rule: FolderRule, paths: &[&str]) -> FolderRule {
        let paths = paths.iter().map(|&path| path.to_owned()).collect();
        let request = UpdateFolderRuleRequest {
            folder_rule_id: id.to_owned(),
            folder_rule: Some(rule),
            update_mask: Some(FieldMask { paths }),
        };
        self.folder_albums().update_folder_rule(request).await.unwrap().into_inner()
    }

    async fn runs(&self, rule: &str) -> Vec<albumen::v1::FolderRuleRun> {
        let request =
            ListFolderRuleRunsRequest { folder_rule_id: rule.to_owned(), ..Default::default() };
        self.folder_albums().list_folder_rule_runs(request).await.unwrap().into_inner().runs
    }
}

#[tokio::test]
async fn a_rule_is_made_read_listed_changed_and_deleted() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let mut client = ann.folder_albums();
        let rule = ann.rule("Years", options()).await;
        let filled = rule.options.clone().unwrap();
        assert_eq!(filled.album_levels, "1");
        assert_eq!((filled.chunk_size, filled.fetch_chunk_size), (2000, 5000));
        let id = rule.id.clone();
        let get = GetFolderRuleRequest { folder_rule_id: id.clone() };
        assert_eq!(client.get_folder_rule(get.clone()).await.unwrap().into_inner(), rule);
        server.sleep(std::time::Duration::from_secs(1));
        let other = ann.rule("Trips", options()).await;
        let list = ListFolderRulesRequest { page_size: 1, ..Default::default() };
        let page = client.list_folder_rules(list.clone()).await.unwrap().into_inner();
        assert_eq!(page.folder_rules, [other]);
        let list = ListFolderRulesRequest { page_token: page.next_page_token, ..list };
        let page = client.list_folder_rules(list).await.unwrap().into_inner();
        assert_eq!(page.folder_rules, std::slice::from_ref(&rule));
        let changed = FolderRule { display_name: "All years".to_owned(), ..Default::default() };
        let changed = ann.update_rule(&id, changed, &["display_name"]).await;
        assert_eq!(changed.display_name, "All years");
        assert_eq!(changed.options, rule.options);
        let delete = DeleteFolderRuleRequest { folder_rule_id: id };
        client.delete_folder_rule(delete).await.unwrap();
        expect_code(client.get_folder_rule(get).await, Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn making_a_rule_twice_with_one_id_makes_one() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let rule = FolderRule {
            display_name: "Years".to_owned(),
            options: Some(options()),
            ..FolderRule::default()
        };
        let request = CreateFolderRuleRequest {
            folder_rule: Some(rule),
            request_id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
        };
        let first = ann.folder_albums().create_folder_rule(request.clone()).await.unwrap();
        let again = ann.folder_albums().create_folder_rule(request.clone()).await.unwrap();
        assert_eq!(first.into_inner(), again.into_inner());
        expect_code(bob.folder_albums().create_folder_rule(request).await, Code::AlreadyExists);
    })
    .await;
}

#[tokio::test]
async fn a_name_is_for_one_rule_of_a_user() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let rule = |name: &str| FolderRule {
            display_name: name.to_owned(),
            options: Some(options()),
            ..FolderRule::default()
        };
        ann.rule("Years", options()).await;
        bob.rule("Years", options()).await;
        let request =
            CreateFolderRuleRequest { folder_rule: Some(rule("Years")), ..Default::default() };
        let refused = ann.folder_albums().create_folder_rule(request).await;
        let status = expect_reason(refused, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
        assert_eq!(metadata(&status, "resource_type"), "display_name");
        let other = ann.rule("Trips", options()).await;
        let request = UpdateFolderRuleRequest {
            folder_rule_id: other.id.clone(),
            folder_rule: Some(rule("Years")),
            update_mask: Some(FieldMask { paths: vec!["display_name".to_owned()] }),
        };
        expect_code(ann.folder_albums().update_folder_rule(request).await, Code::AlreadyExists);
        let same = ann.update_rule(&other.id, rule("Trips"), &["display_name"]).await;
        assert_eq!(same.display_name, "Trips");
    })
    .await;
}

#[tokio::test]
async fn a_user_has_a_hundred_rules_at_most() {
    test(|server| async move {
        let ann = server.user("ann").await;
        for number in 0..100 {
            ann.rule(&number.to_string(), options()).await;
        }
        let rule = FolderRule {
            display_name: "One more".to_owned(),
            options: Some(options()),
            ..FolderRule::default()
        };
        let request = CreateFolderRuleRequest { folder_rule: Some(rule), ..Default::default() };
        let refused = ann.folder_albums().create_folder_rule(request).await;
        let status = expect_reason(refused, Code::ResourceExhausted, "LIMIT_REACHED");
        assert_eq!(metadata(&status, "limit"), "100");
    })
    .await;
}

#[tokio::test]
async fn wrong_rules_are_refused_by_their_fields() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let good = FolderRule {
            display_name: "Years".to_owned(),
            options: Some(options()),
            ..FolderRule::default()
        };
        let wrong_levels = FolderAlbumOptions { album_levels: "x".to_owned(), ..options() };
        let share = FolderAlbumShare { user: "nobody".to_owned(), role: AlbumRole::Viewer.into() };
        let wrong_share = FolderAlbumOptions { share_with: vec![share], ..options() };
        let cases = [
            (FolderRule { display_name: String::new(), ..good.clone() }, "display_name"),
            (FolderRule { options: None, ..good.clone() }, "options"),
            (FolderRule { options: Some(wrong_levels), ..good.clone() }, "options.album_levels"),
            (
                FolderRule { options: Some(wrong_share), ..good.clone() },
                "options.share_with[0].user",
            ),
            (FolderRule { schedule: "often".to_owned(), ..good.clone() }, "schedule"),
            (FolderRule { schedule: "0 0 30 2 *".to_owned(), ..good.clone() }, "schedule"),
            (FolderRule { time_zone: "Mars".to_owned(), ..good.clone() }, "time_zone"),
        ];
        for (rule, field) in cases {
            let request = CreateFolderRuleRequest { folder_rule: Some(rule), ..Default::default() };
            let refused = ann.folder_albums().create_folder_rule(request).await;
            expect_fields(refused, &[format!("folder_rule.{field}").as_str()]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_schedule_runs_a_rule_at_its_times_in_its_zone() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        let rule = ann.rule("Nightly", options()).await;
        assert_eq!(rule.next_run_time, None);
        // Tests begin at 08:00 UTC, which is 09:00 in Vienna.
        let change = FolderRule {
            schedule: "10 9 * * *".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
            ..FolderRule::default()
        };
        let rule = ann.update_rule(&rule.id, change, &["schedule", "time_zone"]).await;
        let next = rule.next_run_time.unwrap().seconds;
        assert_eq!(next, server.now_us() / 1_000_000 + 600);
        server.run_jobs().await;
        assert!(ann.runs(&rule.id).await.is_empty());
        server.sleep(std::time::Duration::from_secs(600));
        server.run_jobs().await;
        let runs = ann.runs(&rule.id).await;
        assert_eq!(runs.len(), 1);
        assert!(runs[0].scheduled);
        assert_eq!(runs[0].state(), State::Succeeded);
        assert_eq!(folders.albums().await.len(), 1);
        let get = GetFolderRuleRequest { folder_rule_id: rule.id.clone() };
        let rule = ann.folder_albums().get_folder_rule(get).await.unwrap().into_inner();
        assert_eq!(rule.next_run_time.unwrap().seconds, next + 86_400);
        server.sleep(std::time::Duration::from_secs(120));
        server.run_jobs().await;
        assert_eq!(ann.runs(&rule.id).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_run_passes_over_people_who_are_gone() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        let share = |user: &str| FolderAlbumShare { user: user.to_owned(), role: 0 };
        let shared =
            FolderAlbumOptions { share_with: vec![share("bob"), share("admin")], ..options() };
        let rule = ann.rule("Nightly", shared).await;
        let change = FolderRule { schedule: "* * * * *".to_owned(), ..FolderRule::default() };
        ann.update_rule(&rule.id, change, &["schedule"]).await;
        let admin = server.login("admin@example.org").await;
        let request = albumen::v1::DeleteUserRequest { user_id: bob.user.id.clone() };
        admin.users().delete_user(request).await.unwrap();
        server.sleep(std::time::Duration::from_secs(60));
        server.run_jobs().await;
        let run = ann.runs(&rule.id).await.remove(0);
        assert_eq!(run.state(), State::Succeeded);
        assert_eq!(run.problems.len(), 1);
        assert_eq!(run.problems[0].subject, "bob");
        assert_eq!(run.counts.unwrap().added_members, 1);
    })
    .await;
}

#[tokio::test]
async fn runs_are_listed_with_what_they_did() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        let rule = ann.rule("Years", options()).await;
        let first = folders.apply(options()).await;
        let second = folders.try_apply(&rule.id, None, "").await.unwrap();
        assert_eq!(ann.runs("").await, [second.clone(), first.clone()]);
        assert_eq!(ann.runs(&rule.id).await, [second]);
        assert_eq!(first.folder_rule_id, "");
        assert!(bob.runs("").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_albums_of_a_deleted_rule_stay() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        let rule = ann.rule("Years", options()).await;
        folders.try_apply(&rule.id, None, "").await.unwrap();
        let delete = DeleteFolderRuleRequest { folder_rule_id: rule.id };
        ann.folder_albums().delete_folder_rule(delete).await.unwrap();
        assert_eq!(folders.albums().await.len(), 1);
        assert!(ann.runs("").await.is_empty());
    })
    .await;
}
