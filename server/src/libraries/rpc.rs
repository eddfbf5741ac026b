//! `LibraryService`.

use std::pin::Pin;

use albumen::v1::library_problem::Kind;
use albumen::v1::library_scan::{Cause as CauseProto, State as StateProto};
use albumen::v1::library_service_server::LibraryService;
use albumen::v1::{
    CancelLibraryScanRequest, CancelLibraryScanResponse, CreateLibraryRequest,
    DeleteLibraryRequest, DeleteLibraryResponse, GetLibraryRequest, ImportPathVerdict, Library,
    LibraryProblem, LibraryScan, LibraryScanCounts, ListLibrariesRequest, ListLibrariesResponse,
    ListLibraryScansRequest, ListLibraryScansResponse, RemoveOfflineAssetsRequest,
    RemoveOfflineAssetsResponse, ScanLibraryRequest, ScanLibraryResponse, UpdateLibraryRequest,
    ValidateImportPathsRequest, ValidateImportPathsResponse,
};
use futures::stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::manage::text_list;
use super::{
    Counts, Field, LibraryView, NewLibrary, Problem, ProblemKind, Report, Values, Verdict,
};
use crate::access::open;
use crate::app::App;
use crate::crontab::Schedule;
use crate::entity::library_scan::{Cause, Model as Scan, State};
use crate::error::{Error, Result};
use crate::id::{LibraryId, UserId};
use crate::mask;
use crate::page::{Page, SIZES};
use crate::time::Micros;

/// The gRPC face of libraries.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl LibraryService for Rpc {
    type ScanLibraryStream =
        Pin<Box<dyn Stream<Item = Result<ScanLibraryResponse, Status>> + Send>>;

    async fn create_library(
        &self,
        request: Request<CreateLibraryRequest>,
    ) -> Result<Response<Library>, Status> {
        let (actor, request) = open(request)?;
        let library = request.library.unwrap_or_default();
        let owner_id = UserId::parse(&library.owner_id);
        let new = NewLibrary {
            id: LibraryId::parse(&request.request_id),
            owner_id: owner_id.ok_or_else(|| Error::invalid("library.owner_id", "is required"))?,
            values: library.into(),
        };
        let view = super::create(&self.0, &actor, new).await?;
        Ok(Response::new(view.try_into()?))
    }

    async fn get_library(
        &self,
        request: Request<GetLibraryRequest>,
    ) -> Result<Response<Library>, Status> {
        let (actor, request) = open(request)?;
        let view = super::get(&self.0, &actor, library_id(&request.library_id)?).await?;
        Ok(Response::new(view.try_into()?))
    }

    async fn list_libraries(
        &self,
        request: Request<ListLibrariesRequest>,
    ) -> Result<Response<ListLibrariesResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let owner = UserId::parse(&request.owner_id);
        let paged = super::list(&self.0, &actor, owner, &page).await?;
        let libraries = paged.rows.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
        let next_page_token = paged.next_page_token;
        Ok(Response::new(ListLibrariesResponse { libraries, next_page_token }))
    }

    async fn update_library(
        &self,
        request: Request<UpdateLibraryRequest>,
    ) -> Result<Response<Library>, Status> {
        let (actor, request) = open(request)?;
        let library = request.library.unwrap_or_default();
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            Field::DisplayName => !library.display_name.is_empty(),
            Field::ImportPaths => !library.import_paths.is_empty(),
            Field::Exclusions => !library.exclusions.is_empty(),
            Field::Schedule => !library.schedule.is_empty(),
            Field::TimeZone => !library.time_zone.is_empty(),
            Field::Watched => library.watched.is_some(),
        })?;
        let id = LibraryId::parse(&library.id);
        let id = id.ok_or_else(|| Error::invalid("library.id", "must be a UUID"))?;
        let view = super::update(&self.0, &actor, id, library.into(), fields).await?;
        Ok(Response::new(view.try_into()?))
    }

    async fn delete_library(
        &self,
        request: Request<DeleteLibraryRequest>,
    ) -> Result<Response<DeleteLibraryResponse>, Status> {
        let (actor, request) = open(request)?;
        let id = library_id(&request.library_id)?;
        super::delete(&self.0, &actor, id, request.force).await?;
        Ok(Response::new(DeleteLibraryResponse {}))
    }

    async fn validate_import_paths(
        &self,
        request: Request<ValidateImportPathsRequest>,
    ) -> Result<Response<ValidateImportPathsResponse>, Status> {
        let (_, request) = open(request)?;
        let verdicts = super::validate_import_paths(&self.0, request.import_paths).await?;
        let verdicts = verdicts.into_iter().map(Into::into).collect();
        Ok(Response::new(ValidateImportPathsResponse { verdicts }))
    }

    async fn scan_library(
        &self,
        request: Request<ScanLibraryRequest>,
    ) -> Result<Response<Self::ScanLibraryStream>, Status> {
        let (actor, request) = open(request)?;
        let id = library_id(&request.library_id)?;
        let scans = super::scan(&self.0, &actor, id, request.restore_excluded).await?;
        let stream = scans.map(|scan| {
            let scan = scan.and_then(TryInto::try_into).map_err(Status::from)?;
            Ok(ScanLibraryResponse { scan: Some(scan) })
        });
        Ok(Response::new(Box::pin(stream)))
    }

    async fn list_library_scans(
        &self,
        request: Request<ListLibraryScansRequest>,
    ) -> Result<Response<ListLibraryScansResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let id = library_id(&request.library_id)?;
        let paged = super::list_scans(&self.0, &actor, id, &page).await?;
        let scans = paged.rows.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
        let next_page_token = paged.next_page_token;
        Ok(Response::new(ListLibraryScansResponse { scans, next_page_token }))
    }

    async fn cancel_library_scan(
        &self,
        request: Request<CancelLibraryScanRequest>,
    ) -> Result<Response<CancelLibraryScanResponse>, Status> {
        let (actor, request) = open(request)?;
        let scan = super::cancel_scan(&self.0, &actor, library_id(&request.library_id)?).await?;
        let scan = scan.map(TryInto::try_into).transpose()?;
        Ok(Response::new(CancelLibraryScanResponse { scan }))
    }

    async fn remove_offline_assets(
        &self,
        request: Request<RemoveOfflineAssetsRequest>,
    ) -> Result<Response<RemoveOfflineAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let id = library_id(&request.library_id)?;
        let removed = super::remove_offline_assets(&self.0, &actor, id).await?;
        Ok(Response::new(RemoveOfflineAssetsResponse {
            removed_count: removed.count,
            problems: removed.problems.into_iter().map(Into::into).collect(),
        }))
    }
}

fn library_id(text: &str) -> Result<LibraryId> {
    LibraryId::parse(text).ok_or_else(|| Error::invalid("library_id", "must be a UUID"))
}

impl From<Library> for Values {
    fn from(library: Library) -> Self {
        Self {
            is_watched: library.watched.unwrap_or(false),
            display_name: library.display_name,
            import_paths: library.import_paths,
            exclusions: library.exclusions,
            schedule: Schedule::new(library.schedule, library.time_zone),
        }
    }
}

impl TryFrom<LibraryView> for Library {
    type Error = Error;

    fn try_from(view: LibraryView) -> Result<Self> {
        let library = view.library;
        Ok(Self {
            id: library.id.to_string(),
            owner_id: library.owner_id.to_string(),
            import_paths: text_list(&library.import_paths)?,
            exclusions: text_list(&library.exclusions)?,
            display_name: library.display_name,
            schedule: library.schedule.unwrap_or_default(),
            time_zone: library.time_zone.unwrap_or_default(),
            watched: Some(library.is_watched),
            file_count: view.file_count,
            offline_file_count: view.offline_file_count,
            last_scan: view.last_scan.map(TryInto::try_into).transpose()?,
            next_scan_time: library.next_scan_time.map(Micros::timestamp),
            create_time: Some(library.create_time.timestamp()),
            update_time: Some(library.update_time.timestamp()),
        })
    }
}

impl TryFrom<Scan> for LibraryScan {
    type Error = Error;

    fn try_from(scan: Scan) -> Result<Self> {
        let report = Report::of(&scan)?;
        let state = match scan.state {
            State::Queued => StateProto::Queued,
            State::Running => StateProto::Running,
            State::Succeeded => StateProto::Succeeded,
            State::Failed => StateProto::Failed,
            State::Cancelled => StateProto::Cancelled,
        };
        let cause = match scan.cause {
            Cause::Request => CauseProto::Request,
            Cause::Schedule => CauseProto::Schedule,
            Cause::Change => CauseProto::Change,
        };
        Ok(Self {
            id: scan.id.to_string(),
            library_id: scan.library_id.to_string(),
            state: state.into(),
            cause: cause.into(),
            counts: Some(report.counts.into()),
            problems: report.problems.into_iter().map(Into::into).collect(),
            last_path: report.last_path.unwrap_or_default(),
            create_time: Some(scan.create_time.timestamp()),
            start_time: scan.start_time.map(Micros::timestamp),
            finish_time: scan.finish_time.map(Micros::timestamp),
        })
    }
}

impl From<Counts> for LibraryScanCounts {
    fn from(counts: Counts) -> Self {
        Self {
            found: counts.found,
            unchanged: counts.unchanged,
            added: counts.added,
            copied: counts.copied,
            moved: counts.moved,
            changed: counts.changed,
            returned: counts.returned,
            refused: counts.refused,
            excluded: counts.excluded,
            unsettled: counts.unsettled,
            unreadable: counts.unreadable,
            missing: counts.missing,
            read_bytes: counts.read_bytes,
        }
    }
}

impl From<Problem> for LibraryProblem {
    fn from(problem: Problem) -> Self {
        let kind = match problem.kind {
            ProblemKind::Unreachable => Kind::Unreachable,
            ProblemKind::Emptied => Kind::Emptied,
            ProblemKind::Unreadable => Kind::Unreadable,
            ProblemKind::Name => Kind::Name,
            ProblemKind::Internal => Kind::Internal,
        };
        Self { path: problem.path, kind: kind.into(), message: problem.message }
    }
}

impl From<Verdict> for ImportPathVerdict {
    fn from(verdict: Verdict) -> Self {
        Self {
            import_path: verdict.import_path,
            valid: verdict.problem.is_none(),
            message: verdict.problem.unwrap_or_default(),
        }
    }
}
