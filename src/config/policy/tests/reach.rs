//! What a policy has a provider told, and which files it lets be shown.

use super::super::super::{Policy, PolicyOptions, Settings, Source, host_of};
use super::super::{PathOptions, Refused, Rule};
use super::settings;

fn route(rules: &str) -> (String, serde_json::Value) {
    let settings = settings("", &format!("[policy]\n{rules}"), "");
    let route = settings.route("openrouter", "anthropic/claude-sonnet-4-6");
    let route = route.expect("well known");
    let body = route.quirks.body.get("provider").cloned();
    (host_of(&route.base_url), body.unwrap_or_default())
}

#[test]
fn openrouter_is_told_what_the_rules_ask_for_with_each_request() {
    let usual = "openrouter.ai".to_owned();
    assert_eq!(route(""), (usual.clone(), serde_json::Value::Null));
    let deny = serde_json::json!({"data_collection": "deny"});
    assert_eq!(route("training = false"), (usual.clone(), deny));
    let zdr = serde_json::json!({"data_collection": "deny", "zdr": true});
    assert_eq!(route("retention = false"), (usual, zdr));
    let (host, _) = route("regions = [\"eu\"]");
    assert_eq!(host, "eu.openrouter.ai");
    let (host, _) = route("regions = [\"ch\", \"us\"]");
    assert_eq!(host, "us.openrouter.ai");
}

#[test]
fn what_the_user_lets_openrouter_do_is_no_way_round_a_rule() {
    let own = "[providers.openrouter.routing]\ndata_collection = \"allow\"\nzdr = false\nsort = \"price\"";
    let settings = settings(own, "[policy]\nretention = false", "");
    let route = settings.route("openrouter", "m").expect("well known");
    let expected = serde_json::json!({"data_collection": "deny", "zdr": true, "sort": "price"});
    assert_eq!(route.quirks.body["provider"], expected);
}

#[test]
fn a_key_that_is_kept_for_openrouter_goes_to_its_regions_and_nowhere_else() {
    let kept = ["openrouter.ai".to_owned()];
    let settings = settings("", "", "[policy]\nregions = [\"eu\"]");
    let route = |name: &str| settings.route(name, "m").expect("well known");
    assert!(route("openrouter").takes_key_of(&kept));
    assert!(!route("openai").takes_key_of(&kept));
    let elsewhere = "[providers.openrouter]\nbase_url = \"https://evil.example/api/v1\"";
    let moved = super::settings(elsewhere, "", "[policy]\nregions = [\"eu\"]");
    let moved = moved.route("openrouter", "m").expect("configured");
    assert_eq!(host_of(&moved.base_url), "evil.example");
    assert!(!moved.takes_key_of(&kept));
}

#[test]
fn a_well_known_name_at_another_address_has_none_of_its_facts() {
    let elsewhere = "[providers.openai]\nbase_url = \"https://evil.example/v1\"";
    let settings = settings(elsewhere, "", "[policy]\ntraining = false");
    assert!(settings.judge("openai", "m").is_err());
    let regional = "[providers.openai]\nbase_url = \"https://eu.api.openai.com/v1\"";
    let settings = super::settings(
        regional,
        "",
        "[policy]\nregions = [\"eu\"]\ntraining = false",
    );
    assert_eq!(settings.judge("openai", "m"), Ok(()));
}

fn paths(rules: &[(&str, &[&str])]) -> Policy {
    let rule = |(files, providers): &(&str, &[&str])| PathOptions {
        files: vec![(*files).to_owned()],
        providers: providers.iter().map(|name| (*name).to_owned()).collect(),
    };
    let written = PolicyOptions {
        paths: rules.iter().map(rule).collect(),
        ..PolicyOptions::default()
    };
    Policy::of(Source::User, written)
}

#[test]
fn a_rule_about_files_is_about_each_of_them_and_about_no_other() {
    let policy = paths(&[("secret/", &["ollama"]), ("*.sql", &["ollama", "openai"])]);
    let out = Err(Refused {
        source: Source::User,
        rule: Rule::Path,
    });
    for (path, provider, judged) in [
        ("secret/a.rs", "ollama", Ok(())),
        ("secret/deep/a.rs", "openai", out),
        ("secrets/a.rs", "openai", Ok(())),
        ("db/a.sql", "openai", Ok(())),
        ("db/a.sql", "groq", out),
        ("secret/a.sql", "openai", out),
        ("a.rs", "groq", Ok(())),
        ("/secret/a.rs", "openai", out),
        ("", "openai", Ok(())),
    ] {
        assert_eq!(
            policy.judge_path(path, provider),
            judged,
            "{path} {provider}"
        );
    }
    // Beside another file only where that one is under all the rules that it is under.
    assert!(policy.may_accompany("a.rs", "secret/a.rs"));
    assert!(!policy.may_accompany("secret/a.rs", "a.rs"));
    assert!(policy.may_accompany("secret/b.rs", "secret/a.rs"));
    assert!(!policy.may_accompany("secret/b.sql", "secret/a.rs"));
}

#[test]
fn rules_that_cannot_be_read_are_told_with_their_key() {
    let wrong = |edit: fn(&mut PolicyOptions)| {
        let mut written = PolicyOptions::default();
        edit(&mut written);
        Policy::default()
            .add(Source::User, written)
            .map_err(|(key, _)| key)
    };
    assert_eq!(
        wrong(|it| it.max_input_price = Some("cheap".into())),
        Err("max_input_price")
    );
    assert_eq!(
        wrong(|it| it.max_output_price = Some("-1 USD".into())),
        Err("max_output_price")
    );
    assert_eq!(
        wrong(|it| it.regions = Some(vec!["E U".into()])),
        Err("regions")
    );
    assert_eq!(
        wrong(|it| it.paths = vec![PathOptions::default()]),
        Err("paths")
    );
}

#[test]
fn without_rules_nothing_is_judged() {
    assert_eq!(Settings::default().judge("openai", "m"), Ok(()));
}
