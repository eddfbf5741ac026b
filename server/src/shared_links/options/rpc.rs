//! Options as `SharedLinkService` says them.

use albumen::v1::{
    GuestActivity as ActivityOption, SharedLink, SharedLinkMetadata, SharedLinkQuality,
};

use super::{Field, Values};
use crate::entity::shared_link::{GuestActivity, Metadata, Quality};
use crate::error::{Error, Result};
use crate::time::Micros;

/// Whether a field is set, where no mask says which to change.
pub(in crate::shared_links) fn is_populated(link: &SharedLink, field: Field) -> bool {
    match field {
        Field::Description => !link.description.is_empty(),
        Field::Slug => !link.slug.is_empty(),
        Field::Password => !link.password.is_empty(),
        Field::ExpireTime => link.expire_time.is_some(),
        Field::AllowDownload => link.allow_download.is_some(),
        Field::AllowUpload => link.allow_upload.is_some(),
        Field::AllowUndo => link.allow_undo.is_some(),
        Field::MaxUploadBytes => link.max_upload_bytes.is_some(),
        Field::MaxUploadCount => link.max_upload_count.is_some(),
        Field::Metadata => link.metadata() != SharedLinkMetadata::Unspecified,
        Field::Quality => link.quality() != SharedLinkQuality::Unspecified,
        Field::GuestActivity => link.guest_activity() != ActivityOption::Unspecified,
    }
}

impl TryFrom<SharedLink> for Values {
    type Error = Error;

    fn try_from(link: SharedLink) -> Result<Self> {
        let expire_time = link.expire_time.as_ref();
        Ok(Self {
            expire_time: expire_time
                .map(|time| Micros::parse(time, "shared_link.expire_time"))
                .transpose()?,
            allow_download: link.allow_download,
            allow_upload: link.allow_upload,
            allow_undo: link.allow_undo,
            max_upload_bytes: link.max_upload_bytes,
            max_upload_count: link.max_upload_count,
            metadata: match link.metadata() {
                SharedLinkMetadata::Unspecified => None,
                SharedLinkMetadata::Full => Some(Metadata::Full),
                SharedLinkMetadata::WithoutLocation => Some(Metadata::WithoutLocation),
                SharedLinkMetadata::Hidden => Some(Metadata::Hidden),
            },
            quality: match link.quality() {
                SharedLinkQuality::Unspecified => None,
                SharedLinkQuality::Originals => Some(Quality::Originals),
                SharedLinkQuality::Previews => Some(Quality::Previews),
            },
            guest_activity: match link.guest_activity() {
                ActivityOption::Unspecified => None,
                ActivityOption::Off => Some(GuestActivity::Off),
                ActivityOption::Read => Some(GuestActivity::Read),
                ActivityOption::Write => Some(GuestActivity::Write),
            },
            description: link.description,
            slug: Some(link.slug).filter(|slug| !slug.is_empty()),
            password: Some(link.password).filter(|password| !password.is_empty()),
        })
    }
}

pub(in crate::shared_links) fn metadata(metadata: Metadata) -> SharedLinkMetadata {
    match metadata {
        Metadata::Full => SharedLinkMetadata::Full,
        Metadata::WithoutLocation => SharedLinkMetadata::WithoutLocation,
        Metadata::Hidden => SharedLinkMetadata::Hidden,
    }
}

pub(in crate::shared_links) fn quality(quality: Quality) -> SharedLinkQuality {
    match quality {
        Quality::Originals => SharedLinkQuality::Originals,
        Quality::Previews => SharedLinkQuality::Previews,
    }
}

pub(in crate::shared_links) fn activity(activity: GuestActivity) -> ActivityOption {
    match activity {
        GuestActivity::Off => ActivityOption::Off,
        GuestActivity::Read => ActivityOption::Read,
        GuestActivity::Write => ActivityOption::Write,
    }
}
