//! Why the ledger's file cannot be used, and the sentence that says so.

use rusqlite::ErrorCode;

use super::schema::Refusal;
use super::store::Place;

/// Why the file cannot be used just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    Locked,
    Full,
    Denied(String),
    Newer,
    Corrupt,
    Other(String),
}

impl Failure {
    pub(super) fn from_io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Denied(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Denied(error.to_string())
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt,
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Newer => Self::Newer,
            Refusal::Sqlite(error) => error.into(),
        }
    }
}

/// One sentence: what happened, to which file, what to do, and what becomes of the rows meanwhile.
pub(super) fn explain(place: &Place, failure: &Failure, waiting: usize, lost: u64) -> String {
    let file = match place {
        Place::File(path) => path.display().to_string(),
        Place::Memory => "in memory".to_owned(),
    };
    let what = match failure {
        Failure::Locked => {
            format!(
                "the ledger {file} is held by another program; close the program that has it open"
            )
        }
        Failure::Full => format!("the disk of the ledger {file} is full; free some space"),
        Failure::Denied(error) => {
            format!("the ledger {file} cannot be opened for writing ({error}); allow writing there")
        }
        Failure::Newer => {
            format!("the ledger {file} was written by a newer byok-lsp; update this one")
        }
        Failure::Corrupt => {
            format!("the ledger {file} is damaged and cannot be moved aside; move it away")
        }
        Failure::Other(error) => {
            format!("the ledger {file} cannot be written ({error}); see whether its disk is well")
        }
    };
    let kept = match waiting {
        0 => String::new(),
        _ => {
            format!("; {waiting} calls wait in memory and are written as soon as that is possible")
        }
    };
    let missing = match lost {
        0 => String::new(),
        _ => format!("; {lost} more could not be kept"),
    };
    format!("{what}{kept}{missing}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_to_which_file_it_happened_and_what_to_do() {
        let place = Place::File("/state/l".into());
        let failures = [
            (Failure::Locked, "close the program that has it open"),
            (Failure::Full, "free some space"),
            (Failure::Denied("why".into()), "allow writing there"),
            (Failure::Newer, "update this one"),
            (Failure::Corrupt, "move it away"),
            (Failure::Other("why".into()), "see whether its disk is well"),
        ];
        for (failure, fix) in failures {
            let told = explain(&place, &failure, 3, 1);
            assert!(told.contains("/state/l") && told.contains(fix), "{told}");
            assert!(told.contains("3 calls wait in memory"), "{told}");
            assert!(told.contains("1 more could not be kept"), "{told}");
        }
    }
}
