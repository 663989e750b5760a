//! The systems' own stores, behind the interface that their crates share.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Fault, Store};

/// The name under which the systems' own tools show what is ours.
const SERVICE: &str = "byok-lsp";

struct System {
    store: Arc<CredentialStore>,
    /// What it is where it gives no entry at all.
    unreached: fn(&Error) -> Fault,
}

/// Opens the store of the system.
pub(super) fn open() -> Result<Box<dyn Store>, Fault> {
    #[cfg(target_os = "linux")]
    let store: Arc<CredentialStore> =
        zbus_secret_service_keyring_store::Store::new().map_err(|error| absent(&error))?;
    #[cfg(target_os = "macos")]
    let store: Arc<CredentialStore> =
        apple_native_keyring_store::keychain::Store::new().map_err(|error| fault(&error))?;
    #[cfg(target_os = "windows")]
    let store: Arc<CredentialStore> =
        windows_native_keyring_store::Store::new().map_err(|error| fault(&error))?;
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    return Ok(Box::new(System {
        store,
        unreached: fault,
    }));
    #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
    Err(Fault::absent("it is not known on this system".into()))
}

/// Opens the kernel's store.
pub(super) fn open_session() -> Result<Box<dyn Store>, Fault> {
    #[cfg(target_os = "linux")]
    {
        let store = linux_keyutils_keyring_store::Store::new().map_err(|error| absent(&error))?;
        // It has no lock: where the kernel does not give it, as in some containers, it gives it to nobody.
        Ok(Box::new(System {
            store,
            unreached: absent,
        }))
    }
    #[cfg(not(target_os = "linux"))]
    Err(Fault::absent("there is none on this system".into()))
}

impl System {
    fn entry(&self, name: &str) -> Result<Entry, Fault> {
        self.store
            .build(SERVICE, name, None)
            .map_err(|error| (self.unreached)(&error))
    }
}

impl Store for System {
    fn get(&mut self, name: &str) -> Result<Option<SecretString>, Fault> {
        match self.entry(name)?.get_password() {
            Ok(text) => Ok(Some(text.into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(fault(&error)),
        }
    }

    fn set(&mut self, name: &str, text: &SecretString) -> Result<(), Fault> {
        let set = self.entry(name)?.set_password(text.expose_secret());
        set.map_err(|error| fault(&error))
    }

    fn remove(&mut self, name: &str) -> Result<(), Fault> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(fault(&error)),
        }
    }
}

/// Says that there is no such store. One that is locked, and one that never answers, can be opened.
#[cfg(target_os = "linux")]
fn absent(error: &Error) -> Fault {
    match error {
        Error::NoStorageAccess(cause) | Error::PlatformFailure(cause) => {
            Fault::absent(format!("it cannot be reached ({cause})"))
        }
        other => fault(other),
    }
}

/// Says what is wrong without the store's own words where they could hold what is stored.
fn fault(error: &Error) -> Fault {
    Fault::new(match error {
        Error::NoStorageAccess(cause) => {
            format!("it is locked, or access to it was refused ({cause}); unlock it and try again")
        }
        Error::PlatformFailure(cause) => format!("it cannot be reached ({cause})"),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            "what it holds is damaged; remove the key and store it anew".into()
        }
        Error::TooLong(..) => "it takes no text of this length".into(),
        Error::Ambiguous(_) => {
            "it holds several keys under one name; remove all but one with the system's own tool"
                .into()
        }
        _ => "it cannot be used".into(),
    })
}
