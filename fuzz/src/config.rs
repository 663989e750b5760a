//! The configuration, from a file's text and from an editor's JSON: a mistake is told, and leaves settings that work.

use super::{Choices, text};
use byok_lsp::config::{Layer, Layers};

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let layer = choices.of(&[Layer::UserFile, Layer::Editor]);
    let mut layers = Layers::default();
    let is_file = choices.byte() % 2 == 0;
    let written = text(choices.rest());
    let told = if is_file {
        layers.set_toml(layer, "config.toml", &written).err()
    } else {
        let value = serde_json::from_str(&written).unwrap_or_default();
        layers.set_json(layer, "the editor", value).err()
    };
    if let Some(problem) = told {
        assert!(!problem.to_string().is_empty());
    }
    layers.settings();
}
