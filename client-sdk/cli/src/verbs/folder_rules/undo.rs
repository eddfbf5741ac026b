//! Taking runs back.

use albumen_client::v1::{FolderRule, UndoFolderRuleRunRequest, UndoFolderRuleRunResponse};
use albumen_client::{Client, retry};

use crate::context::Context;
use crate::failure::Result;
use crate::table::printable;
use crate::{names, times};
use crate::words::whole;

pub(super) async fn undo(context: &Context, client: &Client, run: String) -> Result<()> {
    let request = UndoFolderRuleRunRequest { folder_rule_run_id: run };
    let undo = || async { client.folder_albums().undo_folder_rule_run(request.clone()).await };
    let undone = retry(undo).await?;
    if undone.already_undone {
        let time = undone.run.as_ref().and_then(|run| run.undo_time);
        context.output.note(&format!("was taken back before, at {}", times::format(time)));
    }
    context.output.message(&undone, || tell(&undone))?;
    // The run is undone, whether or not the caller may look at its rule.
    if let Some(id) = undone.run.map(|run| run.folder_rule_id).filter(|id| !id.is_empty())
        && let Ok(rule) = names::folder_rule(client, &id).await
        && !rule.schedule.is_empty()
    {
        context.output.note(&again(&rule));
    }
    Ok(())
}

/// That the schedule brings back what was taken back, and how to stop it.
fn again(rule: &FolderRule) -> String {
    format!(
        "the schedule of {:?} does it again at {}; to stop that: albumen folder-rules update {} \
         --schedule ''",
        printable(&rule.display_name),
        times::format(rule.next_run_time),
        rule.id
    )
}

/// What was done in a line, then one for each album that stays.
fn tell(undone: &UndoFolderRuleRunResponse) -> String {
    let counts = undone.counts.unwrap_or_default();
    let parts = [
        (counts.trashed_albums, "album", "to the trash"),
        (counts.kept_albums, "album", "kept"),
        (counts.restored_albums, "album", "back from the trash"),
        (counts.renamed_albums, "album", "renamed back"),
        (counts.removed_assets, "photo", "taken out"),
        (counts.returned_assets, "photo", "put back"),
        (counts.kept_assets, "photo", "kept"),
        (counts.unarchived_assets, "photo", "taken out of the archive"),
    ];
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    let parts: Vec<_> =
        parts.map(|(number, noun, what)| format!("{} {what}", whole(number, noun))).collect();
    let sum = if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") };
    let kept = undone.kept.iter();
    let kept = kept.map(|kept| format!("kept {:?}: {}", printable(&kept.subject), kept.message));
    [sum].into_iter().chain(kept).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use albumen_client::v1::{FolderRuleRunProblem, FolderRuleRunUndoCounts};

    use super::*;

    #[test]
    fn what_was_taken_back_and_what_stays_is_told() {
        let counts = FolderRuleRunUndoCounts {
            trashed_albums: 6,
            kept_albums: 1,
            kept_assets: 140,
            ..FolderRuleRunUndoCounts::default()
        };
        let kept = FolderRuleRunProblem {
            subject: "Rome".to_owned(),
            message: "2 comments".to_owned(),
        };
        let undone = UndoFolderRuleRunResponse {
            counts: Some(counts),
            kept: vec![kept],
            ..UndoFolderRuleRunResponse::default()
        };
        let told =
            "6 albums to the trash, 1 album kept, 140 photos kept\nkept \"Rome\": 2 comments";
        assert_eq!(tell(&undone), told);
        assert_eq!(tell(&UndoFolderRuleRunResponse::default()), "nothing changed");
    }
}
