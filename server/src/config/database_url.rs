//! Which database the server works on.

use std::fmt;
use std::path::PathBuf;

use super::Secret;

/// The database that the server works on. Displayed without name and password of who opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Secret),
}

impl DatabaseUrl {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Some(Self::Postgres(Secret(text.to_owned())));
        }
        let path = text.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (!path.is_empty()).then(|| Self::Sqlite(PathBuf::from(path)))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::Sqlite(path) => return path.display().fmt(f),
            Self::Postgres(url) => url.expose(),
        };
        // Parameters may hold a password too.
        let url = url.split('?').next().unwrap_or_default();
        let url = url.split_once("://").map_or(url, |(_, rest)| rest);
        write!(f, "postgres://{}", url.rsplit_once('@').map_or(url, |(_, rest)| rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_without_who_opens_it() {
        let shown = |url| DatabaseUrl::parse(url).unwrap().to_string();
        assert_eq!(shown("sqlite:/srv/albumen.db"), "/srv/albumen.db");
        assert_eq!(shown("sqlite://a.db"), "a.db");
        assert_eq!(shown("postgres://db/albumen"), "postgres://db/albumen");
        let url = "postgresql://ann:hunter2@db:5432/albumen?password=hunter3";
        assert_eq!(shown(url), "postgres://db:5432/albumen");
        assert_eq!(shown("postgres://ann:hunt@er@db/x"), "postgres://db/x");
    }
}
