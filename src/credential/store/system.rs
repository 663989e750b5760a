//! The systems' own stores, behind the interface that their crates share.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Fault, Store};

/// The name under which the systems' own tools show what is ours.
const SERVICE: &str = "byok-lsp";

struct System(Arc<CredentialStore>);

/// Opens the store of the system.
pub(super) fn open() -> Result<Box<dyn Store>, Fault> {
    #[cfg(target_os = "linux")]
    let store: Arc<CredentialStore> =
        zbus_secret_service_keyring_store::Store::new().map_err(|error| fault(&error))?;
    #[cfg(target_os = "macos")]
    let store: Arc<CredentialStore> =
        apple_native_keyring_store::keychain::Store::new().map_err(|error| fault(&error))?;
    #[cfg(target_os = "windows")]
    let store: Arc<CredentialStore> =
        windows_native_keyring_store::Store::new().map_err(|error| fault(&error))?;
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    return Ok(Box::new(System(store)));
    #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
    Err(Fault("it is not known on this system".into()))
}

/// Opens the kernel's store.
pub(super) fn open_session() -> Result<Box<dyn Store>, Fault> {
    #[cfg(target_os = "linux")]
    {
        let store = linux_keyutils_keyring_store::Store::new().map_err(|error| fault(&error))?;
        Ok(Box::new(System(store)))
    }
    #[cfg(not(target_os = "linux"))]
    Err(Fault("there is none on this system".into()))
}

impl System {
    fn entry(&self, name: &str) -> Result<Entry, Fault> {
        self.0
            .build(SERVICE, name, None)
            .map_err(|error| fault(&error))
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

/// Says what is wrong without the store's own words where they could hold what is stored.
fn fault(error: &Error) -> Fault {
    Fault(match error {
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
