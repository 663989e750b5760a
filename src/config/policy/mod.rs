//! Which of the user's models may be asked, by rules that three parties may write: the user, the user's organisation, and a workspace.
//!
//! Entry point: [`Policy::judge`]. Every party's rules hold, so the most restrictive wins, and no party can take back what another forbids. The
//! embedded engine is never judged: it always may answer, for nothing, in this process. What a rule needs to know and nobody knows (a price,
//! whether a provider learns from what it is sent) counts against the model. Judging is a pure function of the settings and the price catalogue.

mod data;
mod options;
mod paths;
mod payer;
mod rule;
mod shape;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

pub use data::{DataFacts, DataOptions};
pub use options::{PathOptions, PolicyOptions};
pub use paths::About;
pub use payer::Payer;
pub use rule::{Refused, Rule, Source};

use super::pattern;
use super::provider::ProviderSettings;
use crate::cost::Money;
use paths::PathRule;

/// All rules that hold, of all parties.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    parts: Vec<Part>,
}

/// The rules of one party.
#[derive(Debug, Clone)]
struct Part {
    source: Source,
    kind: Kind,
    written: Arc<PolicyOptions>,
    rules: Arc<Rules>,
}

/// Where rules come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Somebody wrote them.
    Written,
    /// They are what rules about files come to for a document.
    OfPath,
    /// They stand for an organisation's file that is not valid.
    Invalid,
}

/// What is read of them beforehand.
#[derive(Debug, Default)]
struct Rules {
    input: Option<Money>,
    output: Option<Money>,
    paths: Vec<PathRule>,
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        (self.source, self.kind, &self.written) == (other.source, other.kind, &other.written)
    }
}

impl Policy {
    /// Adds a party's rules; a failure is the key and the message.
    pub fn add(
        &mut self,
        source: Source,
        written: PolicyOptions,
    ) -> Result<(), (&'static str, String)> {
        self.add_as(Kind::Written, source, written)
    }

    fn add_as(
        &mut self,
        kind: Kind,
        source: Source,
        written: PolicyOptions,
    ) -> Result<(), (&'static str, String)> {
        if written == PolicyOptions::default() {
            return Ok(());
        }
        let price = |key, text: &Option<String>| {
            let price = text.as_deref().map(options::price).transpose();
            price.map_err(|message| (key, message))
        };
        options::check_regions(&written).map_err(|message| ("regions", message))?;
        let rules = Rules {
            input: price("max_input_price", &written.max_input_price)?,
            output: price("max_output_price", &written.max_output_price)?,
            paths: PathRule::all(&written.paths).map_err(|message| ("paths", message))?,
        };
        self.parts.push(Part {
            source,
            kind,
            written: Arc::new(written),
            rules: Arc::new(rules),
        });
        // What holds for all is said before what holds here.
        self.parts.sort_by_key(|part| part.source);
        Ok(())
    }

    /// Returns these rules and those of one party more, which are known to be sound.
    #[cfg(test)]
    pub fn of(source: Source, written: PolicyOptions) -> Self {
        let mut policy = Self::default();
        policy.add(source, written).expect("sound rules");
        policy
    }

    /// Adds the rule of a party whose rules cannot be read, which may have forbidden anything: what stays on this machine, in this process.
    pub(super) fn close(&mut self, source: Source) {
        let nothing = PolicyOptions {
            providers: Some(Vec::new()),
            ..PolicyOptions::default()
        };
        self.add(source, nothing)
            .expect("an empty list is a sound rule");
    }

    /// Adds the rule of an organisation whose file is not valid: nothing is asked that costs something or leaves this machine.
    pub(super) fn invalid(&mut self) {
        let nothing = PolicyOptions {
            offline: Some(true),
            payers: Some(vec![Payer::Nobody]),
            ..PolicyOptions::default()
        };
        self.add_as(Kind::Invalid, Source::Organisation, nothing)
            .expect("these are sound rules");
    }

    /// Returns whether there may be ghost text; else who forbids it.
    pub fn allows_completion(&self) -> bool {
        let forbids = |part: &Part| part.written.completion == Some(false);
        !self.parts.iter().any(forbids)
    }

    /// Returns whether there may be code actions; else who forbids it.
    pub fn judge_actions(&self) -> Result<(), Refused> {
        let forbids = |part: &&Part| part.written.actions == Some(false);
        let part = self.parts.iter().find(forbids);
        part.map_or(Ok(()), |part| Err(part.refused(Rule::Actions)))
    }

    /// Returns whether any of a provider's models may be asked, by the lists of providers.
    pub fn allows_provider(&self, provider: &str) -> bool {
        let allows = |part: &Part| part.allows_provider(provider);
        self.parts.iter().all(allows)
    }

    /// Returns whether a model may be asked; else who forbids it, by which rule.
    pub fn judge(&self, provider: &ProviderSettings, model: &str) -> Result<(), Refused> {
        if self.is_empty() {
            return Ok(());
        }
        self.judge_asked(&Asked {
            provider,
            model: Some(model),
            payer: Payer::of(provider),
        })
    }

    /// Returns whether a provider may be asked for anything, such as its list of models; else who forbids it, by which rule. Rules about models, their
    /// price and their payer say nothing of that.
    pub fn judge_provider(&self, provider: &ProviderSettings) -> Result<(), Refused> {
        self.judge_asked(&Asked {
            provider,
            model: None,
            payer: Payer::of(provider),
        })
    }

    /// Returns whether somebody may be the one to pay; else who forbids it.
    pub fn judge_payer(&self, payer: Payer) -> Result<(), Refused> {
        let forbids = |part: &&Part| !part.allows_payer(payer);
        let part = self.parts.iter().find(forbids);
        part.map_or(Ok(()), |part| Err(part.refused(Rule::Payer)))
    }

    fn judge_asked(&self, asked: &Asked<'_>) -> Result<(), Refused> {
        self.parts.iter().try_for_each(|part| part.judge(asked))
    }

    /// Returns whether something of a file may be shown to a provider, by the file's name alone; `path` is from the workspace's folder on, and `leaves` is whether
    /// what the provider is sent leaves this machine. What stands in the file was judged when its text was chosen ([`Self::may_accompany`]).
    pub fn judge_path(&self, path: &str, provider: &str, leaves: bool) -> Result<(), Refused> {
        let keeps = |part: &&Part| {
            let rules = part.rules.paths.iter();
            let mut rules = rules.filter(|rule| rule.fits_any_of_name(path));
            rules.any(|rule| !rule.allows(provider, leaves))
        };
        let part = self.parts.iter().find(keeps);
        part.map_or(Ok(()), |part| Err(part.refused(Rule::Path)))
    }

    /// Returns whether any rule is about files.
    pub fn has_paths(&self) -> bool {
        self.parts.iter().any(|part| !part.rules.paths.is_empty())
    }

    /// Returns the markers that rules about files go by.
    pub fn markers(&self) -> impl Iterator<Item = &str> {
        let rules = self.path_rules();
        rules.flat_map(|rule| rule.markers.iter().map(String::as_str))
    }

    /// Returns whether a file may be shown beside another whatever model is asked: every rule that it is under, the other one is under, too.
    pub fn may_accompany(&self, file: &About<'_>, document: &About<'_>) -> bool {
        let mut rules = self.path_rules();
        rules.all(|rule| !rule.fits(file) || rule.fits(document))
    }

    /// Returns these rules as they are for a document: with the lists of providers that the rules about it come to.
    #[must_use]
    pub fn for_file(&self, document: &About<'_>) -> Option<Self> {
        let mut policy = self.clone();
        for part in &self.parts {
            for rule in part.rules.paths.iter().filter(|rule| rule.fits(document)) {
                let only = PolicyOptions {
                    providers: Some(rule.providers.clone()),
                    ..PolicyOptions::default()
                };
                policy
                    .add_as(Kind::OfPath, part.source, only)
                    .expect("a list of names is a sound rule");
            }
        }
        (policy.parts.len() > self.parts.len()).then_some(policy)
    }

    /// Returns how far a document gets by the rules about files, in words, if any is about it: what its editor is told.
    pub fn reach(&self) -> Option<String> {
        let of_path = self.parts.iter().filter(|part| part.kind == Kind::OfPath);
        let lists =
            of_path.filter_map(|part| Some((part.source, part.written.providers.as_ref()?)));
        let lists: Vec<(Source, &Vec<String>)> = lists.collect();
        // The shortest is the one to tell of, and who is in all of them is let through.
        let (source, shortest) = lists.iter().min_by_key(|(_, list)| list.len())?;
        let is_in_all = |name: &&String| lists.iter().all(|(_, list)| list.contains(name));
        let through: Vec<&str> = shortest
            .iter()
            .filter(is_in_all)
            .map(String::as_str)
            .collect();
        let has_word = |(_, list): &(Source, &Vec<String>)| {
            list.iter().any(|name| name == paths::THIS_MACHINE)
        };
        let far = match &*through {
            [one] if *one == paths::THIS_MACHINE => "stays on this machine".to_owned(),
            [] if !shortest.is_empty() && lists.iter().any(has_word) => {
                "stays on this machine".to_owned()
            }
            [] => "is shown to no model server, not even on this machine".to_owned(),
            names => format!("is shown to no provider but {}", names.join(", ")),
        };
        Some(format!(
            "{far}, since {} says so (policy.paths)",
            source.words()
        ))
    }

    fn path_rules(&self) -> impl Iterator<Item = &PathRule> {
        self.parts.iter().flat_map(|part| &part.rules.paths)
    }

    /// Returns whether nobody wrote a rule.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns whether any rule is about prices.
    pub fn has_ceilings(&self) -> bool {
        let has = |part: &Part| part.rules.input.is_some() || part.rules.output.is_some();
        self.parts.iter().any(has)
    }

    /// Returns all of it as text, which tells one policy from another.
    pub fn fingerprint(&self) -> String {
        let part = |part: &Part| {
            let written = serde_json::to_string(&part.written)
                .expect("rules are texts and lists, which JSON can hold");
            format!("{:?} {:?} {written}", part.source, part.kind)
        };
        self.parts.iter().map(part).collect::<Vec<_>>().join("\n")
    }
}

/// A model that is to be judged, or a provider whatever its model.
struct Asked<'a> {
    provider: &'a ProviderSettings,
    model: Option<&'a str>,
    payer: Payer,
}

impl Asked<'_> {
    fn leaves(&self) -> bool {
        !self.provider.is_on_this_machine() || self.payer.is_passed_on()
    }
}

impl Part {
    fn refused(&self, rule: Rule) -> Refused {
        Refused {
            source: self.source,
            rule,
        }
    }

    fn allows_provider(&self, provider: &str) -> bool {
        let written = &self.written;
        let is_in = |list: &Vec<String>| list.iter().any(|name| name == provider);
        written.providers.as_ref().is_none_or(is_in) && !is_in(&written.deny_providers)
    }

    fn allows_model(&self, provider: &str, model: &str) -> bool {
        let name = format!("{provider}/{model}");
        let written = &self.written;
        let listed = written.models.as_ref();
        listed.is_none_or(|listed| pattern::any(listed, &name))
            && !pattern::any(&written.deny_models, &name)
    }

    fn allows_payer(&self, payer: Payer) -> bool {
        let payers = self.written.payers.as_ref();
        payers.is_none_or(|payers| payer.is_within(payers))
    }

    fn judge(&self, asked: &Asked<'_>) -> Result<(), Refused> {
        let written = &self.written;
        let holds = |is_kept: bool, rule: Rule| {
            if is_kept {
                Ok(())
            } else {
                Err(self.refused(rule))
            }
        };
        let name = &asked.provider.name;
        let (is_free, leaves) = (asked.payer == Payer::Nobody, asked.leaves());
        holds(
            self.kind != Kind::Invalid || (is_free && !leaves),
            Rule::Invalid,
        )?;
        match (self.kind, &written.providers) {
            (Kind::OfPath, Some(listed)) => {
                holds(paths::is_named(listed, name, leaves), Rule::Path)?;
            }
            _ => holds(self.allows_provider(name), Rule::Provider)?,
        }
        let allows = |model| self.allows_model(name, model);
        holds(asked.model.is_none_or(allows), Rule::Model)?;
        holds(written.offline != Some(true) || !leaves, Rule::Offline)?;
        holds(
            asked.model.is_none() || self.allows_payer(asked.payer),
            Rule::Payer,
        )?;
        if leaves {
            self.judge_data(asked)?;
        }
        let can_be_paid = |model| self.can_be_paid(asked, model);
        holds(asked.model.is_none_or(can_be_paid), Rule::Price)
    }

    fn judge_data(&self, asked: &Asked<'_>) -> Result<(), Refused> {
        let written = &self.written;
        let facts = &asked.provider.data;
        // What is not known counts as what is feared, unless that was said otherwise.
        let counts = |feared: Option<bool>| feared.unwrap_or_else(|| written.unknown_counts());
        let told = asked.provider.can_be_told();
        if written.training == Some(false) && !told && counts(facts.trains) {
            return Err(self.refused(Rule::Training));
        }
        if written.retention == Some(false) && !told && counts(facts.keeps) {
            return Err(self.refused(Rule::Retention));
        }
        let Some(regions) = &written.regions else {
            return Ok(());
        };
        let is_within = match &facts.region {
            Some(region) => regions.contains(region),
            None => !written.unknown_counts(),
        };
        if is_within {
            Ok(())
        } else {
            Err(self.refused(Rule::Region))
        }
    }

    /// Returns whether a model costs no more than it may; one whose price nobody knows costs too much.
    fn can_be_paid(&self, asked: &Asked<'_>, model: &str) -> bool {
        let (input, output) = (self.rules.input, self.rules.output);
        if input.is_none() && output.is_none() {
            return true;
        }
        // Power is paid by the hour, whatever the model, and what is free has no price.
        if matches!(asked.payer, Payer::Nobody | Payer::Power | Payer::FreePool) {
            return true;
        }
        let Some(price) = asked.provider.price(model, Timestamp::now()) else {
            return false;
        };
        let is_within = |ceiling: Option<Money>, rate: Option<Money>| match (ceiling, rate) {
            (Some(ceiling), Some(rate)) => {
                rate.currency() == ceiling.currency() && rate.nanos() <= ceiling.nanos()
            }
            // What is not billed by tokens costs nothing by them.
            _ => true,
        };
        is_within(input, price.input()) && is_within(output, price.output())
    }
}
