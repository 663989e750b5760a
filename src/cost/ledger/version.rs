//! Which version of its tables a ledger's file has, without changing it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Returns the version, or in words why it cannot be read.
pub fn schema_version(path: &Path) -> Result<i64, String> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|connection| {
            connection.pragma_query_value(None, "user_version", |row| row.get(0))
        })
        .map_err(|error| error.to_string())
}
