//! The type that holds a key.

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::in_use;
use crate::config::ProviderSettings;

/// A key, a passphrase or another text that nobody may see. It has no `Debug`, `Display`, `Serialize` or `Clone`, and its memory is
/// overwritten when it is dropped. From its making on, every log, message and error of this process leaves it out ([`super::redact`]).
pub struct Secret(SecretString);

impl Secret {
    /// Takes a key over; blanks and line breaks around it, which copying brings along, are cut off.
    pub fn new(text: String) -> Self {
        let whole = SecretString::from(text);
        let secret = Self(SecretString::from(whole.expose_secret().trim().to_owned()));
        in_use::remember(secret.expose());
        secret
    }

    /// Returns whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// Returns its last four characters, by which its owner knows it again; nothing of one so short that they would tell too much.
    pub fn last_four(&self) -> Option<String> {
        let text = self.expose();
        let start = text.char_indices().rev().nth(3)?.0;
        (text.len() >= 16 && text.is_ascii()).then(|| text[start..].to_owned())
    }

    /// Returns `Bearer <key>` as a header that logs show as `Sensitive`, or `None` if the key holds bytes that no header may.
    pub fn bearer(&self) -> Option<HeaderValue> {
        sensitive(&SecretString::from(format!("Bearer {}", self.expose())))
    }

    /// Returns the key itself as a header that logs show as `Sensitive`, or `None` if it holds bytes that no header may.
    pub fn bare(&self) -> Option<HeaderValue> {
        sensitive(&self.0)
    }

    /// Returns the header that carries it to a provider, or `None` if it holds bytes that no header may.
    pub fn header(&self, provider: &ProviderSettings) -> Option<(HeaderName, HeaderValue)> {
        super::header(provider.auth, self)
    }

    /// Returns the text itself. Only this module may ask for it.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        in_use::release(self.expose());
    }
}

fn sensitive(text: &SecretString) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text.expose_secret()).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_made_of_a_key_does_not_print_it() {
        let header = Secret::new(" sk-canary\n".into())
            .bearer()
            .expect("a header");
        assert_eq!(header.as_bytes(), b"Bearer sk-canary");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn a_key_with_a_line_break_inside_is_no_header() {
        assert!(Secret::new("a\nb".into()).bearer().is_none());
    }

    #[test]
    fn a_key_is_known_again_by_its_last_four_characters_unless_it_is_short() {
        let last = |text: &str| Secret::new(text.into()).last_four();
        assert_eq!(last("sk-0123456789abcdef").as_deref(), Some("cdef"));
        assert_eq!(last("sk-0123"), None);
        assert_eq!(last(""), None);
    }
}
