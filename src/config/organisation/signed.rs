//! Reads a file and checks its signature.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use minisign_verify::{PublicKey, Signature};

/// A page of rules is a few kilobytes.
const MOST_BYTES: u64 = 256 * 1024;

/// Returns a file's text and what tells its key from others, if the signature beside it was made with that key.
pub(super) fn verified(path: &Path, key: &str) -> Result<(String, String), String> {
    let text = read(path, "it")?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".minisig");
    let signature = read(Path::new(&beside), "its signature")?;
    let key_text = key.trim();
    // A key's file has a comment above the key.
    let last = key_text.lines().last().unwrap_or_default().trim();
    let public = PublicKey::from_base64(last)
        .map_err(|_| "the public key is none; minisign prints one of 56 characters".to_owned())?;
    let signature = Signature::decode(&signature)
        .map_err(|_| "its signature is none that minisign made".to_owned())?;
    public
        .verify(text.as_bytes(), &signature, false)
        .map_err(|_| {
            "it, or its signature, was changed, or it was signed with another key".to_owned()
        })?;
    Ok((text, last.to_owned()))
}

/// Reads a text within bounds; what is no file is not read.
pub(super) fn read(path: &Path, what: &str) -> Result<String, String> {
    let unread = |error: std::io::Error| {
        let path = path.display();
        match error.kind() {
            std::io::ErrorKind::NotFound => format!("{what} is not there ({path})"),
            kind => format!("{what} cannot be read ({path}: {kind})"),
        }
    };
    let found = std::fs::metadata(path).map_err(unread)?;
    if !found.is_file() {
        return Err(format!("{what} is no file ({})", path.display()));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unread)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("{what} is larger than 256 KiB"));
    }
    String::from_utf8(bytes).map_err(|_| format!("{what} is not UTF-8 text"))
}
