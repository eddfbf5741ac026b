//! What administrators allow of links.

use albumen::v1::{
    AuditEventKind, CreateSharedLinkRequest, DeleteSharedLinkRequest, GetSharedLinkRequest,
    GetSharingPolicyRequest, ListAllSharedLinksRequest, ListAuditEventsRequest, SharedLink,
    SharedLinkState, SharedLinkViolation, SharingPolicy, UpdateSharedLinkRequest,
    UpdateSharingPolicyRequest,
};
use prost_types::{Duration, FieldMask, Timestamp};
use tonic::{Code, Response, Status};

use crate::support::{
    Person, TestServer, expect_code, expect_fields, expect_reason, metadata, test,
};

async fn set(
    who: &Person,
    policy: SharingPolicy,
    paths: &[&str],
) -> Result<Response<SharingPolicy>, Status> {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateSharingPolicyRequest {
        sharing_policy: Some(policy),
        update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
    };
    who.links().update_sharing_policy(request).await
}

async fn get(who: &Person) -> SharingPolicy {
    let request = GetSharingPolicyRequest {};
    who.links().get_sharing_policy(request).await.unwrap().into_inner()
}

async fn create(
    who: &Person,
    album_id: &str,
    link: SharedLink,
) -> Result<Response<SharedLink>, Status> {
    let link = SharedLink { album_id: album_id.to_owned(), ..link };
    let request = CreateSharedLinkRequest { shared_link: Some(link), ..Default::default() };
    who.links().create_shared_link(request).await
}

async fn update(
    who: &Person,
    link: &SharedLink,
    values: SharedLink,
    paths: &[&str],
) -> Result<Response<SharedLink>, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateSharedLinkRequest {
        shared_link_id: link.id.clone(),
        shared_link: Some(values),
        update_mask: Some(FieldMask { paths }),
    };
    who.links().update_shared_link(request).await
}

async fn seen(who: &Person, link: &SharedLink) -> SharedLink {
    let request = GetSharedLinkRequest { shared_link_id: link.id.clone() };
    who.links().get_shared_link(request).await.unwrap().into_inner()
}

#[track_caller]
fn expect_policy(answer: Result<Response<SharedLink>, Status>, field: &str, policy: &str) {
    let status = expect_reason(answer, Code::FailedPrecondition, "LINK_POLICY");
    assert_eq!(
        (metadata(&status, "field"), metadata(&status, "policy")),
        (field.to_owned(), policy.to_owned())
    );
}

fn in_seconds(server: &TestServer, seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: server.now_us() / 1_000_000 + seconds, nanos: 0 })
}

fn secret() -> SharedLink {
    SharedLink { password: "sesame".to_owned(), ..SharedLink::default() }
}

fn ending(server: &TestServer, seconds: i64) -> SharedLink {
    SharedLink { expire_time: in_seconds(server, seconds), ..SharedLink::default() }
}

mod update_sharing_policy {
    use super::*;

    #[tokio::test]
    async fn everybody_reads_what_administrators_write() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let open = SharingPolicy {
                allow_links: Some(true),
                require_link_password: Some(false),
                max_link_lifetime: None,
            };
            assert_eq!(get(&ann).await, open);
            let week = Some(Duration { seconds: 604_800, nanos: 0 });
            let strict = SharingPolicy {
                allow_links: Some(false),
                require_link_password: Some(true),
                max_link_lifetime: week,
            };
            expect_code(set(&ann, strict, &[]).await, Code::PermissionDenied);
            assert_eq!(set(&admin, strict, &[]).await.unwrap().into_inner(), strict);
            assert_eq!(get(&ann).await, strict);
            let paths = ["max_link_lifetime", "allow_links"];
            let cleared = set(&admin, SharingPolicy::default(), &paths).await.unwrap();
            let expected = SharingPolicy { require_link_password: Some(true), ..open };
            assert_eq!(cleared.into_inner(), expected);
            let request = ListAuditEventsRequest {
                kind: AuditEventKind::SharingPolicyUpdated.into(),
                ..ListAuditEventsRequest::default()
            };
            let log = admin.audit().list_audit_events(request).await.unwrap().into_inner();
            assert_eq!(log.audit_events.len(), 2);
            assert_eq!(log.audit_events[0].actor_id, admin.user.id);
        })
        .await;
    }

    #[tokio::test]
    async fn a_lifetime_is_whole_seconds_within_reason() {
        test(|server| async move {
            let admin = server.admin().await;
            for (seconds, nanos) in [(59, 0), (-60, 0), (60, 1), (400 * 31_557_600, 0)] {
                let policy = SharingPolicy {
                    max_link_lifetime: Some(Duration { seconds, nanos }),
                    ..SharingPolicy::default()
                };
                let answer = set(&admin, policy, &[]).await;
                expect_fields(answer, &["sharing_policy.max_link_lifetime"]);
            }
            let answer = set(&admin, SharingPolicy::default(), &[]).await;
            expect_fields(answer, &["update_mask"]);
        })
        .await;
    }
}

mod create_shared_link {
    use super::*;

    #[tokio::test]
    async fn what_the_policy_forbids_is_refused_by_name() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let require = SharingPolicy {
                require_link_password: Some(true),
                max_link_lifetime: Some(Duration { seconds: 3600, nanos: 0 }),
                ..SharingPolicy::default()
            };
            set(&admin, require, &[]).await.unwrap();
            let answer = create(&ann, &album.id, ending(&server, 3600)).await;
            expect_policy(answer, "shared_link.password", "require_link_password");
            for end in [None, in_seconds(&server, 3601)] {
                let link = SharedLink { expire_time: end, ..secret() };
                let answer = create(&ann, &album.id, link).await;
                expect_policy(answer, "shared_link.expire_time", "max_link_lifetime");
            }
            let right = SharedLink { expire_time: in_seconds(&server, 3600), ..secret() };
            create(&ann, &album.id, right.clone()).await.unwrap();
            let forbid = SharingPolicy { allow_links: Some(false), ..SharingPolicy::default() };
            set(&admin, forbid, &[]).await.unwrap();
            let answer = create(&ann, &album.id, right).await;
            expect_policy(answer, "shared_link", "allow_links");
        })
        .await;
    }
}

mod update_shared_link {
    use super::*;

    #[tokio::test]
    async fn links_that_were_there_go_on_and_are_shown_as_violating() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let plain = create(&ann, &album.id, SharedLink::default()).await.unwrap().into_inner();
            let short = SharedLink { expire_time: in_seconds(&server, 60), ..secret() };
            let short = create(&ann, &album.id, short).await.unwrap().into_inner();
            let strict = SharingPolicy {
                allow_links: Some(false),
                require_link_password: Some(true),
                max_link_lifetime: Some(Duration { seconds: 3600, nanos: 0 }),
            };
            set(&admin, strict, &[]).await.unwrap();
            let violations: Vec<_> = seen(&ann, &plain).await.violations().collect();
            let expected = [
                SharedLinkViolation::LinksForbidden,
                SharedLinkViolation::PasswordMissing,
                SharedLinkViolation::LifetimeTooLong,
            ];
            assert_eq!(violations, expected);
            server.guest(&plain, "").await;

            let described = SharedLink { description: "x".to_owned(), ..SharedLink::default() };
            update(&ann, &plain, described, &["description"]).await.unwrap();
            let answer = update(&ann, &short, SharedLink::default(), &["password"]).await;
            expect_policy(answer, "shared_link.password", "require_link_password");
            let answer = update(&ann, &short, SharedLink::default(), &["expire_time"]).await;
            expect_policy(answer, "shared_link.expire_time", "max_link_lifetime");
            let answer = update(&ann, &short, ending(&server, 120), &["expire_time"]).await;
            expect_policy(answer, "shared_link", "allow_links");
            update(&ann, &short, ending(&server, 30), &["expire_time"]).await.unwrap();
            update(&ann, &plain, ending(&server, 60), &["expire_time"]).await.unwrap();
            let request = DeleteSharedLinkRequest { shared_link_id: plain.id.clone() };
            let revoked = ann.links().delete_shared_link(request).await.unwrap().into_inner();
            assert!(revoked.violations.is_empty());
        })
        .await;
    }
}

mod list_all_shared_links {
    use super::*;

    async fn list(admin: &Person, request: ListAllSharedLinksRequest) -> Vec<SharedLink> {
        let answer = admin.links().list_all_shared_links(request).await.unwrap();
        answer.into_inner().shared_links
    }

    #[tokio::test]
    async fn administrators_see_that_links_are_there_and_not_what_they_show() {
        test(|server| async move {
            let admin = server.admin().await;
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &ann.photos(0..1).await).await;
            let link = SharedLink {
                slug: "summer".to_owned(),
                description: "from us".to_owned(),
                ..secret()
            };
            let link = ann.link(&album, link).await;
            let other = bob.list_link(&bob.photos(1..2).await, SharedLink::default()).await;
            let all = list(&admin, ListAllSharedLinksRequest::default()).await;
            assert_eq!(all.iter().map(|link| &link.id).collect::<Vec<_>>(), [&other.id, &link.id]);
            let found = &all[1];
            let hidden = [
                &found.album_id,
                &found.description,
                &found.slug,
                &found.url,
                &found.album_display_name,
                &found.cover_asset_id,
                &found.title,
            ];
            assert!(hidden.iter().all(|text| text.is_empty()), "{found:?}");
            assert_eq!(found.creator_id, ann.user.id);
            assert!(found.has_password);
            let of_ann =
                ListAllSharedLinksRequest { creator_id: ann.user.id.clone(), ..Default::default() };
            assert_eq!(list(&admin, of_ann).await.len(), 1);
            let only_violating =
                ListAllSharedLinksRequest { only_violating: true, ..Default::default() };
            assert!(list(&admin, only_violating.clone()).await.is_empty());
            let require =
                SharingPolicy { require_link_password: Some(true), ..SharingPolicy::default() };
            set(&admin, require, &[]).await.unwrap();
            let violating = list(&admin, only_violating.clone()).await;
            assert_eq!(violating.iter().map(|link| &link.id).collect::<Vec<_>>(), [&other.id]);
            let lifetime = SharingPolicy {
                max_link_lifetime: Some(Duration { seconds: 3600, nanos: 0 }),
                ..SharingPolicy::default()
            };
            set(&admin, lifetime, &[]).await.unwrap();
            assert_eq!(list(&admin, only_violating).await.len(), 2);
            let page = ListAllSharedLinksRequest { page_size: 1, ..Default::default() };
            let first = admin.links().list_all_shared_links(page.clone()).await.unwrap();
            let page_token = first.into_inner().next_page_token;
            let second = ListAllSharedLinksRequest { page_token, ..page };
            assert_eq!(list(&admin, second).await[0].id, link.id);
        })
        .await;
    }

    #[tokio::test]
    async fn administrators_revoke_any_link_and_others_none_of_others() {
        test(|server| async move {
            let admin = server.admin().await;
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            let slugged = SharedLink { slug: "summer".to_owned(), ..SharedLink::default() };
            let link = ann.link(&album, slugged.clone()).await;
            let request = DeleteSharedLinkRequest { shared_link_id: link.id.clone() };
            expect_code(bob.links().delete_shared_link(request.clone()).await, Code::NotFound);
            let get = GetSharedLinkRequest { shared_link_id: link.id.clone() };
            expect_code(admin.links().get_shared_link(get).await, Code::NotFound);
            let answer = update(&admin, &link, SharedLink::default(), &["description"]).await;
            expect_code(answer, Code::NotFound);
            let revoked = admin.links().delete_shared_link(request).await.unwrap().into_inner();
            assert_eq!(revoked.state(), SharedLinkState::Revoked);
            assert_eq!((revoked.album_id.as_str(), revoked.title.as_str()), ("", ""));
            assert_eq!(seen(&ann, &link).await.state(), SharedLinkState::Revoked);
            ann.link(&album, slugged).await;
            let request = ListAuditEventsRequest {
                kind: AuditEventKind::LinkRevoked.into(),
                ..ListAuditEventsRequest::default()
            };
            let log = admin.audit().list_audit_events(request).await.unwrap().into_inner();
            assert_eq!(log.audit_events[0].actor_id, admin.user.id);
            assert_eq!(log.audit_events[0].subject_id, link.id);
        })
        .await;
    }
}
