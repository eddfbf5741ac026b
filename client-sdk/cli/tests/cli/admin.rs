//! What administrators do.

use crate::home::Home;
use crate::site::{PASSWORD, Site};

#[tokio::test(flavor = "multi_thread")]
async fn users_are_managed() {
    let site = Site::start().await;
    let ann = site.ann();
    let bob = site.user(&ann, "Bob");
    let quota = ann.json(&["admin", "users", "quota", "bob@example.org", "2G"]);
    assert_eq!(quota["quotaBytes"], 2_u64 << 30);
    assert_eq!(bob.json(&["status"])["usage"]["quotaBytes"], quota["quotaBytes"]);
    let none = ann.json(&["admin", "users", "quota", "Bob", "none"]);
    assert_eq!(none.get("quotaBytes"), None);

    assert_eq!(ann.json(&["admin", "users", "disable", "Bob"])["disabled"], true);
    bob.run(&["status"]).fails(3);
    ann.run(&["admin", "users", "enable", "Bob"]).ok();
    let reset = ["admin", "users", "reset-password", "bob@example.org", "--password-stdin"];
    ann.run_with(&reset, "another horse battery").ok();
    let login = ["login", &site.url, "--email", "bob@example.org", "--password-stdin"];
    let home = Home::new();
    home.run_with(&login, PASSWORD).fails(3);
    home.run_with(&login, "another horse battery").ok();

    assert_eq!(ann.json(&["admin", "users", "edit", "Bob", "--name", "Rob"])["displayName"], "Rob");
    ann.run(&["admin", "users", "delete", "Rob"]).ok();
    let list = |more: &[&str]| {
        let users = ann.json(&[&["admin", "users", "list"], more].concat());
        users["users"].as_array().unwrap().len()
    };
    assert_eq!((list(&[]), list(&["--deleted"])), (1, 2));
    ann.run(&["admin", "users", "restore", "Rob"]).ok();
    assert_eq!(list(&[]), 2);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_audit_log_and_sharing_are_for_administrators() {
    let site = Site::start().await;
    let ann = site.ann();
    let bob = site.user(&ann, "Bob");
    for verb in [
        &["users", "list"][..],
        &["users", "show", "Bob"],
        &["jobs", "list"],
        &["audit"],
        &["links"],
    ] {
        let refused = bob.run(&[&["admin"], verb].concat());
        assert!(refused.fails(3).contains("admin"), "{refused:?}");
        ann.run(&[&["admin"], verb].concat()).ok();
    }
    assert!(ann.json(&["admin", "jobs", "list"])["jobs"].is_array());
    let audit = ann.json(&["admin", "audit", "--kind", "user-created", "--limit", "1"]);
    assert_eq!(audit["auditEvents"][0]["kind"], "AUDIT_EVENT_KIND_USER_CREATED");
    assert_eq!(audit["auditEvents"].as_array().unwrap().len(), 1);
    let missing = "0198c2d4-0000-7000-8000-000000000000";
    ann.run(&["admin", "jobs", "show", missing]).fails(4);

    let policy = ann.json(&["admin", "policy", "--require-password", "true"]);
    assert_eq!(policy["requireLinkPassword"], true);
    ann.run(&["albums", "create", "Summer"]).ok();
    let refused = ann.run(&["links", "create", "Summer", "--json"]);
    refused.fails(1);
    assert_eq!(refused.error()["reason"], "LINK_POLICY");
    assert!(refused.error()["hint"].as_str().unwrap().contains("--password"), "{refused:?}");
    let policy = ann.json(&["admin", "policy", "--max-lifetime", "90d"]);
    assert_eq!(policy["maxLinkLifetime"], "7776000s");
    assert!(ann.run(&["admin", "policy"]).ok().contains("2160 hours"));
    site.stop().await;
}
