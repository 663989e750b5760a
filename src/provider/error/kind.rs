//! What kind of failure an error is, for logs: without a word of what the provider said, which may hold what it was sent.

use super::Error;

impl Error {
    /// Returns what kind of failure it is, in a word, without what the provider said.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::NoCredit => "no credit",
            Self::RateLimited { .. } => "rate limited",
            Self::UsedUp { .. } => "used up",
            Self::Overloaded => "overloaded",
            Self::Failed => "failed",
            Self::TooLong(_) => "too long",
            Self::UnknownModel(_) => "unknown model",
            Self::Rejected(_) => "rejected",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Tls(_) => "tls",
            Self::Setting { .. } => "setting",
            Self::Confined(_) => "confined",
            Self::Governed { .. } => "governed",
            Self::Credentials(_) => "credentials",
            Self::Unaudited(_) => "unaudited",
            Self::Offline => "offline",
            Self::TimedOut { .. } => "timed out",
            Self::Cut => "cut",
            Self::Malformed(_) => "malformed",
            Self::Budget(_) => "budget",
            Self::Credential(_) => "credential",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}
