//! An organisation's file that changes while the server runs.

use std::io::Cursor;
use std::path::PathBuf;

use byok_lsp::config::OrganisationSources;
use minisign::KeyPair;
use serde_json::json;

use crate::client::{Builder, Client, mock_config};

/// A folder with a signed file, and the key.
struct Desk {
    folder: tempfile::TempDir,
    keys: KeyPair,
}

impl Desk {
    fn new(rules: &str) -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            keys: KeyPair::generate_unencrypted_keypair().unwrap(),
        };
        desk.write(rules);
        desk
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("organisation.toml")
    }

    fn write(&self, rules: &str) {
        let (public, secret) = (&self.keys.pk, &self.keys.sk);
        let signed = minisign::sign(Some(public), secret, Cursor::new(rules), None, None);
        let signature = self.folder.path().join("organisation.toml.minisig");
        std::fs::write(signature, signed.unwrap().into_string()).unwrap();
        std::fs::write(self.file(), rules).unwrap();
    }

    fn start(&self) -> Client {
        let sources = OrganisationSources {
            system: self.folder.path().join("nothing"),
            named: Some((self.file().display().to_string(), self.keys.pk.to_base64())),
            seen: Some(self.folder.path().join("ledger.organisation.json")),
        };
        let config = mock_config("http://127.0.0.1:9/v1", "openai-chat");
        Builder::default()
            .config(config)
            .organisation(sources)
            .start()
    }
}

fn goes_to(client: &mut Client) -> String {
    let id = client.request("byok/explainRoute", json!({}));
    let answer = client.answer(id);
    answer["result"]["model"].as_str().unwrap().to_owned()
}

#[test]
fn a_newer_file_holds_from_the_next_document_that_is_opened() {
    let desk = Desk::new("serial = 1\n[policy]\nproviders = [\"openai\"]\n");
    let mut client = desk.start();
    assert_eq!(goes_to(&mut client), "local/patterns");
    desk.write("serial = 2\n[policy]\nproviders = [\"mock\"]\n");
    client.open("let x = ˇ");
    while goes_to(&mut client) != "mock/m" {
        std::thread::yield_now();
    }
    client.finish();
}

#[test]
fn a_file_that_is_tampered_with_is_refused_and_the_last_good_one_holds_on() {
    let desk = Desk::new("serial = 1\n[policy]\nproviders = [\"openai\"]\n");
    let mut client = desk.start();
    std::fs::write(
        desk.file(),
        "serial = 2\n[policy]\nproviders = [\"mock\"]\n",
    )
    .unwrap();
    client.open("let x = ˇ");
    let told = client.notification("window/showMessage");
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("is not valid any more") && message.contains("(serial 1) holds on"),
        "{message}"
    );
    assert_eq!(goes_to(&mut client), "local/patterns");
    client.finish();
}
