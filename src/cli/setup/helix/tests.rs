//! Merging, as files: before and after.

use toml::{Table, Value};

use super::merge::merge;
use super::servers::{HelixLanguage, table};

/// Two languages are enough to see it; the driven test has them all.
fn languages() -> Vec<HelixLanguage> {
    let of = |name: &str, servers: &[&str]| HelixLanguage {
        name: name.into(),
        servers: servers.iter().map(|&server| server.into()).collect(),
    };
    vec![
        of("rust", &["rust-analyzer"]),
        of("python", &["ty", "ruff"]),
    ]
}

#[track_caller]
fn check(before: &str, after: &str) {
    let merged = merge(before, "byok-lsp", &languages()).expect("merged");
    assert_eq!(merged, after);
    assert_eq!(
        merge(&merged, "byok-lsp", &languages()).expect("merged again"),
        after,
        "twice is once"
    );
}

const SERVER: &str = "[language-server.byok]\ncommand = \"byok-lsp\"\nargs = [\"serve\"]\n";

#[test]
fn an_empty_file_gets_the_server_and_every_language_with_helixs_own_servers() {
    check(
        "",
        &format!(
            "{SERVER}
[[language]]
name = \"rust\"
language-servers = [\"rust-analyzer\", \"byok\"]

[[language]]
name = \"python\"
language-servers = [\"ty\", \"ruff\", \"byok\"]
"
        ),
    );
}

#[test]
fn the_users_servers_stay_in_their_order_and_ours_comes_last() {
    check(
        "# mine\n[[language]]\nname = \"python\" # snakes\nauto-format = true\nlanguage-servers = [ { name = \"pylsp\", except-features = [\"format\"] }, \"ruff\" ]\n",
        &format!(
            "# mine
[[language]]
name = \"python\" # snakes
auto-format = true
language-servers = [ {{ name = \"pylsp\", except-features = [\"format\"] }}, \"ruff\", \"byok\" ]

[[language]]
name = \"rust\"
language-servers = [\"rust-analyzer\", \"byok\"]

{SERVER}"
        ),
    );
}

#[test]
fn a_language_that_the_user_set_up_without_servers_keeps_helixs_own() {
    let merged = merge(
        "[[language]]\nname = \"rust\"\nauto-format = false\n",
        "byok-lsp",
        &languages(),
    )
    .expect("merged");
    assert!(
        merged.starts_with(
            "[[language]]\nname = \"rust\"\nauto-format = false\nlanguage-servers = [\"rust-analyzer\", \"byok\"]\n"
        ),
        "{merged}"
    );
}

#[test]
fn a_list_over_several_lines_goes_on_in_its_own_indentation() {
    let merged = merge(
        "[[language]]\nname = \"rust\"\nlanguage-servers = [\n    \"rust-analyzer\", # the best\n    # the second\n    \"bacon-ls\",\n]\n",
        "byok-lsp",
        &languages(),
    )
    .expect("merged");
    assert!(
        merged.contains("\n    # the second\n    \"bacon-ls\",\n    \"byok\",\n]\n"),
        "{merged}"
    );
}

#[test]
fn a_server_that_the_user_set_up_under_our_name_stays() {
    let own = "[language-server.byok]\ncommand = \"/opt/byok-lsp\"\nconfig = { completion = { model = \"local\" } }\n";
    let merged = merge(own, "byok-lsp", &languages()).expect("merged");
    assert!(merged.starts_with(own), "{merged}");
    assert!(!merged.contains("args"), "{merged}");
}

#[test]
fn one_that_is_listed_with_its_features_is_not_listed_again() {
    let own = "[[language]]\nname = \"rust\"\nlanguage-servers = [{ name = \"byok\", only-features = [\"completion\"] }]\n";
    let merged = merge(own, "byok-lsp", &languages()).expect("merged");
    assert!(merged.starts_with(own), "{merged}");
}

#[test]
fn tables_written_in_lines_are_understood_too() {
    let merged = merge(
        "language = [{ name = \"rust\", auto-format = true }]\nlanguage-server = { clangd = { command = \"clangd\" } }\n",
        "byok-lsp",
        &languages(),
    )
    .expect("merged");
    let read: Table = merged.parse().expect("TOML");
    assert_eq!(
        read["language-server"]["clangd"]["command"].as_str(),
        Some("clangd")
    );
    assert_eq!(
        read["language-server"]["byok"]["command"].as_str(),
        Some("byok-lsp")
    );
    assert_eq!(read["language"].as_array().map(Vec::len), Some(2));
    assert_eq!(read["language"][0]["auto-format"].as_bool(), Some(true));
}

#[test]
fn what_is_no_toml_or_no_languages_is_refused_with_the_reason() {
    for (broken, reason) in [
        ("[[language]\n", "no valid TOML"),
        ("language = 3\n", "no list of tables"),
        ("[language]\nname = \"rust\"\n", "no list of tables"),
        ("language-server = \"clangd\"\n", "no table"),
        (
            "[[language]]\nname = \"rust\"\nlanguage-servers = \"rust-analyzer\"\n",
            "no list",
        ),
    ] {
        let error = merge(broken, "byok-lsp", &languages()).expect_err("refused");
        let error = format!("{error:#}");
        assert!(error.contains(reason), "{broken:?}: {error}");
    }
}

/// Whatever the user had is still there: each table's keys with their values, and each list with its elements first.
fn is_kept(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Table(before), Value::Table(after)) => before
            .iter()
            .all(|(key, value)| after.get(key).is_some_and(|after| is_kept(value, after))),
        (Value::Array(before), Value::Array(after)) => {
            after.len() >= before.len() && before.iter().zip(after).all(|(a, b)| is_kept(a, b))
        }
        (before, after) => before == after,
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_of_the_users_is_lost_and_the_second_time_changes_nothing(
        parts in proptest::collection::vec(0..8_usize, 0..8),
    ) {
        const PARTS: [&str; 8] = [
            "[[language]]\nname = \"rust\"\nauto-format = false\n",
            "[[language]]\nname = \"python\"\nlanguage-servers = [\"pylsp\"]\n",
            "[[language]]\nname = \"mine\"\nscope = \"source.mine\"\nlanguage-servers = []\n",
            "[language-server.pylsp]\ncommand = \"pylsp\"\n[language-server.pylsp.config]\na.b = 1\n",
            "# a comment\n\n",
            "[[grammar]]\nname = \"mine\"\nsource = { git = \"https://example.com\", rev = \"1\" }\n",
            "[[language]]\nname = \"go\"\nlanguage-servers = [\n  \"gopls\",\n  { name = \"lint\", only-features = [\"diagnostics\"] }\n]\n",
            "[language-server]\nrust-analyzer = { config = { check.command = \"clippy\" } }\n",
        ];
        let before: String = parts.iter().map(|&part| PARTS[part]).collect();
        let Ok(old) = before.parse::<Table>() else { return Ok(()) };
        let merged = merge(&before, "byok-lsp", &table()).expect("merged");
        let new: Table = merged.parse().expect("TOML");
        proptest::prop_assert!(is_kept(&Value::Table(old), &Value::Table(new)), "{merged}");
        proptest::prop_assert_eq!(&merge(&merged, "byok-lsp", &table()).expect("merged"), &merged);
    }
}

/// The fragment in `editors/helix` is what the table gives; `BYOK_UPDATE_EXPECTED=1` writes it anew.
#[test]
fn the_fragment_for_those_who_copy_is_what_setup_writes_into_an_empty_file() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/helix/languages.toml");
    let head = "# What `byok-lsp setup helix` writes into an empty languages.toml, where no `hx` can be asked for its own servers. A test keeps it so.\n\n";
    let fragment = head.to_owned() + &merge("", "byok-lsp", &table()).expect("merged");
    if std::env::var_os("BYOK_UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &fragment).expect("written");
    }
    let kept = std::fs::read_to_string(&path).expect("the fragment");
    assert_eq!(kept.replace('\r', ""), fragment);
}
