//! What users write for OpenRouter, what becomes of it, and what they are told.

use super::super::{Layer, Layers, Settings};
use super::*;

fn settings(toml: &str) -> Result<Settings, String> {
    let mut layers = Layers::default();
    layers
        .set_toml(Layer::UserFile, "f", toml)
        .map_err(|problem| problem.to_string())?;
    Ok(layers.settings())
}

fn body(toml: &str) -> Value {
    let settings = settings(toml).unwrap();
    let model = settings.providers["openrouter"].for_model("openai/gpt-4.1-mini");
    Value::Object(model.quirks.body)
}

#[test]
fn everything_that_can_be_said_reaches_the_body() {
    let body = body(
        r#"
        [providers.openrouter.routing]
        models = ["google/gemini-3-flash"]
        order = ["azure"]
        only = ["azure", "openai"]
        ignore = ["deepinfra"]
        allow_fallbacks = false
        sort = "latency"
        partition = "none"
        max_price = { prompt = "0.50 USD", completion = "2", request = "0.01" }
        quantizations = ["fp8", "bf16"]
        data_collection = "deny"
        zdr = true
        require_parameters = true
        "#,
    );
    let expected = json!({
        "models": ["google/gemini-3-flash"],
        "provider": {
            "order": ["azure"],
            "only": ["azure", "openai"],
            "ignore": ["deepinfra"],
            "allow_fallbacks": false,
            "sort": {"by": "latency", "partition": "none"},
            "max_price": {"prompt": "0.5", "completion": "2", "request": "0.01"},
            "quantizations": ["fp8", "bf16"],
            "data_collection": "deny",
            "zdr": true,
            "require_parameters": true,
        },
    });
    assert_eq!(body, expected);
}

#[test]
fn nothing_is_sent_that_nobody_wrote() {
    let quirks = |toml: &str| {
        settings(toml).unwrap().providers["openrouter"]
            .quirks
            .clone()
    };
    for toml in [
        "",
        "[providers.openrouter.routing]",
        "[providers.openrouter.app]",
    ] {
        assert!(quirks(toml).body.is_empty() && quirks(toml).headers.is_empty());
    }
    assert_eq!(
        body("[providers.openrouter.routing]\nsort = \"price\""),
        json!({"provider": {"sort": "price"}})
    );
}

#[test]
fn the_editor_wins_over_the_file_key_by_key_within_the_routing_too() {
    let mut layers = Layers::default();
    let file = "[providers.openrouter.routing]\nzdr = true\nsort = \"price\"";
    layers.set_toml(Layer::UserFile, "f", file).unwrap();
    let editor = json!({"providers": {"openrouter": {"routing": {"sort": "latency"}}}});
    layers.set_json(Layer::Editor, "e", editor).unwrap();
    assert_eq!(
        layers.settings().providers["openrouter"].quirks.body["provider"],
        json!({"zdr": true, "sort": "latency"})
    );
}

#[test]
fn a_setting_that_would_not_arrive_or_makes_no_sense_is_refused_with_the_reason() {
    let table = [
        (
            "[providers.openai.routing]\nzdr = true",
            "providers.openai.routing: only OpenRouter reads this, and openai is not OpenRouter",
        ),
        (
            "[providers.openai.app]\ntitle = \"t\"",
            "providers.openai.app: only OpenRouter reads this",
        ),
        (
            "[providers.openrouter]\nwire = \"openai-completions\"\nrouting.zdr = true",
            "the wire that is set has no place for this",
        ),
        (
            "[providers.openrouter.routing]\nonly = []",
            "routing.only: it is empty",
        ),
        (
            "[providers.openrouter.routing]\norder = [\" \"]",
            "routing.order: a name in it is empty",
        ),
        (
            "[providers.openrouter.routing]\nonly = [\"a\"]\nignore = [\"a\"]",
            "routing.only: a is in `ignore` too",
        ),
        (
            "[providers.openrouter.routing]\npartition = \"none\"",
            "routing.partition: it says how to sort",
        ),
        (
            "[providers.openrouter.routing]\nmodels = [\"a\", \"b\", \"c\", \"d\"]",
            "routing.models: OpenRouter takes 3 at most",
        ),
        (
            "[providers.openrouter.routing]\nmodels = [\"openai/text-embedding-3-small\"]",
            "neither complete code nor chat",
        ),
        (
            "[providers.openrouter.routing]\nmax_price = { prompt = \"1 EUR\" }",
            "max_price: prompt: OpenRouter counts in dollars",
        ),
        (
            "[providers.openrouter.routing]\nmax_price = { prompt = \"-1\" }",
            "max_price: prompt: a price is not less than nothing",
        ),
        (
            "[providers.openrouter.routing]\nmax_price = { prompt = \"cheap\" }",
            "is not an amount of money",
        ),
        (
            "[providers.openrouter.routing]\nmax_price = { image = \"1\" }",
            "unknown field `image`",
        ),
        (
            "[providers.openrouter.routing]\nquantizations = [\"int3\"]",
            "unknown variant",
        ),
        (
            "[providers.openrouter.routing]\nsort = \"best\"",
            "unknown variant",
        ),
        (
            "[providers.openrouter.app]\nurl = \"ftp://a\"",
            "app.url: this is not an address",
        ),
        (
            "[providers.openrouter.app]\ntitle = \"a\\nb\"",
            "app.title: a title travels as a header",
        ),
    ];
    for (toml, reason) in table {
        let told = settings(toml).unwrap_err();
        assert!(told.contains(reason), "{toml}\n{told}");
    }
}

#[test]
fn another_name_at_openrouters_address_is_openrouter() {
    let mine = r#"
        [providers.mine]
        wire = "anthropic-messages"
        base_url = "https://openrouter.ai/api/v1"
        routing.data_collection = "deny"
        "#;
    let mine = settings(mine).unwrap().providers["mine"].clone();
    assert!(mine.is_openrouter);
    assert_eq!(
        mine.quirks.body["provider"],
        json!({"data_collection": "deny"})
    );
}

#[test]
fn an_app_is_named_only_where_the_user_names_one() {
    let app = r#"
        [providers.openrouter.app]
        title = "My editor"
        url = "https://example.com"
        "#;
    let headers = settings(app).unwrap().providers["openrouter"]
        .quirks
        .headers
        .clone();
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(
        headers,
        [
            ("http-referer", "https://example.com/"),
            ("x-openrouter-title", "My editor")
        ]
    );
}

#[test]
fn who_is_to_pay_is_no_field_of_a_request_and_ones_own_account_says_at_whom() {
    let body =
        body("providers.openrouter.routing = { payer = \"own-account\", only = [\"anthropic\"] }");
    assert_eq!(body, json!({"provider": {"only": ["anthropic"]}}));
    let error = settings("providers.openrouter.routing.payer = \"own-account\"").unwrap_err();
    assert!(error.contains("say in `only`"), "{error}");
    let own = settings("providers.openrouter.routing.payer = \"credits\"").unwrap();
    assert_eq!(
        own.providers["openrouter"].upstream_payer,
        Some(UpstreamPayer::Credits)
    );
}
