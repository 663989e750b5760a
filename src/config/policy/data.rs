//! What is known of what a provider does with what it is sent.
//!
//! What the program itself knows stands in `known.toml`, with its source and date; what somebody has agreed upon with a provider they say in their own file. Nothing else counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What you have agreed upon with a provider about what it is sent. From your own file only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DataOptions {
    /// Whether it learns from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<bool>,
    /// Whether it keeps it, for however short a time; `false` with an agreement of zero data retention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<bool>,
    /// Where it works on it, such as `"eu"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// What is known of a provider; `None` is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataFacts {
    /// Whether it learns from what it is sent.
    pub trains: Option<bool>,
    /// Whether it keeps it, for however short a time.
    pub keeps: Option<bool>,
    /// Where it works on it.
    pub region: Option<String>,
    /// The hosts that belong to a region, each with it.
    regions: Vec<Host>,
    /// Where that is written.
    pub source: String,
    /// The month in which it was read there.
    pub as_of: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    host: String,
    region: String,
}

impl DataFacts {
    /// Returns what is known of a provider at one of its hosts.
    pub(in crate::config) fn at(&self, host: &str) -> Self {
        let mut regions = self.regions.iter();
        let region = regions.find(|one| one.host == host);
        Self {
            region: region.map_or_else(|| self.region.clone(), |one| Some(one.region.clone())),
            ..self.clone()
        }
    }

    /// Returns whether a host is one of its regions'.
    pub(in crate::config) fn is_host(&self, host: &str) -> bool {
        self.regions.iter().any(|one| one.host == host)
    }

    /// Returns it if it is about who answers, else that nothing is known.
    #[must_use]
    pub(in crate::config) fn filter_by(self, is_about_it: bool) -> Self {
        if is_about_it { self } else { Self::default() }
    }

    /// Returns the host of a region, if there is one.
    pub(in crate::config) fn host_of(&self, region: &str) -> Option<&str> {
        let mut regions = self.regions.iter();
        let found = regions.find(|one| one.region == region)?;
        Some(&found.host)
    }

    /// Lays what was agreed upon over what is known.
    #[must_use]
    pub(in crate::config) fn with(self, agreed: &DataOptions) -> Self {
        Self {
            trains: agreed.training.or(self.trains),
            keeps: agreed.retention.or(self.keeps),
            region: agreed.region.clone().or(self.region),
            ..self
        }
    }

    /// Returns whether it says where it comes from.
    #[cfg(test)]
    pub(in crate::config) fn is_sourced(&self) -> bool {
        *self == Self::default() || (self.source.starts_with("https://") && self.as_of.len() == 7)
    }
}
