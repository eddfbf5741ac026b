//! The albums that files go into.

use std::collections::HashMap;
use std::path::Path;

use albumen_client::v1::{AddAlbumAssetsRequest, Album, AlbumRole, CreateAlbumRequest};
use albumen_client::{Client, Error, retry};
use uuid::Uuid;

use super::report::Target;
use crate::failure::{Failure, Result};
use crate::names;

/// How many assets one call may name.
const BATCH: usize = 1000;

/// Which albums to use.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    None,
    One(String),
    PerFolder,
}

/// The albums by the names that files ask for. Each is looked for once, and made if need be.
#[derive(Debug)]
pub(super) struct Targets {
    choice: Choice,
    albums: HashMap<String, Target>,
}

impl Targets {
    pub(super) fn new(choice: Choice) -> Self {
        Self { choice, albums: HashMap::new() }
    }

    /// The album of a file, once it is found or made; `None` if it goes into none, or into one that a
    /// dry run did not make.
    pub(super) fn album_id(&self, path: &Path) -> Option<&str> {
        let album = self.albums.get(&self.name(path)?)?;
        Some(album.id.as_str()).filter(|id| !id.is_empty())
    }

    /// Finds the album of a file. One that takes nothing from the caller is refused: a second one
    /// of its name is not what they mean.
    pub(super) async fn find(&mut self, client: &Client, path: &Path) -> Result<()> {
        let Some(name) = self.name(path).filter(|name| !self.albums.contains_key(name)) else {
            return Ok(());
        };
        let album = match names::find_album(client, &name, AlbumRole::Contributor).await? {
            None => names::find_album(client, &name, AlbumRole::Viewer).await?,
            found => found,
        };
        let target = match album {
            Some(album) if album.role() < AlbumRole::Contributor => {
                return Err(Failure::RoleTooLow { album: album.display_name });
            }
            Some(album) => Target { id: album.id, name: album.display_name, created: false },
            None => Target { id: String::new(), name: name.clone(), created: true },
        };
        self.albums.insert(name, target);
        Ok(())
    }

    /// Makes the album of a file, if none was found.
    pub(super) async fn make(&mut self, client: &Client, path: &Path) -> Result<()> {
        let Some(target) = self.name(path).and_then(|name| self.albums.get_mut(&name)) else {
            return Ok(());
        };
        if target.id.is_empty() {
            target.id = create(client, &target.name).await?;
        }
        Ok(())
    }

    /// Puts assets of the caller's into an album. Locked ones stay out.
    pub(super) async fn add(client: &Client, album_id: &str, asset_ids: &[String]) -> Result<()> {
        for batch in asset_ids.chunks(BATCH) {
            let mut asset_ids = batch.to_vec();
            while !asset_ids.is_empty() {
                let (album_id, rest) = (album_id.to_owned(), asset_ids.clone());
                let request = AddAlbumAssetsRequest { album_id, asset_ids: rest };
                let add = || async { client.albums().add_album_assets(request.clone()).await };
                match retry(add).await {
                    Ok(_) => break,
                    Err(error) => leave_out(&mut asset_ids, error)?,
                }
            }
        }
        Ok(())
    }

    /// Whether files go into albums.
    pub(super) fn has_albums(&self) -> bool {
        !self.albums.is_empty()
    }

    pub(super) fn into_albums(self) -> Vec<Target> {
        let mut albums: Vec<_> = self.albums.into_values().collect();
        albums.sort_by(|one, other| one.name.cmp(&other.name));
        albums
    }

    fn name(&self, path: &Path) -> Option<String> {
        match &self.choice {
            Choice::None => None,
            Choice::One(name) => Some(name.clone()),
            Choice::PerFolder => folder_name(path),
        }
    }
}

/// Takes the asset that an album must not have out of a request; gives back any other error.
fn leave_out(asset_ids: &mut Vec<String>, error: Error) -> Result<()> {
    let is_locked = error.reason() == Some("ASSET_LOCKED");
    let before = asset_ids.len();
    if let Some(id) = error.metadata("resource_id").filter(|_| is_locked) {
        asset_ids.retain(|other| other != id);
    }
    if asset_ids.len() < before { Ok(()) } else { Err(error.into()) }
}

async fn create(client: &Client, name: &str) -> Result<String> {
    let request = CreateAlbumRequest {
        album: Some(Album { display_name: name.to_owned(), ..Album::default() }),
        request_id: Uuid::now_v7().to_string(),
        ..CreateAlbumRequest::default()
    };
    Ok(retry(|| async { client.albums().create_album(request.clone()).await }).await?.id)
}

/// The name of the folder that a file is in; `None` at the root of the file system.
fn folder_name(path: &Path) -> Option<String> {
    let whole = std::path::absolute(path).ok()?;
    let folder = whole.parent()?;
    // `.` and `..` have no name of their own.
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    Some(folder.file_name()?.to_string_lossy().chars().take(255).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn album_is_called_like_the_folder() {
        assert_eq!(folder_name(Path::new("/photos/Summer/a.jpg")).as_deref(), Some("Summer"));
        assert_eq!(folder_name(Path::new("/a.jpg")), None);
        let here = std::env::current_dir().unwrap();
        let here = here.file_name().unwrap().to_str();
        assert_eq!(folder_name(Path::new("a.jpg")).as_deref(), here);
    }
}
