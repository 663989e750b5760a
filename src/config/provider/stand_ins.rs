//! The models that a gateway may ask in the place of the one that is named: OpenRouter's `routing.models`, as each request carries them.

use serde_json::Value;

use super::ProviderSettings;

/// The field of the body.
const FIELD: &str = "models";

impl ProviderSettings {
    /// Returns the models that it may ask in the place of the one that is named.
    pub fn stand_ins(&self) -> impl Iterator<Item = &str> {
        let models = self.quirks.body.get(FIELD).and_then(Value::as_array);
        models.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Leaves it those that may stay; where none may, the request says nothing of others.
    pub(in crate::config) fn retain_stand_ins(&mut self, may_stay: impl Fn(&str) -> bool) {
        let Some(models) = self
            .quirks
            .body
            .get_mut(FIELD)
            .and_then(Value::as_array_mut)
        else {
            return;
        };
        models.retain(|model| model.as_str().is_some_and(&may_stay));
        if models.is_empty() {
            self.quirks.body.remove(FIELD);
        }
    }
}
