//! What errors of the database mean.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

use super::Error;

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        // A row that was there, or gone, only since this transaction looked.
        if let Some(
            SqlErr::UniqueConstraintViolation(_) | SqlErr::ForeignKeyConstraintViolation(_),
        ) = error.sql_err()
        {
            return Self::Conflict;
        }
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => {
                Self::StorageUnavailable(error.to_string())
            }
            DbErr::Exec(cause) | DbErr::Query(cause) => from_runtime(cause, &error),
            _ => Self::internal(error),
        }
    }
}

impl Error {
    /// What the database says of a row whose `field` must be unique: that its value is taken, or
    /// something else.
    pub fn of_unique(field: &'static str, value: &str, error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::already_exists(field, value),
            _ => error.into(),
        }
    }
}

/// SQLSTATE of PostgreSQL where it has no room, no connections left or shuts down, and SQLite's
/// `SQLITE_READONLY`, `SQLITE_IOERR`, `SQLITE_FULL` and `SQLITE_CANTOPEN`, whose extended codes
/// have the same last byte: the database itself is in trouble, and may get out of it.
const TROUBLE: [&str; 10] =
    ["53000", "53100", "53200", "53300", "53400", "57P01", "57P02", "57P03", "58000", "58030"];
const SQLITE_TROUBLE: [u32; 4] = [8, 10, 13, 14];

fn is_trouble(code: &str) -> bool {
    // SQLSTATEs have five characters; SQLite's codes are numbers of up to four digits.
    let sqlite = code.parse::<u32>().ok().filter(|_| code.len() < 5);
    TROUBLE.contains(&code) || sqlite.is_some_and(|code| SQLITE_TROUBLE.contains(&(code & 0xff)))
}

/// SQLSTATE of a serialization failure and of a deadlock, and SQLite's `SQLITE_BUSY` with its
/// extended `SQLITE_BUSY_SNAPSHOT`: the same call can succeed when it is repeated.
const REPEATABLE: [&str; 4] = ["40001", "40P01", "5", "517"];

fn from_runtime(cause: &RuntimeErr, error: &DbErr) -> Error {
    let RuntimeErr::SqlxError(cause) = cause else { return Error::internal(error) };
    let database_error = cause.as_database_error();
    let code = database_error.and_then(sea_orm::sqlx::error::DatabaseError::code);
    if code.as_ref().is_some_and(|code| REPEATABLE.contains(&code.as_ref())) {
        return Error::Conflict;
    }
    if code.is_some_and(|code| is_trouble(&code)) {
        return Error::StorageUnavailable(error.to_string());
    }
    match cause.as_ref() {
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Error::StorageUnavailable(error.to_string()),
        _ => Error::internal(error),
    }
}
