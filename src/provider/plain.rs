//! Servers that refuse a wish which every other OpenAI-compatible server fulfils or ignores: `stream_options`, which asks for usage.
//!
//! Nothing was made for a request that was refused for one of its fields, so it is sent once more without the field, which is no second
//! call. Which addresses refuse it is remembered as long as the process lives.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use url::Url;

use super::wire::Post;

/// The field.
const WISH: &str = "stream_options";

/// The addresses that refuse it.
#[derive(Default)]
pub(super) struct Plain(Mutex<HashSet<Url>>);

impl Plain {
    /// Takes the wish out of a request to an address that is known to refuse it.
    pub(super) fn prepare(&self, post: &mut Post) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The set is empty for nearly everybody.
        if !known.is_empty() && known.contains(&post.url) {
            take(&mut post.body);
        }
    }

    /// Takes the wish out of a request that was refused for it, and returns whether it did, so that the request is worth another try.
    pub(super) fn learn(&self, post: &mut Post, status: u16, body: &[u8]) -> bool {
        let names_it = memchr::memmem::find(body, WISH.as_bytes()).is_some();
        if !matches!(status, 400 | 422) || !names_it || !take(&mut post.body) {
            return false;
        }
        tracing::info!(url = %post.url, "the provider does not take stream_options; it is asked without from now on");
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(post.url.clone());
        true
    }
}

fn take(body: &mut Value) -> bool {
    let fields = body.as_object_mut();
    fields.and_then(|fields| fields.remove(WISH)).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::config::Wire;

    fn post() -> Post {
        super::super::request(Wire::OpenAiChat, call(Wire::OpenAiChat)).expect("a request")
    }

    #[test]
    fn only_a_refusal_that_names_the_field_takes_it_out_and_only_once() {
        let plain = Plain::default();
        let names = br#"{"detail":[{"loc":["body","stream_options"],"msg":"not permitted"}]}"#;
        let mut asked = post();
        assert!(!plain.learn(&mut asked, 400, b"{}"));
        assert!(!plain.learn(&mut asked, 500, names));
        assert!(asked.body.get(WISH).is_some());
        assert!(plain.learn(&mut asked, 422, names));
        assert_eq!(asked.body.get(WISH), None);
        assert!(
            !plain.learn(&mut asked, 422, names),
            "there is nothing left"
        );
    }

    #[test]
    fn it_is_remembered_for_the_address() {
        let plain = Plain::default();
        plain.learn(&mut post(), 400, b"unknown field stream_options");
        let mut next = post();
        plain.prepare(&mut next);
        assert_eq!(next.body.get(WISH), None);
        let mut elsewhere = post();
        elsewhere.url.set_path("/elsewhere");
        plain.prepare(&mut elsewhere);
        assert!(elsewhere.body.get(WISH).is_some());
    }
}
