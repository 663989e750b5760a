//! Which model answers, over which wire, and who pays.
//!
//! Entry point: [`decide`], a pure function of the settings and of what answers on this machine. Nothing here does I/O, so the same
//! decision can be explained before and after the call.

mod draw;
mod fallback;
mod need;
mod pool;
mod rule;
mod servers;
mod strategy;
mod version;

use std::sync::Arc;

use url::Url;

pub use draw::{Draw, Figure, Speed, Standing};
pub use fallback::{FALLBACK, Hop, OTHER_PAYER, fallback, has_hops, hops};
pub use need::Need;
pub use pool::{drawn, of_pool};
pub use rule::{Ruled, asked, asked_again};
pub use servers::of_servers;
pub use version::version;

pub use crate::config::Payer;
use crate::config::{ModelName, ProviderSettings, Quirks, Refused, Settings};

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Ghost text.
    Completion,
    /// Ghost text that is asked for before anybody is there to see it.
    Speculation,
    /// A code action.
    Action,
}

impl Feature {
    /// Returns its name in messages and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completion => "completion",
            Self::Speculation => "speculation",
            Self::Action => "action",
        }
    }

    /// Returns the feature that users call so: one that a model can be named for.
    pub fn named(name: &str) -> Option<Self> {
        let features = [Self::Completion, Self::Action];
        features.into_iter().find(|feature| feature.name() == name)
    }
}

/// A model server on this machine that was seen to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalServer {
    /// Its provider name.
    pub provider: String,
    /// The first model it lists.
    pub model: String,
}

/// How a model is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// In this process.
    Embedded,
    /// Over HTTP, by the settings for this model.
    Http(Arc<ProviderSettings>),
}

impl Way {
    /// Returns the address, of what has one.
    pub fn base_url(&self) -> Option<&Url> {
        match self {
            Self::Embedded => None,
            Self::Http(provider) => Some(&provider.base_url),
        }
    }

    /// Returns what the provider wants otherwise than its wire's other speakers.
    pub fn quirks(&self) -> Quirks {
        match self {
            Self::Embedded => Quirks::default(),
            Self::Http(provider) => provider.quirks.clone(),
        }
    }

    /// Returns whether the model takes text with a hole in it, rather than a conversation.
    pub fn fills(&self) -> bool {
        match self {
            Self::Embedded => true,
            Self::Http(provider) => provider.wire.fills(),
        }
    }
}

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What the call is for.
    pub feature: Feature,
    /// What was asked for, by the settings or by a cap.
    pub wanted: ModelName,
    /// The servers on this machine that answered, where one of them was asked for.
    pub answering: Vec<LocalServer>,
    /// The models that were passed over, since they do not answer, take no more calls or billed somebody else, by their full names.
    pub failing: Box<[String]>,
    /// The provider's name.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// How it is reached.
    pub way: Way,
    /// Who pays.
    pub payer: Payer,
    /// Why this one, in a few words.
    pub reason: &'static str,
    /// Whether the user said that the call may pass the caps that ask.
    pub has_consent: bool,
    /// What the choice was made of where a pool was asked for.
    pub draw: Option<Arc<Draw>>,
    /// The rule by which this was asked for rather than the feature's model.
    pub ruled: Option<Arc<Ruled>>,
}

impl Decision {
    /// Returns the model's full name: `provider/model`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }

    /// Returns whether the model runs in this process, so that asking costs neither money nor time.
    pub fn is_embedded(&self) -> bool {
        matches!(self.way, Way::Embedded)
    }

    /// Returns whether the model runs on another machine, so that a connection to it takes time.
    pub fn is_elsewhere(&self) -> bool {
        match &self.way {
            Way::Embedded => false,
            Way::Http(provider) => !provider.is_on_this_machine(),
        }
    }
}

impl Decision {
    /// Returns whether what is sent to the model may reach another machine: it runs there, or behind a server here that passes calls on.
    pub fn leaves_the_machine(&self) -> bool {
        self.is_elsewhere() || self.payer.is_passed_on()
    }

    /// Returns whether a suggestion by one is as good as one by the other: they are by the same model, or by models of one pool.
    pub fn is_alike(&self, other: &Self) -> bool {
        let pool = |decision: &Self| decision.draw.as_ref().map(|draw| draw.pool.clone());
        let is_same = (&self.provider, &self.model) == (&other.provider, &other.model);
        is_same || (pool(self).is_some() && pool(self) == pool(other))
    }

    /// Returns the decision for a text that must not leave this machine: the same if it need not, else the embedded engine.
    #[must_use]
    pub fn confined(self) -> Self {
        if self.leaves_the_machine() {
            Self {
                failing: self.failing,
                wanted: self.wanted,
                answering: self.answering,
                draw: self.draw,
                ruled: self.ruled,
                ..embedded(self.feature, CONFINED)
            }
        } else {
            self
        }
    }
}

/// The provider's name of the embedded engine.
pub const LOCAL: &str = "local";

/// The model's name of the embedded engine.
pub const PATTERNS: &str = "patterns";

/// Returns whether a reason is a rule of a policy: somebody does not allow what is set.
pub fn is_by_policy(reason: &str) -> bool {
    Refused::by_words(reason).is_some()
}

/// Why a model is asked that the user named.
const NAMED: &str = "the settings name it";

/// Why the embedded engine answers where a text must not leave this machine.
pub const CONFINED: &str = "the file stays on this machine";

/// Why the embedded engine answers in a provider's place where the user wants that.
pub const SURE: &str = "it is sure";

/// Decides for the embedded engine, for a reason in a few words.
pub fn embedded(feature: Feature, reason: &'static str) -> Decision {
    Decision {
        feature,
        wanted: ModelName::Local,
        answering: Vec::new(),
        failing: Box::default(),
        provider: LOCAL.into(),
        model: PATTERNS.into(),
        way: Way::Embedded,
        payer: Payer::Nobody,
        reason,
        has_consent: false,
        draw: None,
        ruled: None,
    }
}

/// Decides which model a call goes to. `answering` are the local model servers that answer now.
pub fn decide(settings: &Settings, feature: Feature, answering: &[LocalServer]) -> Decision {
    decide_on(settings, feature, wanted(settings, feature), answering)
}

/// Returns what the settings name for a feature.
pub fn wanted(settings: &Settings, feature: Feature) -> &ModelName {
    match feature {
        Feature::Completion | Feature::Speculation => &settings.model,
        Feature::Action => settings.model_of_actions(),
    }
}

/// Decides the same where the model is another than the feature's.
pub fn decide_on(
    settings: &Settings,
    feature: Feature,
    wanted: &ModelName,
    answering: &[LocalServer],
) -> Decision {
    let embedded = |reason| Decision {
        wanted: wanted.clone(),
        answering: match wanted {
            ModelName::Auto => answering.to_vec(),
            _ => Vec::new(),
        },
        ..embedded(feature, reason)
    };
    if feature == Feature::Action
        && let Err(refused) = settings.policy.judge_actions()
    {
        return embedded(refused.words());
    }
    let (name, model) = match wanted {
        // As far as nothing is known of its models.
        ModelName::Pool(name) => return drawn(settings, feature, &Draw::blind(settings, name)),
        ModelName::Local => return embedded(NAMED),
        ModelName::Of { provider, model } => (provider, model),
        ModelName::Auto if settings.local_servers.is_empty() => {
            return embedded("no model is configured");
        }
        ModelName::Auto => {
            let servers = of_servers(settings, feature, answering);
            // Of several that may not be asked, the user's first is the one to tell of.
            let dropped = servers.iter().find_map(|hop| hop.decision.as_ref().err());
            let reason = dropped.map_or("none of the enabled local servers answers", |rule| rule);
            let first = servers.into_iter().find_map(|hop| hop.decision.ok());
            return first.unwrap_or_else(|| embedded(reason));
        }
    };
    let Some(route) = settings.route(name, model) else {
        // Settings are checked as a whole, so this takes a server that answered before it was taken out of them.
        return embedded("the provider is no longer configured");
    };
    if let Err(refused) = settings.policy.judge(&route, model) {
        return embedded(refused.words());
    }
    let decision = Decision {
        feature,
        wanted: wanted.clone(),
        answering: Vec::new(),
        failing: Box::default(),
        provider: name.clone(),
        model: model.clone(),
        payer: Payer::of(&route),
        way: Way::Http(Arc::new(route)),
        reason: NAMED,
        has_consent: false,
        draw: None,
        ruled: None,
    };
    online(decision, settings)
}

/// Why the embedded engine answers where nothing elsewhere may be reached.
pub const OFFLINE: &str = "network.offline is set";

/// Returns the decision, or the embedded engine where nothing elsewhere may be reached.
fn online(decision: Decision, settings: &Settings) -> Decision {
    if settings.network.is_offline && decision.leaves_the_machine() {
        Decision {
            wanted: decision.wanted,
            answering: decision.answering,
            ..embedded(decision.feature, OFFLINE)
        }
    } else {
        decision
    }
}

/// Why a stronger model answers.
pub const ESCALATED: &str = "the answer before it did not pass its check";

/// Why a cheaper model answers.
pub const DEGRADED: &str = "a cap of the budget is reached";

/// Decides for a certain model, which a cap names to be asked instead of another; the embedded engine if its provider is not there any more.
pub fn instead(settings: &Settings, feature: Feature, provider: &str, model: &str) -> Decision {
    let wanted = ModelName::Of {
        provider: provider.into(),
        model: model.into(),
    };
    let may_act = feature != Feature::Action || settings.policy.judge_actions().is_ok();
    let route = settings.route(provider, model);
    let route = route.filter(|route| may_act && settings.policy.judge(route, model).is_ok());
    let (provider, model, payer, way) = match route {
        Some(route) => {
            let payer = Payer::of(&route);
            (provider, model, payer, Way::Http(Arc::new(route)))
        }
        None => (LOCAL, PATTERNS, Payer::Nobody, Way::Embedded),
    };
    let decision = Decision {
        feature,
        wanted,
        answering: Vec::new(),
        failing: Box::default(),
        provider: provider.into(),
        model: model.into(),
        payer,
        way,
        reason: DEGRADED,
        has_consent: false,
        draw: None,
        ruled: None,
    };
    online(decision, settings)
}

/// What is known of a decision that was made.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// What the call was for.
    pub feature: Feature,
    /// What was asked for.
    pub wanted: &'a ModelName,
    /// Why it was decided so.
    pub reason: &'a str,
    /// The servers on this machine that answered.
    pub answering: &'a [LocalServer],
    /// The models that were passed over.
    pub failing: &'a [String],
    /// What the choice was made of, of a pool.
    pub draw: Option<&'a Arc<Draw>>,
}

/// Decides anew what was decided, under the settings as they are.
pub fn again(settings: &Settings, past: Past<'_>) -> Decision {
    let (feature, wanted) = (past.feature, past.wanted);
    let first = || match (past.draw, wanted) {
        (Some(draw), ModelName::Pool(name)) if draw.pool == *name => drawn(settings, feature, draw),
        _ => decide_on(settings, feature, wanted, past.answering),
    };
    if !past.failing.is_empty() {
        let first = first();
        return fallback(settings, &first, past.failing).unwrap_or(first);
    }
    match (wanted, past.reason) {
        (ModelName::Of { provider, model }, DEGRADED) => {
            instead(settings, feature, provider, model)
        }
        (_, SURE) => embedded(feature, SURE),
        (_, ESCALATED) => Decision {
            reason: ESCALATED,
            ..first()
        },
        _ => first(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(names: &[&str]) -> Vec<LocalServer> {
        let server = |name: &&str| LocalServer {
            provider: (*name).into(),
            model: "m".into(),
        };
        names.iter().map(server).collect()
    }

    #[test]
    fn without_configuration_the_embedded_engine_answers_and_nobody_pays() {
        let decision = decide(
            &Settings::default(),
            Feature::Completion,
            &servers(&["ollama"]),
        );
        assert_eq!(decision.name(), "local/patterns");
        assert_eq!(decision.payer, Payer::Nobody);
    }

    #[test]
    fn offline_only_what_runs_on_this_machine_and_passes_nothing_on_is_asked() {
        let network = crate::config::Network {
            is_offline: true,
            ..Default::default()
        };
        let mut settings = Settings {
            network: Arc::new(network),
            ..Settings::default()
        };
        let name = |settings: &Settings, provider: &str| {
            let wanted = ModelName::Of {
                provider: provider.into(),
                model: "m".into(),
            };
            let there = decide_on(settings, Feature::Completion, &wanted, &[]).name();
            assert_eq!(
                instead(settings, Feature::Completion, provider, "m").name(),
                there
            );
            there
        };
        assert_eq!(name(&settings, "openai"), "local/patterns");
        assert_eq!(name(&settings, "ollama"), "ollama/m");
        let relay = settings.providers.get_mut("ollama").expect("well known");
        relay.key = crate::config::KeySource::Env("RELAY".into());
        assert_eq!(name(&settings, "ollama"), "local/patterns");
    }

    #[test]
    fn an_enabled_local_server_comes_first_while_it_answers() {
        let settings = Settings {
            local_servers: vec!["llama-cpp".into(), "ollama".into()],
            ..Settings::default()
        };
        let name =
            |answering: &[&str]| decide(&settings, Feature::Completion, &servers(answering)).name();
        assert_eq!(name(&["ollama", "llama-cpp"]), "llama-cpp/m");
        assert_eq!(name(&["ollama"]), "ollama/m");
        assert_eq!(name(&[]), "local/patterns");
    }

    #[test]
    fn actions_go_to_the_model_of_ghost_text_unless_they_have_their_own() {
        let of = |model: &str| ModelName::Of {
            provider: "openai".into(),
            model: model.into(),
        };
        let mut settings = Settings {
            model: of("small"),
            ..Settings::default()
        };
        let name = |settings: &Settings, feature| decide(settings, feature, &[]).name();
        assert_eq!(name(&settings, Feature::Action), "openai/small");
        settings.action_model = Some(of("large"));
        assert_eq!(name(&settings, Feature::Action), "openai/large");
        assert_eq!(name(&settings, Feature::Completion), "openai/small");
    }

    #[test]
    fn a_named_model_is_asked_and_the_user_pays() {
        let settings = Settings {
            model: ModelName::Of {
                provider: "openai".into(),
                model: "gpt-4.1-mini".into(),
            },
            ..Settings::default()
        };
        let decision = decide(&settings, Feature::Completion, &[]);
        assert_eq!(
            (decision.name().as_str(), decision.payer),
            ("openai/gpt-4.1-mini", Payer::OwnKey)
        );
    }
}
