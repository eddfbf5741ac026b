//! What happens to the members of one album at once. Whatever wins, nothing fails for reasons of
//! the server, and the closing checks find one owner.

use std::future::Future;
use std::pin::Pin;

use albumen::v1::{
    Album, AlbumRole, CreateSharedLinkRequest, DeleteUserRequest, RestoreUserRequest, SharedLink,
};
use albumen_server::config::Config;
use albumen_server::entity::shared_link;
use futures::future::join_all;
use sea_orm::EntityTrait as _;
use tonic::{Code, Status};

use crate::support::membership::new_member;
use crate::support::{Person, TestServer, test_with};

type Call = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// Runs a test with enough connections for all of its calls at once.
async fn test<F: Future<Output = ()>>(body: impl FnOnce(std::sync::Arc<TestServer>) -> F) {
    test_with(|config: &mut Config| config.database_connections = 20, body).await;
}

/// Runs calls at once and hands out their codes, each one of those that are expected.
async fn all(calls: Vec<Call>, expected: &[Code]) -> Vec<Code> {
    let mut codes = Vec::new();
    for answer in join_all(calls).await {
        let code = answer.as_ref().map_or_else(Status::code, |()| Code::Ok);
        assert!(code == Code::Ok || expected.contains(&code), "{answer:?}");
        codes.push(code);
    }
    codes
}

fn add(who: &Person, album: &Album, people: &[&Person], role: AlbumRole) -> Call {
    let (who, album) = (who.clone(), album.clone());
    let members: Vec<_> = people.iter().map(|person| new_member(person, role)).collect();
    Box::pin(async move { who.add_members(&album, members).await.map(drop) })
}

fn set_role(who: &Person, album: &Album, person: &Person, role: AlbumRole) -> Call {
    let (who, album, person) = (who.clone(), album.clone(), person.clone());
    Box::pin(async move { who.set_role(&album, &person, role).await.map(drop) })
}

fn remove(who: &Person, album: &Album, person: &Person) -> Call {
    let (who, album, person) = (who.clone(), album.clone(), person.clone());
    Box::pin(async move { who.remove_member(&album, &person).await })
}

fn transfer(who: &Person, album: &Album, heir: &Person) -> Call {
    let (who, album, heir) = (who.clone(), album.clone(), heir.clone());
    Box::pin(async move { who.transfer(&album, &heir).await.map(drop) })
}

fn make_private(who: &Person, album: &Album) -> Call {
    let (who, album) = (who.clone(), album.clone());
    Box::pin(async move { who.make_private(&album).await.map(drop) })
}

fn link(who: &Person, album: &Album) -> Call {
    let (who, album_id) = (who.clone(), album.id.clone());
    Box::pin(async move {
        let link = Some(SharedLink { album_id, ..SharedLink::default() });
        let request = CreateSharedLinkRequest { shared_link: link, ..Default::default() };
        who.links().create_shared_link(request).await.map(drop)
    })
}

/// The ids of those whose links to albums open.
async fn makers(server: &TestServer) -> Vec<String> {
    let links = shared_link::Entity::find().all(server.app.database.reader()).await.unwrap();
    let live = links.into_iter().filter(|link| link.delete_time.is_none());
    live.map(|link| link.creator_id.to_string()).collect()
}

async fn people(server: &TestServer) -> [Person; 4] {
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    [ann, bob, server.user("cam").await, server.user("dan").await]
}

#[tokio::test]
async fn the_same_people_are_added_by_many_at_once() {
    test(|server| async move {
        let [ann, bob, cam, dan] = people(&server).await;
        for _ in 0..10 {
            let album = ann.album("a", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let calls = vec![
                add(&ann, &album, &[&cam, &dan], AlbumRole::Viewer),
                add(&bob, &album, &[&dan, &cam], AlbumRole::Contributor),
                add(&bob, &album, &[&dan], AlbumRole::Viewer),
                add(&ann, &album, &[&cam, &bob, &ann], AlbumRole::Contributor),
            ];
            all(calls, &[]).await;
            assert_eq!(ann.members(&album).await.unwrap().len(), 4);
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_who_are_handed_an_album_one_gets_it() {
    test(|server| async move {
        let [ann, bob, cam, _] = people(&server).await;
        for _ in 0..10 {
            let album = ann.album("a", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            ann.add_member(&album, &cam, AlbumRole::Viewer).await;
            let calls = vec![
                transfer(&ann, &album, &bob),
                transfer(&ann, &album, &cam),
                transfer(&ann, &album, &bob),
            ];
            let codes = all(calls, &[Code::PermissionDenied]).await;
            assert_eq!(codes.iter().filter(|code| **code == Code::Ok).count(), 1);
            let members = ann.members(&album).await.unwrap();
            let owners = members.iter().filter(|one| one.role() == AlbumRole::Owner);
            assert_eq!(owners.count(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn an_heir_who_leaves_is_no_owner_and_an_owner_does_not_leave() {
    test(|server| async move {
        let [ann, bob, ..] = people(&server).await;
        for _ in 0..15 {
            let album = ann.album("a", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let calls = vec![transfer(&ann, &album, &bob), remove(&bob, &album, &bob)];
            let codes = all(calls, &[Code::NotFound, Code::FailedPrecondition]).await;
            let expected = [[Code::Ok, Code::FailedPrecondition], [Code::NotFound, Code::Ok]];
            assert!(expected.iter().any(|expected| codes == *expected), "{codes:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_link_that_is_made_while_its_maker_is_removed_does_not_open() {
    test(|server| async move {
        let [ann, bob, ..] = people(&server).await;
        for _ in 0..15 {
            let album = ann.album("a", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let calls = vec![
                link(&bob, &album),
                remove(&ann, &album, &bob),
                link(&bob, &album),
                remove(&bob, &album, &bob),
            ];
            all(calls, &[Code::NotFound]).await;
            assert!(makers(&server).await.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn everything_happens_to_one_album_at_once() {
    test(|server| async move {
        let people = people(&server).await;
        let album = people[0].album("a", &[]).await;
        let expected = [Code::NotFound, Code::PermissionDenied, Code::FailedPrecondition];
        for round in 0..12 {
            let mut calls = Vec::new();
            for (index, who) in people.iter().enumerate() {
                let next = &people[(index + 1 + round) % 4];
                let last = &people[(index + 2) % 4];
                let everybody: Vec<_> = people.iter().collect();
                calls.push(add(who, &album, &everybody, AlbumRole::Contributor));
                calls.push(set_role(who, &album, next, AlbumRole::Editor));
                calls.push(transfer(who, &album, next));
                calls.push(link(who, &album));
                calls.push(remove(who, &album, last));
                calls.push(set_role(who, &album, last, AlbumRole::Viewer));
                calls.push(remove(who, &album, who));
                if round % 4 == 3 {
                    calls.push(make_private(who, &album));
                }
            }
            all(calls, &expected).await;
            let mut found = None;
            for who in &people {
                if let Ok(members) = who.members(&album).await {
                    found = Some(members);
                }
            }
            let members = found.unwrap();
            let owners = members.iter().filter(|one| one.role() == AlbumRole::Owner);
            assert_eq!(owners.count(), 1);
            for maker in makers(&server).await {
                assert!(members.iter().any(|member| member.user_id == maker), "{members:?}");
            }
        }
    })
    .await;
}

/// The closing checks compare the album with its owner's account.
#[tokio::test]
async fn an_album_is_handed_over_while_an_account_is_deleted() {
    test(|server| async move {
        let admin = server.admin().await;
        for round in 0..8 {
            let ann = server.user(&format!("ann{round}")).await;
            let bob = server.user(&format!("bob{round}")).await;
            let album = ann.album("a", &[]).await;
            ann.add_member(&album, &bob, AlbumRole::Editor).await;
            let (admin_, user_id) = (admin.clone(), [&ann, &bob][round % 2].user.id.clone());
            let user_id_ = user_id.clone();
            let delete: Call = Box::pin(async move {
                let request = DeleteUserRequest { user_id: user_id_ };
                admin_.users().delete_user(request).await.map(drop)
            });
            let expected = [Code::NotFound, Code::Unauthenticated];
            all(vec![transfer(&ann, &album, &bob), delete], &expected).await;
            if round > 5 {
                let request = RestoreUserRequest { user_id };
                admin.users().restore_user(request).await.unwrap();
            }
        }
    })
    .await;
}
