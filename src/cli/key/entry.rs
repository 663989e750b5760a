//! Typing a secret: hidden in a terminal, or from a pipe.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};

use crate::cli::style;
use crate::credential::Secret;

/// The most that is read from a pipe; a key is shorter.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads a key from the pipe, or asks for it.
pub fn key(question: &str, is_piped: bool) -> anyhow::Result<Secret> {
    if is_piped {
        let mut text = String::new();
        std::io::stdin()
            .take(MAX_BYTES)
            .read_to_string(&mut text)
            .ok()
            .context("what came from the pipe is no text")?;
        return Ok(Secret::new(text));
    }
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the key; pipe it in with --stdin");
    }
    let text = rpassword::prompt_password(question).context("the terminal cannot be read")?;
    Ok(Secret::new(text))
}

/// Asks for the passphrase of the encrypted file; twice if it is a new one.
pub fn passphrase(is_new: bool) -> Option<Secret> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    if !is_new {
        let typed = rpassword::prompt_password("Passphrase of the encrypted file: ").ok()?;
        return Some(Secret::new(typed)).filter(|typed| !typed.is_empty());
    }
    let first = rpassword::prompt_password("A passphrase for the encrypted file: ").ok()?;
    let second = rpassword::prompt_password("The same again: ").ok()?;
    if first != second || first.trim().is_empty() {
        style::complain("the two are not the same, or empty");
        return None;
    }
    drop(Secret::new(second));
    Some(Secret::new(first))
}
