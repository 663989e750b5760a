//! What a policy has a provider told, and which files it lets be shown.

use super::super::super::{Policy, PolicyOptions, Settings, Source, host_of};
use super::super::{About, PathOptions, Refused, Rule};
use super::settings;
use crate::syntax::Language;
use crate::workspace::{Markers, Marks};

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

/// The user's rules about files, as they write them.
fn paths(rules: &str) -> Policy {
    let written: PolicyOptions = toml::from_str(&format!("paths = [{rules}]")).expect("rules");
    Policy::of(Source::User, written)
}

const OUT: Result<(), Refused> = Err(Refused {
    source: Source::User,
    rule: Rule::Path,
});

#[test]
fn a_rule_about_files_is_about_each_of_them_and_about_no_other() {
    let policy = paths(
        "{ match = [\"secret/\"], providers = [\"ollama\"] },
         { match = [\"*.sql\"], providers = [\"ollama\", \"openai\"] },
         { languages = [\"python\"], providers = [\"local\"] },
         { match = [\"web/\"], languages = [\"typescript\", \"tsx\"], providers = [\"openai\"] },
         { markers = [\"CONFIDENTIAL\"], providers = [] }",
    );
    for (path, provider, judged) in [
        ("secret/a.rs", "ollama", Ok(())),
        ("secret/deep/a.rs", "openai", OUT),
        ("secrets/a.rs", "openai", Ok(())),
        ("db/a.sql", "openai", Ok(())),
        ("db/a.sql", "groq", OUT),
        ("secret/a.sql", "openai", OUT),
        ("a.rs", "groq", Ok(())),
        ("/secret/a.rs", "openai", OUT),
        ("", "openai", Ok(())),
        ("a.py", "openai", OUT),
        ("a.py", "ollama", Ok(())),
        // All conditions of a rule have to hold.
        ("web/a.ts", "groq", OUT),
        ("web/a.tsx", "openai", Ok(())),
        ("web/a.css", "groq", Ok(())),
        ("a.ts", "groq", Ok(())),
    ] {
        let leaves = provider != "ollama";
        let is = policy.judge_path(path, provider, leaves);
        assert_eq!(is, judged, "{path} {provider}");
    }
}

#[test]
fn a_file_accompanies_another_only_where_that_is_under_all_of_its_rules() {
    let policy = paths(
        "{ match = [\"secret/\"], providers = [\"ollama\"] },
         { languages = [\"python\"], providers = [\"local\"] },
         { markers = [\"CONFIDENTIAL\"], providers = [] }",
    );
    let markers = Markers::of(policy.markers());
    let marks = |head: &str| markers.in_text(&head.into());
    let goes = |file: (&str, &str), document: (&str, &str)| {
        let (of_file, of_document) = (marks(file.1), marks(document.1));
        let about = |path, marks| About {
            path,
            real: None,
            language: None,
            marks,
        };
        policy.may_accompany(&about(file.0, &of_file), &about(document.0, &of_document))
    };
    let marked = "# CONFIDENTIAL";
    assert!(goes(("a.rs", ""), ("secret/a.rs", "")));
    assert!(!goes(("secret/a.rs", ""), ("a.rs", "")));
    assert!(goes(("secret/b.rs", ""), ("secret/a.rs", "")));
    assert!(!goes(("secret/b.py", ""), ("secret/a.rs", "")));
    assert!(goes(("a.py", ""), ("secret/b.py", "")));
    assert!(!goes(("a.rs", marked), ("b.rs", "")));
    assert!(goes(("a.rs", marked), ("b.rs", marked)));
    assert!(goes(("a.rs", ""), ("b.rs", marked)));
    // At whose head nobody has looked is marked; and what the editor calls Python is, whatever its name.
    let unknown = About {
        path: "a.rs",
        real: None,
        language: Language::from_id("python"),
        marks: &Marks::default(),
    };
    let plain = marks("");
    for (path, head) in [("a.rs", ""), ("a.py", ""), ("a.rs", marked)] {
        let marks = marks(head);
        let document = About {
            path,
            real: None,
            language: None,
            marks: &marks,
        };
        assert!(!policy.may_accompany(&unknown, &document), "{path} {head}");
    }
    let known = About {
        marks: &plain,
        ..unknown
    };
    let python = About {
        path: "b.py",
        real: None,
        language: None,
        marks: &plain,
    };
    assert!(policy.may_accompany(&known, &python));
}

#[test]
fn the_word_for_this_machine_is_nobodys_name() {
    let policy = paths("{ match = [\"*\"], providers = [\"local\"] }");
    assert_eq!(policy.judge_path("a.rs", "ollama", false), Ok(()));
    assert_eq!(policy.judge_path("a.rs", "local", true), OUT);
    let own =
        "[providers.local]\nbase_url = \"https://elsewhere.example/v1\"\nwire = \"openai-chat\"";
    let settings = settings(
        own,
        "",
        "[[policy.paths]]\nmatch = [\"*\"]\nproviders = [\"local\"]",
    );
    let document = About {
        path: "a.rs",
        real: None,
        language: None,
        marks: &Marks::default(),
    };
    let policy = settings.policy.for_file(&document).expect("it is ruled");
    let elsewhere = settings.route("local", "m").expect("configured");
    assert!(policy.judge(&elsewhere, "m").is_err());
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
    let rules: [fn(&mut PathOptions); 6] = [
        |_| {},
        |it| it.files = vec![" ".into()],
        |it| it.languages = vec!["klingon".into()],
        |it| it.markers = vec![String::new()],
        |it| it.markers = vec!["of two\nlines".into()],
        |it| it.markers = vec!["x".repeat(201)],
    ];
    for rule in rules {
        let mut written = PolicyOptions::default();
        let mut one = PathOptions::default();
        rule(&mut one);
        written.paths = vec![one];
        let added = Policy::default().add(Source::User, written);
        assert_eq!(added.map_err(|(key, _)| key), Err("paths"));
    }
}

#[test]
fn without_rules_nothing_is_judged() {
    assert_eq!(Settings::default().judge("openai", "m"), Ok(()));
}
