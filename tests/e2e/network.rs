//! Networks as companies have them: proxies, certificates of their own, and connections that are made once.
//!
//! `0.0.0.0` leads to this machine on Unix and is no loopback address, so that a server here is reached as one elsewhere would be.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use byok_lsp::config::{Network, Patience, Wire};
use byok_lsp::provider::{Event, Http, Provider as _, Remote};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Builder, Client};
use crate::peer::call;
use crate::provider::{Authority, Scripted, Step, Tunnel, response};
use crate::spoken::{Spoken, WIRES};

/// The wire that is spoken here.
static CHAT: &Spoken = &WIRES[0];

/// A name that leads nowhere, so that only a proxy can reach it.
const NAME: &str = "models.test";

/// The address of a scripted provider as one elsewhere.
fn elsewhere(provider: &Scripted) -> String {
    provider
        .address
        .replace("http://127.0.0.1", "https://0.0.0.0")
}

fn start(config: Value) -> Client {
    Builder::default().config(config).start()
}

fn with_network(base_url: &str, network: Value) -> Value {
    let mut config = CHAT.config(base_url);
    config["network"] = network;
    config
}

/// Asks once and returns what is suggested, or the error.
fn ask(client: &mut Client) -> Result<Vec<String>, String> {
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    let texts = client.texts(id);
    let usage = client.notification("byok/usage");
    if usage["outcome"] != "failed" {
        return Ok(texts);
    }
    let status = client.wait_for("an error", |message| {
        message["method"] == "byok/status" && message["params"]["state"] == "error"
    });
    Err(status["params"]["message"].as_str().unwrap().to_owned())
}

#[test]
fn a_certificate_that_nobody_trusts_is_told_with_the_setting_and_trusted_once_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let provider = authority.serve(&["0.0.0.0"], &[], CHAT.answer());
    let mut client = start(CHAT.config(&elsewhere(&provider)));
    let told = ask(&mut client).unwrap_err();
    assert!(told.contains("not safe"), "{told}");
    assert!(told.contains("network.ca_bundle"), "{told}");
    assert_eq!(
        provider.requests(),
        0,
        "no key goes to who cannot be trusted"
    );
    client.finish();
    let network = json!({"ca_bundle": authority.write(folder.path())});
    let mut client = start(with_network(&elsewhere(&provider), network));
    assert_eq!(ask(&mut client), Ok(vec!["42;".to_owned()]));
    client.finish();
}

#[test]
fn a_certificate_of_another_name_is_not_taken_though_its_maker_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let provider = authority.serve(&[NAME], &[], CHAT.answer());
    let network = json!({"ca_bundle": authority.write(folder.path())});
    let mut client = start(with_network(&elsewhere(&provider), network));
    let told = ask(&mut client).unwrap_err();
    assert!(told.contains("not safe"), "{told}");
    client.finish();
}

#[test]
fn a_bundle_counts_for_a_server_on_this_machine_too() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let provider = authority.serve(&["127.0.0.1"], &[], CHAT.answer());
    let network = json!({"ca_bundle": authority.write(folder.path())});
    let here = provider.address.replace("http:", "https:");
    let mut client = start(with_network(&here, network));
    assert_eq!(ask(&mut client), Ok(vec!["42;".to_owned()]));
    client.finish();
}

#[test]
fn a_bundle_that_cannot_be_read_is_told_and_nothing_is_sent_until_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let provider = authority.serve(&["0.0.0.0"], &[], CHAT.answer());
    let bundle = authority.write(folder.path());
    std::fs::remove_file(&bundle).unwrap();
    let mut client = start(with_network(
        &elsewhere(&provider),
        json!({"ca_bundle": bundle}),
    ));
    let told = ask(&mut client).unwrap_err();
    let expected = format!("network.ca_bundle: {bundle} cannot be read");
    assert!(told.contains(&expected), "{told}");
    assert_eq!(provider.connections(), 0);
    authority.write(folder.path());
    assert_eq!(ask(&mut client), Ok(vec!["42;".to_owned()]));
    client.finish();
}

#[test]
fn a_server_that_does_not_speak_tls_is_told_and_one_that_says_nothing_is_given_up() {
    let plain = Scripted::start_behind(Vec::new(), |mut socket| {
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        None
    });
    let mute = Scripted::start_behind(Vec::new(), |mut socket| {
        let _ = socket.read_to_end(&mut Vec::new());
        None
    });
    let brief = Duration::from_millis(300);
    for (provider, expected) in [(plain, "not safe"), (mute, "no connection within 0.3 s")] {
        let patience = Patience {
            connect: brief,
            ..Patience::default()
        };
        let mut client = Builder::default()
            .config(CHAT.config(&elsewhere(&provider)))
            .patience(patience)
            .start();
        let told = ask(&mut client).unwrap_err();
        assert!(told.contains(expected), "{told}");
        client.finish();
    }
}

#[test]
fn http_2_is_spoken_where_the_other_side_offers_it() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let network = json!({"ca_bundle": authority.write(folder.path())});
    for (protocols, begins) in [
        (&["h2", "http/1.1"][..], "PRI * HTTP/2.0"),
        (&["http/1.1"], "HEAD / HTTP/1.1"),
    ] {
        let provider = authority.serve(&["0.0.0.0"], protocols, vec![Step::Close]);
        let mut client = start(with_network(&elsewhere(&provider), network.clone()));
        client.open("let x = ˇ");
        let (head, _) = provider.request();
        assert!(head.starts_with(begins), "{head}");
        client.finish();
    }
}

#[test]
fn opening_a_document_connects_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let provider = authority.serve(&["0.0.0.0"], &[], nothing());
    let network = json!({"ca_bundle": authority.write(folder.path())});
    let mut client = start(with_network(&elsewhere(&provider), network));
    client.open("let x = ˇ");
    let (head, body) = provider.request();
    assert!(head.starts_with("HEAD / HTTP/1.1"), "{head}");
    let has_key = head.contains("Bearer") || head.to_lowercase().contains("authorization");
    assert!(!has_key && body.is_empty(), "{head}");
    client.finish();
}

fn nothing() -> Vec<Step> {
    vec![Step::Send(response("404 Not Found", "text/plain", ""))]
}

#[tokio::test]
async fn the_connection_that_was_made_ahead_is_the_one_that_all_calls_use() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let provider = authority.serve(&["0.0.0.0"], &[], nothing());
    let network = Arc::new(Network {
        ca_bundle: Some(authority.write(folder.path()).into()),
        ..Network::default()
    });
    let http = Http::new(&network);
    let address = elsewhere(&provider);
    http.connect_ahead(&address.parse().unwrap()).await;
    // In one piece, so that its end is there with the rest.
    let whole = format!("{}{}", CHAT.first, CHAT.rest);
    let answer = Step::Send(response("200 OK", CHAT.kind(), &whole));
    provider.set(vec![answer]);
    for _ in 0..3 {
        // All runs on this thread: the client's own tasks take the connection back before the next call asks for one.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        http.connect_ahead(&address.parse().unwrap()).await;
        let call = call(&address, Wire::OpenAiChat, "a-key");
        let events = Remote::new(http.clone(), Wire::OpenAiChat).stream(call);
        let events: Vec<Event> = events.try_collect().await.unwrap();
        assert!(events.contains(&Event::Text("2;".into())), "{events:?}");
    }
    assert_eq!(provider.connections(), 1);
    // It was connected ahead once, since it was used since.
    assert_eq!(provider.requests(), 4);
}

#[test]
fn nobody_is_connected_to_who_is_not_asked() {
    let provider = Scripted::start(CHAT.answer());
    // On this machine a connection takes no time; a paused or embedded model needs none.
    let mut here = start(CHAT.config(&provider.address));
    here.open("let x = ˇ");
    let mut paused = start(CHAT.config(&elsewhere(&provider)));
    let pause = paused.request("byok/pause", json!({}));
    paused.answer(pause);
    paused.open("let x = ˇ");
    let mut embedded = Client::new();
    embedded.open("let x = ˇ");
    for client in [here, paused, embedded] {
        client.finish();
    }
    assert_eq!(provider.connections(), 0);
}

/// A provider behind TLS that only a proxy can reach, and a folder with the configuration for it.
struct Company {
    folder: TempDir,
    provider: Scripted,
    /// The setting that trusts the provider.
    trust: String,
}

impl Company {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let provider = authority.serve(&[NAME, "0.0.0.0"], &[], CHAT.answer());
        let trust = format!("ca_bundle = {:?}\n", authority.write(folder.path()));
        std::fs::write(folder.path().join("a.rs"), "let x = \n").unwrap();
        Self {
            folder,
            provider,
            trust,
        }
    }

    /// Asks for a completion by the real program, whose environment is its own.
    fn complete(&self, base_url: &str, network: &str, environment: &[(&str, &str)]) -> Output {
        let config = format!(
            "[providers.mock]\nwire = \"openai-chat\"\nbase_url = \"{base_url}/v1\"\nkey = {{ env = \"MOCK_KEY\" }}\n[network]\n{}{network}",
            self.trust
        );
        let path = |name: &str| self.folder.path().join(name);
        std::fs::write(path("config.toml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command
            .args(["complete", "a.rs:1:9", "--model", "mock/m", "--json"])
            .current_dir(Path::new(self.folder.path()))
            .env("BYOK_CONFIG", path("config.toml"))
            .env("BYOK_LEDGER", path("ledger.db"))
            .env("MOCK_KEY", "key-of-the-user")
            .envs(environment.iter().copied())
            .output()
            .unwrap()
    }
}

fn suggested(output: &Output) -> String {
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    match answer["text"].as_str() {
        Some(text) => text.to_owned(),
        None => answer["error"].to_string(),
    }
}

#[test]
fn the_environments_proxy_is_asked_by_name_and_sees_no_key_and_its_exceptions_hold() {
    let company = Company::new();
    let tunnel = Tunnel::start(Some(&company.provider.address));
    let proxy = ("HTTPS_PROXY", tunnel.address.as_str());
    let named = format!("https://{NAME}");
    assert_eq!(suggested(&company.complete(&named, "", &[proxy])), "42;");
    let heads = tunnel.heads();
    assert_eq!(heads.len(), 1, "{heads:?}");
    assert!(
        heads[0].starts_with("CONNECT models.test:443 HTTP/1.1"),
        "{heads:?}"
    );
    assert!(!heads[0].contains("key-of-the-user"), "{heads:?}");
    let (head, _) = company.provider.request();
    assert!(head.contains("Bearer key-of-the-user"), "{head}");

    let direct = elsewhere(&company.provider);
    let except = ("NO_PROXY", "example.com,0.0.0.0");
    let output = company.complete(&direct, "", &[proxy, except]);
    assert_eq!(suggested(&output), "42;");
    assert_eq!(tunnel.heads().len(), 1, "an exception");
}

#[test]
fn the_settings_proxy_comes_before_the_environments_and_none_is_none() {
    let company = Company::new();
    let right = Tunnel::start(Some(&company.provider.address));
    let wrong = Tunnel::start(None);
    let environment = ("ALL_PROXY", wrong.address.as_str());
    let setting = format!("proxy = {:?}", right.address);
    let named = format!("https://{NAME}");
    let output = company.complete(&named, &setting, &[environment]);
    assert_eq!(suggested(&output), "42;");
    assert_eq!((right.heads().len(), wrong.heads().len()), (1, 0));

    let direct = elsewhere(&company.provider);
    let except = ("NO_PROXY", "0.0.0.0");
    assert_eq!(
        suggested(&company.complete(&direct, &setting, &[except])),
        "42;"
    );
    assert_eq!(right.heads().len(), 1, "an exception holds for it too");

    let output = company.complete(&direct, "proxy = \"none\"", &[environment]);
    assert_eq!(suggested(&output), "42;");
    assert_eq!(wrong.heads().len(), 0);
}

#[test]
fn a_server_on_this_machine_is_reached_without_any_proxy() {
    let company = Company::new();
    let provider = Scripted::start(CHAT.answer());
    let proxy = Tunnel::start(None);
    let environment =
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, proxy.address.as_str()));
    let setting = format!("proxy = {:?}", proxy.address);
    let output = company.complete(&provider.address, &setting, &environment);
    assert_eq!(suggested(&output), "42;");
    assert_eq!(proxy.heads().len(), 0);
}

#[test]
fn a_proxy_that_wants_a_password_is_told_of_and_one_in_the_environment_is_given_to_it_alone() {
    let company = Company::new();
    let proxy = Tunnel::start(None);
    let named = format!("https://{NAME}");
    let plain = ("HTTPS_PROXY", proxy.address.as_str());
    let told = suggested(&company.complete(&named, "", &[plain]));
    assert!(
        told.contains("cannot be reached") && told.contains("proxy"),
        "{told}"
    );
    let with_password = proxy.address.replace("http://", "http://me:secret@");
    let told = suggested(&company.complete(&named, "", &[("HTTPS_PROXY", &with_password)]));
    assert!(!told.contains("secret"), "{told}");
    let heads = proxy.heads();
    // "me:secret" in base64.
    assert!(!heads[0].contains("authorization: Basic"), "{heads:?}");
    assert!(
        heads[1]
            .to_lowercase()
            .contains("proxy-authorization: basic bwu6c2vjcmv0"),
        "{heads:?}"
    );
    assert_eq!(company.provider.connections(), 0);
}
