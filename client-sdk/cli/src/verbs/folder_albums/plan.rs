//! What the server would do.

use albumen_client::Client;
use albumen_client::v1::folder_album_options::{Mode, Sync, Thumbnail};
use albumen_client::v1::plan_folder_albums_response::Part;
use albumen_client::v1::planned_folder_album::Action;
use albumen_client::v1::skipped_files;
use albumen_client::v1::{
    FolderAlbumOptions, FolderAlbumSummary, PlanFolderAlbumsRequest, PlannedFolderAlbum,
};
use serde_json::{Value, json};

use super::log::Log;
use super::skipped::{self, Reason};
use crate::failure::{Failure, Result};
use crate::table::{Table, printable};
use crate::words::whole;
use crate::json;

/// What the server would do.
#[derive(Debug)]
pub(crate) struct Plan {
    albums: Vec<PlannedFolderAlbum>,
    pub(crate) summary: FolderAlbumSummary,
}

impl Plan {
    /// Asks for the plan of a rule, or of options alone if `folder_rule_id` is empty.
    pub(crate) async fn fetch(
        client: &Client,
        folder_rule_id: &str,
        options: Option<FolderAlbumOptions>,
    ) -> Result<Self> {
        let folder_rule_id = folder_rule_id.to_owned();
        let request = PlanFolderAlbumsRequest { folder_rule_id, options };
        let mut parts = client.folder_albums().plan_folder_albums(request).await?.into_inner();
        let mut plan = Self { albums: Vec::new(), summary: FolderAlbumSummary::default() };
        while let Some(message) = parts.message().await? {
            match message.part {
                Some(Part::Album(album)) => plan.albums.push(album),
                Some(Part::Summary(summary)) => plan.summary = summary,
                None => {}
            }
        }
        Ok(plan)
    }

    /// Whether a run with these options would leave everything as it is.
    pub(crate) fn is_idle(&self, options: &FolderAlbumOptions) -> bool {
        let stays = |album: &PlannedFolderAlbum| album.action() == Action::None;
        let is_always_busy = matches!(
            options.set_album_thumbnail(),
            Thumbnail::RandomFiltered | Thumbnail::RandomAll
        );
        let is_busy = options.sync() != Sync::Unspecified || is_always_busy;
        self.albums.iter().all(stays) && !is_busy
    }

    /// Fails if no file is below a root path.
    pub(crate) fn expect_files(&self, options: &FolderAlbumOptions) -> Result<()> {
        let outside = self.summary.skipped.iter();
        let outside =
            outside.filter(|files| files.reason() == skipped_files::Reason::NotBelowRoot);
        if outside.map(|files| files.count).sum::<i64>() < self.summary.file_count {
            return Ok(());
        }
        let roots: Vec<_> = options.root_path.iter().map(|root| printable(root)).collect();
        let message = format!("no file of your libraries is below {}", roots.join(", "));
        Err(Failure::NotFound(message))
    }

    /// As `--json` shows it.
    pub(crate) fn to_json(&self) -> Result<Value> {
        let summary = json::value(&self.summary)?;
        Ok(json!({ "albums": json::values(&self.albums)?, "summary": summary }))
    }

    /// Shows it to people.
    pub(crate) fn show(&self, log: Log, options: &FolderAlbumOptions) -> Result<()> {
        if !log.is_verbose() {
            return Ok(());
        }
        let changed = |album: &&PlannedFolderAlbum| album.action() != Action::None;
        let mut table = Table::new(["album", "photos", "what would be done"]);
        for album in self.albums.iter().filter(changed) {
            table.row([shown_name(album), album.asset_count.to_string(), describe(album)]);
        }
        if self.albums.iter().any(|album| album.action() != Action::None) {
            log.output.text(&table.to_string())?;
        }
        if options.mode() == Mode::DeleteAll {
            let which = if options.all_albums { "you own" } else { "it made" };
            log.info(&format!(
                "DELETE_ALL looks at no root path and no filter: it takes all albums that {which}"
            ));
        }
        log.info(&self.sum(options));
        tell_sync(log, options);
        for note in &self.summary.notes {
            log.warn(&format!("{}: {}", printable(&note.subject), note.message));
        }
        let reasons: Vec<_> = self.summary.skipped.iter().map(reason).collect();
        let files = usize::try_from(self.summary.file_count).unwrap_or(0);
        skipped::tell(log.output, &reasons, files, &options.root_path);
        Ok(())
    }

    /// What it comes to, in a line.
    fn sum(&self, options: &FolderAlbumOptions) -> String {
        let summary = &self.summary;
        let albums = whole(summary.album_count, "album");
        if matches!(options.mode(), Mode::Cleanup | Mode::DeleteAll) {
            let hand_made = match summary.hand_made_count {
                0 => String::new(),
                number => format!(", {number} of them made by hand"),
            };
            return format!("{} to delete{hand_made}", whole(summary.deleted_count, "album"));
        }
        let stay = self.albums.iter().filter(|album| album.action() == Action::None).count();
        format!(
            "{albums} from {}: {} new, {stay} as they should be; {} to add, {} to move",
            whole(summary.file_count, "file"),
            summary.created_count,
            whole(summary.added_asset_count, "photo"),
            summary.moved_asset_count,
        )
    }
}

/// Says what a run puts into the trash at its end, which no plan lists.
pub(crate) fn tell_sync(log: Log, options: &FolderAlbumOptions) {
    if options.mode() == Mode::Cleanup || options.mode() == Mode::DeleteAll {
        return;
    }
    let empty = match options.all_albums {
        true => "empty albums, also those made by hand",
        false => "empty albums that it made",
    };
    match options.sync() {
        Sync::Unspecified => {}
        Sync::EmptyAlbums => log.info(&format!("afterwards these go to the trash: {empty}")),
        Sync::OfflineAssets => log.info(&format!(
            "afterwards photos that are missing from any of your libraries (an administrator's: \
             from any library of the server), wherever they lay, go to the trash until they are \
             back; then {empty}"
        )),
    }
}

fn shown_name(album: &PlannedFolderAlbum) -> String {
    let has_other = !album.current_display_name.is_empty()
        && album.current_display_name != album.display_name;
    match (album.action(), has_other) {
        (Action::Delete, _) if album.display_name.is_empty() => album.current_display_name.clone(),
        (_, true) if !album.renamed => album.current_display_name.clone(),
        _ => album.display_name.clone(),
    }
}

fn describe(album: &PlannedFolderAlbum) -> String {
    let mut parts = Vec::new();
    match album.action() {
        Action::Create => parts.push("make it".to_owned()),
        Action::Delete => parts.push("put it into the trash".to_owned()),
        _ => {}
    }
    if album.hand_made {
        parts.push("made by hand".to_owned());
    }
    if album.renamed {
        parts.push(format!("rename it from {:?}", album.current_display_name));
    }
    if album.added_count > 0 {
        parts.push(format!("add {}", album.added_count));
    }
    for from in &album.moves {
        parts.push(format!("{} of them from {:?}", from.asset_count, from.display_name));
    }
    parts.join(", ")
}

fn reason(files: &albumen_client::v1::SkippedFiles) -> Reason {
    let code = match files.reason() {
        skipped_files::Reason::NotBelowRoot => skipped::NOT_BELOW_ROOT,
        skipped_files::Reason::FilteredOut => "filtered_out",
        skipped_files::Reason::Ignored => "ignored",
        skipped_files::Reason::TooShallow => "too_shallow",
        skipped_files::Reason::InRoot => "in_root",
        skipped_files::Reason::BlankName => "blank_name",
        skipped_files::Reason::LongName => "long_name",
        skipped_files::Reason::InAlbum => "in_album",
        skipped_files::Reason::Archived => "archived",
        skipped_files::Reason::Unspecified => "",
    };
    let count = usize::try_from(files.count).unwrap_or(0);
    Reason { code, count, examples: files.examples.clone() }
}
