//! What the body of an error says, whatever its shape.

use std::time::Duration;

use serde_json::Value;

use super::wait;
use crate::scrub::scrub;

/// How much of a provider's message is repeated.
const MESSAGE_CHARS: usize = 300;

/// What an error's body says.
pub(super) struct Details {
    /// What it tells people.
    pub message: String,
    /// Whether it was JSON at all.
    pub is_json: bool,
    /// The HTTP status, where the body tells it.
    pub status: Option<u16>,
    /// How long to wait, where the body tells it.
    pub wait: Option<Duration>,
    /// How long until the limit of the account is renewed, where it is used up and the body tells it, as OpenRouter's does.
    pub reset: Option<Duration>,
    /// All its short texts for programs: codes, types, reasons.
    codes: Vec<String>,
}

impl Details {
    pub(super) fn of(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_value(&value),
            Err(_) => Self {
                message: "it sent no JSON".into(),
                is_json: false,
                status: None,
                wait: None,
                reset: None,
                codes: Vec::new(),
            },
        }
    }

    /// Reads `{"error": {..}}`, `{"error": "text"}`, `{"message": ..}`, `{"detail": ..}`, and any of these in a list.
    pub(super) fn from_value(value: &Value) -> Self {
        let outer = value.get(0).unwrap_or(value);
        let inner = outer
            .get("error")
            .filter(|error| !error.is_null())
            .unwrap_or(outer);
        let levels = [inner, outer];
        let details = inner.get("details");
        let listed = details.and_then(Value::as_array).into_iter().flatten();
        let deeper = [inner.get("metadata"), inner.get("innererror"), details];
        let places = levels
            .into_iter()
            .chain(deeper.into_iter().flatten())
            .chain(listed.clone());
        let codes = places
            .flat_map(|place| {
                [
                    "code",
                    "type",
                    "status",
                    "error_type",
                    "error_code",
                    "reason",
                ]
                .iter()
                .filter_map(|key| place.get(key)?.as_str())
            })
            .map(str::to_owned)
            .collect();
        let status = levels
            .into_iter()
            .flat_map(|level| {
                [
                    level.get("code"),
                    level.get("raw_status_code"),
                    level.get("status"),
                ]
            })
            .flatten()
            .find_map(Value::as_u64)
            .and_then(|status| u16::try_from(status).ok());
        let message = message(inner)
            .or_else(|| message(outer))
            .unwrap_or("it gave no reason");
        Self {
            // Cut afterwards: half a key is nothing that scrubbing could know.
            message: scrub(message).chars().take(MESSAGE_CHARS).collect(),
            is_json: true,
            status,
            wait: listed
                .filter_map(|detail| detail.get("retryDelay")?.as_str())
                .find_map(wait::duration),
            reset: inner
                .get("metadata")
                .and_then(|metadata| metadata.get("headers"))
                .and_then(Value::as_object)
                .and_then(|headers| {
                    let said = |name: &str| {
                        let mut all = headers.iter();
                        let (_, value) = all.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
                        value.as_str()
                    };
                    wait::whole_reset(said)
                }),
            codes,
        }
    }

    /// Returns whether one of the codes is one of these.
    pub(super) fn says(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|said| codes.contains(&said.as_str()))
    }

    /// Returns whether the message holds all of these words.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().all(|word| message.contains(word))
    }
}

fn message(value: &Value) -> Option<&str> {
    let said = |key: &str| value.get(key)?.as_str();
    // FastAPI lists what is wrong with which field.
    let listed = || value.get("detail")?.get(0)?.get("msg")?.as_str();
    value
        .as_str()
        .or_else(|| said("message"))
        .or_else(|| said("detail"))
        .or_else(listed)
}
