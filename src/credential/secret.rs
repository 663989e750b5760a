//! The type that holds a key.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

/// A key. It has no `Debug`, `Display`, `Serialize` or `Clone`, and its memory is overwritten when it is dropped.
pub struct Secret(SecretString);

impl Secret {
    /// Takes a key over; blanks and line breaks around it, which copying brings along, are cut off.
    pub fn new(text: String) -> Self {
        let whole = SecretString::from(text);
        Self(SecretString::from(whole.expose_secret().trim().to_owned()))
    }

    /// Returns whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    /// Returns `Bearer <key>` as a header that logs show as `Sensitive`, or `None` if the key holds bytes that no header may.
    pub fn bearer(&self) -> Option<HeaderValue> {
        let text = format!("Bearer {}", self.0.expose_secret());
        Self::new(text).bare()
    }

    /// Returns the key itself as a header that logs show as `Sensitive`, or `None` if it holds bytes that no header may.
    pub fn bare(&self) -> Option<HeaderValue> {
        let mut header = HeaderValue::from_str(self.0.expose_secret()).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
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
}
