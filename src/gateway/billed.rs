//! Which failures are billed.

use crate::provider::Error;

/// Returns whether an error says that no model ran.
pub(super) fn was_not_billed(error: &Error) -> bool {
    match error {
        Error::TimedOut { .. } | Error::Cut | Error::Failed | Error::Malformed(_) => false,
        Error::Unauthorized
        | Error::Forbidden(_)
        | Error::NoCredit
        | Error::RateLimited { .. }
        | Error::UsedUp { .. }
        | Error::Overloaded
        | Error::TooLong(_)
        | Error::UnknownModel(_)
        | Error::Rejected(_)
        | Error::Refused(_)
        | Error::Unreachable(_)
        | Error::Tls(_)
        | Error::Setting { .. }
        | Error::Budget(_)
        | Error::Credential(_)
        | Error::Confined(_)
        | Error::Credentials(_)
        | Error::Unaudited(_)
        | Error::Governed { .. }
        | Error::Offline
        | Error::Unsupported { .. } => true,
    }
}
