//! Commands that go on until Ctrl+C.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStderr, ChildStdout};

use serde_json::Value;

use crate::home::{Home, interrupt};
use crate::photos::photo;
use crate::site::Site;

/// A command and what it prints.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Watch {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = home.spawn(arguments);
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    fn note(&mut self) -> String {
        let mut line = String::new();
        self.err.read_line(&mut line).unwrap();
        line
    }

    fn end(mut self) {
        interrupt(&self.child);
        assert_eq!(self.child.wait().unwrap().code(), Some(130));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_appear_are_uploaded_once_they_are_whole() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.write("camera/1.jpg", &photo(1, 10_000));
    let mut watch = Watch::start(&ann, &["upload", "camera", "--album", "Camera", "--watch"]);
    assert_eq!(watch.note(), "watching; Ctrl+C ends it\n");
    let line = watch.line();
    assert!(line.starts_with("sent: ") && line.ends_with("camera/1.jpg (9.8 KiB)\n"), "{line}");

    let bytes = photo(2, 300_000);
    std::fs::create_dir(ann.path("camera/new")).unwrap();
    let mut file = File::create(ann.path("camera/new/2.jpg")).unwrap();
    for part in bytes.chunks(100_000) {
        file.write_all(part).unwrap();
    }
    drop(file);
    ann.write("elsewhere/3.jpg", &photo(3, 10_000));
    let line = watch.line();
    assert!(line.ends_with("new/2.jpg (293.0 KiB)\n"), "{line}");
    std::fs::rename(ann.path("elsewhere"), ann.path("camera/moved")).unwrap();
    let line = watch.line();
    assert!(line.ends_with("moved/3.jpg (9.8 KiB)\n"), "{line}");
    watch.end();
    assert_eq!(ann.json(&["albums", "show", "Camera"])["assetCount"], 3);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn album_is_watched_while_things_happen() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.run(&["albums", "create", "Summer"]).ok();
    let mut watch = Watch::start(&ann, &["activity", "watch", "Summer", "--json"]);
    let read = |line: String| serde_json::from_str::<Value>(&line).unwrap();
    let first = read(watch.line());
    assert_eq!(first.get("event"), None);
    ann.run(&["activity", "comment", "Summer", "what a day"]).ok();
    let comment = read(watch.line());
    assert_eq!(comment["event"]["activityAdded"]["text"], "what a day");
    watch.end();

    // A later watch goes on where this one was.
    ann.run(&["activity", "like", "Summer"]).ok();
    let cursor = comment["cursor"].as_str().unwrap();
    let mut watch = Watch::start(&ann, &["activity", "watch", "Summer", "--cursor", cursor]);
    assert!(watch.line().contains("like by Ann"));
    watch.end();
    site.stop().await;
}
