//! Signing in and out.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::home::{Home, mode};
use crate::site::{PASSWORD, Site};

#[tokio::test(flavor = "multi_thread")]
async fn first_user_signs_in_and_out() {
    let site = Site::start().await;
    let early = Home::new().run(&["login", &site.url, "--email", "ann@example.org"]);
    assert!(early.fails(2).contains("--setup-token"), "{early:?}");
    let ann = site.ann();
    let status = ann.json(&["status"]);
    assert_eq!(status["user"]["email"], "ann@example.org");
    assert_eq!(status["url"], site.url.as_str());
    assert!(ann.run(&["whoami"]).ok().contains("administrator  yes"));

    assert_eq!(ann.run(&["logout"]).ok(), "signed out");
    assert!(!ann.session().exists());
    let out = ann.run(&["status", "--json"]);
    out.fails(3);
    assert_eq!(out.error()["reason"], "SIGNED_OUT");
    assert!(out.error()["hint"].as_str().unwrap().contains("albumen login"));
    let out = ann.run(&["status", "--url", &site.url]);
    assert!(out.fails(3).ends_with(&format!("albumen login {}\n", site.url)), "{out:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_for_its_owner_only_and_the_password_is_nowhere() {
    let site = Site::start().await;
    let ann = site.ann();
    assert_eq!(mode(&ann.session()), 0o600);
    assert_eq!(mode(ann.session().parent().unwrap()), 0o700);
    assert!(!fs::read_to_string(ann.session()).unwrap().contains(PASSWORD));

    let login = ["login", &site.url, "--email", "ann@example.org", "--password-stdin", "--json"];
    let wrong = Home::new().run_with(&login, "wrong horse battery");
    wrong.fails(3);
    assert_eq!(wrong.error()["reason"], "LOGIN_FAILED");
    assert!(!wrong.err.contains("wrong horse"));
    let right = Home::new().run_with(&login, PASSWORD);
    right.ok();
    let tokens: Value = serde_json::from_slice(&fs::read(ann.session()).unwrap()).unwrap();
    assert!(!right.out.contains(tokens["accessToken"].as_str().unwrap()));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_at_once_share_a_session_that_has_to_be_renewed() {
    // Each command finds a token with too little time left.
    let soon = Duration::from_secs(20);
    let site = Site::start_with(|config| config.access_token_ttl = soon).await;
    let ann = site.ann();
    let before = fs::read(ann.session()).unwrap();
    for _ in 0..3 {
        let children: Vec<_> = (0..6).map(|_| ann.spawn(&["status"])).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{complaint}");
        }
    }
    assert_ne!(fs::read(ann.session()).unwrap(), before, "new tokens are kept");
    assert_eq!(mode(&ann.session()), 0o600);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn api_keys_do_without_a_session() {
    let site = Site::start().await;
    let ann = site.ann();
    let key =
        ann.run(&["keys", "create", "reader", "--scope", "album.read", "--scope", "user.read"]);
    assert!(key.err.contains("shown once"));
    let key = key.ok().to_owned();
    let keys = ann.json(&["keys", "list"]);
    assert_eq!(keys["apiKeys"][0]["displayName"], "reader");
    assert!(!keys.to_string().contains(&key));

    let script = Home::new();
    let run = |arguments: &[&str]| {
        let mut command = script.command(arguments);
        command.env("ALBUMEN_URL", &site.url).env("ALBUMEN_API_KEY", &key);
        crate::home::Done::of(command.output().unwrap())
    };
    run(&["albums", "list"]).ok();
    assert!(run(&["status"]).ok().contains("API key"));
    let refused = run(&["albums", "create", "Summer"]);
    assert_eq!(refused.fails(3), "error: the API key is not good for album.write\n");
    assert!(!run(&["--help"]).ok().contains(&key), "help does not tell the key");
    let no_url = script.run(&["albums", "list", "--api-key", &key]);
    assert!(no_url.fails(2).contains("ALBUMEN_URL"));

    let id = keys["apiKeys"][0]["id"].as_str().unwrap().to_owned();
    ann.run(&["keys", "delete", &id]).ok();
    assert!(run(&["albums", "list"]).fails(3).contains("albumen keys create"));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_shown_to_its_own_server_only() {
    let site = Site::start().await;
    let ann = site.ann();
    let elsewhere = ann.run(&["status", "--url", "http://127.0.0.1:9"]);
    assert!(elsewhere.fails(3).contains("not at http://127.0.0.1:9"), "{elsewhere:?}");
    let elsewhere = ann.run(&["logout", "--forget", "--url", "http://127.0.0.1:9"]);
    assert!(elsewhere.fails(3).contains("not at http://127.0.0.1:9"), "{elsewhere:?}");
    ann.run(&["status", "--url", &site.url]).ok();
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_of_nobody_is_taken_only_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["photos.example.org".to_owned()];
    let certificate = rcgen::generate_simple_self_signed(names).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, certificate.cert.pem()).unwrap();
    fs::write(&key, certificate.signing_key.serialize_pem()).unwrap();
    let files = albumen_server::config::TlsFiles { cert, key };
    let site = Site::start_with(|config| config.tls = Some(files)).await;

    let login = ["login", &site.url, "--email", "a@example.org", "--password-stdin"];
    let refused = Home::new().run_with(&login, PASSWORD);
    assert!(refused.fails(1).contains("--insecure"), "{refused:?}");
    let token = ["--setup-token", &site.setup_token, "--name", "Ann", "-k"];
    let taken = Home::new().run_with(&[&login[..], &token].concat(), PASSWORD);
    taken.ok();
    assert!(taken.err.contains("warning: certificates are not checked"), "{taken:?}");
    site.stop().await;
}
