//! Every kind of provider under every rule, against a reference model of a few lines; what comes of it is `docs/governance-table.md`.

use std::fmt::Write as _;

use super::super::super::{ModelName, Settings};
use super::super::{About, PolicyOptions, Refused, Rule, Source};
use super::kinds::{KINDS, Kind, OWN, Price};
use super::settings;
use crate::routing::{self, Decision, Feature};
use crate::syntax::Language;
use crate::workspace::Markers;

/// A rule as it is written, and which providers it keeps out, by the reference.
struct Case {
    written: &'static str,
    rule: Rule,
    keeps_out: fn(&Kind) -> bool,
}

fn costs_more(kind: &Kind, input: u32, output: u32) -> bool {
    match kind.price {
        Price::None => false,
        Price::Cents(reads, writes) => reads > input || writes > output,
        Price::Unknown => true,
    }
}

fn is_in_eu(kind: &Kind, unknown: bool) -> bool {
    kind.is_told || kind.region.map_or(unknown, |region| region == "eu")
}

const CASES: [Case; 32] = [
    Case {
        written: "providers = []",
        rule: Rule::Provider,
        keeps_out: |_| true,
    },
    Case {
        written: "providers = [\"openai\", \"ollama\"]",
        rule: Rule::Provider,
        keeps_out: |kind| !["openai", "ollama"].contains(&kind.name),
    },
    Case {
        written: "deny_providers = [\"openai\", \"ollama\"]",
        rule: Rule::Provider,
        keeps_out: |kind| ["openai", "ollama"].contains(&kind.name),
    },
    Case {
        written: "models = [\"open*/m\"]",
        rule: Rule::Model,
        keeps_out: |kind| !kind.name.starts_with("open"),
    },
    Case {
        written: "models = [\"*/other\"]",
        rule: Rule::Model,
        keeps_out: |_| true,
    },
    Case {
        written: "deny_models = [\"open*/m\"]",
        rule: Rule::Model,
        keeps_out: |kind| kind.name.starts_with("open"),
    },
    Case {
        written: "payers = [\"nobody\"]",
        rule: Rule::Payer,
        keeps_out: |kind| kind.payer != "nobody",
    },
    Case {
        written: "payers = [\"own-key\"]",
        rule: Rule::Payer,
        keeps_out: |kind| kind.payer != "own-key",
    },
    Case {
        written: "payers = [\"credits\"]",
        rule: Rule::Payer,
        keeps_out: |kind| kind.payer != "credits",
    },
    Case {
        written: "payers = [\"own-account\"]",
        rule: Rule::Payer,
        keeps_out: |kind| kind.payer != "own-account",
    },
    Case {
        written: "payers = [\"credits\", \"own-account\"]",
        rule: Rule::Payer,
        keeps_out: |kind| !["credits", "own-account", "gateway"].contains(&kind.payer),
    },
    Case {
        written: "payers = [\"gateway\"]",
        rule: Rule::Payer,
        keeps_out: |kind| !["credits", "own-account", "gateway"].contains(&kind.payer),
    },
    Case {
        written: "payers = [\"relay\"]",
        rule: Rule::Payer,
        keeps_out: |kind| kind.payer != "relay",
    },
    Case {
        written: "payers = [\"subscription\", \"power\"]",
        rule: Rule::Payer,
        keeps_out: |kind| !["subscription", "power"].contains(&kind.payer),
    },
    Case {
        written: "payers = [\"free-pool\"]",
        rule: Rule::Payer,
        keeps_out: |kind| kind.payer != "free-pool",
    },
    Case {
        written: "max_input_price = \"1 USD\"",
        rule: Rule::Price,
        keeps_out: |kind| costs_more(kind, 100, u32::MAX),
    },
    Case {
        written: "max_output_price = \"3.99 USD\"",
        rule: Rule::Price,
        keeps_out: |kind| costs_more(kind, u32::MAX, 399),
    },
    Case {
        written: "max_input_price = \"100 EUR\"",
        rule: Rule::Price,
        keeps_out: |kind| !matches!(kind.price, Price::None),
    },
    Case {
        written: "offline = true",
        rule: Rule::Offline,
        keeps_out: |kind| kind.leaves,
    },
    Case {
        written: "training = false",
        rule: Rule::Training,
        keeps_out: |kind| kind.leaves && !kind.is_told && kind.trains != Some(false),
    },
    Case {
        written: "training = false\nstrict = false",
        rule: Rule::Training,
        keeps_out: |kind| kind.leaves && !kind.is_told && kind.trains == Some(true),
    },
    Case {
        written: "retention = false",
        rule: Rule::Retention,
        keeps_out: |kind| kind.leaves && !kind.is_told && kind.keeps != Some(false),
    },
    Case {
        written: "retention = false\nstrict = false",
        rule: Rule::Retention,
        keeps_out: |kind| kind.leaves && !kind.is_told && kind.keeps == Some(true),
    },
    Case {
        written: "regions = [\"eu\"]",
        rule: Rule::Region,
        keeps_out: |kind| kind.leaves && !is_in_eu(kind, false),
    },
    Case {
        written: "regions = [\"eu\"]\nstrict = false",
        rule: Rule::Region,
        keeps_out: |kind| kind.leaves && !is_in_eu(kind, true),
    },
    Case {
        written: "paths = [{ match = [\"secret/\"], providers = [\"ollama\", \"agreed\"] }]",
        rule: Rule::Path,
        keeps_out: |kind| !["ollama", "agreed"].contains(&kind.name),
    },
    Case {
        written: "paths = [{ match = [\"elsewhere/\"], providers = [] }]",
        rule: Rule::Path,
        keeps_out: |_| false,
    },
    Case {
        written: "paths = [{ match = [\"secret/\"], providers = [\"local\"] }]",
        rule: Rule::Path,
        keeps_out: |kind| kind.leaves,
    },
    Case {
        written: "paths = [{ match = [\"secret/\"], providers = [\"local\", \"openai\"] }]",
        rule: Rule::Path,
        keeps_out: |kind| kind.leaves && kind.name != "openai",
    },
    Case {
        written: "paths = [{ languages = [\"rust\"], providers = [] }]",
        rule: Rule::Path,
        keeps_out: |_| true,
    },
    Case {
        written: "paths = [{ markers = [\"CONFIDENTIAL\"], providers = [\"local\"] }]",
        rule: Rule::Path,
        keeps_out: |kind| kind.leaves,
    },
    Case {
        written: "paths = [{ languages = [\"rust\"], markers = [\"PUBLIC\"], providers = [] }]",
        rule: Rule::Path,
        keeps_out: |_| false,
    },
];

fn decide(settings: &Settings, provider: &str, feature: Feature) -> Decision {
    let wanted = ModelName::Of {
        provider: provider.into(),
        model: "m".into(),
    };
    let marks = Markers::of(["CONFIDENTIAL", "PUBLIC"]).in_text(&"// CONFIDENTIAL\n".into());
    let document = About {
        path: "secret/a.rs",
        real: None,
        language: Language::from_id("rust"),
        marks: &marks,
    };
    match settings.policy.for_file(&document) {
        None => routing::decide_on(settings, feature, &wanted, &[]),
        Some(policy) => {
            let settings = Settings {
                policy,
                ..settings.clone()
            };
            routing::decide_on(&settings, feature, &wanted, &[])
        }
    }
}

fn by(source: Source, written: &str) -> Settings {
    let rules = format!("[policy]\n{written}\n");
    match source {
        Source::User => settings(&format!("{rules}{OWN}"), "", ""),
        Source::Organisation => settings(OWN, &rules, ""),
        Source::Workspace => settings(OWN, "", &rules),
    }
}

#[test]
fn every_kind_of_provider_passes_exactly_the_rules_that_it_should_whoever_wrote_them() {
    for source in [Source::User, Source::Organisation, Source::Workspace] {
        for case in &CASES {
            let settings = by(source, case.written);
            for kind in &KINDS {
                let told = format!("{source:?} {} {kind:?}", case.written);
                for feature in [Feature::Completion, Feature::Action] {
                    let decision = decide(&settings, kind.name, feature);
                    let refused = Refused {
                        source,
                        rule: case.rule,
                    };
                    if (case.keeps_out)(kind) {
                        assert!(decision.is_embedded(), "{told}");
                        assert_eq!(decision.reason, refused.words(), "{told}");
                        assert_eq!(Refused::by_words(decision.reason), Some(refused));
                    } else {
                        assert_eq!(decision.name(), format!("{}/m", kind.name), "{told}");
                    }
                }
            }
        }
    }
}

/// Two rules of two parties: what either keeps out is kept out.
#[test]
fn rules_of_several_parties_all_hold_in_every_pair() {
    let own = settings(OWN, "", "");
    let rules = |case: &Case| -> PolicyOptions { toml::from_str(case.written).expect("rules") };
    for one in &CASES {
        for other in &CASES {
            let mut settings = own.clone();
            for (source, case) in [(Source::Organisation, one), (Source::Workspace, other)] {
                settings.policy.add(source, rules(case)).expect("sound");
            }
            for kind in &KINDS {
                let decision = decide(&settings, kind.name, Feature::Completion);
                let is_out = (one.keeps_out)(kind) || (other.keeps_out)(kind);
                let told = format!("{} + {} {kind:?}", one.written, other.written);
                assert_eq!(decision.is_embedded(), is_out, "{told}");
            }
        }
    }
}

#[test]
fn under_an_organisations_file_that_is_not_valid_only_what_is_free_and_here_is_asked() {
    let mut invalid = settings(OWN, "", "");
    invalid.policy.invalid();
    for kind in &KINDS {
        let decision = decide(&invalid, kind.name, Feature::Completion);
        let may = !kind.leaves && kind.payer == "nobody";
        assert_eq!(!decision.is_embedded(), may, "{kind:?}");
    }
}

#[test]
fn the_table_in_the_documents_is_this_one() {
    let mut text = String::from(
        "# Which provider passes which rule\n\nMade by `config::policy::tests::providers`, which holds it against a reference model; the rules are those of \
         [governance.md](governance.md#rules). ✓: the model is asked. ·: it is kept out, and the embedded engine answers.\n\n",
    );
    for (at, kind) in KINDS.iter().enumerate() {
        // A text cannot fail to take more text.
        let _ = writeln!(text, "{}. {}", at + 1, kind.words);
    }
    text += "\n| rule |";
    for at in 1..=KINDS.len() {
        let _ = write!(text, " {at} |");
    }
    text += "\n| --- |";
    text += &" :-: |".repeat(KINDS.len());
    for case in &CASES {
        let settings = by(Source::Organisation, case.written);
        let _ = write!(text, "\n| `{}` |", case.written.replace('\n', ", "));
        for kind in &KINDS {
            let decision = decide(&settings, kind.name, Feature::Completion);
            text += if decision.is_embedded() {
                " · |"
            } else {
                " ✓ |"
            };
        }
    }
    text += "\n\nThe rules about files are those of a Rust document in `secret/` at whose head stands CONFIDENTIAL. A model's price here is 1 USD for a million tokens of input and 4 USD of output, of the dear one ten times that.\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/governance-table.md");
    if std::env::var_os("BYOK_UPDATE_EXPECTED").is_some() {
        std::fs::write(path, &text).expect("written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "run it with BYOK_UPDATE_EXPECTED=1");
}
