//! Links for people without an account: making, changing, revoking and opening them.
//!
//! A link shows an album, or a list of assets, which is stored as an album that shows nowhere else.
//! The key in a link's address is 256 random bits. Its hash finds the link; the key itself is kept
//! sealed, so that who sees the link can copy the address again, and a stolen database opens
//! nothing.

mod assets;
mod create;
mod delete;
mod http;
mod list;
mod open;
mod options;
mod page;
mod policy;
mod rpc;
mod stats;
mod sweep;
mod update;

pub use self::http::routes;
pub use assets::{add_assets, remove_assets};
pub use create::{Target, create};
pub use delete::delete;
pub use list::{Filter, list, list_all};
pub use open::{Opened, get_opened, open};
pub use options::{Field, Values};
pub use page::{SharePage, cover, share_page};
pub use policy::{Policy, PolicyField, Violation, get_sharing_policy, update_sharing_policy};
pub use rpc::Rpc;
pub use stats::get_stats;
pub use sweep::Sweep;
pub use update::update;

use crate::access::{self, Actor, Host, IsSecure};
use crate::app::App;
use crate::entity::album::Model as Album;
use crate::entity::shared_link::Model as SharedLink;
use crate::error::{Error, Result};
use crate::id::SharedLinkId;
use crate::keys::Purpose;
use crate::time::Micros;

/// A link as a user sees it.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// The link.
    pub link: SharedLink,
    /// What it shows.
    pub album: Album,
    /// What stands behind `/share/` in its address; empty once it is revoked.
    pub address: String,
    /// Whether it opens.
    pub state: State,
    /// What the policy has against it, were it made now.
    pub violations: Vec<Violation>,
    /// Whether the caller may know what opens it and what it shows; administrators may not know it
    /// of the links of others.
    pub is_seen: bool,
}

/// Whether a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It opens.
    Live,
    /// Its time has passed.
    Expired,
    /// It was deleted.
    Revoked,
}

impl State {
    fn of(link: &SharedLink, now: Micros) -> Self {
        if link.delete_time.is_some() {
            Self::Revoked
        } else if link.expire_time.is_some_and(|time| time <= now) {
            Self::Expired
        } else {
            Self::Live
        }
    }
}

/// A link that the caller sees.
pub async fn get(app: &App, actor: &Actor, id: SharedLinkId) -> Result<LinkView> {
    let (link, album) = access::shared_link(app.database.reader(), actor, id).await?;
    view(app, &policy::load(app.database.reader()).await?, link, album)
}

/// What guests read above what a link shows: the album's name, or for a list the link's
/// description, else how many assets there are.
#[must_use]
pub fn title(link: &SharedLink, album: &Album) -> String {
    match (album.is_list, link.description.is_empty()) {
        (false, _) => album.display_name.clone(),
        (true, false) => link.description.clone(),
        (true, true) => count(album.asset_count),
    }
}

/// What guests read below the title: the link's description, else the album's.
#[must_use]
pub fn description<'a>(link: &'a SharedLink, album: &'a Album) -> &'a str {
    match (album.is_list, link.description.is_empty()) {
        (true, _) => "",
        (false, true) => &album.description,
        (false, false) => &link.description,
    }
}

fn count(assets: i32) -> String {
    match assets {
        1 => "1 photo or video".to_owned(),
        many => format!("{many} photos and videos"),
    }
}

/// A link with all that a user who sees it may know.
fn view(app: &App, policy: &Policy, link: SharedLink, album: Album) -> Result<LinkView> {
    let now = app.now();
    let state = State::of(&link, now);
    let address = match (&link.slug, state) {
        (_, State::Revoked) => String::new(),
        (Some(slug), _) => slug.clone(),
        (None, _) => {
            let key = app.keys.open(Purpose::Link, link.id.as_bytes(), &link.sealed_key);
            let key = key.ok_or_else(|| Error::internal("a link's key does not open"))?;
            String::from_utf8(key).map_err(Error::internal)?
        }
    };
    let violations = policy.violations(&link, now);
    Ok(LinkView { link, album, address, state, violations, is_seen: true })
}

/// The same without what opens it, for administrators.
fn view_of_other(app: &App, policy: &Policy, link: SharedLink, album: Album) -> LinkView {
    let (now, address) = (app.now(), String::new());
    let (state, violations) = (State::of(&link, now), policy.violations(&link, now));
    LinkView { link, album, address, state, violations, is_seen: false }
}

/// What addresses begin with: the configured public address, else the host by which the client
/// came.
fn base(app: &App, extensions: &::http::Extensions) -> String {
    if let Some(url) = &app.config.public_url {
        return url.clone();
    }
    let scheme = if IsSecure::of_call(extensions).0 { "https" } else { "http" };
    let host = extensions.get::<Host>().map_or("localhost", |host| host.0.as_str());
    format!("{scheme}://{host}")
}
