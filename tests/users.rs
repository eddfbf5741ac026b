//! `UserService`.

use albumen::v1::{GetMeRequest, UpdateMeRequest, User};
use prost_types::FieldMask;

use crate::support::{Person, expect_fields, fixtures, test};

fn update(user: User, paths: &[&str]) -> UpdateMeRequest {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    let update_mask = (!paths.is_empty()).then_some(FieldMask { paths });
    UpdateMeRequest { user: Some(user), update_mask }
}

async fn me(who: &Person) -> User {
    who.users().get_me(GetMeRequest {}).await.unwrap().into_inner()
}

mod get_me {
    use super::*;

    #[tokio::test]
    async fn used_bytes_are_those_of_the_own_files() {
        test(|server| async move {
            let ann = server.user("ann").await;
            assert_eq!(me(&ann).await.used_bytes, 0);
            ann.upload("a.jpg", &fixtures::sized_photo(1, 5000)).await;
            ann.upload("b.jpg", &fixtures::sized_photo(2, 6000)).await;
            ann.upload("again.jpg", &fixtures::sized_photo(2, 6000)).await;
            assert_eq!(me(&ann).await.used_bytes, 11_000);
        })
        .await;
    }
}

mod update_me {
    use super::*;

    #[tokio::test]
    async fn only_what_the_mask_names_changes() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let user = User {
                display_name: "Ann B.".to_owned(),
                export_part_size_bytes: Some(2 << 20),
                ..User::default()
            };
            let request = update(user.clone(), &["export_part_size_bytes"]);
            let updated = ann.users().update_me(request).await.unwrap().into_inner();
            assert_eq!(updated.display_name, "ann");
            assert_eq!(updated.export_part_size_bytes, Some(2 << 20));
            let updated = ann.users().update_me(update(user, &[])).await.unwrap().into_inner();
            assert_eq!(updated.display_name, "Ann B.");
            assert_eq!(me(&ann).await, updated);
        })
        .await;
    }

    #[tokio::test]
    async fn a_named_field_that_is_unset_is_cleared() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let user = User { export_part_size_bytes: Some(2 << 20), ..User::default() };
            ann.users().update_me(update(user, &[])).await.unwrap();
            let request = update(User::default(), &["export_part_size_bytes"]);
            let updated = ann.users().update_me(request).await.unwrap().into_inner();
            assert_eq!(updated.export_part_size_bytes, None);
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_and_masks_are_named() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut users = ann.users();
            let small = User { export_part_size_bytes: Some(1), ..User::default() };
            let answer = users.update_me(update(small, &[])).await;
            expect_fields(answer, &["user.export_part_size_bytes"]);
            for mask in [&["email"][..], &["*"], &["display_name", "is_admin"]] {
                let answer = users.update_me(update(User::default(), mask)).await;
                expect_fields(answer, &["update_mask"]);
            }
            let answer = users.update_me(update(User::default(), &[])).await;
            expect_fields(answer, &["update_mask"]);
            let answer = users.update_me(update(User::default(), &["display_name"])).await;
            expect_fields(answer, &["user.display_name"]);
            let answer = users.update_me(UpdateMeRequest::default()).await;
            expect_fields(answer, &["user"]);
        })
        .await;
    }
}
