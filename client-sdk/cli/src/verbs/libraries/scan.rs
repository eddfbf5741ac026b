//! Scanning libraries.

use std::future::ready;

use albumen_client::v1::library_scan::{Cause, State};
use albumen_client::v1::{
    CancelLibraryScanRequest, Library, LibraryScan, LibraryScanCounts, ListLibraryScansRequest,
    ScanLibraryRequest, ScanLibraryResponse,
};
use albumen_client::{Client, Error, retry};
use futures::TryStreamExt as _;
use serde_json::json;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::following::{Work, follow};
use crate::progress::Bars;
use crate::table::{Table, printable};
use crate::words::{whole, word};
use crate::{bytes_text, json, names, times};

#[derive(Debug, clap::Args)]
pub(super) struct ScanArgs {
    /// The library
    library: String,
    /// Take files back whose photos were deleted
    #[arg(long)]
    restore_excluded: bool,
    /// Stop the scan that is under way
    #[arg(long, conflicts_with = "restore_excluded")]
    cancel: bool,
}

/// Scans a library, or follows the scan that is under way.
pub(super) async fn scan(context: &Context, client: &Client, args: ScanArgs) -> Result<()> {
    let library = names::library(client, &args.library).await?;
    if args.cancel {
        return cancel(context, client, library.id).await;
    }
    let request = ScanLibraryRequest {
        library_id: library.id.clone(),
        restore_excluded: args.restore_excluded,
    };
    let scan = show_progress(context, client, &library, request).await?;
    for problem in &scan.problems {
        context.output.warn(&format!("{}: {}", printable(&problem.path), problem.message));
    }
    let counts = scan.counts.unwrap_or_default();
    context.output.message(&scan, || sum(&counts))?;
    if scan.state() == State::Succeeded && counts.unsettled > 0 {
        context.output.note(
            "the server scans again by itself in half a minute or so, for what was being written",
        );
    }
    match scan.state() {
        State::Succeeded if scan.problems.is_empty() => Ok(()),
        State::Succeeded => {
            let number = i64::try_from(scan.problems.len()).unwrap_or(i64::MAX);
            Err(Failure::Partial(format!("{} could not be read", whole(number, "path"))))
        }
        State::Cancelled => Err(Failure::Other("the scan was cancelled".to_owned())),
        _ => Err(Failure::Other("the scan gave up".to_owned())),
    }
}

/// Shows how far a scan is. Gives it as it ended; Ctrl+C leaves it going on.
async fn show_progress(
    context: &Context,
    client: &Client,
    library: &Library,
    request: ScanLibraryRequest,
) -> Result<LibraryScan> {
    let bars = Bars::new(context.output);
    let known = u64::try_from(library.file_count).unwrap_or(0);
    let bar = if known > 0 { bars.add_count("files", known) } else { bars.add_open("files") };
    // Who repeats it follows the scan that is under way.
    let answers = retry(|| async { client.libraries().scan_library(request.clone()).await });
    let followed = follow(context.output, client, answers.await?, |scan: &LibraryScan| {
        let counts = scan.counts.unwrap_or_default();
        let found = u64::try_from(counts.found).unwrap_or(0);
        if bar.length().is_some_and(|length| length < found) {
            bar.set_length(found);
        }
        bar.set_position(found);
        bar.set_message(printable(&scan.last_path));
    })
    .await;
    drop(bars);
    followed.map_err(|stopped| {
        if stopped.goes_on {
            let name = printable(&library.display_name);
            context.output.warn(&format!(
                "the scan goes on at the server; albumen libraries scan {name:?} --cancel stops it"
            ));
        }
        stopped.failure
    })
}

impl Work for LibraryScan {
    type Answer = ScanLibraryResponse;

    fn of(answer: ScanLibraryResponse) -> Option<Self> {
        answer.scan
    }

    fn has_ended(&self) -> bool {
        self.finish_time.is_some()
    }

    async fn again(&self, client: &Client) -> Result<Option<Self>, Error> {
        let library_id = self.library_id.clone();
        let request = ListLibraryScansRequest { library_id, ..Default::default() };
        let scans = client.list_library_scans(request);
        scans.try_filter(|scan| ready(scan.id == self.id)).try_next().await
    }
}

async fn cancel(context: &Context, client: &Client, library_id: String) -> Result<()> {
    let request = CancelLibraryScanRequest { library_id };
    let cancel = || async { client.libraries().cancel_library_scan(request.clone()).await };
    let scan = retry(cancel).await?.scan;
    let value = json!({ "scan": scan.as_ref().map(json::value).transpose()? });
    context.output.value(&value, || {
        let text = if scan.is_some() { "it stops" } else { "no scan is under way" };
        text.to_owned()
    })
}

/// Lists the scans of a library.
pub(super) async fn list(
    context: &Context,
    client: &Client,
    name: &str,
    limit: usize,
) -> Result<()> {
    let library_id = names::library(client, name).await?.id;
    let request = ListLibraryScansRequest { library_id, ..ListLibraryScansRequest::default() };
    let mut listed = client.list_library_scans(request);
    let mut scans = Vec::new();
    while scans.len() < limit {
        let Some(scan) = listed.try_next().await? else { break };
        scans.push(scan);
    }
    context.output.list("scans", &scans, || {
        Table::of(["began", "ended", "by", "state", "found", "problems"], &scans, |scan| {
            [
                times::format(scan.start_time),
                times::format(scan.finish_time),
                word(Cause::as_str_name(&scan.cause()), "CAUSE_"),
                word(State::as_str_name(&scan.state()), "STATE_"),
                sum(&scan.counts.unwrap_or_default()),
                scan.problems.len().to_string(),
            ]
        })
    })
}

/// What a scan found, in a line.
fn sum(counts: &LibraryScanCounts) -> String {
    let parts = [
        (counts.unchanged, "as they were"),
        (counts.added, "new"),
        (counts.copied, "copied"),
        (counts.moved, "moved"),
        (counts.changed, "changed"),
        (counts.returned, "back"),
        (counts.missing, "missing"),
        (counts.refused, "neither photo nor video"),
        (counts.excluded, "deleted before and left out"),
        (counts.unsettled, "being written, for the next scan"),
        (counts.unreadable, "unreadable"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts.map(|(number, what)| format!("{number} {what}")).collect();
    let read = match counts.read_bytes {
        0 => String::new(),
        bytes => format!(" ({} read)", bytes_text::format_signed(bytes)),
    };
    let detail = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{}{detail}{read}", whole(counts.found, "file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scan_is_told_in_a_line() {
        let counts = LibraryScanCounts {
            found: 12,
            added: 2,
            moved: 10,
            missing: 1,
            read_bytes: 2 << 20,
            ..LibraryScanCounts::default()
        };
        assert_eq!(sum(&counts), "12 files: 2 new, 10 moved, 1 missing (2.0 MiB read)");
        assert_eq!(sum(&LibraryScanCounts::default()), "0 files");
    }
}
