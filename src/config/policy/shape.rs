//! What the rules have a provider told that asks others in its turn, and which other models it may ask.
//!
//! Entry point: [`Policy::shape`]. OpenRouter is told with each request what it must obey: what may become of the text, where it may be worked on, and
//! what it may cost, since a provider behind it may be dearer than the catalogue says. The models that it may ask in the named one's place
//! (`routing.models`) are judged as if each were named; one that is kept out is not in the request.

use serde_json::{Map, json};

use super::{Policy, Refused, Rules};
use crate::config::provider::ProviderSettings;
use crate::cost::{Currency, Money};

impl Policy {
    /// Sets what a provider's own routing has to obey, and returns the models that it may not ask in the named one's place, with who forbids each.
    pub(in crate::config) fn shape(&self, route: &mut ProviderSettings) -> Vec<(String, Refused)> {
        if self.is_empty() {
            return Vec::new();
        }
        if route.can_be_told() {
            self.choose_region(route);
            self.tell(route);
        }
        self.keep_out(route)
    }

    fn choose_region(&self, route: &mut ProviderSettings) {
        let written = self.parts.iter().map(|part| &part.written);
        let mut regions = written.filter_map(|written| written.regions.as_ref());
        let first: Vec<String> = regions.next().cloned().unwrap_or_default();
        let rest: Vec<&Vec<String>> = regions.collect();
        let mut common = first
            .iter()
            .filter(|region| rest.iter().all(|list| list.contains(region)));
        let is_there = |region: &String| first.contains(region);
        if !route.data.region.as_ref().is_some_and(is_there)
            && let Some(region) = common.find(|region| route.data.host_of(region).is_some())
        {
            route.move_to(region);
        }
    }

    fn tell(&self, route: &mut ProviderSettings) {
        let all = || self.parts.iter().map(|part| &part.written);
        let body = &mut route.quirks.body;
        let preferences = body.entry("provider").or_insert_with(|| json!({}));
        if all().any(|written| written.training == Some(false)) {
            preferences["data_collection"] = "deny".into();
        }
        if all().any(|written| written.retention == Some(false)) {
            preferences["zdr"] = true.into();
            preferences["data_collection"] = "deny".into();
        }
        for (field, ceiling) in [
            ("prompt", self.lowest(|rules| rules.input)),
            ("completion", self.lowest(|rules| rules.output)),
        ] {
            let Some(ceiling) = ceiling else { continue };
            let most = &mut preferences["max_price"][field];
            let own: Option<Money> = most.as_str().and_then(|text| text.parse().ok());
            if own.is_none_or(|own| own.nanos() > ceiling.nanos()) {
                *most = ceiling.to_decimal().into();
            }
        }
        if preferences.as_object().is_some_and(Map::is_empty) {
            body.remove("provider");
        }
    }

    /// Returns the lowest ceiling in dollars, in which OpenRouter counts; under one in another currency nothing of it is asked that has a price.
    fn lowest(&self, ceiling: impl Fn(&Rules) -> Option<Money>) -> Option<Money> {
        let ceilings = self.parts.iter().filter_map(|part| ceiling(&part.rules));
        ceilings
            .filter(|ceiling| ceiling.currency() == Currency::USD)
            .min_by_key(|ceiling| ceiling.nanos())
    }

    /// Takes out the models that a rule keeps out, and returns them.
    fn keep_out(&self, route: &mut ProviderSettings) -> Vec<(String, Refused)> {
        let judge = |model: &str| {
            let judged = self.judge(&route.for_model(model), model);
            Some((model.to_owned(), judged.err()?))
        };
        let out: Vec<_> = route.stand_ins().filter_map(judge).collect();
        route.retain_stand_ins(|model| out.iter().all(|(out, _)| out != model));
        out
    }
}
