//! Making, changing and listing libraries.

use std::fs;
use std::os::unix::fs::symlink;

use albumen::v1::*;
use prost_types::FieldMask;
use tonic::Code;

use super::shelf::{Shelf, test};
use crate::support::{expect_code, expect_fields, expect_reason, metadata};

fn request(shelf: &Shelf, import_paths: &[String]) -> CreateLibraryRequest {
    let library = Library {
        owner_id: shelf.ann.user.id.clone(),
        display_name: "New".to_owned(),
        import_paths: import_paths.to_vec(),
        ..Library::default()
    };
    CreateLibraryRequest { library: Some(library), ..Default::default() }
}

#[tokio::test]
async fn a_library_lies_in_folders_that_the_server_may_read() {
    test(|shelf| async move {
        fs::create_dir_all(shelf.path("photos/a")).unwrap();
        fs::write(shelf.path("file"), b"x").unwrap();
        symlink("/etc", shelf.path("link")).unwrap();
        symlink(shelf.path("photos"), shelf.path("alias")).unwrap();
        let create = async |paths: &[String]| {
            shelf.admin.libraries().create_library(request(&shelf, paths)).await
        };
        for path in [
            "/etc",
            "relative",
            &shelf.text("nowhere"),
            &shelf.text("file"),
            &shelf.text("link"),
            &shelf.text("photos/../../etc"),
            &format!("{}-beside", shelf.root.display()),
        ] {
            expect_fields(create(&[path.to_owned()]).await, &["library.import_paths[0]"]);
        }
        let nested = [shelf.text("photos"), shelf.text("photos/a")];
        expect_fields(create(&nested).await, &["library.import_paths[1]"]);
        let nested = [shelf.text("photos/a"), shelf.text("alias")];
        expect_fields(create(&nested).await, &["library.import_paths[1]"]);
        expect_fields(create(&[]).await, &["library.import_paths"]);
        // Kept without links.
        let library = create(&[shelf.text("alias/../photos/a")]).await.unwrap().into_inner();
        assert_eq!(library.import_paths, [shelf.text("photos/a")]);
        assert!(library.exclusions.contains(&"**/@eaDir".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_name_is_for_one_library_of_a_user() {
    test(|shelf| async move {
        let mut request = request(&shelf, &[shelf.text("photos")]);
        let library = request.library.as_mut().unwrap();
        library.display_name = "Archive".to_owned();
        let refused = shelf.admin.libraries().create_library(request.clone()).await;
        let status = expect_reason(refused, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
        assert_eq!(metadata(&status, "resource_type"), "display_name");
        let other = shelf.create("Other", &["photos"]).await;
        let library = Library { id: other.id, ..request.library.clone().unwrap() };
        let update_mask = Some(FieldMask { paths: vec!["display_name".to_owned()] });
        let update = UpdateLibraryRequest { library: Some(library), update_mask };
        expect_code(shelf.admin.libraries().update_library(update).await, Code::AlreadyExists);
        // Others may call theirs so.
        request.library.as_mut().unwrap().owner_id = shelf.admin.user.id.clone();
        shelf.admin.libraries().create_library(request).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn each_path_gets_its_verdict() {
    test(|shelf| async move {
        let import_paths = vec![shelf.text("photos"), "/etc".to_owned(), "x".to_owned()];
        let request = ValidateImportPathsRequest { import_paths: import_paths.clone() };
        let answer = shelf.admin.libraries().validate_import_paths(request).await.unwrap();
        let verdicts = answer.into_inner().verdicts;
        let paths: Vec<_> = verdicts.iter().map(|it| it.import_path.clone()).collect();
        assert_eq!(paths, import_paths);
        let valid: Vec<_> = verdicts.iter().map(|it| it.valid).collect();
        assert_eq!(valid, [true, false, false]);
        assert!(verdicts[0].message.is_empty());
        assert!(verdicts[1].message.contains("ALBUMEN_LIBRARY_ROOTS"), "{verdicts:?}");
    })
    .await;
}

#[tokio::test]
async fn without_roots_there_are_no_libraries() {
    crate::support::test(|server| async move {
        let admin = server.admin().await;
        let library = Library {
            owner_id: admin.user.id.clone(),
            display_name: "x".to_owned(),
            import_paths: vec!["/srv".to_owned()],
            ..Library::default()
        };
        let request = CreateLibraryRequest { library: Some(library), ..Default::default() };
        let status =
            expect_code(admin.libraries().create_library(request).await, Code::InvalidArgument);
        assert!(status.message().contains("ALBUMEN_LIBRARY_ROOTS"), "{status:?}");
    })
    .await;
}

#[tokio::test]
async fn values_that_make_no_sense_are_refused_by_field() {
    test(|shelf| async move {
        let paths = [shelf.text("photos")];
        let create = async |change: fn(&mut Library)| {
            let mut request = request(&shelf, &paths);
            change(request.library.as_mut().unwrap());
            shelf.admin.libraries().create_library(request).await
        };
        expect_fields(create(|it| it.display_name.clear()).await, &["library.display_name"]);
        let result = create(|it| it.exclusions = vec!["a".to_owned(), "[".to_owned()]).await;
        expect_fields(result, &["library.exclusions[1]"]);
        let result = create(|it| it.schedule = "every day".to_owned()).await;
        expect_fields(result, &["library.schedule"]);
        let result = create(|it| it.time_zone = "Atlantis".to_owned()).await;
        expect_fields(result, &["library.time_zone"]);
        let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
        let mut request = request(&shelf, &paths);
        request.library.as_mut().unwrap().owner_id = nobody.to_owned();
        let result = shelf.admin.libraries().create_library(request).await;
        expect_fields(result, &["library.owner_id"]);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_call_creates_one_library() {
    test(|shelf| async move {
        let mut request = request(&shelf, &[shelf.text("photos")]);
        request.request_id = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
        let mut libraries = shelf.admin.libraries();
        let first = libraries.create_library(request.clone()).await.unwrap().into_inner();
        assert_eq!(first.id, request.request_id);
        assert_eq!(libraries.create_library(request.clone()).await.unwrap().into_inner(), first);
        request.request_id = shelf.ann.user.id.clone();
        expect_code(libraries.create_library(request).await, Code::AlreadyExists);
    })
    .await;
}

#[tokio::test]
async fn everybody_sees_their_own_libraries_by_name() {
    test(|shelf| async move {
        let mut request = request(&shelf, &[shelf.text("photos")]);
        request.library.as_mut().unwrap().owner_id = shelf.admin.user.id.clone();
        shelf.admin.libraries().create_library(request).await.unwrap();
        let list = async |person: &crate::support::Person, page_size, page_token: &str| {
            let page_token = page_token.to_owned();
            let request = ListLibrariesRequest { page_size, page_token, ..Default::default() };
            let answer = person.libraries().list_libraries(request).await.unwrap().into_inner();
            let names = answer.libraries.into_iter().map(|it| it.display_name);
            (names.collect::<Vec<_>>(), answer.next_page_token)
        };
        assert_eq!(list(&shelf.ann, 0, "").await.0, ["Archive"]);
        let (first, token) = list(&shelf.admin, 1, "").await;
        let (second, end) = list(&shelf.admin, 1, &token).await;
        assert_eq!((first, second), (vec!["Archive".to_owned()], vec!["New".to_owned()]));
        assert_eq!(end, "");
        let bob = shelf.server.user("bob").await;
        assert_eq!(list(&bob, 0, "").await.0, [""; 0]);
        let request = GetLibraryRequest { library_id: shelf.library.id.clone() };
        expect_code(bob.libraries().get_library(request).await, Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn an_import_path_whose_disk_is_away_can_stay() {
    test(|shelf| async move {
        fs::create_dir(shelf.path("more")).unwrap();
        fs::remove_dir(shelf.path("photos")).unwrap();
        let import_paths = vec![shelf.text("photos"), shelf.text("more")];
        let library = Library { import_paths: import_paths.clone(), ..Library::default() };
        assert_eq!(shelf.update(library).await.import_paths, import_paths);
    })
    .await;
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names() {
    test(|shelf| async move {
        let schedule = "30 3 * * *".to_owned();
        let library = shelf.update(Library { schedule, ..Library::default() }).await;
        assert_eq!(library.display_name, "Archive");
        // At 03:30 of the next day.
        assert_eq!(library.next_scan_time.unwrap().seconds, 1_800_000_000 + 19 * 3600 + 1800);
        let cleared = Library { id: library.id.clone(), ..Library::default() };
        let mask = |path: &str| Some(FieldMask { paths: vec![path.to_owned()] });
        let request =
            UpdateLibraryRequest { library: Some(cleared.clone()), update_mask: mask("schedule") };
        let library = shelf.admin.libraries().update_library(request).await.unwrap().into_inner();
        assert_eq!((library.schedule.as_str(), library.next_scan_time), ("", None));
        let request =
            UpdateLibraryRequest { library: Some(cleared), update_mask: mask("owner_id") };
        expect_fields(shelf.admin.libraries().update_library(request).await, &["update_mask"]);
    })
    .await;
}

#[tokio::test]
async fn what_administrators_do_to_libraries_is_in_the_log() {
    test(|shelf| async move {
        shelf.update(Library { display_name: "Other".to_owned(), ..Library::default() }).await;
        let request = DeleteLibraryRequest { library_id: shelf.library.id.clone(), force: false };
        shelf.admin.libraries().delete_library(request).await.unwrap();
        let request = ListAuditEventsRequest::default();
        let events = shelf.admin.audit().list_audit_events(request).await.unwrap().into_inner();
        let events = events.audit_events.into_iter();
        let events = events.filter(|event| event.subject_id == shelf.library.id);
        let kinds: Vec<_> = events.map(|event| event.kind()).collect();
        use AuditEventKind::{LibraryCreated, LibraryDeleted, LibraryUpdated};
        assert_eq!(kinds.len(), 3);
        for kind in [LibraryCreated, LibraryUpdated, LibraryDeleted] {
            assert!(kinds.contains(&kind), "{kinds:?}");
        }
    })
    .await;
}
