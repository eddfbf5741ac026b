//! What can be said of a link when it is made, and changed later.

pub(super) mod rpc;

use sea_orm::Set;

use crate::app::App;
use crate::entity::shared_link::{ActiveModel, GuestActivity, Metadata, Quality};
use crate::error::{Error, Result};
use crate::mask;
use crate::time::Micros;

/// Words that stand for something else in addresses, or could be taken for it.
const RESERVED_SLUGS: [&str; 17] = [
    "admin",
    "album",
    "albums",
    "api",
    "app",
    "assets",
    "cover",
    "healthz",
    "help",
    "libraries",
    "login",
    "new",
    "readyz",
    "robots",
    "settings",
    "share",
    "static",
];

/// What may be changed of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What guests read below the title.
    Description,
    /// The readable address.
    Slug,
    /// The password.
    Password,
    /// When it stops.
    ExpireTime,
    /// Whether guests may download.
    AllowDownload,
    /// Whether guests may add photos.
    AllowUpload,
    /// Whether guests may take back what they added.
    AllowUndo,
    /// How many bytes guests may add.
    MaxUploadBytes,
    /// How many photos guests may add.
    MaxUploadCount,
    /// What guests get to know of a photo.
    Metadata,
    /// Which bytes guests may download.
    Quality,
    /// What guests may do with comments and likes.
    GuestActivity,
}

impl mask::Field for Field {
    const ALL: &'static [Self] = &[
        Self::Description,
        Self::Slug,
        Self::Password,
        Self::ExpireTime,
        Self::AllowDownload,
        Self::AllowUpload,
        Self::AllowUndo,
        Self::MaxUploadBytes,
        Self::MaxUploadCount,
        Self::Metadata,
        Self::Quality,
        Self::GuestActivity,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Slug => "slug",
            Self::Password => "password",
            Self::ExpireTime => "expire_time",
            Self::AllowDownload => "allow_download",
            Self::AllowUpload => "allow_upload",
            Self::AllowUndo => "allow_undo",
            Self::MaxUploadBytes => "max_upload_bytes",
            Self::MaxUploadCount => "max_upload_count",
            Self::Metadata => "metadata",
            Self::Quality => "quality",
            Self::GuestActivity => "guest_activity",
        }
    }
}

/// The values of a new link or an update. What is not set takes its default.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// What guests read below the title.
    pub description: String,
    /// The readable address.
    pub slug: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// When it stops.
    pub expire_time: Option<Micros>,
    /// Whether guests may download; by default they may.
    pub allow_download: Option<bool>,
    /// Whether guests may add photos; by default they may not.
    pub allow_upload: Option<bool>,
    /// Whether guests may take back what they added; by default they may not.
    pub allow_undo: Option<bool>,
    /// How many bytes guests may add in all.
    pub max_upload_bytes: Option<i64>,
    /// How many photos guests may add in all.
    pub max_upload_count: Option<i32>,
    /// What guests get to know of a photo; by default everything.
    pub metadata: Option<Metadata>,
    /// Which bytes guests may download; by default originals.
    pub quality: Option<Quality>,
    /// What guests may do with comments and likes; by default nothing.
    pub guest_activity: Option<GuestActivity>,
}

impl Values {
    /// Checks what can be checked without the link.
    pub(super) fn check(&self, app: &App, fields: &[Field]) -> Result<()> {
        let slug = self.slug.as_deref().filter(|_| fields.contains(&Field::Slug));
        if let Some(slug) = slug.filter(|slug| RESERVED_SLUGS.contains(slug)) {
            let rule = format!("must not be the reserved word {slug}");
            return Err(Error::invalid("shared_link.slug", rule));
        }
        let expire_time = self.expire_time.filter(|_| fields.contains(&Field::ExpireTime));
        if expire_time.is_some_and(|time| time <= app.now()) {
            return Err(Error::invalid("shared_link.expire_time", "must be in the future"));
        }
        Ok(())
    }

    /// Checks what makes no sense for a list: nobody but its maker adds to it, and there is no
    /// album in whose feed comments would show.
    pub(super) fn check_for_list(&self, fields: &[Field]) -> Result<()> {
        if fields.contains(&Field::AllowUpload) && self.allow_upload == Some(true) {
            return Err(Error::invalid("shared_link.allow_upload", "must be false for a list"));
        }
        let has_activity = self.guest_activity.is_some_and(|level| level > GuestActivity::Off);
        if fields.contains(&Field::GuestActivity) && has_activity {
            return Err(Error::invalid("shared_link.guest_activity", "must be off for a list"));
        }
        Ok(())
    }

    /// Puts some of the values into a row. The version of the password grows elsewhere.
    pub(super) fn put(
        &self,
        fields: &[Field],
        password_hash: Option<&String>,
        row: &mut ActiveModel,
    ) {
        for field in fields {
            match field {
                Field::Description => row.description = Set(self.description.clone()),
                Field::Slug => row.slug = Set(self.slug.clone()),
                Field::Password => row.password_hash = Set(password_hash.cloned()),
                Field::ExpireTime => row.expire_time = Set(self.expire_time),
                Field::AllowDownload => {
                    row.allow_download = Set(self.allow_download.unwrap_or(true));
                }
                Field::AllowUpload => row.allow_upload = Set(self.allow_upload.unwrap_or(false)),
                Field::AllowUndo => row.allow_undo = Set(self.allow_undo.unwrap_or(false)),
                Field::MaxUploadBytes => row.max_upload_bytes = Set(self.max_upload_bytes),
                Field::MaxUploadCount => row.max_upload_count = Set(self.max_upload_count),
                Field::Metadata => row.metadata = Set(self.metadata.unwrap_or(Metadata::Full)),
                Field::Quality => row.quality = Set(self.quality.unwrap_or(Quality::Originals)),
                Field::GuestActivity => {
                    row.guest_activity = Set(self.guest_activity.unwrap_or(GuestActivity::Off));
                }
            }
        }
    }

    /// The hash of the password, if there is one to be set. Slow.
    pub(super) async fn hash_password(
        &self,
        app: &App,
        fields: &[Field],
    ) -> Result<Option<String>> {
        match &self.password {
            Some(password) if fields.contains(&Field::Password) => {
                app.passwords.hash(password).await.map(Some)
            }
            _ => Ok(None),
        }
    }
}
