//! The command line as a person and a script meet it: the real binary, its own folder for configuration and ledger.

#![allow(clippy::unwrap_used)]

#[path = "support/scripted.rs"]
#[allow(dead_code, reason = "the benchmarks use the rest of it")]
mod scripted;

#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/organisation.rs"]
mod organisation;
#[path = "cli/prices.rs"]
mod prices;
#[path = "cli/telemetry.rs"]
mod telemetry;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A workspace of one file in which a line is half typed.
const CART: &str = "fn a() {\n    let total = compute(left, right);\n}\n\nfn b() {\n    let total = compute(left, right);\n}\n\nfn c() {\n    let tot\n}\n";

fn workspace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cart.rs"), CART).unwrap();
    folder
}

fn byok(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// The program in a folder that has its settings and all that it keeps.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("BYOK_CONFIG", folder.join("config.toml"))
        .env("BYOK_LEDGER", folder.join("ledger.sqlite3"))
        .env("BYOK_CACHE", folder.join("cache"))
        .stdin(Stdio::null());
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_completion_without_key_or_network_is_printed_in_its_place_and_costs_nothing() {
    let folder = workspace();
    let output = byok(folder.path(), &["complete", "cart.rs:10:12"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("10 |     let tot«al = compute(left, right);»"),
        "{text}"
    );
    assert!(
        text.contains("local/patterns · nobody: runs on this machine · free"),
        "{text}"
    );
}

#[test]
fn a_script_reads_the_same_as_json() {
    let folder = workspace();
    let output = byok(folder.path(), &["complete", "cart.rs:10:12", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["text"], "al = compute(left, right);");
    assert_eq!(
        (&json["provider"], &json["model"]),
        (&"local".into(), &"patterns".into())
    );
    assert_eq!(json["payer"], "nobody: runs on this machine");
    assert_eq!(
        (&json["cost"]["nanos"], &json["cost"]["source"]),
        (&0.into(), &"free".into())
    );
    assert!(json["tokens"].is_object() && json["latency"]["totalMs"].is_u64());
}

#[test]
fn what_stands_behind_the_place_counts_only_when_it_is_to_be_kept() {
    let folder = workspace();
    let left_out = byok(folder.path(), &["complete", "cart.rs:6:17"]);
    assert!(
        stdout(&left_out).contains("let total = «compute(left, right);»"),
        "{}",
        stdout(&left_out)
    );
    let kept = byok(folder.path(), &["complete", "cart.rs:6:17", "--keep-rest"]);
    assert!(
        stdout(&kept).contains("nothing to suggest"),
        "{}",
        stdout(&kept)
    );
}

#[test]
fn a_wrong_place_is_answered_with_what_is_right() {
    let folder = workspace();
    for (place, expected) in [
        ("cart.rs", "write FILE:LINE:COLUMN"),
        ("cart.rs:99:1", "cart.rs has no line 99; its last is 12"),
        ("none.rs:1:1", "none.rs cannot be read"),
    ] {
        let output = byok(folder.path(), &["complete", place]);
        assert!(!output.status.success());
        assert!(
            stderr(&output).contains(expected),
            "{place}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_provider_that_cannot_be_reached_is_a_failure_that_says_so() {
    let folder = workspace();
    let config =
        "[providers.mine]\nwire = \"openai-completions\"\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let output = byok(
        folder.path(),
        &["complete", "cart.rs:10:12", "--model", "mine/m"],
    );
    assert!(!output.status.success());
    assert!(
        stdout(&output).contains("the provider cannot be reached"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn the_doctor_says_what_is_configured_and_what_to_do() {
    let folder = workspace();
    let well = byok(folder.path(), &["doctor", "--json"]);
    let findings: Vec<Value> = serde_json::from_slice(&well.stdout).unwrap();
    let model = findings
        .iter()
        .find(|finding| finding["name"] == "model")
        .unwrap();
    assert!(
        model["says"]
            .as_str()
            .unwrap()
            .starts_with("local/patterns"),
        "{model}"
    );
    std::fs::write(
        folder.path().join("config.toml"),
        "[completion]\nmodel = \"openia/gpt\"\n",
    )
    .unwrap();
    let ill = byok(folder.path(), &["doctor"]);
    assert!(!ill.status.success());
    assert!(
        stdout(&ill).contains("no provider is called \"openia\""),
        "{}",
        stdout(&ill)
    );
}

#[test]
fn what_was_decided_for_the_last_call_is_told_and_whether_the_settings_still_say_so() {
    let folder = workspace();
    let explain = |more: &[&str]| {
        let arguments = [&["route", "explain", "--call", "last"][..], more].concat();
        byok(folder.path(), &arguments)
    };
    let none = explain(&[]);
    assert!(!none.status.success());
    assert!(stderr(&none).contains("no ledger yet"), "{}", stderr(&none));
    byok(folder.path(), &["complete", "cart.rs:10:12"]);
    let text = stdout(&explain(&[]));
    for part in [
        "completion went to local/patterns: no model is configured",
        "asked     local/patterns",
        "decided anew under the settings as they are: the same",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let json: Value = serde_json::from_str(&stdout(&explain(&["--json"]))).unwrap();
    assert_eq!(json["recomputes"], true);
    assert_eq!(json["decision"]["wanted"], "auto");
    assert_eq!(json["decision"]["class"], "completion");
    std::fs::write(
        folder.path().join("config.toml"),
        "[local]\nservers = [\"ollama\"]\n",
    )
    .unwrap();
    let text = stdout(&explain(&[]));
    assert!(text.contains("have changed since"), "{text}");
}

#[test]
fn what_a_rule_about_a_files_path_comes_to_is_explained() {
    let folder = workspace();
    for name in [".git", "secret"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("secret/a.rs"), "fn a() {}\n").unwrap();
    let config = "[completion]\nmodel = \"openai/gpt-4o-mini\"\n[[policy.paths]]\nmatch = [\"secret/\"]\nproviders = []\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let model_of = |file: &str| {
        let output = byok(
            folder.path(),
            &["route", "explain", "--file", file, "--json"],
        );
        let json: Value = serde_json::from_str(&stdout(&output)).unwrap();
        json["model"].as_str().unwrap().to_owned()
    };
    assert_eq!(model_of("cart.rs"), "openai/gpt-4o-mini");
    assert_eq!(model_of("secret/a.rs"), "local/patterns");
}

#[cfg(unix)]
#[test]
fn in_a_project_the_commands_go_by_its_own_model() {
    let folder = workspace();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    // As the program sees the folder that it is run in.
    let here = folder.path().canonicalize().unwrap();
    let config = |folder: &str| {
        format!(
            "[completion]\nmodel = \"openai/gpt-4o-mini\"\n[[projects]]\nfolder = '{folder}'\ncompletion = \"mistral/codestral-latest\"\n"
        )
    };
    for (project, model) in [
        (here.to_str().unwrap(), "mistral/codestral-latest"),
        ("/elsewhere", "openai/gpt-4o-mini"),
    ] {
        std::fs::write(folder.path().join("config.toml"), config(project)).unwrap();
        let explained = stdout(&byok(folder.path(), &["route", "explain", "--json"]));
        let json: Value = serde_json::from_str(&explained).unwrap();
        assert_eq!(json["model"], model);
        let checked = stdout(&byok(folder.path(), &["config", "check"]));
        assert!(checked.contains(model), "{checked}");
    }
}

#[test]
fn the_doctor_asks_openrouter_about_the_key_unless_it_is_to_ask_nobody() {
    let folder = workspace();
    let provider = scripted::Scripted::answer(|head| {
        let body = if head.starts_with("GET /api/v1/key ") {
            r#"{"data":{"label":"work","limit":20,"limit_remaining":12.5,"limit_reset":"monthly","usage":9,"usage_monthly":7.5}}"#
        } else {
            r#"{"data":[]}"#
        };
        let answer = scripted::response("200 OK", "application/json", body);
        vec![scripted::Step::Send(answer)]
    });
    let config = format!(
        "[completion]\nmodel = \"openrouter/openai/gpt-4o-mini\"\n[providers.openrouter]\nbase_url = \"{}/api/v1\"\nkey = {{ env = \"CARGO_PKG_NAME\" }}\n",
        provider.address
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let told = byok(folder.path(), &["doctor"]);
    let text = stdout(&told);
    assert!(
        text.contains("\"work\": $7.50 spent this month; $12.50 left of $20.00, reset monthly"),
        "{text}"
    );
    assert!(
        text.contains(&format!("{}/api/v1/models", provider.address)),
        "{text}"
    );
    let key = std::env::var("CARGO_PKG_NAME").unwrap();
    assert!(!text.contains(&format!("Bearer {key}")));
}

#[test]
fn an_offline_doctor_asks_no_provider() {
    let folder = workspace();
    let config = "[completion]\nmodel = \"openrouter/openai/gpt-4o-mini\"\n[providers.openrouter]\nkey = { env = \"CARGO_PKG_NAME\" }\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let text = stdout(&byok(folder.path(), &["doctor", "--offline"]));
    assert!(text.contains("openrouter was not asked"), "{text}");
    let is_about_account = |line: &str| line.split_whitespace().nth(1) == Some("account");
    assert!(!text.lines().any(is_about_account), "{text}");
}

#[test]
fn settings_are_found_checked_and_described() {
    let folder = workspace();
    let path = byok(folder.path(), &["config", "path"]);
    assert_eq!(
        stdout(&path).trim(),
        folder.path().join("config.toml").to_str().unwrap()
    );
    std::fs::write(
        folder.path().join("config.toml"),
        "[completion]\nmax_lines = 0\n",
    )
    .unwrap();
    let check = byok(folder.path(), &["config", "check"]);
    assert!(!check.status.success());
    assert!(
        stderr(&check).contains("completion.max_lines: 0 is outside 1 to 100"),
        "{}",
        stderr(&check)
    );
    let schema: Value =
        serde_json::from_slice(&byok(folder.path(), &["config", "schema"]).stdout).unwrap();
    assert!(schema["properties"]["completion"].is_object());
}

#[test]
fn a_server_whose_input_ends_exits() {
    let folder = workspace();
    let output = byok(folder.path(), &["serve"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
}

#[test]
fn a_key_reaches_its_provider_and_no_output_at_any_level() {
    let key = "sk-canary-0123456789abcdef";
    let body = format!(r#"{{"error":{{"message":"bad key {key}"}}}}"#);
    let provider = scripted::Scripted::start(vec![scripted::Step::Send(scripted::response(
        "403 Forbidden",
        "application/json",
        &body,
    ))]);
    let folder = workspace();
    let config = format!(
        "[providers.mine]\nwire = \"openai-chat\"\nbase_url = \"{}/v1\"\nkey = {{ env = \"BYOK_TEST_CANARY\" }}\n",
        provider.address
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let arguments = ["complete", "cart.rs:10:12", "--model", "mine/m"];
    let output = command(folder.path(), &arguments)
        .env("BYOK_LOG", "trace")
        .env("BYOK_TEST_CANARY", key)
        .output()
        .unwrap();
    let (head, _) = provider.request();
    assert!(head.contains(&format!("Bearer {key}")), "{head}");
    let said = stdout(&output) + &stderr(&output);
    assert!(
        said.contains("the key may not do this: bad key [redacted]"),
        "{said}"
    );
    assert!(said.contains("TRACE"), "the log is on");
    let mut files = String::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        files += &String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap());
    }
    for place in [said, files] {
        assert!(!place.contains("canary"), "{place}");
    }
}

#[test]
fn the_readmes_first_command_prints_what_the_readme_says() {
    let folder = workspace();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(repository.join("README.md")).unwrap();
    let after = readme.split("-- complete ").nth(1).unwrap();
    let place = after.split_whitespace().next().unwrap();
    let suggested = readme.split('«').nth(1).unwrap().split('»').next().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_byok-lsp"))
        .args(["complete", place, "--json"])
        .current_dir(repository)
        .env("BYOK_CONFIG", folder.path().join("config.toml"))
        .env("BYOK_LEDGER", folder.path().join("ledger.sqlite3"))
        .env("BYOK_CACHE", folder.path().join("cache"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["text"], suggested, "{place}");
}

/// A provider's list: a model to use, one for pictures, and names that no terminal should see.
const MODELS: &str = r#"{"data":[
    {"id":"small","context_length":131072,"pricing":{"prompt":"0.0000004","completion":"0.0000016"}},
    {"id":"text-to-picture","architecture":{"output_modalities":["image"]}},
    {"id":"evil\u001b[2J"},{"id":"evil\u202e"}
]}"#;

fn configure(folder: &Path, address: &str) {
    let config = format!(
        "[completion]\nmodel = \"mine/smal\"\n\
         [providers.mine]\nwire = \"openai-chat\"\nbase_url = \"{address}/v1\"\nkey = \"none\"\n\
         [providers.dead]\nwire = \"openai-chat\"\nbase_url = \"http://127.0.0.1:9/v1\"\nkey = \"none\"\n"
    );
    std::fs::write(folder.join("config.toml"), config).unwrap();
}

#[test]
fn models_are_listed_with_context_use_and_price_and_one_failure_hides_nobody() {
    let body = scripted::response("200 OK", "application/json", MODELS);
    let provider = scripted::Scripted::start(vec![scripted::Step::Send(body)]);
    let folder = workspace();
    configure(folder.path(), &provider.address);
    let output = byok(
        folder.path(),
        &["models", "--provider", "mine", "--provider", "dead"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("     131k  chat      $0.40      $1.60  mine/small\n"),
        "{text}"
    );
    assert!(text.contains("and 1 for pictures"), "{text}");
    assert!(
        text.contains("could not be asked: the provider cannot be reached"),
        "{text}"
    );
    assert!(!text.contains("evil") && !text.contains('\u{1b}'), "{text}");
    let widest = text
        .lines()
        .filter(|line| line.contains("mine/"))
        .map(|line| line.chars().count());
    assert!(widest.max() <= Some(80), "{text}");
    let json = byok(folder.path(), &["models", "-p", "mine", "--json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&json[0]["source"], &json[0]["complete"]),
        (&"list".into(), &true.into())
    );
    assert_eq!(json[0]["models"][0]["price"]["input"]["nanos"], 400_000_000);
    assert_eq!(json[0]["models"][1]["ability"], "none");
}

#[test]
fn a_list_is_kept_a_day_unless_it_is_to_be_asked_for_anew_and_outlives_its_provider() {
    let body = scripted::response("200 OK", "application/json", MODELS);
    let provider = scripted::Scripted::start(vec![scripted::Step::Send(body)]);
    let folder = workspace();
    configure(folder.path(), &provider.address);
    byok(folder.path(), &["models", "-p", "mine"]);
    let check = byok(folder.path(), &["config", "check"]);
    assert!(check.status.success());
    assert!(
        stderr(&check).contains("did you mean \"mine/small\"?"),
        "{}",
        stderr(&check)
    );
    provider.set(vec![scripted::Step::Send(scripted::response(
        "500 No",
        "text/plain",
        "no",
    ))]);
    let anew = byok(folder.path(), &["models", "-p", "mine", "--refresh"]);
    assert!(anew.status.success());
    let text = stdout(&anew);
    assert!(
        text.contains("mine/small")
            && text.contains("could not be asked: the provider is overloaded"),
        "{text}"
    );
    std::fs::write(folder.path().join("cache/models.json"), "{broken").unwrap();
    let broken = byok(folder.path(), &["models", "-p", "mine"]);
    assert_eq!(broken.status.code(), Some(1), "nothing is known any more");
}

#[test]
fn a_provider_without_a_key_is_told_from_the_catalogue_and_a_wrong_name_is_mended() {
    let folder = workspace();
    let output = Command::new(env!("CARGO_BIN_EXE_byok-lsp"))
        .args(["models", "--provider", "anthropic"])
        .env("BYOK_CONFIG", folder.path().join("config.toml"))
        .env("BYOK_CACHE", folder.path().join("cache"))
        .env_remove("ANTHROPIC_API_KEY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = stdout(&output);
    assert!(
        text.contains("anthropic · no key · you: your own key"),
        "{text}"
    );
    assert!(
        text.contains("by the embedded price catalogue (genai-prices"),
        "{text}"
    );
    assert!(
        text.contains("      $0.25      $1.25  anthropic/claude-3-haiku\n"),
        "{text}"
    );
    assert!(!folder.path().join("cache").exists(), "nobody was asked");
    let wrong = byok(folder.path(), &["models", "-p", "anthropc"]);
    assert!(!wrong.status.success());
    assert!(
        stderr(&wrong).contains("did you mean anthropic?"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn a_damaged_ledger_is_moved_aside_and_its_loss_accepted_once_by_one_command() {
    let folder = workspace();
    let garbage = "this was never a database. ".repeat(400);
    std::fs::write(folder.path().join("ledger.sqlite3"), &garbage).unwrap();
    let usage = byok(folder.path(), &["usage"]);
    assert!(usage.status.success(), "{}", stderr(&usage));
    assert!(
        stderr(&usage).contains("--accept-loss"),
        "{}",
        stderr(&usage)
    );
    let accepted = byok(folder.path(), &["usage", "--accept-loss"]);
    let text = stdout(&accepted);
    assert!(text.contains("Caps count from zero now"), "{text}");
    let aside = text
        .split("lies at ")
        .nth(1)
        .unwrap()
        .trim()
        .trim_end_matches('.');
    assert_eq!(std::fs::read_to_string(aside).unwrap(), garbage);
    let again = stdout(&byok(folder.path(), &["usage", "--accept-loss"]));
    assert!(again.contains("No ledger was lost"), "{again}");
}

/// Adds a call of a model of OpenAI's to the ledger, some days ago by UTC.
fn book(folder: &Path, id: &str, days_ago: i64, nanos: i64) {
    const INSERT: &str = "INSERT INTO calls (id, session, attempt, started_us, day, feature, provider, requested_model, payer, input_tokens,
        cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, tokens_estimated, cost_source,
        cost_nanos, cost_currency, outcome, total_us)
        VALUES (?1, 's', 1, ?2, 20261121, 'completion', 'openai', 'gpt-4.1-mini', 'x', 10, 0, 0, 0, 5, 0, 0, 'priced', ?3, 'USD', 'completed', 0)";
    let connection = rusqlite::Connection::open(folder.join("ledger.sqlite3")).unwrap();
    let started = midnight(days_ago) + 3_600;
    connection
        .execute(INSERT, (id, started * 1_000_000, nanos))
        .unwrap();
}

/// The beginning of a UTC day some days ago, in seconds since 1970.
fn midnight(days_ago: i64) -> i64 {
    (jiff::Timestamp::now().as_second() / 86_400 - days_ago) * 86_400
}

/// A folder whose ledger is there and whose OpenAI is a server on loopback.
fn with_openai(address: &str) -> TempDir {
    let folder = workspace();
    assert!(
        byok(folder.path(), &["complete", "cart.rs:10:12"])
            .status
            .success()
    );
    let config = format!("[providers.openai]\nbase_url = \"{address}/v1\"\n");
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    folder
}

/// A day of OpenAI's report of costs.
fn costs(days_ago: i64, dollars: &str) -> String {
    format!(
        r#"{{"object":"bucket","start_time":{},"end_time":{},"results":[{{"object":"organization.costs.result","amount":{{"value":{dollars},"currency":"usd"}},"line_item":"gpt-4.1-mini"}}]}}"#,
        midnight(days_ago),
        midnight(days_ago - 1)
    )
}

#[test]
fn a_statement_in_a_file_is_compared_and_the_exit_code_says_whether_all_agrees() {
    let folder = with_openai("http://127.0.0.1:9");
    book(folder.path(), "a", 1, 500_000_000);
    let statement = folder.path().join("costs.json");
    let compare = |dollars: &str| {
        let page = format!(r#"{{"object":"page","data":[{}]}}"#, costs(1, dollars));
        std::fs::write(&statement, page).unwrap();
        byok(folder.path(), &["reconcile", "costs.json"])
    };
    let same = compare("0.5");
    assert!(same.status.success(), "{}{}", stdout(&same), stderr(&same));
    assert!(stdout(&same).contains("1 agree"), "{}", stdout(&same));
    let other = compare("0.7");
    assert!(!other.status.success());
    assert!(stdout(&other).contains("1 differ"), "{}", stdout(&other));
    std::fs::write(&statement, "a,b\n1,2\n").unwrap();
    let unknown = byok(folder.path(), &["reconcile", "costs.json"]);
    assert!(!unknown.status.success());
    assert!(
        stderr(&unknown).contains("no statement"),
        "{}",
        stderr(&unknown)
    );
}

#[cfg(unix)]
#[test]
fn an_admin_report_is_asked_for_page_by_page_with_a_key_that_a_program_prints() {
    const KEY: &str = "sk-admin-canary-4711";
    let provider = scripted::Scripted::answer(|head| {
        let (day, more) = if head.contains("page=second") {
            (costs(1, "0.25"), r#""has_more":false,"next_page":null"#)
        } else {
            (costs(2, "0.5"), r#""has_more":true,"next_page":"second""#)
        };
        let body = format!(r#"{{"object":"page","data":[{day}],{more}}}"#);
        let answer = scripted::response("200 OK", "application/json", &body);
        vec![scripted::Step::Send(answer)]
    });
    let folder = with_openai(&provider.address);
    book(folder.path(), "a", 2, 500_000_000);
    book(folder.path(), "b", 1, 250_000_000);
    let print = format!("echo {KEY}");
    let ask = || {
        let arguments = [
            "reconcile",
            "--admin",
            "openai",
            "--since",
            "3d",
            "--key-command",
        ];
        byok(
            folder.path(),
            &[&arguments[..], &["sh", "-c", &print]].concat(),
        )
    };
    let agreed = ask();
    let told = format!("{}{}", stdout(&agreed), stderr(&agreed));
    assert!(agreed.status.success(), "{told}");
    assert!(told.contains("2 agree"), "{told}");
    assert!(!told.contains(KEY), "{told}");
    for page in 0..2 {
        let (head, _) = provider.request();
        let key = format!("authorization: Bearer {KEY}").to_lowercase();
        assert!(head.to_lowercase().contains(&key), "{head}");
        assert!(
            head.starts_with("GET /v1/organization/costs?start_time="),
            "{head}"
        );
        assert_eq!(head.contains("page=second"), page == 1);
    }
    book(folder.path(), "c", 2, 10_000_000);
    let missing = ask();
    assert!(!missing.status.success());
    assert!(
        stdout(&missing).contains("1 differ"),
        "{}",
        stdout(&missing)
    );
    let refused = byok(
        folder.path(),
        &["reconcile", "--admin", "mistral", "--key-command", "true"],
    );
    assert!(
        stderr(&refused).contains("no report that byok-lsp knows"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn usage_tells_the_caps_of_a_month_to_scripts_and_pages() {
    let folder = workspace();
    std::fs::write(
        folder.path().join("config.toml"),
        "[budget]\nday = \"1 USD\"\nmonth = \"30 USD\"\n",
    )
    .unwrap();
    let report: Value =
        serde_json::from_str(&stdout(&byok(folder.path(), &["usage", "--json"]))).unwrap();
    assert_eq!(
        report["caps"],
        serde_json::json!([{"name": "month", "nanos": 30_000_000_000_i64, "currency": "USD"}])
    );
    let page = stdout(&byok(folder.path(), &["usage", "--html"]));
    assert!(page.contains(r#""caps":[{"name":"month""#));
}
