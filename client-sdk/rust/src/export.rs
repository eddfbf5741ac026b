//! Downloading the archives of an export, and reading them back.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

use albumen::v1::stream_export_response::Part;
use albumen::v1::{Export, ExportPart, StreamExportRequest};
use bytes::Bytes;
use futures::stream::TryStreamExt as _;
use tonic::Status;
use zip::ZipArchive;
use zip::result::{ZipError, ZipResult};

use crate::download::{Chunks, Saved, blocking, chunks, save};
use crate::upload::unsigned;
use crate::{Client, Error, Progress, Result};

impl Client {
    /// Downloads all archives of an export into a folder, which is made if it is not there. What an
    /// earlier call left unfinished goes on. At the end every archive is read back: the CRC-32 of
    /// each file in it is checked, and its directory against the server's.
    ///
    /// Fails with [`Error::Exists`] rather than overwrite a different file, with
    /// [`Error::Damaged`] if an archive is not what the server has, and with `EXPORT_STALE` if an
    /// asset is gone since the export was made.
    pub async fn export_to(
        &self,
        export: &Export,
        folder: impl AsRef<Path>,
        progress: Progress,
    ) -> Result<Vec<Saved>> {
        let folder = folder.as_ref();
        tokio::fs::create_dir_all(folder).await.map_err(Error::file(folder))?;
        let (mut before, total) = (0, unsigned(export.size_bytes));
        let mut all = Vec::new();
        for part in &export.parts {
            let path = folder.join(plain_name(&part.file_name)?);
            let open = |offset| self.archive(export, part, offset);
            let fault = |path| self.fault(export, part, path);
            let tell = |done| progress.tell(before + done, total);
            let saved = save(&path, unsigned(part.size_bytes), open, fault, tell).await?;
            before += saved.size_bytes;
            all.push(saved);
        }
        Ok(all)
    }

    /// The bytes of an archive from `offset` on.
    async fn archive(
        &self,
        export: &Export,
        part: &ExportPart,
        offset: i64,
    ) -> Result<Chunks, Status> {
        let (export_id, part) = (export.id.clone(), part.number);
        let request = StreamExportRequest { export_id, part, offset, limit_bytes: None };
        let parts = self.exports().stream_export(request).await?.into_inner();
        Ok(chunks(parts, |message| match message.part {
            Some(Part::Chunk(chunk)) => Some(chunk),
            _ => None,
        }))
    }

    /// What is wrong with an archive. If its directory is the server's and its files have the
    /// directory's checksums, nothing of another export is left in it.
    async fn fault(
        &self,
        export: &Export,
        part: &ExportPart,
        path: PathBuf,
    ) -> Result<Option<String>> {
        let (archive, entry_count) = (path.clone(), part.entry_count);
        let read = blocking(move || Ok(read_back(&archive, entry_count)));
        let directory = match read.await.map_err(Error::file(&path))? {
            Ok(directory) => directory,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let offset = part.size_bytes.saturating_sub_unsigned(directory.len() as u64);
        let theirs: Vec<Bytes> = self.archive(export, part, offset).await?.try_collect().await?;
        let is_same = theirs.concat() == directory;
        Ok((!is_same).then(|| "its directory differs".to_owned()))
    }
}

/// A name that cannot lead out of a folder.
fn plain_name(name: &str) -> Result<&Path> {
    let path = Path::new(name);
    match path.components().collect::<Vec<_>>().as_slice() {
        [Component::Normal(only)] if *only == name => Ok(path),
        _ => Err(Error::Answer("a file name with folders")),
    }
}

/// Reads every file of an archive, which checks its CRC-32. Gives the archive's directory, up to
/// the end of the archive.
fn read_back(path: &Path, entry_count: i32) -> ZipResult<Vec<u8>> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
    if i32::try_from(archive.len()) != Ok(entry_count) {
        return Err(ZipError::InvalidArchive("it has another number of files".into()));
    }
    for index in 0..archive.len() {
        io::copy(&mut archive.by_index(index)?, &mut io::sink())?;
    }
    let start = archive.central_directory_start();
    let (mut file, mut directory) = (archive.into_inner(), Vec::new());
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut directory)?;
    Ok(directory)
}
