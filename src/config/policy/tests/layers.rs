//! Every restricting option in every combination of the three parties: the most restrictive wins.

use super::super::super::{ModelName, Settings};
use super::settings;
use crate::routing::{self, Feature};

/// An option: what a party writes to restrict somewhat and to restrict more, and what the settings show without either and with each.
struct Row {
    option: &'static str,
    somewhat: &'static str,
    more: &'static str,
    shows: fn(&Settings) -> String,
    is: [&'static str; 3],
}

/// A user's own file has these besides, so that there is something to restrict.
const OWN: &str = "[providers.openai]\nprices.m = { input = \"1 USD\", output = \"4 USD\" }\n\
    [providers.agreed]\nwire = \"openai-chat\"\nbase_url = \"https://agreed.example/v1\"\n\
    data = { training = false, retention = false, region = \"eu\" }\n\
    [providers.unknown]\nwire = \"openai-chat\"\nbase_url = \"https://unknown.example/v1\"\n";

fn asks(settings: &Settings, provider: &str) -> &'static str {
    let wanted = ModelName::Of {
        provider: provider.into(),
        model: "m".into(),
    };
    let decision = routing::decide_on(settings, Feature::Completion, &wanted, &[]);
    if decision.provider == provider {
        "asked"
    } else {
        "kept"
    }
}

fn openai(settings: &Settings) -> String {
    asks(settings, "openai").into()
}

fn unknown(settings: &Settings) -> String {
    asks(settings, "unknown").into()
}

const ALLOWED: [&str; 3] = ["asked", "asked", "kept"];

/// Every option of a policy, and those by which the three restrict the settings.
const TABLE: [Row; 26] = [
    Row {
        option: "policy.completion",
        somewhat: "[policy]\ncompletion = true",
        more: "[policy]\ncompletion = false",
        shows: |settings| settings.policy.allows_completion().to_string(),
        is: ["true", "true", "false"],
    },
    Row {
        option: "policy.actions",
        somewhat: "[policy]\nactions = true",
        more: "[policy]\nactions = false",
        shows: |settings| settings.policy.judge_actions().is_ok().to_string(),
        is: ["true", "true", "false"],
    },
    Row {
        option: "policy.providers",
        somewhat: "[policy]\nproviders = [\"openai\", \"ollama\"]",
        more: "[policy]\nproviders = [\"ollama\"]",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.deny_providers",
        somewhat: "[policy]\ndeny_providers = [\"groq\"]",
        more: "[policy]\ndeny_providers = [\"groq\", \"openai\"]",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.models",
        somewhat: "[policy]\nmodels = [\"openai/*\"]",
        more: "[policy]\nmodels = [\"openai/x*\"]",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.deny_models",
        somewhat: "[policy]\ndeny_models = [\"openai/x\"]",
        more: "[policy]\ndeny_models = [\"*/m\"]",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.payers",
        somewhat: "[policy]\npayers = [\"nobody\", \"own-key\"]",
        more: "[policy]\npayers = [\"nobody\"]",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.max_input_price",
        somewhat: "[policy]\nmax_input_price = \"1 USD\"",
        more: "[policy]\nmax_input_price = \"0.99 USD\"",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.max_output_price",
        somewhat: "[policy]\nmax_output_price = \"4 USD\"",
        more: "[policy]\nmax_output_price = \"3 USD\"",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.offline",
        somewhat: "[policy]\noffline = false",
        more: "[policy]\noffline = true",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.training",
        somewhat: "[policy]\ntraining = true",
        more: "[policy]\ntraining = false",
        shows: unknown,
        is: ALLOWED,
    },
    Row {
        option: "policy.retention",
        somewhat: "[policy]\nretention = true",
        more: "[policy]\nretention = false",
        shows: openai,
        is: ALLOWED,
    },
    Row {
        option: "policy.regions",
        somewhat: "[policy]\nregions = [\"eu\", \"us\"]",
        more: "[policy]\nregions = [\"us\"]",
        shows: |settings| asks(settings, "agreed").into(),
        is: ALLOWED,
    },
    Row {
        option: "policy.strict",
        somewhat: "[policy]\ntraining = false\nstrict = false",
        more: "[policy]\ntraining = false\nstrict = true",
        shows: unknown,
        is: ALLOWED,
    },
    Row {
        option: "policy.paths",
        somewhat: "[[policy.paths]]\nmatch = [\"secret/\"]\nproviders = [\"openai\"]",
        more: "[[policy.paths]]\nmatch = [\"secret/\"]\nproviders = []",
        shows: |settings| {
            let judged = settings.policy.judge_path("secret/a.rs", "openai", true);
            if judged.is_ok() { "asked" } else { "kept" }.into()
        },
        is: ALLOWED,
    },
    Row {
        option: "completion.max_tokens",
        somewhat: "[completion]\nmax_tokens = 100",
        more: "[completion]\nmax_tokens = 50",
        shows: |settings| settings.max_tokens.to_string(),
        is: ["128", "100", "50"],
    },
    Row {
        option: "completion.max_lines",
        somewhat: "[completion]\nmax_lines = 10",
        more: "[completion]\nmax_lines = 2",
        shows: |settings| settings.max_lines.to_string(),
        is: ["12", "10", "2"],
    },
    Row {
        option: "completion.trigger",
        somewhat: "[completion]\ntrigger = \"quiet\"",
        more: "[completion]\ntrigger = \"manual\"",
        shows: |settings| settings.eagerness.to_string(),
        is: ["balanced", "quiet", "manual"],
    },
    Row {
        option: "actions.max_tokens",
        somewhat: "[actions]\nmax_tokens = 2000",
        more: "[actions]\nmax_tokens = 500",
        shows: |settings| settings.action_max_tokens.to_string(),
        is: ["4096", "2000", "500"],
    },
    Row {
        option: "actions.ask_above",
        somewhat: "[actions]\nask_above = \"1 USD\"",
        more: "[actions]\nask_above = \"0.10 USD\"",
        shows: |settings| {
            let amount = settings.action_ask_above;
            amount.map_or_else(|| "never".into(), |amount| amount.to_string())
        },
        is: ["never", "$1.00", "$0.10"],
    },
    Row {
        option: "context.max_tokens",
        somewhat: "[context]\nmax_tokens = 1000",
        more: "[context]\nmax_tokens = 400",
        shows: |settings| settings.context.max_tokens.to_string(),
        is: ["1690", "1000", "400"],
    },
    Row {
        option: "context.sources",
        somewhat: "[context]\nsources = [\"scope\"]",
        more: "[context]\nsources = []",
        shows: |settings| settings.context.sources.len().to_string(),
        is: ["9", "1", "0"],
    },
    Row {
        option: "privacy.credentials",
        somewhat: "[privacy]\ncredentials = \"mask\"",
        more: "[privacy]\ncredentials = \"refuse\"",
        shows: |settings| settings.credentials.to_string(),
        is: ["mask", "mask", "refuse"],
    },
    Row {
        option: "audit.enabled",
        somewhat: "[audit]\nenabled = false",
        more: "[audit]\nenabled = true",
        shows: |settings| settings.audit.is_on.to_string(),
        is: ["false", "false", "true"],
    },
    Row {
        option: "audit.when_unwritable",
        somewhat: "[audit]\nwhen_unwritable = \"go-on\"",
        more: "[audit]\nwhen_unwritable = \"refuse\"",
        shows: |settings| settings.audit.when_unwritable.to_string(),
        is: ["go-on", "go-on", "refuse"],
    },
    Row {
        option: "budget.day",
        somewhat: "[budget]\nday = \"9 USD\"",
        more: "[budget]\nday = \"2 USD\"",
        shows: |settings| {
            let caps = settings.budget.caps.iter();
            caps.map(|cap| cap.amount.to_string()).collect()
        },
        is: ["", "$9.00", "$2.00"],
    },
];

#[test]
fn of_three_parties_the_most_restrictive_wins_for_every_option() {
    let mut cases = 0;
    for row in &TABLE {
        let says = ["", row.somewhat, row.more];
        let workspaces = says.map(super::workspace);
        for user in 0..3 {
            let own = format!("{}\n{OWN}", says[user]);
            for (organisation, said) in says.iter().enumerate() {
                let both = settings(&own, said, "");
                for (workspace, file) in workspaces.iter().enumerate() {
                    let settings = file.restrict(&both).0;
                    // The whole reference: whoever restricts most, restricts.
                    let expected = row.is[user.max(organisation).max(workspace)];
                    let case = format!("{} {user} {organisation} {workspace}", row.option);
                    assert_eq!((row.shows)(&settings), expected, "{case}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 26 * 27);
}

#[test]
fn the_table_leaves_no_option_of_a_policy_out() {
    let schema = schemars::schema_for!(super::super::PolicyOptions).to_value();
    let options = schema["properties"].as_object().expect("options");
    for option in options.keys() {
        let name = format!("policy.{option}");
        assert!(TABLE.iter().any(|row| row.option == name), "{name}");
    }
}

#[test]
fn an_editor_that_says_more_takes_nothing_back_that_the_users_file_forbids() {
    use super::super::super::{Layer, Layers};
    let mut layers = Layers::default();
    let own = format!("[policy]\nproviders = [\"ollama\"]\n{OWN}");
    layers.set_toml(Layer::UserFile, "own", &own).expect("good");
    let wide =
        serde_json::json!({"policy": {"providers": ["openai", "ollama"], "deny_providers": []}});
    layers
        .set_json(Layer::Editor, "editor", wide)
        .expect("good");
    assert_eq!(openai(&layers.settings()), "kept");
    let data = serde_json::json!({"providers": {"openai": {"data": {"retention": false}}}});
    assert!(layers.set_json(Layer::Editor, "editor", data).is_err());
    let moved = serde_json::json!({"organisation": {"file": "/x", "public_key": "RW"}});
    assert!(layers.set_json(Layer::Editor, "editor", moved).is_err());
}
