//! `FolderAlbumService`.

use std::pin::Pin;

use albumen::v1::folder_album_service_server::FolderAlbumService;
use albumen::v1::{
    ApplyFolderAlbumsRequest, ApplyFolderAlbumsResponse, CreateFolderRuleRequest,
    DeleteFolderRuleRequest, DeleteFolderRuleResponse, FolderRule, GetFolderRuleRequest,
    ListFolderRuleRunsRequest, ListFolderRuleRunsResponse, ListFolderRulesRequest,
    ListFolderRulesResponse, PlanFolderAlbumsRequest, PlanFolderAlbumsResponse,
    UndoFolderRuleRunRequest, UndoFolderRuleRunResponse, UpdateFolderRuleRequest,
};
use futures::stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::options::Options;
use super::{Field, convert};
use crate::access::{Actor, Interest, guard, open};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{FolderRuleId, FolderRuleRunId};
use crate::mask;
use crate::page::{Page, SIZES};

/// The gRPC face of albums from folders.
#[derive(Debug)]
pub struct Rpc(pub App);

type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl FolderAlbumService for Rpc {
    type PlanFolderAlbumsStream = Messages<PlanFolderAlbumsResponse>;
    type ApplyFolderAlbumsStream = Messages<ApplyFolderAlbumsResponse>;

    async fn plan_folder_albums(
        &self,
        request: Request<PlanFolderAlbumsRequest>,
    ) -> Result<Response<Self::PlanFolderAlbumsStream>, Status> {
        let (actor, request) = open(request)?;
        let rule = FolderRuleId::parse(&request.folder_rule_id);
        let options = request.options.map(Options::try_from).transpose()?;
        let (plan, notes) = super::plan(&self.0, &actor, rule, options).await?;
        let messages = futures::stream::iter(convert::plan_to_proto(plan, notes).map(Ok));
        let check = |_: App, actor: Actor| async move { actor.user().map(|_| ()) };
        let messages = guard(self.0.clone(), actor, Interest::Own, messages, check);
        Ok(Response::new(Box::pin(messages.map(|message| message.map_err(Status::from)))))
    }

    async fn apply_folder_albums(
        &self,
        request: Request<ApplyFolderAlbumsRequest>,
    ) -> Result<Response<Self::ApplyFolderAlbumsStream>, Status> {
        let (actor, request) = open(request)?;
        let rule = FolderRuleId::parse(&request.folder_rule_id);
        let options = request.options.map(Options::try_from).transpose()?;
        let token = Some(request.plan_token).filter(|token| !token.is_empty());
        let run = super::apply(&self.0, &actor, rule, options, token).await?;
        let runs = super::follow(&self.0, &actor, run.id).await?;
        let messages = runs.map(|run| {
            let run = run.and_then(convert::run_to_proto).map_err(Status::from)?;
            Ok(ApplyFolderAlbumsResponse { run: Some(run) })
        });
        Ok(Response::new(Box::pin(messages)))
    }

    async fn create_folder_rule(
        &self,
        request: Request<CreateFolderRuleRequest>,
    ) -> Result<Response<FolderRule>, Status> {
        let (actor, request) = open(request)?;
        let id = FolderRuleId::parse(&request.request_id);
        let values = request.folder_rule.unwrap_or_default().try_into()?;
        let rule = super::create_rule(&self.0, &actor, id, values).await?;
        Ok(Response::new(rule.try_into()?))
    }

    async fn get_folder_rule(
        &self,
        request: Request<GetFolderRuleRequest>,
    ) -> Result<Response<FolderRule>, Status> {
        let (actor, request) = open(request)?;
        let rule = super::get_rule(&self.0, &actor, rule_id(&request.folder_rule_id)?).await?;
        Ok(Response::new(rule.try_into()?))
    }

    async fn list_folder_rules(
        &self,
        request: Request<ListFolderRulesRequest>,
    ) -> Result<Response<ListFolderRulesResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let paged = super::list_rules(&self.0, &actor, &page).await?;
        let rules = paged.rows.into_iter().map(TryInto::try_into);
        Ok(Response::new(ListFolderRulesResponse {
            folder_rules: rules.collect::<Result<_>>()?,
            next_page_token: paged.next_page_token,
        }))
    }

    async fn update_folder_rule(
        &self,
        request: Request<UpdateFolderRuleRequest>,
    ) -> Result<Response<FolderRule>, Status> {
        let (actor, request) = open(request)?;
        let id = rule_id(&request.folder_rule_id)?;
        let rule = request.folder_rule.unwrap_or_default();
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            Field::DisplayName => !rule.display_name.is_empty(),
            Field::Options => rule.options.is_some(),
            Field::Schedule => !rule.schedule.is_empty(),
            Field::TimeZone => !rule.time_zone.is_empty(),
        })?;
        let rule = super::update_rule(&self.0, &actor, id, rule.try_into()?, fields).await?;
        Ok(Response::new(rule.try_into()?))
    }

    async fn delete_folder_rule(
        &self,
        request: Request<DeleteFolderRuleRequest>,
    ) -> Result<Response<DeleteFolderRuleResponse>, Status> {
        let (actor, request) = open(request)?;
        super::delete_rule(&self.0, &actor, rule_id(&request.folder_rule_id)?).await?;
        Ok(Response::new(DeleteFolderRuleResponse {}))
    }

    async fn list_folder_rule_runs(
        &self,
        request: Request<ListFolderRuleRunsRequest>,
    ) -> Result<Response<ListFolderRuleRunsResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let rule = FolderRuleId::parse(&request.folder_rule_id);
        let paged = super::list_runs(&self.0, &actor, rule, &page).await?;
        let runs = paged.rows.into_iter().map(convert::run_to_proto);
        Ok(Response::new(ListFolderRuleRunsResponse {
            runs: runs.collect::<Result<_>>()?,
            next_page_token: paged.next_page_token,
        }))
    }

    async fn undo_folder_rule_run(
        &self,
        request: Request<UndoFolderRuleRunRequest>,
    ) -> Result<Response<UndoFolderRuleRunResponse>, Status> {
        let (actor, request) = open(request)?;
        let id = FolderRuleRunId::parse(&request.folder_rule_run_id);
        let id = id.ok_or_else(|| Error::invalid("folder_rule_run_id", "must be a UUID"))?;
        let (run, is_repeated) = super::undo_run(&self.0, &actor, id).await?;
        Ok(Response::new(convert::undone_to_proto(run, is_repeated)?))
    }
}

fn rule_id(text: &str) -> Result<FolderRuleId> {
    FolderRuleId::parse(text).ok_or_else(|| Error::invalid("folder_rule_id", "must be a UUID"))
}
