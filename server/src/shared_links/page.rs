//! The page behind a link's address: what programs that show previews of links, and people until
//! the app takes over, get to read before the link is opened.
//!
//! It opens nothing. Behind a password there is nothing to read.

use std::fmt::{self, Display, Write as _};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::open::find;
use super::{count, description, title};
use crate::access::{self, Client};
use crate::app::App;
use crate::assets::{self, Download};
use crate::entity::album::Model as Album;
use crate::entity::asset_file::Kind;
use crate::entity::shared_link::{Metadata, Model as SharedLink, Quality};
use crate::error::{Error, Result};
use crate::keys;
use crate::time::{Date, Micros};

/// What the pages say they belong to.
const SITE_NAME: &str = "Albumen";
/// The largest file that is given out as a cover.
const MAX_COVER_BYTES: u64 = 8 << 20;
/// The kinds of files that are given out as a cover: pictures that everything shows.
const COVER_TYPES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];
/// How many letters of a description stand in a preview.
const MAX_SUMMARY: usize = 300;
const DAY_US: i64 = 86_400_000_000;

const STYLE: &str = "body{max-width:40rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff;\
font:1.1rem/1.5 system-ui,sans-serif}h1{font-size:2rem;line-height:1.2;overflow-wrap:anywhere}\
p{white-space:pre-line;overflow-wrap:anywhere}.count{color:#666}img{max-width:100%;max-height:30rem}";

/// What the pages allow a browser: their own style and pictures of this server.
pub(super) static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(keys::hash(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
});

/// What a link's page tells of a link without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharePage {
    title: String,
    description: String,
    asset_count: i32,
    days: Option<(Date, Date)>,
    has_cover: bool,
}

/// The page of a link; `None` if the link has a password. Fails as opening it would.
pub async fn share_page(
    app: &App,
    client: &Client,
    key_or_slug: &str,
) -> Result<Option<SharePage>> {
    let (link, album) = find(app, client, key_or_slug).await?;
    if link.password_hash.is_some() {
        return Ok(None);
    }
    Ok(Some(SharePage {
        title: title(&link, &album),
        description: description(&link, &album).to_owned(),
        asset_count: album.asset_count,
        days: album.first_time.map(day).zip(album.last_time.map(day)),
        has_cover: public_cover(app, &link, &album).await?.is_some(),
    }))
}

fn day(time: Micros) -> Date {
    Date::of_day(i32::try_from(time.0.div_euclid(DAY_US)).unwrap_or_default())
}

/// The cover of what a link shows, for everybody who has its address. Fails with `NOT_FOUND` if
/// there is none that everybody may have.
pub async fn cover(app: &App, client: &Client, key_or_slug: &str) -> Result<Download> {
    let (link, album) = find(app, client, key_or_slug).await?;
    let cover = public_cover(app, &link, &album).await?;
    cover.ok_or_else(|| Error::not_found("shared_link", ""))
}

/// A cover is given out as a guest would download it, and only where every guest may download the
/// very file: smaller pictures for the others do not exist yet.
async fn public_cover(app: &App, link: &SharedLink, album: &Album) -> Result<Option<Download>> {
    let is_public = link.password_hash.is_none()
        && link.allow_download
        && link.quality == Quality::Originals
        && link.metadata == Metadata::Full;
    let Some(asset_id) = album.cover_asset_id.filter(|_| is_public) else { return Ok(None) };
    let guest = access::guest_of(link);
    let download = match assets::download(app, &guest, asset_id, Kind::Still).await {
        Ok(download) => download.uncounted(),
        // Gone since the album was read.
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_shown = COVER_TYPES.contains(&download.file.content_type.as_str())
        && download.file.damage_time.is_none()
        && download.size() <= MAX_COVER_BYTES;
    Ok(is_shown.then_some(download))
}

impl SharePage {
    /// The page in HTML; `url` is its own address.
    pub(super) fn html(&self, url: &str) -> String {
        let (title, count) = (Escaped(&self.title), self.counts());
        let summary = self.summary();
        let summary = Escaped(&summary);
        let mut head = format!(
            "<meta name=\"description\" content=\"{summary}\">\n\
             <meta property=\"og:type\" content=\"website\">\n\
             <meta property=\"og:site_name\" content=\"{SITE_NAME}\">\n\
             <meta property=\"og:title\" content=\"{title}\">\n\
             <meta property=\"og:description\" content=\"{summary}\">\n\
             <meta property=\"og:url\" content=\"{}\">\n\
             <meta name=\"twitter:title\" content=\"{title}\">\n\
             <meta name=\"twitter:description\" content=\"{summary}\">\n",
            Escaped(url)
        );
        let mut body = format!("<h1>{title}</h1>\n");
        if !self.description.is_empty() {
            let _ = writeln!(body, "<p>{}</p>", Escaped(&self.description));
        }
        let _ = writeln!(body, "<p class=\"count\">{count}</p>");
        if self.has_cover {
            let cover = format!("{url}/cover");
            let cover = Escaped(&cover);
            let _ = write!(
                head,
                "<meta property=\"og:image\" content=\"{cover}\">\n\
                 <meta name=\"twitter:card\" content=\"summary_large_image\">\n\
                 <meta name=\"twitter:image\" content=\"{cover}\">\n"
            );
            // Relative to the page: the public address may not be the one it was reached by.
            let address = url.rsplit('/').next().unwrap_or_default();
            let _ = writeln!(body, "<img src=\"{}/cover\" alt=\"\">", Escaped(address));
        } else {
            head.push_str("<meta name=\"twitter:card\" content=\"summary\">\n");
        }
        html(&format!("{} – {SITE_NAME}", self.title), &head, &body)
    }

    /// How many there are, and from when.
    fn counts(&self) -> String {
        let count = count(self.asset_count);
        match self.days {
            None => count,
            Some((first, last)) if first == last => format!("{count}, {}", iso(first)),
            Some((first, last)) => format!("{count}, {} – {}", iso(first), iso(last)),
        }
    }

    fn summary(&self) -> String {
        let mut summary = self.counts();
        if !self.description.is_empty() {
            let start: String = self.description.chars().take(MAX_SUMMARY).collect();
            let _ = write!(summary, ". {start}");
        }
        summary
    }
}

fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// The page of a link with a password: it tells nothing of what is behind it.
pub(super) static LOCKED: LazyLock<String> = LazyLock::new(|| {
    let body = "<h1>Password required</h1>\n\
                <p>Whoever sent you this link can tell you its password.</p>\n";
    html(SITE_NAME, "", body)
});

/// The page of all that does not open, whatever the reason.
pub(super) static MISSING: LazyLock<String> = LazyLock::new(|| {
    let body = "<h1>There is nothing here</h1>\n\
                <p>The link is mistyped, or it does not open any more.</p>\n";
    html(SITE_NAME, "", body)
});

/// The page for those who guessed too often.
pub(super) static BUSY: LazyLock<String> = LazyLock::new(|| {
    let body = "<h1>Too many attempts</h1>\n<p>Try again later.</p>\n";
    html(SITE_NAME, "", body)
});

fn html(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{}</title>\n{head}\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        Escaped(title)
    )
}

/// Text that means nothing but itself in HTML, between tags and in quoted attributes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(title: &str, description: &str, has_cover: bool) -> SharePage {
        let date = Date { year: 2024, month: 7, day: 14 };
        SharePage {
            title: title.to_owned(),
            description: description.to_owned(),
            asset_count: 2,
            days: Some((date, Date { month: 8, ..date })),
            has_cover,
        }
    }

    #[test]
    fn what_people_write_stays_text() {
        let hostile = "\"><script>alert('x')</script>&amp;";
        let html = page(hostile, hostile, true).html("https://example.org/share/a'\"<b");
        assert!(!html.contains("<script"));
        assert!(!html.contains("alert('"));
        assert!(!html.contains("a'\"<b"));
        assert!(
            html.contains("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;")
        );
    }

    #[test]
    fn a_picture_is_named_only_if_there_is_one() {
        let with = page("Summer", "", true).html("https://example.org/share/summer");
        assert!(with.contains("og:image\" content=\"https://example.org/share/summer/cover\""));
        assert!(with.contains("<img src=\"summer/cover\""));
        assert!(with.contains("2 photos and videos, 2024-07-14 – 2024-08-14"));
        let without = page("Summer", "", false).html("https://example.org/share/summer");
        assert!(!without.contains("image") && !without.contains("<img"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_escapes(text in "\\PC{0,80}") {
            let escaped = Escaped(&text).to_string();
            proptest::prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        }
    }
}
