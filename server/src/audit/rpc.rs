//! `AuditService`.

use albumen::v1::audit_service_server::AuditService;
use albumen::v1::{AuditEvent, AuditEventKind, ListAuditEventsRequest, ListAuditEventsResponse};
use sea_orm::ActiveEnum as _;
use tonic::{Request, Response, Status};

use super::Filter;
use crate::access::open;
use crate::app::App;
use crate::entity::audit_event::{Kind, Model};
use crate::id::UserId;
use crate::page::{Page, SIZES};

/// The gRPC face of the audit log.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl AuditService for Rpc {
    async fn list_audit_events(
        &self,
        request: Request<ListAuditEventsRequest>,
    ) -> Result<Response<ListAuditEventsResponse>, Status> {
        let (_, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let filter =
            Filter { actor_id: UserId::parse(&request.actor_id), kind: kind(request.kind()) };
        let paged = super::list(&self.0, &filter, &page).await?;
        Ok(Response::new(ListAuditEventsResponse {
            audit_events: paged.rows.into_iter().map(to_proto).collect(),
            next_page_token: paged.next_page_token,
        }))
    }
}

/// Kinds have the same numbers in the proto and in the database; a test compares their names.
fn kind(kind: AuditEventKind) -> Option<Kind> {
    Kind::try_from_value(&i16::try_from(i32::from(kind)).unwrap_or_default()).ok()
}

fn to_proto(event: Model) -> AuditEvent {
    AuditEvent {
        id: event.id.to_string(),
        kind: event.kind.to_value().into(),
        actor_id: event.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        subject_id: event.subject,
        network: event.network,
        create_time: Some(event.create_time.timestamp()),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::*;

    #[test]
    fn every_kind_has_its_number_in_the_proto() {
        assert!(Kind::iter().count() > 10);
        for kind in Kind::iter() {
            let proto = AuditEventKind::try_from(i32::from(kind.to_value())).unwrap();
            assert_eq!(format!("{kind:?}"), format!("{proto:?}"));
            assert_eq!(super::kind(proto), Some(kind));
        }
        assert_eq!(super::kind(AuditEventKind::Unspecified), None);
    }
}
