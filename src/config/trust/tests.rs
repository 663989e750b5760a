//! What a workspace's file may do, option by option.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{Layer, Layers, ModelName, schema};
use super::*;

/// The user's own settings in these tests.
const OWN: &str = "[completion]\nmodel = \"openai/gpt-4.1-mini\"\ndebounce_ms = 100\nmax_tokens = 100\nmax_lines = 10\n\
    [actions]\nmodel = \"anthropic/claude-sonnet-4-6\"\nmax_tokens = 1000\nask_above = \"0.10 USD\"\n\
    [local]\nservers = [\"ollama\", \"llama-cpp\"]\nmin_confidence = 50\n[budget]\nday = \"2 USD\"\n[ledger]\ntags = { team = \"x\" }\n\
    [audit]\nwhen_unwritable = \"refuse\"\n";

fn own() -> Settings {
    let mut layers = Layers::default();
    layers.set_toml(Layer::UserFile, "own", OWN).expect("good");
    layers.settings()
}

fn allows(settings: &Settings, provider: &str, model: &str) -> bool {
    settings.judge(provider, model).is_ok()
}

fn file(text: &str) -> WorkspaceFile {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(WORKSPACE_FILE), text).expect("written");
    WorkspaceFile::read(folder.path())
}

/// One option, what a workspace writes for it, what it comes to, and whether it is told as not followed.
struct Row {
    option: &'static str,
    written: &'static str,
    comes_to: &'static str,
    is_refused: bool,
}

const fn row(
    option: &'static str,
    written: &'static str,
    comes_to: &'static str,
    is_refused: bool,
) -> Row {
    Row {
        option,
        written,
        comes_to,
        is_refused,
    }
}

/// The whole of it. An option that has no row here fails the test below.
const TABLE: [Row; 117] = [
    row("completion.model", "\"local\"", "local", false),
    row(
        "completion.model",
        "\"openai/gpt-4.1-mini\"",
        "openai/gpt-4.1-mini",
        false,
    ),
    row(
        "completion.model",
        "\"openai/gpt-5\"",
        "openai/gpt-4.1-mini",
        true,
    ),
    row(
        "completion.model",
        "\"anthropic/claude-sonnet-4-6\"",
        "openai/gpt-4.1-mini",
        true,
    ),
    row("completion.model", "\"auto\"", "openai/gpt-4.1-mini", true),
    row("completion.trigger", "\"manual\"", "manual", false),
    row("completion.trigger", "\"eager\"", "balanced", true),
    row("completion.debounce_ms", "300", "300", false),
    row("completion.debounce_ms", "0", "100", true),
    row("completion.debounce_ms", "99999999", "5000", false),
    row("completion.max_tokens", "50", "50", false),
    row("completion.max_tokens", "0", "1", false),
    row("completion.max_tokens", "101", "100", true),
    row("completion.max_lines", "3", "3", false),
    row("completion.max_lines", "11", "10", true),
    row("completion.speculation", "\"5 USD\"", "", true),
    row("actions.model", "\"local\"", "local", false),
    row(
        "actions.model",
        "\"openai/gpt-4.1-mini\"",
        "anthropic/claude-sonnet-4-6",
        true,
    ),
    row("actions.max_tokens", "500", "500", false),
    row("actions.max_tokens", "5000", "1000", true),
    row("actions.ask_above", "\"0.05 USD\"", "$0.05", false),
    row("actions.ask_above", "\"5 USD\"", "$0.10", true),
    row("actions.ask_above", "\"0.05 EUR\"", "$0.10", true),
    row(
        "actions.custom",
        "[{ name = \"evil\", title = \"Evil\", prompt = \"Evil.\" }]",
        "",
        true,
    ),
    row(
        "actions.check",
        "{ rust = [\"sh\", \"-c\", \"evil\"] }",
        "",
        true,
    ),
    row(
        "budget.request",
        "\"0.1 USD\"",
        "day $2.00, request $0.10",
        false,
    ),
    row(
        "budget.session",
        "\"1 USD\"",
        "day $2.00, session $1.00",
        false,
    ),
    row("budget.hour", "\"1 USD\"", "day $2.00, hour $1.00", false),
    row("budget.day", "\"1 USD\"", "day $1.00", false),
    row("budget.day", "\"9 USD\"", "day $2.00", false),
    row("budget.month", "\"1 USD\"", "day $2.00, month $1.00", false),
    row(
        "budget.caps",
        "[{ amount = \"1 USD\", per = \"day\", at = \"degrade\", degrade_to = \"openai/gpt-5\" }]",
        "day $1.00",
        true,
    ),
    row("budget.when_unsure", "\"allow\"", "day $2.00", true),
    row("budget.unknown_price", "\"assume\"", "day $2.00", false),
    row(
        "budget.exchange",
        "{ EUR = \"0.01 USD\" }",
        "day $2.00",
        true,
    ),
    row("ledger.keep", "\"35 days\"", "", true),
    row(
        "ledger.tags",
        "{ client = \"acme\" }",
        "client acme, team x",
        false,
    ),
    row("ledger.tags", "{ team = \"evil\" }", "team x", true),
    row("ledger.tags", "{ ended = \"crash\" }", "team x", true),
    row("audit.enabled", "true", "true refuse", false),
    row("audit.enabled", "false", "false refuse", false),
    row("audit.when_unwritable", "\"refuse\"", "false refuse", false),
    row("audit.when_unwritable", "\"go-on\"", "false refuse", true),
    row("audit.keep", "\"35 days\"", "", true),
    row("context.max_tokens", "400", "400", false),
    row("context.max_tokens", "9000", "1690", true),
    row("context.sources", "[\"scope\"]", "1", false),
    row("context.sources", "[]", "0", false),
    row("context.max_index_files", "1", "", true),
    row("context.save_index", "false", "false", false),
    row("context.save_index", "true", "true", false),
    row("privacy.credentials", "\"refuse\"", "refuse", false),
    row("privacy.credentials", "\"send\"", "mask", true),
    row("local.servers", "[\"ollama\"]", "ollama", false),
    row("local.servers", "[]", "", false),
    row(
        "local.servers",
        "[\"lm-studio\", \"ollama\"]",
        "ollama",
        true,
    ),
    row("local.min_confidence", "80", "80", false),
    row("local.min_confidence", "10", "50", true),
    row("local.partner", "true", "true", false),
    row("local.partner", "false", "false", false),
    row("local.max_index_tokens", "1", "", true),
    row("network.proxy", "\"http://127.0.0.1:1\"", "", true),
    row("network.offline", "false", "", true),
    row("network.connect_s", "600", "", true),
    row("network.first_byte_s", "600", "", true),
    row("network.idle_s", "600", "", true),
    row("network.ca_bundle", "\"/w/evil.pem\"", "", true),
    row("log.level", "\"off\"", "", true),
    row("log.max_size_mb", "100", "", true),
    row("log.max_files", "1", "", true),
    row(
        "projects",
        "[{ folder = \"/w\", completion = \"openai/dear\" }]",
        "",
        true,
    ),
    row("telemetry.endpoint", "\"https://evil.example\"", "", true),
    row("keys.store", "\"file\"", "", true),
    row("keys.environment", "\"prod\"", "", true),
    row(
        "keys.passphrase",
        "{ command = [\"sh\", \"-c\", \"evil\"] }",
        "",
        true,
    ),
    row(
        "providers.openai.base_url",
        "\"https://evil.example/v1\"",
        "",
        true,
    ),
    row(
        "providers.openai.key",
        "{ env = \"GITHUB_TOKEN\" }",
        "",
        true,
    ),
    row(
        "providers.openai.key",
        "{ command = [\"sh\", \"-c\", \"evil\"] }",
        "",
        true,
    ),
    row("providers.openai.key", "{ keyring = \"work\" }", "", true),
    row("providers.openai.key", "\"none\"", "", true),
    row("providers.openai.wire", "\"openai-chat\"", "", true),
    row("providers.openai.auth", "\"bearer\"", "", true),
    row(
        "providers.openai.prices.m",
        "{ input = \"0 USD\", output = \"0 USD\" }",
        "",
        true,
    ),
    row("providers.openai.discount", "\"99%\"", "", true),
    row("providers.openai.discounts.m", "\"99%\"", "", true),
    row("providers.openai.subscription", "\"0 USD/month\"", "", true),
    row(
        "providers.ollama.power",
        "{ watts = 0, kwh = \"0 USD\" }",
        "",
        true,
    ),
    row(
        "providers.openrouter.routing",
        "{ data_collection = \"allow\" }",
        "",
        true,
    ),
    row("providers.openrouter.app", "{ title = \"evil\" }", "", true),
    row(
        "providers.evil",
        "{ wire = \"openai-chat\", base_url = \"https://evil.example/v1\" }",
        "",
        true,
    ),
    row(
        "routing.pools",
        "{ a = { models = [\"openai/m\"] } }",
        "",
        true,
    ),
    row(
        "routing.limits",
        "{ openai = { concurrent = 2 } }",
        "",
        true,
    ),
    row("routing.rules", "[{ model = \"openai/m\" }]", "", true),
    row("actions.escalate_to", "\"openai/m\"", "", true),
    row("fallback.completion", "[\"openai/m\"]", "", true),
    row("fallback.actions", "[\"openai/m\"]", "", true),
    row("fallback.may_change_payer", "true", "", true),
    row("fallback.slow_ms", "100", "", true),
    row("policy.providers", "[\"ollama\"]", "", false),
    row("policy.models", "[\"ollama/*\"]", "", false),
    row("policy.completion", "false", "", false),
    row("policy.actions", "false", "", false),
    row("policy.deny_providers", "[\"openai\"]", "", false),
    row("policy.deny_models", "[\"openai/*\"]", "", false),
    row("policy.payers", "[\"nobody\"]", "", false),
    row("policy.max_input_price", "\"1 USD\"", "", false),
    row("policy.max_output_price", "\"1 USD\"", "", false),
    row("policy.offline", "true", "", false),
    row("policy.training", "false", "", false),
    row("policy.retention", "false", "", false),
    row("policy.regions", "[\"eu\"]", "", false),
    row("policy.strict", "false", "", false),
    row(
        "policy.paths",
        "[{ match = [\"*.sql\"], providers = [] }]",
        "",
        false,
    ),
    row("organisation.file", "\"/w/evil.toml\"", "", true),
    row("organisation.public_key", "\"RWevil\"", "", true),
    row("providers.openai.data", "{ training = false }", "", true),
    row("providers.openai.free", "{}", "", true),
];

/// What an option comes to, of those that a workspace can tighten.
fn comes_to(settings: &Settings, option: &str) -> String {
    match option {
        "completion.model" => settings.model.to_string(),
        "completion.trigger" => settings.eagerness.to_string(),
        "completion.debounce_ms" => settings
            .debounce
            .map_or_else(String::new, |wait| wait.as_millis().to_string()),
        "completion.max_tokens" => settings.max_tokens.to_string(),
        "completion.speculation" => settings
            .speculation
            .map_or_else(String::new, |amount| amount.to_string()),
        "completion.max_lines" => settings.max_lines.to_string(),
        "actions.model" => settings.model_of_actions().to_string(),
        "actions.escalate_to" => settings
            .escalation
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        "actions.max_tokens" => settings.action_max_tokens.to_string(),
        "actions.ask_above" => settings
            .action_ask_above
            .map_or_else(String::new, |amount| amount.to_string()),
        "actions.custom" => settings
            .custom_actions
            .iter()
            .map(|action| action.options.name.clone())
            .collect(),
        "actions.check" => settings.action_checks.keys().cloned().collect(),
        budget if budget.starts_with("budget.") => {
            let caps = settings.budget.caps.iter();
            let caps = caps.map(|cap| format!("{} {}", cap.name, cap.amount));
            caps.collect::<Vec<_>>().join(", ")
        }
        "ledger.tags" => {
            let tags = settings.ledger.tags.iter();
            let tags = tags.map(|(name, value)| format!("{name} {value}"));
            tags.collect::<Vec<_>>().join(", ")
        }
        "audit.enabled" | "audit.when_unwritable" => {
            format!(
                "{} {}",
                settings.audit.is_on, settings.audit.when_unwritable
            )
        }
        "privacy.credentials" => settings.credentials.to_string(),
        "context.max_tokens" => settings.context.max_tokens.to_string(),
        "context.save_index" => settings.context.saves_index.to_string(),
        "context.sources" => settings.context.sources.len().to_string(),
        "local.servers" => settings.local_servers.join(" "),
        "local.partner" => settings.has_partner.to_string(),
        "local.min_confidence" => settings.min_confidence.unwrap_or_default().to_string(),
        _ => String::new(),
    }
}

#[test]
fn each_option_makes_the_settings_tighter_or_is_refused_and_told() {
    let own = own();
    for Row {
        option,
        written,
        comes_to: expected,
        is_refused,
    } in &TABLE
    {
        let case = format!("{option} = {written}");
        let (settings, told) = file(&case).restrict(&own);
        assert_eq!(comes_to(&settings, option), *expected, "{case}");
        assert_eq!(told.is_some(), *is_refused, "{case}: {told:?}");
        if let Some(told) = told {
            let named = option.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
            assert!(told.contains(&named), "{case}: {told}");
            assert!(!told.contains("evil.example"), "{told}");
        }
        // Where a key goes, where it comes from and what is believed of prices is the same whatever it says.
        assert_eq!(settings.providers, own.providers, "{case}");
        assert_eq!(settings.network, own.network, "{case}");
        assert_eq!(settings.keys, own.keys, "{case}");
        assert_eq!(settings.telemetry, own.telemetry, "{case}");
    }
}

#[test]
fn a_workspace_cannot_have_its_index_saved_where_the_user_wants_that_of_none() {
    let mut own = own();
    own.context = Arc::new(crate::config::ContextSettings {
        saves_index: false,
        ..(*own.context).clone()
    });
    let (settings, told) = file("[context]\nsave_index = true\n").restrict(&own);
    assert!(!settings.context.saves_index && told.is_some());
}

#[test]
fn the_table_above_leaves_no_option_out() {
    let schema = schema().to_value();
    let properties = |schema: &serde_json::Value| -> BTreeSet<String> {
        let names = schema["properties"].as_object();
        names
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let definition = |section: &str| {
        let any = schema["properties"][section]["anyOf"][0]["$ref"].as_str();
        let name = any?.strip_prefix("#/$defs/")?;
        Some(schema["$defs"][name].clone())
    };
    let has_row = |option: &str| {
        let begins =
            |row: &Row| row.option == option || row.option.starts_with(&format!("{option}."));
        TABLE.iter().any(begins)
    };
    for section in properties(&schema) {
        let Some(definition) = definition(&section) else {
            // What is a list or has names of its own has a row for the whole.
            assert!(section == "providers" || has_row(&section), "{section}");
            continue;
        };
        for option in properties(&definition) {
            assert!(
                has_row(&format!("{section}.{option}")),
                "{section}.{option}"
            );
        }
    }
    for option in properties(&schema["$defs"]["ProviderOptions"]) {
        let is_it = |row: &Row| row.option.split('.').nth(2) == Some(&option);
        assert!(TABLE.iter().any(is_it), "providers.*.{option}");
    }
}

#[test]
fn a_policy_narrows_and_what_it_does_not_allow_is_not_asked() {
    let own = own();
    let restricted = |text: &str| file(text).restrict(&own).0;
    let policy = |text: &str| restricted(text).policy;
    let providers = restricted("[policy]\nproviders = [\"openai\"]");
    assert!(allows(&providers, "openai", "x") && !allows(&providers, "anthropic", "x"));
    let models = restricted("[policy]\nmodels = [\"openai/gpt-4.1*\", \"ollama/*\"]");
    assert!(allows(&models, "openai", "gpt-4.1-mini") && allows(&models, "ollama", "a/b"));
    assert!(!allows(&models, "openai", "gpt-5") && !allows(&models, "mistral", "gpt-4.1"));
    let off = policy("[policy]\ncompletion = false\nactions = false");
    assert!(!off.allows_completion() && off.judge_actions().is_err());
    // What is true of everything forbids nothing.
    let on = policy("[policy]\ncompletion = true\nactions = true");
    assert!(on.allows_completion() && on.judge_actions().is_ok());
}

#[test]
fn a_folder_is_held_to_the_embedded_engine_while_its_file_is_not_understood() {
    let own = own();
    for text in [
        "[policy]\nproviders = [\"ollama\"",
        "[policy]\nprovider = [\"ollama\"]",
        "[policy]\nproviders = \"ollama\"",
        "[completion]\nmodle = \"local\"",
        "[nonsense]\nx = 1",
        "x = 1",
    ] {
        let (settings, told) = file(text).restrict(&own);
        assert!(!allows(&settings, "openai", "gpt-4.1-mini"), "{text}");
        let told = told.expect(text);
        assert!(told.contains("until it is mended"), "{told}");
    }
    let unread = WorkspaceFile::unread(Path::new("/w")).restrict(&own);
    assert!(!allows(&unread.0, "openai", "gpt-4.1-mini"));
    assert_eq!(unread.1, None);
}

#[test]
fn a_folder_without_a_file_has_the_users_own_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = own();
    for path in [folder.path(), &folder.path().join("gone")] {
        assert_eq!(
            WorkspaceFile::read(path).restrict(&own),
            (own.clone(), None)
        );
    }
}

#[test]
fn a_key_in_the_file_is_not_repeated_nor_is_anything_that_a_terminal_obeys() {
    let key = "sk-canary-4711-abcdef";
    for text in [
        format!("[providers.openai]\nkey = \"{key}\""),
        format!("[providers.{key}]\nwire = \"openai-chat\""),
        format!("[providers]\n{key} = 1"),
        format!("{key} = 1"),
        format!("[{key}]\nx = 1"),
        format!("[completion]\nmodel = \"{key}\""),
        format!("[completion]\n{key} = 1"),
        format!("[completion]\nmax_tokens = \"{key}\""),
        format!("[policy]\nproviders = \"{key}\""),
        format!("[policy]\n{key} = 1"),
        format!("[keys]\npassphrase = \"{key}\""),
        key.to_owned(),
        format!("[network]\n\"\\u001b[31m{key}\" = 1"),
        "\"\\u001b[31mcanary\" = 1".to_owned(),
        "[providers.\"\\u001b[31mcanary\"]".to_owned(),
    ] {
        let (_, told) = file(&text).restrict(&own());
        let told = told.expect("told");
        assert!(!told.contains("sk-canary"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}

#[test]
fn many_refusals_are_one_message_of_bearable_length() {
    let one = |number: u32| format!("[providers.p{number}]\nwire = \"openai-chat\"\n");
    let many = (0..500).map(one).collect::<Vec<_>>().concat();
    let (_, told) = file(&many).restrict(&own());
    let told = told.expect("told");
    assert!(
        told.contains("providers.p0") && told.contains("and 495 more"),
        "{told}"
    );
    assert!(told.len() < 800, "{told}");
}

#[test]
fn what_is_read_is_tightened_anew_when_the_users_settings_change() {
    let written = file("[completion]\nmax_tokens = 50");
    let mut own = own();
    assert_eq!(written.restrict(&own).0.max_tokens, 50);
    own.max_tokens = 20;
    let (settings, told) = written.restrict(&own);
    assert_eq!(settings.max_tokens, 20);
    assert!(told.is_some());
    own.model = ModelName::Local;
    assert_eq!(written.restrict(&own).0.model, ModelName::Local);
}

#[test]
fn a_file_is_read_again_when_it_has_changed_and_only_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(WORKSPACE_FILE);
    let absent = WorkspaceFile::read(folder.path());
    assert_eq!(absent.changed(), None);
    std::fs::write(&path, "[completion]\nmax_tokens = 50").expect("written");
    let written = absent.changed().expect("it is there now");
    assert_eq!(written.restrict(&own()).0.max_tokens, 50);
    assert_eq!(written.changed(), None);
    std::fs::remove_file(&path).expect("removed");
    let removed = written.changed().expect("it is gone");
    assert_eq!(removed.restrict(&own()), (own(), None));
}

#[cfg(unix)]
mod what_is_no_plain_file {
    use super::*;

    /// Reads what `make` puts where the file belongs.
    fn told(make: impl FnOnce(&Path)) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        make(&folder.path().join(WORKSPACE_FILE));
        let (settings, told) = WorkspaceFile::read(folder.path()).restrict(&own());
        assert!(!allows(&settings, "openai", "gpt-4.1-mini"));
        told.expect("told")
    }

    #[test]
    fn a_link_is_not_followed_wherever_it_leads() {
        let elsewhere = tempfile::tempdir().expect("a folder");
        let secret = elsewhere.path().join("secret.toml");
        std::fs::write(&secret, "token = \"sk-canary-4711\"").expect("written");
        for target in [
            &secret,
            Path::new("/dev/zero"),
            Path::new("/nonexistent"),
            Path::new(WORKSPACE_FILE),
        ] {
            let told = told(|path| std::os::unix::fs::symlink(target, path).expect("a link"));
            assert!(told.contains("it is a link"), "{told}");
            assert!(
                !told.contains("canary") && !told.contains("token"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_pipe_or_a_folder_holds_nobody_up() {
        let pipe = told(|path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.expect("mkfifo").success());
        });
        assert!(pipe.contains("it is no file"), "{pipe}");
        let folder = told(|path| std::fs::create_dir(path).expect("a folder"));
        assert!(folder.contains("it is no file"), "{folder}");
    }

    #[test]
    fn a_pipe_that_takes_the_files_place_after_it_was_looked_at_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(WORKSPACE_FILE);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo").success());
        let read = disk::read_file(&path);
        assert_eq!(read, Err("it is no file; remove it".into()));
    }

    #[test]
    fn too_much_or_no_text_is_no_list_of_restrictions() {
        let huge = told(|path| {
            let file = std::fs::File::create(path).expect("a file");
            file.set_len(1 << 40).expect("sparse");
        });
        assert!(huge.contains("larger than 64 KiB"), "{huge}");
        let bytes = told(|path| std::fs::write(path, b"\xff\xfe[completion]").expect("written"));
        assert!(bytes.contains("not UTF-8"), "{bytes}");
    }
}
