//! What the rules leave OpenRouter of the models that the user lets it ask in the named one's place, and what it is told that may be paid.

use serde_json::{Value, json};

use super::super::{Refused, Rule, Source};
use super::settings;

/// A user's own file: three models that may stand in, of which nobody knows what the last costs.
const OWN: &str = "[providers.openrouter]\n\
    prices.\"openai/m\" = { input = \"1 USD\", output = \"1 USD\" }\n\
    prices.\"openai/cheap\" = { input = \"1 USD\", output = \"2 USD\" }\n\
    prices.\"maker/dear\" = { input = \"3 USD\", output = \"75 USD\" }\n\
    [providers.openrouter.routing]\n\
    models = [\"openai/cheap\", \"maker/dear\", \"maker/unpriced\"]\n";

#[test]
fn of_the_models_that_openrouter_may_ask_instead_only_those_stay_that_every_party_allows() {
    let (cheap, dear, unpriced) = ("openai/cheap", "maker/dear", "maker/unpriced");
    let cases: [(&str, &[&str], Rule); 13] = [
        ("completion = true", &[cheap, dear, unpriced], Rule::Model),
        ("models = [\"openrouter/openai/*\"]", &[cheap], Rule::Model),
        ("models = [\"openrouter/openai/m\"]", &[], Rule::Model),
        ("deny_models = [\"*/maker/*\"]", &[cheap], Rule::Model),
        (
            "deny_models = [\"*/dear\"]",
            &[cheap, unpriced],
            Rule::Model,
        ),
        ("max_output_price = \"2 USD\"", &[cheap], Rule::Price),
        ("max_output_price = \"1.99 USD\"", &[], Rule::Price),
        ("max_input_price = \"3 USD\"", &[cheap, dear], Rule::Price),
        ("max_input_price = \"100 EUR\"", &[], Rule::Price),
        ("providers = [\"ollama\"]", &[], Rule::Provider),
        ("payers = [\"own-key\"]", &[], Rule::Payer),
        (
            "payers = [\"gateway\"]",
            &[cheap, dear, unpriced],
            Rule::Payer,
        ),
        ("training = false", &[cheap, dear, unpriced], Rule::Training),
    ];
    for source in [Source::User, Source::Organisation, Source::Workspace] {
        for (rules, stay, rule) in cases {
            let written = format!("[policy]\n{rules}\n");
            let settings = match source {
                Source::User => settings(&format!("{written}{OWN}"), "", ""),
                Source::Organisation => settings(OWN, &written, ""),
                Source::Workspace => settings(OWN, "", &written),
            };
            let told = format!("{source:?} {rules}");
            let route = settings.route("openrouter", "openai/m").expect("known");
            let models = route.quirks.body.get("models");
            // Where none is left the request does not speak of them.
            let expected = (!stay.is_empty()).then(|| json!(stay));
            assert_eq!(models, expected.as_ref(), "{told}");
            let out = [cheap, dear, unpriced].into_iter();
            let out = out.filter(|model| !stay.contains(model));
            let out: Vec<_> = out
                .map(|model| (model.to_owned(), Refused { source, rule }))
                .collect();
            assert_eq!(settings.kept_out("openrouter", "openai/m"), out, "{told}");
        }
    }
}

#[test]
fn what_one_party_leaves_another_may_take() {
    let organisation = "[policy]\nmax_output_price = \"2 USD\"";
    let workspace = "[policy]\ndeny_models = [\"*/cheap\"]";
    let both = settings(OWN, organisation, workspace);
    let route = both.route("openrouter", "openai/m").expect("known");
    assert_eq!(route.stand_ins().count(), 0);
}

#[test]
fn openrouter_is_told_the_lowest_ceiling_in_dollars_unless_the_user_pays_less_anyway() {
    let max_price = |own: &str, user: &str, organisation: &str, model: &str| -> Value {
        let user = format!("[policy]\n{user}\n[providers.openrouter.routing]\n{own}\n");
        let organisation = match organisation {
            "" => String::new(),
            rules => format!("[policy]\n{rules}"),
        };
        let settings = settings(&user, &organisation, "");
        let route = settings.route("openrouter", model).expect("known");
        let told = route.quirks.body.get("provider");
        told.and_then(|told| told.get("max_price"))
            .cloned()
            .unwrap_or_default()
    };
    let output = "max_output_price = \"2 USD\"";
    let lower = "max_output_price = \"1.50 USD\"\nmax_input_price = \"1 USD\"";
    assert_eq!(max_price("", "", "", "m"), Value::Null);
    assert_eq!(max_price("", output, "", "m"), json!({"completion": "2"}));
    let both = json!({"prompt": "1", "completion": "1.5"});
    assert_eq!(max_price("", output, lower, "m"), both);
    assert_eq!(max_price("", lower, output, "m"), both);
    let euros = "max_output_price = \"1 EUR\"";
    assert_eq!(max_price("", euros, "", "m"), Value::Null);
    let more = "max_price = { completion = \"5 USD\", request = \"0.01 USD\" }";
    let expected = json!({"completion": "2", "request": "0.01"});
    assert_eq!(max_price(more, output, "", "m"), expected);
    let less = "max_price = { completion = \"0.3 USD\" }";
    let expected = json!({"completion": "0.3"});
    assert_eq!(max_price(less, "", output, "m"), expected);
    // What is free stays free.
    let nothing = json!({"prompt": "0", "completion": "0", "request": "0"});
    assert_eq!(max_price("", lower, "", "m:free"), nothing);
}
