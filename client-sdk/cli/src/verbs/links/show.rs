//! How links are shown.

use albumen_client::v1::{SharedLink, SharedLinkStats};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use crate::context::Context;
use crate::failure::Result;
use crate::table::{Table, printable};
use crate::words::word;
use crate::{bytes_text, json, times};

/// The address, and below it a QR code.
pub(super) fn address(link: &SharedLink, qr: bool) -> String {
    let address = printable(&link.url);
    // What is too long for a code is no address.
    let code = qr.then(|| QrCode::new(link.url.as_bytes()).ok()).flatten();
    // Cameras look for dark on light, and most terminals are light on dark.
    let dense = |code: QrCode| {
        let mut render = code.render::<Dense1x2>();
        render.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
    };
    [Some(address), code.map(dense)].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

pub(super) fn table(links: &[SharedLink]) -> Table {
    Table::of(["title", "photos", "state", "until", "password", "address", "id"], links, |link| {
        [
            link.title.clone(),
            link.asset_count.to_string(),
            state(link),
            times::format(link.expire_time),
            if link.has_password { "yes" } else { "" }.to_owned(),
            link.url.clone(),
            link.id.clone(),
        ]
    })
}

/// Prints a link, and how it was used.
pub(super) fn link(
    context: &Context,
    link: &SharedLink,
    stats: Option<&SharedLinkStats>,
    qr: bool,
) -> Result<()> {
    let Some(stats) = stats else {
        return context.output.message(link, || facts(link).to_string());
    };
    let value = json!({ "sharedLink": json::value(link)?, "stats": json::value(stats)? });
    context.output.value(&value, || {
        let code = if qr { address(link, true) } else { String::new() };
        format!("{}{}{code}", facts(link), used(stats))
    })
}

fn facts(link: &SharedLink) -> Table {
    let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    let most = |limit: Option<i64>| limit.map(bytes_text::format_signed).unwrap_or_default();
    Table::facts([
        ("address", link.url.clone()),
        ("id", link.id.clone()),
        ("title", link.title.clone()),
        ("description", link.description.clone()),
        ("shows", word(link.kind().as_str_name(), "SHARED_LINK_KIND_")),
        ("photos", link.asset_count.to_string()),
        ("state", state(link)),
        ("until", times::format(link.expire_time)),
        ("password", yes(link.has_password)),
        ("download", yes(link.allow_download())),
        ("upload", yes(link.allow_upload())),
        ("undo", yes(link.allow_undo())),
        ("most to upload", most(link.max_upload_bytes)),
        ("most photos", link.max_upload_count.map(|it| it.to_string()).unwrap_or_default()),
        ("metadata", word(link.metadata().as_str_name(), "SHARED_LINK_METADATA_")),
        ("quality", word(link.quality().as_str_name(), "SHARED_LINK_QUALITY_")),
        ("comments", word(link.guest_activity().as_str_name(), "GUEST_ACTIVITY_")),
        ("against the policy", violations(link)),
        ("made", times::format(link.create_time)),
    ])
}

fn used(stats: &SharedLinkStats) -> Table {
    Table::facts([
        ("opened", stats.open_count.to_string()),
        ("visitors", stats.visitor_count.to_string()),
        ("downloads", stats.download_count.to_string()),
        ("uploads", stats.uploaded_count.to_string()),
        ("last used", times::format(stats.last_use_time)),
    ])
}

fn violations(link: &SharedLink) -> String {
    let words =
        link.violations().map(|it| word(it.as_str_name(), "SHARED_LINK_VIOLATION_"));
    words.collect::<Vec<_>>().join(", ")
}

fn state(link: &SharedLink) -> String {
    word(link.state().as_str_name(), "SHARED_LINK_STATE_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_stands_above_its_code() {
        let url = "https://photos.example.org/share/summer-2024".to_owned();
        let link = SharedLink { url: url.clone(), ..SharedLink::default() };
        assert_eq!(address(&link, false), url);
        let text = address(&link, true);
        assert!(text.starts_with(&url) && text.lines().count() > 10, "{text}");
    }
}
