//! What of a provider's settings decides whether it is asked.

use std::fmt;

use super::ProviderSettings;
use crate::config::key_source::KeySource;

impl ProviderSettings {
    /// Returns all of it that decides whether one of its models is asked, and who pays: the record of a decision tells by it whether they are the same
    /// (`routing::version`). Which wire a model has, and what of it is free, comes of this and of the program's own tables.
    pub fn deciding(&self) -> impl fmt::Debug {
        let Self {
            name,
            wire,
            base_url,
            key,
            is_openrouter,
            upstream_payer,
            prices,
            billing,
            free,
            is_free,
            data,
            is_wire_fixed,
            // The program's own, by the name.
            rules: _,
            // Of what is added to a request, which other models may run.
            quirks: _,
            // How it is asked, not whether.
            auth: _,
            stores: _,
            bills_cut: _,
            home: _,
            list: _,
        } = self;
        let has_key = *key != KeySource::None;
        (
            (name, wire, is_wire_fixed, base_url.as_str(), has_key),
            (is_openrouter, upstream_payer, prices, billing),
            (free, is_free, data, self.stand_ins().collect::<Vec<_>>()),
        )
    }
}
