//! Who may call what: every method and route, every persona, the expected code.

mod calls;
mod table;
mod world;

use albumen::v1::SharedLink;
use albumen_server::config::Config;
use tonic::Code;

use crate::support::test_with;
use table::Table;
use world::Cast;

/// Where the table is to be read by people.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PERMISSIONS.md");

/// The methods that have a row.
pub(crate) fn methods() -> Vec<String> {
    Table::read().rows.iter().filter_map(table::Row::method).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "no setting of the server's")]
fn the_document_is_written_from_the_table() {
    let document = Table::read().document();
    if std::env::var_os("WRITE_PERMISSIONS").is_some() {
        std::fs::write(DOCUMENT, &document).unwrap();
    }
    let found = std::fs::read_to_string(DOCUMENT).unwrap();
    assert!(found == document, "docs/PERMISSIONS.md is not up to date: make permissions");
}

#[tokio::test]
async fn every_persona_gets_the_expected_code_from_every_method() {
    let folder = tempfile::tempdir().unwrap();
    let roots = vec![folder.path().to_owned()];
    let change = |config: &mut Config| config.library_roots = roots;
    Box::pin(test_with(change, |server| async move {
        let cast = Cast::gather(&server, folder).await;
        let Table { personas, rows } = Table::read();
        let mut wrong = Vec::new();
        for (index, persona) in personas.iter().enumerate() {
            let mut stage = None;
            for row in &rows {
                // A world lasts until something in it was changed.
                let is_own = row.name.ends_with(" own");
                let (mut person, mut world) = match stage.take().filter(|_| !is_own) {
                    Some(stage) => stage,
                    None => cast.play(persona.name, &server, row).await,
                };
                if row.name == "AuthService/Logout" && !person.user.email.is_empty() {
                    // A session to end, so that the persona's own goes on.
                    person = server.login(&person.user.email).await;
                }
                // A link that opens for all, whatever became of the persona's own.
                let opens = ["SharedLinkService/OpenSharedLink", "GET /share/page"];
                if opens.iter().any(|it| row.name.starts_with(it)) {
                    world.link = cast.owner.link(&world.album, SharedLink::default()).await;
                }
                let code = calls::call(row.name, &person, &world).await;
                let expected = row.codes.get(index).copied();
                if Some(code) != expected {
                    let (row, persona) = (row.name, persona.name);
                    wrong.push(format!("{row} as {persona}: {code:?}, not {expected:?}"));
                }
                // The credential depends on the method, or the world on the row.
                let is_fitted = persona.column == "kn" || is_own;
                if !is_fitted && (code != Code::Ok || row.is_read()) {
                    stage = Some((person, world));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong cells:\n{}", wrong.len(), wrong.join("\n"));
    }))
    .await;
}
