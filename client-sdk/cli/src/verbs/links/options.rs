//! What can be set on a link.

use albumen_client::v1::{GuestActivity, SharedLink, SharedLinkMetadata, SharedLinkQuality};
use clap::ValueEnum;
use prost_types::Timestamp;

use crate::failure::Result;
use crate::{bytes_text, secret, times};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// What guests read below the title; of single photos it is the title
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A readable address, as in summer-2024; an empty one takes it away
    #[arg(long)]
    slug: Option<String>,
    /// Ask for a password that guests must give
    #[arg(long)]
    password: bool,
    /// Read that password from standard input
    #[arg(long, conflicts_with = "password")]
    password_stdin: bool,
    /// Let guests in without a password
    #[arg(long, conflicts_with_all = ["password", "password_stdin"])]
    no_password: bool,
    /// When it stops: 12h, 30d, 2w from now, a date, "2026-12-31 18:00", or never [new links: never]
    #[arg(long, value_name = "WHEN", value_parser = end)]
    expires: Option<End>,
    /// Whether guests may download [new links: true]
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    download: Option<bool>,
    /// Whether guests may add photos [new links: false]
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    upload: Option<bool>,
    /// Whether guests may take back what they added, for 15 minutes [new links: false]
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    undo: Option<bool>,
    /// How much guests may add in all, as in 2G
    #[arg(long, value_name = "SIZE", value_parser = bytes_text::parse)]
    max_upload_size: Option<i64>,
    /// How many photos guests may add in all
    #[arg(long, value_name = "NUMBER")]
    max_upload_count: Option<i32>,
    /// What guests get to know of a photo beside its picture and time [new links: full]
    #[arg(long, value_enum)]
    metadata: Option<Metadata>,
    /// Which files guests may download [new links: originals]
    #[arg(long, value_enum)]
    quality: Option<Quality>,
    /// What guests may do with comments and likes [new links: off]
    #[arg(long, value_enum)]
    activity: Option<Activity>,
}

/// When a link stops; never if there is no time.
#[derive(Debug, Clone, Copy)]
struct End(Option<Timestamp>);

fn end(text: &str) -> Result<End, String> {
    if text == "never" { Ok(End(None)) } else { times::parse(text).map(|time| End(Some(time))) }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Metadata {
    /// Everything
    Full,
    /// Everything but where it was taken
    NoLocation,
    /// Nothing
    Hidden,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Quality {
    /// The files as they were uploaded
    Originals,
    /// Smaller pictures only
    Previews,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Activity {
    /// Nothing
    Off,
    /// See them
    Read,
    /// See and write them
    Write,
}

impl Options {
    /// The values, asking for a password if there is to be one, and the fields that were named.
    pub(super) fn read(self) -> Result<(SharedLink, Vec<String>)> {
        let has_password = self.password || self.password_stdin;
        let named = [
            ("description", self.description.is_some()),
            ("slug", self.slug.is_some()),
            ("password", has_password || self.no_password),
            ("expire_time", self.expires.is_some()),
            ("allow_download", self.download.is_some()),
            ("allow_upload", self.upload.is_some()),
            ("allow_undo", self.undo.is_some()),
            ("max_upload_bytes", self.max_upload_size.is_some()),
            ("max_upload_count", self.max_upload_count.is_some()),
            ("metadata", self.metadata.is_some()),
            ("quality", self.quality.is_some()),
            ("guest_activity", self.activity.is_some()),
        ];
        let named = named.into_iter().filter(|(_, is_named)| *is_named);
        let paths = named.map(|(path, _)| path.to_owned()).collect();
        let password = match has_password {
            true => secret::ask_new("New password of the link: ", self.password_stdin)?,
            false => String::new(),
        };
        let metadata = self.metadata.map_or(SharedLinkMetadata::Unspecified, |it| match it {
            Metadata::Full => SharedLinkMetadata::Full,
            Metadata::NoLocation => SharedLinkMetadata::WithoutLocation,
            Metadata::Hidden => SharedLinkMetadata::Hidden,
        });
        let quality = self.quality.map_or(SharedLinkQuality::Unspecified, |it| match it {
            Quality::Originals => SharedLinkQuality::Originals,
            Quality::Previews => SharedLinkQuality::Previews,
        });
        let guest_activity = self.activity.map_or(GuestActivity::Unspecified, |it| match it {
            Activity::Off => GuestActivity::Off,
            Activity::Read => GuestActivity::Read,
            Activity::Write => GuestActivity::Write,
        });
        let link = SharedLink {
            description: self.description.unwrap_or_default(),
            slug: self.slug.unwrap_or_default(),
            password,
            expire_time: self.expires.and_then(|End(time)| time),
            allow_download: self.download,
            allow_upload: self.upload,
            allow_undo: self.undo,
            max_upload_bytes: self.max_upload_size,
            max_upload_count: self.max_upload_count,
            metadata: metadata.into(),
            quality: quality.into(),
            guest_activity: guest_activity.into(),
            ..SharedLink::default()
        };
        Ok((link, paths))
    }
}
