//! Where keys are kept between runs: the system's store, the kernel's, an encrypted file.
//!
//! Entry points: [`Store`], one small interface over all of them, and [`Worker`], since their calls block and may never return.

mod file;
mod system;
mod worker;

use std::fmt;
use std::path::Path;

use secrecy::SecretString;

pub use file::File;
pub use worker::Worker;

use crate::scrub;

/// Keeps texts by name. Every call may block.
pub trait Store: Send {
    /// Returns the text under a name, or `None` if there is none.
    fn get(&mut self, name: &str) -> Result<Option<SecretString>, Fault>;
    /// Puts a text under a name, in place of what was there.
    fn set(&mut self, name: &str, text: &SecretString) -> Result<(), Fault>;
    /// Removes what is under a name, if anything is.
    fn remove(&mut self, name: &str) -> Result<(), Fault>;
    /// Writes what was changed, where that was not done at once.
    fn save(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// A kind of store, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The system's: Keychain, Credential Manager, Secret Service.
    System,
    /// The kernel's, on Linux.
    Session,
    /// A file that a passphrase opens.
    File,
}

impl Kind {
    /// All kinds that this platform has, in the order in which they are read.
    pub const ALL: &'static [Self] = if cfg!(target_os = "linux") {
        &[Self::System, Self::Session, Self::File]
    } else {
        &[Self::System, Self::File]
    };

    /// Returns how long a key stays in it.
    pub fn lasts(self) -> &'static str {
        match self {
            Self::System | Self::File => "until you remove it",
            Self::Session => "until this login session ends or the machine restarts",
        }
    }

    /// Returns its name in JSON and in the configuration.
    pub fn id(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Session => "session",
            Self::File => "file",
        }
    }

    /// Opens it. The file is opened with its passphrase elsewhere ([`File`]).
    fn open(self) -> Result<Box<dyn Store>, Fault> {
        match self {
            Self::System => system::open(),
            Self::Session => system::open_session(),
            Self::File => Err(Fault::new("it is opened by its passphrase".into())),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::System if cfg!(target_os = "macos") => "the Keychain",
            Self::System if cfg!(windows) => "the Credential Manager",
            Self::System => "the Secret Service",
            Self::Session => "the kernel's session keyring",
            Self::File => "the encrypted file",
        })
    }
}

/// Why a store does not do what is asked, in a clause that begins with what it is or does: `it is locked`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    why: String,
    is_absent: bool,
}

impl Fault {
    /// A fault of a store that is there.
    pub(super) fn new(why: String) -> Self {
        let is_absent = false;
        Self { why, is_absent }
    }

    /// A fault of a store that this system does not have, or does not let anybody reach.
    pub(super) fn absent(why: String) -> Self {
        let is_absent = true;
        Self { why, is_absent }
    }

    /// Returns whether there is no such store here, so that nothing can be in it; otherwise it is locked, silent or damaged.
    pub(super) fn is_absent(&self) -> bool {
        self.is_absent
    }

    /// A fault of a test's own making.
    #[cfg(test)]
    pub fn because(why: &str) -> Self {
        Self::new(why.into())
    }

    fn of_io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("{} {what} ({error})", path.display()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&scrub::scrub_keys(&self.why))
    }
}
