//! `albumen upload`

mod files;
mod journal;
mod known;
mod report;
mod send;
mod targets;
mod watch;

use std::path::PathBuf;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::interrupt;
use report::Report;
use send::Sender;
use targets::Choice;

/// Upload photos and videos, or whole folders of them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen upload IMG_2041.jpg IMG_2042.jpg
  albumen upload ~/Pictures/Summer --album Summer
  albumen upload ~/Pictures --album-per-folder
  albumen upload ~/Pictures --dry-run
  albumen upload ~/Camera --album Camera --watch

Folders are read with all folders in them; names that begin with a dot and symbolic links are left
out there. A photo and a video of the same name (IMG_1.HEIC, IMG_1.MOV) become one live photo. What
the server has already is not sent again, but put into the album. After an interruption the same
command goes on where the server has got to.")]
pub(crate) struct Args {
    /// The files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Put everything into this album, by name or id; it is made if you see none of the name
    #[arg(long, value_name = "ALBUM")]
    album: Option<String>,
    /// Put each file into the album that is called like its folder, which is made if need be
    #[arg(long, conflicts_with = "album")]
    album_per_folder: bool,
    /// Only show what would be sent, and which albums would be made
    #[arg(long)]
    dry_run: bool,
    /// Go on with what appears in the folders or changes there, until Ctrl+C
    #[arg(long, conflicts_with = "dry_run")]
    watch: bool,
    /// How many files are sent at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    jobs: u8,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    for path in &args.paths {
        if let Err(error) = std::fs::metadata(path) {
            return Err(Failure::Usage(format!("{}: {error}", path.display())));
        }
    }
    let (client, url) = context.client().await?;
    let choice = match (args.album, args.album_per_folder) {
        (Some(album), _) => Choice::One(album),
        (None, true) => Choice::PerFolder,
        (None, false) => Choice::None,
    };
    let mut sender = Sender::new(context.output, client, url, choice);
    sender.dry_run = args.dry_run;
    sender.jobs = usize::from(args.jobs);
    if args.watch {
        return interrupt::or(watch::run(&mut sender, &args.paths)).await;
    }
    let found = files::find(&args.paths);
    let files = interrupt::or(sender.send(found)).await?;
    let into_albums = sender.targets.has_albums() && !args.dry_run;
    let report = Report { files, albums: sender.targets.into_albums() };
    report.print(context.output)?;
    if into_albums && report.known() > 0 {
        context.output.note("what was there already is in its album now, unless it is locked");
    }
    report.result()
}
