//! Hearing of what other servers on the same database did.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use super::{ALBUM, CHANNEL, write_link_uses};
use crate::access;
use crate::app::App;
use crate::config::DatabaseUrl;
use crate::error::{Error, Result, log};
use crate::id::AlbumId;

/// How often revocations are looked for: they end streams on other servers within two seconds.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often it is written down what guests downloaded. A crash loses what came since.
const USES_INTERVAL: Duration = Duration::from_secs(5);

/// Follows other servers until `stopping`: what they revoke, by one query a second, and, on
/// PostgreSQL, what they are told of albums at once.
pub fn follow(app: &App, stopping: &CancellationToken) {
    let watching = watch_revocations(app.clone());
    app.spawn(stopping.clone().run_until_cancelled_owned(watching));
    let counting = count_uses(app.clone());
    app.spawn(stopping.clone().run_until_cancelled_owned(counting));
    if let DatabaseUrl::Postgres(url) = &app.config.database_url {
        let listening = listen(app.clone(), url.expose().to_owned());
        app.spawn(stopping.clone().run_until_cancelled_owned(listening));
    }
}

async fn watch_revocations(app: App) {
    loop {
        if let Err(error) = look(&app).await {
            log(&error);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn count_uses(app: App) {
    loop {
        tokio::time::sleep(USES_INTERVAL).await;
        if let Err(error) = write_link_uses(&app).await {
            log(&error);
        }
    }
}

async fn look(app: &App) -> Result<()> {
    let recent = access::recent_revocations(app.database.reader(), app.now()).await?;
    app.revocations.notice(&recent);
    Ok(())
}

async fn listen(app: App, url: String) {
    loop {
        if let Err(error) = hear(&app, &url).await {
            log(&error);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn hear(app: &App, url: &str) -> Result<()> {
    let mut listener = PgListener::connect(url).await.map_err(Error::internal)?;
    listener.listen(CHANNEL).await.map_err(Error::internal)?;
    loop {
        // What was said while nobody listened.
        app.events.wake_all();
        look(app).await?;
        while let Some(said) = listener.try_recv().await.map_err(Error::internal)? {
            match said.payload().strip_prefix(ALBUM).and_then(AlbumId::parse) {
                Some(album_id) => app.events.wake(album_id),
                None => look(app).await?,
            }
        }
    }
}
