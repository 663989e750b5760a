//! The encrypted file, for machines without a key store: an age file that a passphrase opens, with all texts in it as one JSON object.
//!
//! It is read and written whole. `age --decrypt` opens it too. A guess at the passphrase is slow by design, and so is each opening and each
//! writing: the work is what OWASP asks of scrypt at the least (2^17 rounds of 1 KiB, 128 MiB), since whoever gets the file may guess for
//! years. So it is opened once in a process, unless another has written it since, and written once for each change.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::secrecy::SecretString as Passphrase;
use secrecy::zeroize::{Zeroize as _, Zeroizing};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Fault, Store};
use crate::credential::Secret;

/// The most work that a file may ask for; one that asks for more is not ours. `age` itself asks for 2^18.
const MAX_WORK: u8 = 18;

/// A file of more than this is not ours.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The file, opened by its passphrase.
pub struct File {
    path: PathBuf,
    passphrase: Arc<Secret>,
    work: u8,
    opened: Option<Opened>,
    /// Whether the texts are to be written.
    is_changed: bool,
}

/// What is in it, and the bytes that it had then: as long as it has those, it need not be opened again.
struct Opened {
    sealed: Option<Vec<u8>>,
    texts: BTreeMap<String, SecretString>,
}

impl File {
    /// Creates a way to a file, which need not exist yet. When it is written, a guess at its passphrase is made to take 2^`work` rounds.
    pub fn new(path: PathBuf, passphrase: Arc<Secret>, work: u8) -> Self {
        Self {
            path,
            passphrase,
            work,
            opened: None,
            is_changed: false,
        }
    }

    /// Returns whether another way leads to the same file, with the same passphrase.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.path == other.path && self.passphrase.expose() == other.passphrase.expose()
    }

    fn passphrase(&self) -> Passphrase {
        Passphrase::from(self.passphrase.expose().to_owned())
    }

    fn texts(&mut self) -> Result<&mut BTreeMap<String, SecretString>, Fault> {
        let opened = match self.opened.take() {
            // What is not written yet is newer than any file.
            Some(opened) if self.is_changed => opened,
            before => {
                let sealed = read_bounded(&self.path)?;
                match before.filter(|before| before.sealed == sealed) {
                    Some(same) => same,
                    None => Opened {
                        texts: self.open(sealed.as_deref())?,
                        sealed,
                    },
                }
            }
        };
        Ok(&mut self.opened.insert(opened).texts)
    }

    fn open(&self, sealed: Option<&[u8]>) -> Result<BTreeMap<String, SecretString>, Fault> {
        let Some(bytes) = sealed else {
            return Ok(BTreeMap::new());
        };
        let mut identity = age::scrypt::Identity::new(self.passphrase());
        identity.set_max_work_factor(MAX_WORK);
        let plain = age::decrypt(&identity, bytes).map_err(|error| match error {
            age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
                Fault::new("the passphrase does not open it".into())
            }
            age::DecryptError::ExcessiveWork { .. } => Fault::new(format!(
                "{} was made to be opened more slowly than we wait for; make it anew",
                self.path.display()
            )),
            _ => Fault::new(format!("{} is damaged or no age file", self.path.display())),
        })?;
        let plain = Zeroizing::new(plain);
        let texts: BTreeMap<String, String> = serde_json::from_slice(&plain)
            .map_err(|_| Fault::new(format!("{} holds something else", self.path.display())))?;
        Ok(texts
            .into_iter()
            .map(|(name, text)| (name, text.into()))
            .collect())
    }

    fn write(&mut self) -> Result<(), Fault> {
        let texts = self.opened.iter().flat_map(|opened| &opened.texts);
        let mut texts: BTreeMap<&str, &str> = texts
            .map(|(name, text)| (name.as_str(), text.expose_secret()))
            .collect();
        let plain = Zeroizing::new(
            serde_json::to_vec(&texts).map_err(|_| Fault::new("it cannot be written".into()))?,
        );
        texts.clear();
        let mut recipient = age::scrypt::Recipient::new(self.passphrase());
        recipient.set_work_factor(self.work);
        let sealed = age::encrypt(&recipient, &plain)
            .map_err(|_| Fault::new("it cannot be encrypted".into()))?;
        replace(&self.path, &sealed)
            .map_err(|error| Fault::of_io("cannot be written", &self.path, &error))?;
        if let Some(opened) = &mut self.opened {
            opened.sealed = Some(sealed);
        }
        self.is_changed = false;
        Ok(())
    }
}

impl Store for File {
    fn get(&mut self, name: &str) -> Result<Option<SecretString>, Fault> {
        Ok(self.texts()?.get(name).cloned())
    }

    fn set(&mut self, name: &str, text: &SecretString) -> Result<(), Fault> {
        self.texts()?.insert(name.into(), text.clone());
        self.is_changed = true;
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), Fault> {
        let removed = self.texts()?.remove(name);
        self.is_changed |= removed.is_some();
        Ok(())
    }

    fn save(&mut self) -> Result<(), Fault> {
        if self.is_changed {
            self.write()?;
        }
        Ok(())
    }
}

fn read_bounded(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let fault = |error: &std::io::Error| Fault::of_io("cannot be read", path, error);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(&error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fault(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        bytes.zeroize();
        return Err(Fault::new(format!(
            "{} is larger than 4 MiB",
            path.display()
        )));
    }
    Ok(Some(bytes))
}

/// Puts a new file in the place of an old one, so that there is always a whole one, which only its owner may read.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let new = path.with_extension("age.new");
    // One that a crash left is in the way; one that somebody put there must not be followed.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path, passphrase: &str) -> File {
        // Guessing is not what is tested.
        File::new(path.into(), Arc::new(Secret::new(passphrase.into())), 4)
    }

    fn get(file: &mut File, name: &str) -> Option<String> {
        let text = file.get(name).expect("an answer");
        text.map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn what_is_stored_is_found_again_with_the_passphrase_and_only_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/keys.age");
        let mut one = file(&path, "correct horse");
        assert_eq!(get(&mut one, "a"), None);
        one.set("a", &"sk-canary-4711".to_owned().into())
            .expect("kept");
        one.set("b", &"other".to_owned().into()).expect("kept");
        one.save().expect("written");
        assert_eq!(
            get(&mut file(&path, "correct horse"), "a").as_deref(),
            Some("sk-canary-4711")
        );
        let wrong = file(&path, "battery staple").get("a").expect_err("refused");
        assert_eq!(wrong.to_string(), "the passphrase does not open it");
        let mut other = file(&path, "correct horse");
        other.remove("a").expect("removed");
        other.save().expect("written");
        assert_eq!(get(&mut file(&path, "correct horse"), "a"), None);
        assert_eq!(
            get(&mut file(&path, "correct horse"), "b").as_deref(),
            Some("other")
        );
    }

    #[test]
    fn the_file_is_its_owners_and_shows_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.age");
        let mut written = file(&path, "correct horse");
        written
            .set("openai/work", &"sk-canary-4711".to_owned().into())
            .expect("kept");
        written.save().expect("written");
        let bytes = std::fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("age-encryption.org/v1"));
        assert!(!text.contains("canary") && !text.contains("openai"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path)
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn it_is_opened_again_only_when_somebody_else_has_written_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.age");
        let put = |text: &str| {
            let mut other = file(&path, "correct horse");
            other.set("a", &text.to_owned().into()).expect("kept");
            other.save().expect("written");
        };
        put("one");
        let mut kept = file(&path, "correct horse");
        assert_eq!(get(&mut kept, "a").as_deref(), Some("one"));
        // With another passphrase it could not be opened any more, and need not be.
        kept.passphrase = Arc::new(Secret::new("battery staple".into()));
        assert_eq!(get(&mut kept, "a").as_deref(), Some("one"));
        put("two");
        assert!(kept.get("a").is_err());
        kept.passphrase = Arc::new(Secret::new("correct horse".into()));
        assert_eq!(get(&mut kept, "a").as_deref(), Some("two"));
    }

    #[test]
    fn a_file_that_takes_too_long_to_open_is_not_tried() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.age");
        std::fs::write(
            &path,
            "age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 19\nZV/AhotwSGqaPCU43cepl4WYUouAa17a3xpu4G2yi5k\n--- fgMiVLJHMlg9fW7CVG/hPS5EAU4Zeg19LyCP7SoH5nA\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        )
        .expect("a file");
        let told = file(&path, "correct horse").get("a").expect_err("refused");
        assert!(told.to_string().contains("more slowly"), "{told}");
    }

    #[test]
    fn what_is_no_such_file_is_a_fault_and_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.age");
        for content in ["", "age-encryption.org/v1\n", "{}"] {
            std::fs::write(&path, content).expect("a file");
            let mut file = file(&path, "correct horse");
            assert!(file.set("a", &"b".to_owned().into()).is_err());
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), content);
        }
    }
}
