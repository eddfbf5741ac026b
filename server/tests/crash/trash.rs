//! Callers who put assets into the trash, take them out and delete them.

use albumen::v1::asset_service_client::AssetServiceClient;
use albumen::v1::{
    DeleteAssetsRequest, EmptyTrashRequest, RestoreAssetsRequest, TrashAssetsRequest,
};
use fastrand::Rng;
use tonic::Status;

use crate::library::Library;
use crate::load::{Transport, detail, reason};

/// Does one of it, to some assets that nobody else is at.
pub(crate) async fn change(
    library: &Library,
    transport: &Transport,
    rng: &mut Rng,
) -> Result<(), Status> {
    let mut assets = AssetServiceClient::new(transport.clone());
    let what = rng.u8(..10);
    if what == 0 {
        let emptying = library.emptying();
        let result = assets.empty_trash(EmptyTrashRequest {}).await;
        library.emptied(emptying, result.is_ok());
        return result.map(drop);
    }
    let ids = library.hold(what > 4, rng);
    if ids.is_empty() {
        return Ok(());
    }
    let asset_ids = ids.clone();
    let result = match what {
        1..=4 => {
            let arrivals = library.trashing(&ids);
            let result = assets.trash_assets(TrashAssetsRequest { asset_ids }).await;
            result.map(|answer| {
                let trashed = answer.into_inner().assets;
                assert!(trashed.iter().all(|asset| asset.delete_time.is_some()), "{trashed:?}");
                library.trashed(&ids, &arrivals);
            })
        }
        5 | 6 => {
            library.restoring(&ids);
            let result = assets.restore_assets(RestoreAssetsRequest { asset_ids }).await;
            result.map(|answer| {
                let restored = answer.into_inner().assets;
                assert!(restored.iter().all(|asset| asset.delete_time.is_none()), "{restored:?}");
                library.restored(&ids);
            })
        }
        _ => {
            library.deleting(&ids);
            let result = assets.delete_assets(DeleteAssetsRequest { asset_ids }).await;
            result.map(|_| library.deleted(&ids))
        }
    };
    let result = result.or_else(|status| refused(library, status));
    library.release(&ids);
    result
}

/// What others did to the assets meanwhile.
fn refused(library: &Library, status: Status) -> Result<(), Status> {
    match reason(&status).as_str() {
        "RESOURCE_NOT_FOUND" => library.missed(&detail(&status, "resource_id")),
        "NOT_IN_TRASH" => library.not_trashed(&detail(&status, "resource_id")),
        _ => return Err(status),
    }
    Ok(())
}
