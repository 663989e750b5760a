//! An organisation's file as its people's machines meet it.

use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use minisign::KeyPair;
use serde_json::Value;

use crate::{stderr, stdout};

fn byok(folder: &Path, key: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_byok-lsp"))
        .args(arguments)
        .current_dir(folder)
        .env("BYOK_CONFIG", folder.join("config.toml"))
        .env("BYOK_LEDGER", folder.join("ledger.sqlite3"))
        .env("BYOK_CACHE", folder.join("cache"))
        .env("BYOK_ORGANISATION", folder.join("organisation.toml"))
        .env("BYOK_ORGANISATION_KEY", key)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn sign(folder: &Path, keys: &KeyPair, text: &str) {
    let signed = minisign::sign(Some(&keys.pk), &keys.sk, Cursor::new(text), None, None).unwrap();
    std::fs::write(folder.join("organisation.toml"), text).unwrap();
    let beside = folder.join("organisation.toml.minisig");
    std::fs::write(beside, signed.into_string()).unwrap();
}

#[test]
fn an_organisations_file_holds_and_one_that_was_tampered_with_lets_nothing_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let keys = KeyPair::generate_unencrypted_keypair().unwrap();
    let key = keys.pk.to_base64();
    let model = "[completion]\nmodel = \"openai/gpt-4.1-mini\"\n";
    std::fs::write(folder.join("config.toml"), model).unwrap();
    let explained = || -> Value {
        let output = byok(folder, &key, &["route", "explain", "--json"]);
        serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)))
    };
    let wide = "serial = 1\n[policy]\nproviders = [\"openai\"]\n";
    sign(folder, &keys, wide);
    assert_eq!(explained()["model"], "openai/gpt-4.1-mini");
    let good = byok(folder, &key, &["organisation", "check"]);
    assert!(good.status.success() && stdout(&good).contains("valid, serial 1"));
    sign(
        folder,
        &keys,
        "serial = 2\n[policy]\ndeny_providers = [\"openai\"]\n",
    );
    let told = explained();
    assert_eq!(told["model"], "local/patterns");
    assert_eq!(
        told["reason"],
        "your organisation's file does not allow the provider of the model that is set"
    );
    // Going back to the older one, and changing the newer one, are both seen.
    let newer = std::fs::read(folder.join("organisation.toml")).unwrap();
    let signature = std::fs::read(folder.join("organisation.toml.minisig")).unwrap();
    sign(folder, &keys, wide);
    let told = explained();
    assert_eq!(told["model"], "local/patterns");
    assert!(told["reason"].as_str().unwrap().contains("is not valid"));
    let open = String::from_utf8(newer).unwrap().replace("deny_", "");
    std::fs::write(folder.join("organisation.toml"), open).unwrap();
    std::fs::write(folder.join("organisation.toml.minisig"), signature).unwrap();
    assert_eq!(explained()["model"], "local/patterns");
    let bad = byok(folder, &key, &["organisation", "check", "--json"]);
    assert_eq!(bad.status.code(), Some(1));
    let told: Value = serde_json::from_str(&stdout(&bad)).unwrap();
    assert!(
        told["files"][0]["problem"]
            .as_str()
            .unwrap()
            .contains("was changed"),
        "{told}"
    );
}
