//! Which model a call goes to by its class: what it is for, in which language, how long its prompt is.
//!
//! Entry point: [`asked`], a pure function of the settings and the call's class. The class is kept in the record of the decision ([`Ruled`]), so that the rule can be looked for
//! again.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Need, wanted};
use crate::config::{ModelName, Settings, TaskClass};

/// The rule that a call fell under, and what of it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ruled {
    /// The rule's place among all, from 1.
    pub number: u32,
    /// What the call is for.
    pub class: TaskClass,
    /// The document's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// About how many tokens its prompt has.
    pub tokens: u64,
}

impl fmt::Display for Ruled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "number {} of routing.rules: {}",
            self.number, self.class
        )?;
        if let Some(language) = &self.language {
            write!(formatter, ", {language}")?;
        }
        write!(formatter, ", about {} tokens", self.tokens)
    }
}

/// Returns what a call asks for: what the first rule names that fits it, else the feature's model.
pub fn asked<'s>(settings: &'s Settings, need: &Need<'_>) -> (&'s ModelName, Option<Ruled>) {
    let usual = || (wanted(settings, need.feature), None);
    if settings.routes.rules.is_empty() {
        return usual();
    }
    let (class, tokens) = (need.class(), need.prompt.tokens());
    let Some((place, rule)) = settings.routes.rule(class, need.language, tokens) else {
        return usual();
    };
    let ruled = Ruled {
        number: number(place),
        class,
        language: need.language.map(str::to_owned),
        tokens,
    };
    (&rule.model, Some(ruled))
}

/// Looks again for the rule of a call of this class.
pub fn asked_again<'s>(settings: &'s Settings, ruled: &Ruled) -> Option<(&'s ModelName, Ruled)> {
    let language = ruled.language.as_deref();
    let (place, rule) = settings.routes.rule(ruled.class, language, ruled.tokens)?;
    let again = Ruled {
        number: number(place),
        ..ruled.clone()
    };
    Some((&rule.model, again))
}

fn number(place: usize) -> u32 {
    u32::try_from(place + 1).unwrap_or(u32::MAX)
}
