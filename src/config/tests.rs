//! What users write and what they are told.

use serde_json::json;

use super::*;

fn problem(toml: &str) -> String {
    Layers::default()
        .set_toml(Layer::UserFile, "config.toml", toml)
        .expect_err("a mistake")
        .to_string()
}

#[test]
fn the_editor_wins_over_the_file_key_by_key() {
    let mut layers = Layers::default();
    layers
        .set_toml(
            Layer::UserFile,
            "config.toml",
            "[completion]\nmodel = \"openai/gpt-4.1-mini\"\nmax_lines = 3",
        )
        .unwrap();
    layers
        .set_json(
            Layer::Editor,
            "the editor",
            json!({"byok": {"completion": {"model": "local"}}}),
        )
        .unwrap();
    let settings = layers.settings();
    assert_eq!(settings.model, ModelName::Local);
    assert_eq!(settings.max_lines, 3);
}

#[test]
fn actions_have_a_model_and_a_limit_of_their_own_and_mistakes_in_them_are_named() {
    let mut layers = Layers::default();
    layers
        .set_toml(
            Layer::UserFile,
            "config.toml",
            "[completion]\nmodel = \"local\"\n[actions]\nmodel = \"openai/gpt-4.1\"",
        )
        .unwrap();
    layers
        .set_json(
            Layer::Editor,
            "the editor",
            json!({"actions": {"max_tokens": 1000}}),
        )
        .unwrap();
    let settings = layers.settings();
    assert_eq!(settings.model_of_actions().to_string(), "openai/gpt-4.1");
    assert_eq!(settings.action_max_tokens, 1000);
    insta::assert_snapshot!(problem("[actions]\nmodel = \"gpt\""), @r#"config.toml, actions.model: a model is written provider/model, such as "openai/gpt-4.1-mini"; or "local", or "auto""#);
    insta::assert_snapshot!(problem("[actions]\nmax_tokens = 1"), @"config.toml, actions.max_tokens: 1 is outside 64 to 65536");
}

#[test]
fn a_mistake_names_layer_line_key_and_fix() {
    insta::assert_snapshot!(problem("[completion]\nmodle = \"local\""), @"config.toml, line 2, completion.modle: unknown field `modle`, expected one of `model`, `trigger`, `debounce_ms`, `max_tokens`, `max_lines`, `speculation`");
    insta::assert_snapshot!(problem("[completion]\nmax_tokens = \"many\""), @r#"config.toml, line 2, completion.max_tokens: invalid type: a text, expected u32"#);
    insta::assert_snapshot!(problem("[completion]\nmodel = \"gpt\""), @r#"config.toml, completion.model: a model is written provider/model, such as "openai/gpt-4.1-mini"; or "local", or "auto""#);
    insta::assert_snapshot!(problem("[completion"), @"config.toml, line 1: unclosed table, expected `]`");
}

#[test]
fn a_mistake_keeps_the_last_good_layer() {
    let mut layers = Layers::default();
    layers
        .set_json(
            Layer::Editor,
            "the editor",
            json!({"completion": {"max_lines": 5}}),
        )
        .unwrap();
    layers
        .set_json(
            Layer::Editor,
            "the editor",
            json!({"completion": {"max_lines": 0}}),
        )
        .unwrap_err();
    assert_eq!(layers.settings().max_lines, 5);
}

#[test]
fn a_key_in_a_configuration_is_refused_and_never_repeated() {
    let key = "sk-canary-4711-abcdef";
    for text in [
        format!("[providers.openai]\nkey = \"{key}\""),
        format!("[providers.openai]\nkey = {{ env = \"{key}\" }}"),
        format!("[providers.openai]\nkey = {{ env = \"A\", value = \"{key}\" }}"),
        format!("[providers.openai]\nkey = {{ literal = \"{key}\" }}"),
        format!("[providers]\nopenai = \"{key}\""),
        format!("[providers.openai]\nwire = \"{key}\""),
        "[providers.openai]\nkey = { env = \"gsk_canary0123456789abcdef\" }".to_owned(),
        format!("completion = \"{key}\""),
        format!("[providers.openai]\nkey = {{ command = [\"echo\", \"{key}\"] }}"),
        format!("[providers.openai]\nkey = {{ command = \"{key}\" }}"),
        format!("[keys]\npassphrase = \"{key}\""),
        format!("[keys]\nstore = \"{key}\""),
    ] {
        let told = problem(&text);
        assert!(!told.contains("canary"), "{told}");
    }
}

#[test]
fn a_well_known_name_at_another_address_does_not_get_its_key() {
    let mut layers = Layers::default();
    layers
        .set_toml(
            Layer::UserFile,
            "f",
            "[providers.openai]\nbase_url = \"https://proxy.example.com/v1\"",
        )
        .unwrap();
    // What is stored is bound to its host by itself.
    let bound_only = KeySource::Default { variable: None };
    assert_eq!(layers.settings().providers["openai"].key, bound_only);
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let told =
        problem("[providers.mine]\nwire = \"openai-chat\"\nbase_url = \"http://10.0.0.1/v1\"");
    assert!(told.contains("https"), "{told}");
    let mut layers = Layers::default();
    layers
        .set_toml(
            Layer::UserFile,
            "f",
            "[providers.mine]\nwire = \"openai-chat\"\nbase_url = \"http://127.0.0.1:9/v1/\"",
        )
        .unwrap();
    assert_eq!(
        layers.settings().providers["mine"].base_url.as_str(),
        "http://127.0.0.1:9/v1"
    );
}

#[test]
fn an_editor_with_nothing_to_say_changes_nothing() {
    let mut layers = Layers::default();
    layers
        .set_json(
            Layer::Editor,
            "the editor",
            json!({"byok": {"completion": {"model": "local"}}}),
        )
        .unwrap();
    layers
        .set_json(Layer::Editor, "the editor", json!(null))
        .unwrap();
    assert_eq!(layers.settings().model, ModelName::Local);
}

#[test]
fn a_model_switched_at_run_time_gives_way_to_settings_that_no_longer_know_it() {
    let mut layers = Layers::default();
    let mine =
        json!({"providers": {"mine": {"wire": "openai-chat", "base_url": "http://127.0.0.1:9"}}});
    layers.set_json(Layer::Editor, "the editor", mine).unwrap();
    layers.set_model("mine/m").unwrap();
    layers
        .set_json(
            Layer::Editor,
            "the editor",
            json!({"completion": {"max_lines": 7}}),
        )
        .unwrap();
    assert_eq!(
        (layers.settings().max_lines, layers.settings().model),
        (7, ModelName::Auto)
    );
}
