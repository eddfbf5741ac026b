//! The messages of `FolderAlbumService`.

use albumen::v1::folder_album_options::{Mode as ProtoMode, Sync as ProtoSync, Thumbnail as Cover};
use albumen::v1::folder_rule_run::State as ProtoState;
use albumen::v1::plan_folder_albums_response::Part;
use albumen::v1::planned_folder_album::Action as ProtoAction;
use albumen::v1::skipped_files::Reason as ProtoReason;
use albumen::v1::{
    AlbumOrder, AlbumRole, FolderAlbumMove, FolderAlbumOptions, FolderAlbumShare,
    FolderAlbumSummary, FolderNameExpression, FolderRule, FolderRuleRun, FolderRuleRunCounts,
    FolderRuleRunProblem, FolderRuleRunUndoCounts, PlanFolderAlbumsResponse, PlannedFolderAlbum,
    SkippedFiles, UndoFolderRuleRunResponse,
};
use albumen_folder_plan::Skip;

use crate::crontab::Schedule;
use crate::entity::folder_rule::Model as RuleRow;
use crate::entity::folder_rule_run::{Model as RunRow, State};
use crate::error::{Error, Result};
use crate::folder_albums::options::{
    CHUNK_SIZE, FETCH_CHUNK_SIZE, Mode, Options, Order, Share, ShareRole, Sync, Thumbnail,
};
use crate::folder_albums::rules::in_rule;
use crate::folder_albums::{
    Action, Counts, Plan, PlannedAlbum, Problem, Reason, Skipped, Undone, Values,
};
use crate::time::Micros;

/// How many folders of an album are named, so that a message stays small.
const MAX_FOLDERS: usize = 100;

impl TryFrom<FolderAlbumOptions> for Options {
    type Error = Error;

    fn try_from(options: FolderAlbumOptions) -> Result<Self> {
        let default = Self::default();
        let (mode, sync, order) = (options.mode(), options.sync(), options.album_order());
        let thumbnail = options.set_album_thumbnail();
        let share_role = share_role(options.share_role(), ShareRole::Viewer, "share_role")?;
        let shares = options.share_with.iter().enumerate().map(|(index, share)| {
            let field = format!("share_with[{index}].role");
            let role = self::share_role(share.role(), share_role, &field)?;
            Ok(Share { user: share.user.clone(), role })
        });
        let share_with = shares.collect::<Result<_>>()?;
        let levels = Some(options.album_levels).filter(|levels| !levels.is_empty());
        let expressions = options.album_name_post_regex.into_iter();
        Ok(Self {
            root_path: options.root_path,
            album_levels: levels.unwrap_or(default.album_levels),
            album_separator: options.album_separator.unwrap_or(default.album_separator),
            album_name_post_regex: expressions.map(|it| (it.pattern, it.replacement)).collect(),
            path_filter: options.path_filter,
            ignore: options.ignore,
            path_filter_regex: options.path_filter_regex,
            ignore_regex: options.ignore_regex,
            merge_same_name: options.merge_same_name.unwrap_or(default.merge_same_name),
            mode: match mode {
                ProtoMode::Unspecified | ProtoMode::Create => Mode::Create,
                ProtoMode::Cleanup => Mode::Cleanup,
                ProtoMode::DeleteAll => Mode::DeleteAll,
            },
            delete_confirm: options.delete_confirm,
            all_albums: options.all_albums,
            share_with,
            sync: match sync {
                ProtoSync::Unspecified => Sync::Off,
                ProtoSync::EmptyAlbums => Sync::EmptyAlbums,
                ProtoSync::OfflineAssets => Sync::OfflineAssets,
            },
            album_order: match order {
                AlbumOrder::Unspecified | AlbumOrder::NewestFirst => Order::NewestFirst,
                AlbumOrder::OldestFirst => Order::OldestFirst,
                AlbumOrder::Manual => Order::Manual,
            },
            find_assets_in_albums: options.find_assets_in_albums,
            find_archived_assets: options.find_archived_assets,
            set_album_thumbnail: match thumbnail {
                Cover::Unspecified => None,
                Cover::First => Some(Thumbnail::First),
                Cover::Last => Some(Thumbnail::Last),
                Cover::Random => Some(Thumbnail::Random),
                Cover::RandomFiltered => Some(Thumbnail::RandomFiltered),
                Cover::RandomAll => Some(Thumbnail::RandomAll),
            },
            archive: options.archive,
            comments_and_likes: options.comments_and_likes,
            chunk_size: size(options.chunk_size, CHUNK_SIZE),
            fetch_chunk_size: size(options.fetch_chunk_size, FETCH_CHUNK_SIZE),
        })
    }
}

fn share_role(role: AlbumRole, default: ShareRole, field: &str) -> Result<ShareRole> {
    match role {
        AlbumRole::Unspecified => Ok(default),
        AlbumRole::Viewer => Ok(ShareRole::Viewer),
        AlbumRole::Contributor => Ok(ShareRole::Contributor),
        AlbumRole::Editor => Ok(ShareRole::Editor),
        AlbumRole::Owner => {
            let rule = "must be the viewer's, the contributor's or the editor's role";
            Err(Error::invalid(format!("options.{field}"), rule))
        }
    }
}

fn size(value: i32, default: u32) -> u32 {
    u32::try_from(value).ok().filter(|size| *size > 0).unwrap_or(default)
}

impl From<Options> for FolderAlbumOptions {
    fn from(options: Options) -> Self {
        let expressions = options.album_name_post_regex.into_iter();
        let mode = match options.mode {
            Mode::Create => ProtoMode::Create,
            Mode::Cleanup => ProtoMode::Cleanup,
            Mode::DeleteAll => ProtoMode::DeleteAll,
        };
        let sync = match options.sync {
            Sync::Off => ProtoSync::Unspecified,
            Sync::EmptyAlbums => ProtoSync::EmptyAlbums,
            Sync::OfflineAssets => ProtoSync::OfflineAssets,
        };
        let order = match options.album_order {
            Order::NewestFirst => AlbumOrder::NewestFirst,
            Order::OldestFirst => AlbumOrder::OldestFirst,
            Order::Manual => AlbumOrder::Manual,
        };
        Self {
            root_path: options.root_path,
            album_levels: options.album_levels,
            album_separator: Some(options.album_separator),
            album_name_post_regex: expressions
                .map(|(pattern, replacement)| FolderNameExpression { pattern, replacement })
                .collect(),
            path_filter: options.path_filter,
            ignore: options.ignore,
            path_filter_regex: options.path_filter_regex,
            ignore_regex: options.ignore_regex,
            merge_same_name: Some(options.merge_same_name),
            mode: mode.into(),
            delete_confirm: options.delete_confirm,
            all_albums: options.all_albums,
            share_with: options.share_with.into_iter().map(share_to_proto).collect(),
            share_role: AlbumRole::Viewer.into(),
            sync: sync.into(),
            album_order: order.into(),
            find_assets_in_albums: options.find_assets_in_albums,
            find_archived_assets: options.find_archived_assets,
            set_album_thumbnail: thumbnail_to_proto(options.set_album_thumbnail).into(),
            archive: options.archive,
            comments_and_likes: options.comments_and_likes,
            chunk_size: i32::try_from(options.chunk_size).unwrap_or(i32::MAX),
            fetch_chunk_size: i32::try_from(options.fetch_chunk_size).unwrap_or(i32::MAX),
        }
    }
}

fn share_to_proto(share: Share) -> FolderAlbumShare {
    let role = match share.role {
        ShareRole::Viewer => AlbumRole::Viewer,
        ShareRole::Contributor => AlbumRole::Contributor,
        ShareRole::Editor => AlbumRole::Editor,
    };
    FolderAlbumShare { user: share.user, role: role.into() }
}

fn thumbnail_to_proto(thumbnail: Option<Thumbnail>) -> Cover {
    match thumbnail {
        None => Cover::Unspecified,
        Some(Thumbnail::First) => Cover::First,
        Some(Thumbnail::Last) => Cover::Last,
        Some(Thumbnail::Random) => Cover::Random,
        Some(Thumbnail::RandomFiltered) => Cover::RandomFiltered,
        Some(Thumbnail::RandomAll) => Cover::RandomAll,
    }
}

impl TryFrom<FolderRule> for Values {
    type Error = Error;

    fn try_from(rule: FolderRule) -> Result<Self> {
        Ok(Self {
            display_name: rule.display_name,
            options: rule.options.map(Options::try_from).transpose().map_err(in_rule)?,
            schedule: Schedule::new(rule.schedule, rule.time_zone),
        })
    }
}

impl TryFrom<RuleRow> for FolderRule {
    type Error = Error;

    fn try_from(rule: RuleRow) -> Result<Self> {
        Ok(Self {
            id: rule.id.to_string(),
            display_name: rule.display_name,
            options: Some(Options::read(&rule.options)?.into()),
            schedule: rule.schedule.unwrap_or_default(),
            time_zone: rule.time_zone.unwrap_or_default(),
            next_run_time: rule.next_run_time.map(Micros::timestamp),
            create_time: Some(rule.create_time.timestamp()),
            update_time: Some(rule.update_time.timestamp()),
        })
    }
}

/// A run as the API says it.
pub(in crate::folder_albums) fn run_to_proto(run: RunRow) -> Result<FolderRuleRun> {
    let state = match run.state {
        State::Queued => ProtoState::Queued,
        State::Running => ProtoState::Running,
        State::Succeeded => ProtoState::Succeeded,
        State::Failed => ProtoState::Failed,
    };
    Ok(FolderRuleRun {
        id: run.id.to_string(),
        folder_rule_id: if run.is_ad_hoc { String::new() } else { run.rule_id.to_string() },
        state: state.into(),
        scheduled: run.is_scheduled,
        options: Some(Options::read(&run.options)?.into()),
        counts: Some(Counts::read(&run)?.into()),
        problems: Problem::read(&run)?.into_iter().map(problem_to_proto).collect(),
        create_time: Some(run.create_time.timestamp()),
        start_time: run.start_time.map(Micros::timestamp),
        finish_time: run.finish_time.map(Micros::timestamp),
        undo_time: run.undo_time.map(Micros::timestamp),
    })
}

/// What undoing a run did, as the API says it.
pub(in crate::folder_albums) fn undone_to_proto(
    run: RunRow,
    is_repeated: bool,
) -> Result<UndoFolderRuleRunResponse> {
    let undone = Undone::read(&run)?;
    let counts = FolderRuleRunUndoCounts {
        trashed_albums: number(undone.trashed_albums),
        kept_albums: number(undone.kept_albums),
        restored_albums: number(undone.restored_albums),
        renamed_albums: number(undone.renamed_albums),
        removed_assets: number(undone.removed_assets),
        returned_assets: number(undone.returned_assets),
        kept_assets: number(undone.kept_assets),
        unarchived_assets: number(undone.unarchived_assets),
    };
    Ok(UndoFolderRuleRunResponse {
        run: Some(run_to_proto(run)?),
        already_undone: is_repeated,
        counts: Some(counts),
        kept: undone.kept.into_iter().map(problem_to_proto).collect(),
    })
}

fn problem_to_proto(problem: Problem) -> FolderRuleRunProblem {
    FolderRuleRunProblem { subject: problem.subject, message: problem.message }
}

impl From<Counts> for FolderRuleRunCounts {
    fn from(counts: Counts) -> Self {
        Self {
            planned_albums: number(counts.planned_albums),
            done_albums: number(counts.done_albums),
            failed_albums: number(counts.failed_albums),
            created_albums: number(counts.created_albums),
            renamed_albums: number(counts.renamed_albums),
            deleted_albums: number(counts.deleted_albums),
            hand_made_albums: number(counts.hand_made_albums),
            added_assets: number(counts.added_assets),
            moved_assets: number(counts.moved_assets),
            added_members: number(counts.added_members),
            set_thumbnails: number(counts.set_thumbnails),
            archived_assets: number(counts.archived_assets),
            unarchived_assets: number(counts.unarchived_assets),
            removed_assets: number(counts.removed_assets),
            files: number(counts.files),
            skipped_files: number(counts.skipped_files),
        }
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The messages of a plan: its albums, then the summary.
pub(in crate::folder_albums) fn plan_to_proto(
    plan: Plan,
    notes: Vec<Problem>,
) -> impl Iterator<Item = PlanFolderAlbumsResponse> + Send + 'static {
    let count = |is: fn(&PlannedAlbum) -> bool| {
        number(plan.albums.iter().filter(|album| is(album)).count() as u64)
    };
    let added = plan.albums.iter().map(|album| album.added.len() as u64).sum();
    let moves = plan.albums.iter().flat_map(|album| &album.moves);
    let summary = FolderAlbumSummary {
        plan_token: plan.token.clone(),
        album_count: count(|_| true),
        created_count: count(|album| album.action == Action::Create),
        deleted_count: count(|album| album.action == Action::Delete),
        hand_made_count: count(|album| album.is_made_by_hand),
        added_asset_count: number(added),
        moved_asset_count: number(moves.map(|moved| moved.assets.len() as u64).sum()),
        file_count: number(plan.file_count),
        skipped: plan.skipped.into_iter().map(skipped_to_proto).collect(),
        notes: notes.into_iter().map(problem_to_proto).collect(),
    };
    let albums = plan.albums.into_iter().map(|album| Part::Album(album_to_proto(album)));
    let parts = albums.chain([Part::Summary(summary)]);
    parts.map(|part| PlanFolderAlbumsResponse { part: Some(part) })
}

fn album_to_proto(album: PlannedAlbum) -> PlannedFolderAlbum {
    let action = match album.action {
        Action::Create => ProtoAction::Create,
        Action::Update => ProtoAction::Update,
        Action::Nothing => ProtoAction::None,
        Action::Delete => ProtoAction::Delete,
    };
    let current = album.current_name.filter(|name| *name != album.name);
    let moves = album.moves.into_iter().map(|moved| FolderAlbumMove {
        album_id: moved.from.to_string(),
        display_name: moved.display_name,
        asset_count: number(moved.assets.len() as u64),
    });
    PlannedFolderAlbum {
        action: action.into(),
        display_name: album.name,
        album_id: album.album_id.map(|id| id.to_string()).unwrap_or_default(),
        current_display_name: current.unwrap_or_default(),
        renamed: album.is_renamed,
        folders: album.folders.into_iter().take(MAX_FOLDERS).collect(),
        asset_count: number(album.asset_count),
        added_count: number(album.added.len() as u64),
        moves: moves.collect(),
        hand_made: album.is_made_by_hand,
    }
}

fn skipped_to_proto((reason, skipped): (Reason, Skipped)) -> SkippedFiles {
    let reason = match reason {
        Reason::Path(Skip::NotBelowRoot) => ProtoReason::NotBelowRoot,
        Reason::Path(Skip::DirectlyInRoot) => ProtoReason::InRoot,
        Reason::Path(Skip::FilteredOut) => ProtoReason::FilteredOut,
        Reason::Path(Skip::Ignored) => ProtoReason::Ignored,
        Reason::Path(Skip::TooShallow) => ProtoReason::TooShallow,
        Reason::Path(Skip::BlankName) => ProtoReason::BlankName,
        Reason::Path(Skip::NameTooLong) => ProtoReason::LongName,
        Reason::InAlbum => ProtoReason::InAlbum,
        Reason::Archived => ProtoReason::Archived,
    };
    SkippedFiles { reason: reason.into(), count: number(skipped.count), examples: skipped.examples }
}
