//! Doing what a plan says.

use std::future::ready;

use albumen_client::v1::folder_rule_run::State;
use albumen_client::v1::{
    ApplyFolderAlbumsRequest, ApplyFolderAlbumsResponse, FolderRuleRun, FolderRuleRunCounts,
    FolderRuleRunProblem, ListFolderRuleRunsRequest,
};
use albumen_client::{Client, Error};
use futures::TryStreamExt as _;

use super::log::Log;
use crate::failure::{Failure, Result};
use crate::following::{Work, follow};
use crate::progress::Bars;
use crate::table::printable;
use crate::words::{whole, word};

/// Does what a request says and shows how far it is. Gives the run as it ended; Ctrl+C leaves it
/// going on.
pub(crate) async fn apply(
    log: Log,
    client: &Client,
    request: ApplyFolderAlbumsRequest,
) -> Result<FolderRuleRun> {
    let bars = Bars::new(log.output);
    let bar = bars.add_count("albums", 0);
    let answers = client.folder_albums().apply_folder_albums(request).await?.into_inner();
    let followed = follow(log.output, client, answers, |run: &FolderRuleRun| {
        log.debug(&format!("run {} is {}", run.id, word(run.state().as_str_name(), "STATE_")));
        let counts = run.counts.unwrap_or_default();
        bar.set_length(u64::try_from(counts.planned_albums).unwrap_or(0));
        bar.set_position(u64::try_from(counts.done_albums).unwrap_or(0));
    })
    .await;
    drop(bars);
    followed.map_err(|stopped| {
        if stopped.goes_on {
            log.warn("the server goes on with it: albumen folder-rules runs shows how far it is");
        }
        stopped.failure
    })
}

impl Work for FolderRuleRun {
    type Answer = ApplyFolderAlbumsResponse;

    fn of(answer: ApplyFolderAlbumsResponse) -> Option<Self> {
        answer.run
    }

    fn has_ended(&self) -> bool {
        self.finish_time.is_some()
    }

    async fn again(&self, client: &Client) -> Result<Option<Self>, Error> {
        let folder_rule_id = self.folder_rule_id.clone();
        let request = ListFolderRuleRunsRequest { folder_rule_id, ..Default::default() };
        let runs = client.list_folder_rule_runs(request);
        runs.try_filter(|run| ready(run.id == self.id)).try_next().await
    }
}

/// Says what a run did.
pub(crate) fn tell(log: Log, run: &FolderRuleRun) -> Result<()> {
    for FolderRuleRunProblem { subject, message } in &run.problems {
        log.warn(&format!("{}: {message}", printable(subject)));
    }
    if log.is_verbose() && !log.output.json {
        log.output.text(&sum(&run.counts.unwrap_or_default()))?;
    }
    Ok(())
}

/// Whether a run did all that it should.
pub(crate) fn result(run: &FolderRuleRun) -> Result<()> {
    let counts = run.counts.unwrap_or_default();
    match run.state() {
        State::Failed => {
            let problem = run.problems.last();
            let message = problem.map_or("the run gave up".to_owned(), |problem| {
                format!("the run gave up: {}", problem.message)
            });
            Err(Failure::Other(message))
        }
        State::Succeeded if counts.failed_albums > 0 => {
            Err(Failure::Partial(format!("{} failed", whole(counts.failed_albums, "album"))))
        }
        _ => Ok(()),
    }
}

/// What a run did, in a line.
pub(crate) fn sum(counts: &FolderRuleRunCounts) -> String {
    let parts = [
        (counts.created_albums, "made"),
        (counts.renamed_albums, "renamed"),
        (counts.deleted_albums, "put into the trash"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let albums: Vec<_> =
        parts.map(|(number, what)| format!("{} {what}", whole(number, "album"))).collect();
    let parts = [
        (counts.added_assets, "added"),
        (counts.moved_assets, "moved"),
        (counts.archived_assets, "archived"),
        (counts.unarchived_assets, "taken out of the archive"),
        (counts.removed_assets, "missing and removed"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let photos = parts.map(|(number, what)| format!("{} {what}", whole(number, "photo")));
    let parts = [
        (counts.added_members, "member", "added"),
        (counts.set_thumbnails, "cover", "set"),
    ];
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    let others = parts.map(|(number, noun, what)| format!("{} {what}", whole(number, noun)));
    let all: Vec<_> = albums.into_iter().chain(photos).chain(others).collect();
    if all.is_empty() { "nothing changed".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_is_told_in_a_line() {
        let counts = FolderRuleRunCounts {
            created_albums: 2,
            added_assets: 30,
            set_thumbnails: 1,
            ..FolderRuleRunCounts::default()
        };
        assert_eq!(sum(&counts), "2 albums made, 30 photos added, 1 cover set");
        assert_eq!(sum(&FolderRuleRunCounts::default()), "nothing changed");
    }

    #[test]
    fn run_in_which_albums_failed_is_done_in_part() {
        let mut run = FolderRuleRun { state: State::Succeeded.into(), ..FolderRuleRun::default() };
        assert!(result(&run).is_ok());
        run.counts = Some(FolderRuleRunCounts { failed_albums: 1, ..Default::default() });
        assert!(matches!(result(&run), Err(Failure::Partial(_))));
        run.state = State::Failed.into();
        assert!(matches!(result(&run), Err(Failure::Other(_))));
    }
}
