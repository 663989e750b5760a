//! Every request body that a wire writes is valid by its provider's official schema, where there is one.
//!
//! The schemas are not part of the project: they lie in `../shared/providers/data/openapi` beside the checkout, or in `openapi` beside the
//! folder that `BYOK_FIXTURES` names. Where neither exists the test says so and passes, unless `CI` is `true`.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use byok_lsp::config::{Layer, Layers, Settings};
use byok_lsp::provider::{Call, Fill, Input, Message, Place, Post, Role, request};
use serde_json::{Value, json};

/// Which provider's schema a request to a model must fit: the file, and the place in it. `#` is the file as a whole.
const CASES: [(&str, &str, &str, &str); 24] = [
    (
        "openai",
        "gpt-4.1-mini",
        "openai.chat.sdk-3.52.0.schema.json",
        "#",
    ),
    (
        "openai",
        "gpt-4.1-mini",
        "openai.openapi.json",
        "/chat/completions",
    ),
    (
        "openai",
        "gpt-5-nano",
        "openai.chat.sdk-3.52.0.schema.json",
        "#",
    ),
    (
        "openai",
        "gpt-6-luna",
        "openai.openapi.json",
        "/chat/completions",
    ),
    (
        "openai",
        "gpt-5-codex",
        "openai.responses.sdk-3.52.0.schema.json",
        "#",
    ),
    ("openai", "gpt-5-codex", "openai.openapi.json", "/responses"),
    (
        "openai",
        "gpt-3.5-turbo-instruct",
        "openai.completions.sdk-3.52.0.schema.json",
        "#",
    ),
    (
        "openai",
        "gpt-3.5-turbo-instruct",
        "openai.openapi.json",
        "/completions",
    ),
    (
        "anthropic",
        "claude-haiku-5-5",
        "anthropic.messages.sdk-2.11.0.schema.json",
        "#",
    ),
    (
        "anthropic",
        "claude-fable-5-2",
        "anthropic.messages.sdk-2.11.0.schema.json",
        "#",
    ),
    (
        "anthropic",
        "claude-haiku-4-5",
        "anthropic.openapi.json",
        "/v1/messages",
    ),
    (
        "google",
        "gemini-2.5-flash",
        "vertex.GenerateContentRequest.schema.json",
        "#",
    ),
    (
        "google",
        "gemini-3-flash-preview",
        "vertex.GenerateContentRequest.schema.json",
        "#",
    ),
    (
        "google",
        "gemini-3-pro",
        "vertex.GenerateContentRequest.schema.json",
        "#",
    ),
    (
        "mistral",
        "mistral-small-latest",
        "mistral.openapi.json",
        "/v1/chat/completions",
    ),
    (
        "mistral",
        "codestral-latest",
        "mistral.openapi.json",
        "/v1/fim/completions",
    ),
    ("ollama", "llama3.2", "ollama.openapi.json", "/api/chat"),
    (
        "ollama",
        "qwen2.5-coder:1.5b",
        "ollama.openapi.json",
        "/api/generate",
    ),
    (
        "openrouter",
        "openai/gpt-4.1-mini",
        "openrouter.openapi.json",
        "/chat/completions",
    ),
    (
        "groq",
        "openai/gpt-oss-20b",
        "groq.chat.sdk-1.7.0.schema.json",
        "#",
    ),
    (
        "groq",
        "llama-3.1-8b-instant",
        "groq.openapi.json",
        "/openai/v1/chat/completions",
    ),
    (
        "together",
        "meta-llama/Llama-3.1-8B",
        "together.openapi.json",
        "/chat/completions",
    ),
    (
        "together",
        "Qwen/Qwen2.5-Coder-32B",
        "together.openapi.json",
        "/completions",
    ),
    (
        "huggingface",
        "meta-llama/llama-3.1-8b",
        "hf-tgi.openapi.json",
        "/v1/chat/completions",
    ),
];

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("BYOK_FIXTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/providers/data/openapi"),
        |fixtures| Path::new(&fixtures).join("../openapi"),
    );
    if folder.is_dir() {
        return Some(folder);
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_ci, "the schemas are missing: {}", folder.display());
    eprintln!("skipped: no schemas in {}", folder.display());
    None
}

/// Makes the schema of a request of what the file holds.
fn schema(folder: &Path, file: &str, place: &str) -> jsonschema::Validator {
    let document: Value =
        serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap();
    let schema = if place == "#" {
        document
    } else {
        let body = &document["paths"][place]["post"]["requestBody"];
        let mut schema = body["content"]["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{file} has no {place}");
        schema["components"] = document["components"].clone();
        schema
    };
    jsonschema::draft202012::options()
        .build(&schema)
        .unwrap_or_else(|error| panic!("{file} {place}: {error}"))
}

/// Makes a schema of one of Amazon's shapes, which are described in a form of their own.
fn schema_of_shape(shapes: &Value, name: &str) -> Value {
    let shape = &shapes[name];
    let to = |name: &Value| json!({"$ref": format!("#/$defs/{}", name.as_str().unwrap())});
    match shape["type"].as_str().unwrap() {
        "structure" => {
            let members = shape["members"].as_object().unwrap();
            // What travels in the address is no part of the body.
            let in_body = |member: &Value| member.get("location").is_none();
            let properties: serde_json::Map<_, _> = members
                .iter()
                .filter(|(_, member)| in_body(member))
                .map(|(name, member)| (name.clone(), to(&member["shape"])))
                .collect();
            let required = shape["required"].as_array().into_iter().flatten();
            let required: Vec<_> = required
                .filter(|name| properties.contains_key(name.as_str().unwrap()))
                .collect();
            let mut schema = json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            });
            if shape["union"] == true {
                schema["minProperties"] = json!(1);
                schema["maxProperties"] = json!(1);
            }
            schema
        }
        "list" => json!({"type": "array", "items": to(&shape["member"]["shape"])}),
        "map" => json!({"type": "object", "additionalProperties": to(&shape["value"]["shape"])}),
        "string" => match shape.get("enum") {
            Some(names) => json!({"enum": names}),
            None => json!({"type": "string", "minLength": shape["min"].as_u64().unwrap_or(0)}),
        },
        "integer" | "long" => {
            json!({"type": "integer", "minimum": shape["min"].as_i64().unwrap_or(i64::MIN)})
        }
        "float" | "double" => json!({"type": "number"}),
        "boolean" => json!({"type": "boolean"}),
        // Bytes travel as base64.
        "blob" => json!({"type": "string"}),
        other => panic!("a new type of shape: {other}"),
    }
}

#[test]
fn a_request_over_bedrocks_own_wire_is_valid_by_amazons_model() {
    let Some(folder) = folder() else { return };
    let file = folder.join("bedrock-runtime.service-2.trimmed.json");
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let shapes = &document["shapes"];
    let all: serde_json::Map<_, _> = shapes
        .as_object()
        .unwrap()
        .keys()
        .map(|name| (name.clone(), schema_of_shape(shapes, name)))
        .collect();
    let mut schema = schema_of_shape(shapes, "ConverseStreamRequest");
    schema["$defs"] = all.into();
    let validator = jsonschema::draft202012::options().build(&schema).unwrap();
    let mut layers = Layers::default();
    let text = "[providers.bedrock]\nwire = \"bedrock-converse\"\nbase_url = \"https://bedrock-runtime.eu-west-1.amazonaws.com\"\n";
    layers.set_toml(Layer::UserFile, "f", text).unwrap();
    let post = post_by(&layers.settings(), "bedrock", "amazon.nova-lite-v1:0", 0);
    assert_eq!(
        post.url.path(),
        "/model/amazon.nova-lite-v1%3A0/converse-stream"
    );
    let found = faults(&validator, &post.body);
    assert!(found.is_empty(), "{found:#?}\n{:#}", post.body);
    let mut wrong = post.body.clone();
    wrong["messages"][0]["content"][0] = json!({"text": "a", "txt": "b"});
    assert!(!faults(&validator, &wrong).is_empty());
}

fn post(provider: &str, model: &str) -> Post {
    post_by(&Settings::default(), provider, model, 0)
}

/// The request of a call whose instructions are this many bytes longer than usual, and are to be kept.
fn post_by(settings: &Settings, provider: &str, model: &str, longer: usize) -> Post {
    let settings = settings.providers[provider].for_model(model);
    let input = if settings.wire.fills() {
        Input::Fill(Fill {
            files: Vec::new(),
            prefix: "fn main() {".into(),
            suffix: "}\n".into(),
            place: Place {
                uri: "file:///a.rs".into(),
                text: "fn main() {}\n".into(),
                cursor: 11,
                max_lines: 1,
            },
        })
    } else {
        let message = |role, text: &str| Message {
            role,
            text: text.into(),
            cacheable: role == Role::System && longer > 0,
        };
        Input::Chat(vec![
            message(Role::System, &"be brief".repeat(1 + longer)),
            message(Role::User, "hello"),
        ])
    };
    let call = Call {
        base_url: Some(settings.base_url.clone()),
        key: None,
        model: model.into(),
        input,
        max_tokens: 64,
        stop: vec!["\n\n".into(), "```".into()],
        quirks: settings.quirks,
    };
    request(settings.wire, call).unwrap()
}

fn faults(validator: &jsonschema::Validator, body: &Value) -> Vec<String> {
    validator
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_request_is_valid_by_the_providers_own_schema() {
    let Some(folder) = folder() else { return };
    for (provider, model, file, place) in CASES {
        let body = post(provider, model).body;
        let found = faults(&schema(&folder, file, place), &body);
        assert!(
            found.is_empty(),
            "{provider}/{model} by {file} {place}: {found:#?}\n{body:#}"
        );
    }
}

/// The settings of a file in which everything is written that OpenRouter takes.
const ROUTING: &str = r#"
[providers.openrouter.routing]
models = ["google/gemini-3-flash", "mistralai/codestral"]
order = ["azure"]
only = ["azure", "openai", "google-vertex/us-east5"]
ignore = ["deepinfra"]
allow_fallbacks = true
sort = "latency"
partition = "none"
max_price = { prompt = "0.50 USD", completion = "2", request = "0.01" }
quantizations = ["int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown"]
data_collection = "deny"
zdr = true
require_parameters = true
"#;

#[test]
fn a_request_with_all_of_openrouters_routing_is_valid_on_each_of_its_wires() {
    let Some(folder) = folder() else { return };
    for (wire, place) in [
        ("openai-chat", "/chat/completions"),
        ("openai-responses", "/responses"),
        ("anthropic-messages", "/messages"),
    ] {
        let mut layers = Layers::default();
        let text = format!("[providers.openrouter]\nwire = \"{wire}\"\n{ROUTING}");
        layers.set_toml(Layer::UserFile, "f", &text).unwrap();
        let settings = layers.settings();
        let body = post_by(&settings, "openrouter", "anthropic/claude-haiku-5.5", 4_000).body;
        assert_eq!(body["provider"]["zdr"], true, "{wire}");
        assert_eq!(body["models"][1], "mistralai/codestral", "{wire}");
        let found = faults(&schema(&folder, "openrouter.openapi.json", place), &body);
        assert!(found.is_empty(), "{wire}: {found:#?}\n{body:#}");
    }
}

#[test]
fn a_prompt_whose_beginning_is_kept_is_valid_by_each_schema() {
    let Some(folder) = folder() else { return };
    for (provider, model, file, place) in [
        (
            "anthropic",
            "claude-haiku-5-5",
            "anthropic.messages.sdk-2.11.0.schema.json",
            "#",
        ),
        (
            "anthropic",
            "claude-haiku-5-5",
            "anthropic.openapi.json",
            "/v1/messages",
        ),
        (
            "openrouter",
            "anthropic/claude-haiku-5.5",
            "openrouter.openapi.json",
            "/chat/completions",
        ),
    ] {
        let body = post_by(&Settings::default(), provider, model, 4_000).body;
        assert!(body.to_string().contains("cache_control"), "{body:#}");
        let found = faults(&schema(&folder, file, place), &body);
        assert!(
            found.is_empty(),
            "{provider} by {file}: {found:#?}\n{body:#}"
        );
    }
}

#[test]
fn the_schemas_refuse_what_providers_refuse() {
    let Some(folder) = folder() else { return };
    for (provider, model, file, field) in [
        (
            "anthropic",
            "claude-haiku-5-5",
            "anthropic.messages.sdk-2.11.0.schema.json",
            "temperature",
        ),
        (
            "openai",
            "gpt-4.1-mini",
            "openai.chat.sdk-3.52.0.schema.json",
            "no_such_field",
        ),
        (
            "google",
            "gemini-2.5-flash",
            "vertex.GenerateContentRequest.schema.json",
            "no_such_field",
        ),
    ] {
        let mut body = post(provider, model).body;
        body[field] = json!(0.5);
        assert!(
            !faults(&schema(&folder, file, "#"), &body).is_empty(),
            "{file} takes {field}"
        );
    }
}
