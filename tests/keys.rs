//! Keys as a person at a terminal and a script meet them: the real binary, an encrypted file of its own, a scripted provider.
//!
//! The systems' own stores are tested by `tests/keys.sh`, which brings them along.

#![allow(clippy::unwrap_used)]

#[path = "support/scripted.rs"]
#[allow(dead_code, reason = "the benchmarks use the rest of it")]
mod scripted;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use scripted::{Scripted, Step, response};
use serde_json::Value;
use tempfile::TempDir;

const KEY: &str = "sk-canary-0123456789-abcd";

/// A user with a configuration and an encrypted file.
struct User {
    folder: TempDir,
}

impl User {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = "[keys]\nstore = \"file\"\npassphrase = { env = \"BYOK_TEST_PASSPHRASE\" }\n";
        std::fs::write(
            folder.path().join("config.toml"),
            format!("{stores}{config}"),
        )
        .unwrap();
        Self { folder }
    }

    /// A user of a provider on loopback, which takes a stored key.
    fn of(provider: &Scripted) -> Self {
        Self::new(&format!(
            "[providers.mine]\nwire = \"openai-chat\"\nbase_url = \"{}/v1\"\nkey = \"keyring\"\n",
            provider.address
        ))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("BYOK_CONFIG", self.folder.path().join("config.toml"))
            .env("BYOK_LEDGER", self.folder.path().join("ledger.sqlite3"))
            .env("BYOK_KEYS", self.folder.path().join("keys"))
            .env("BYOK_TEST_PASSPHRASE", "correct horse battery staple")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command with something on its stdin and returns what it printed, which never holds a key.
    fn run(&self, arguments: &[&str], piped: &str) -> (bool, String) {
        let mut child = self.command(arguments).spawn().unwrap();
        // A command that does not read its stdin may have ended already.
        let _ = child.stdin.take().unwrap().write_all(piped.as_bytes());
        told(child.wait_with_output().unwrap())
    }

    fn ok(&self, arguments: &[&str], piped: &str) -> String {
        let (is_ok, text) = self.run(arguments, piped);
        assert!(is_ok, "{arguments:?}: {text}");
        text
    }

    fn fails(&self, arguments: &[&str], piped: &str) -> String {
        let (is_ok, text) = self.run(arguments, piped);
        assert!(!is_ok, "{arguments:?}: {text}");
        text
    }
}

fn told(output: Output) -> (bool, String) {
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("canary"), "{text}");
    (output.status.success(), text)
}

fn json(status: &str, body: &str) -> Vec<Step> {
    vec![Step::Send(response(status, "application/json", body))]
}

#[test]
fn a_key_is_stored_checked_listed_tested_and_removed() {
    let provider = Scripted::start(json("200 OK", r#"{"data":[{"id":"m"}]}"#));
    let user = User::of(&provider);
    let told = user.ok(&["key", "set", "mine", "--stdin"], &format!("{KEY}\n"));
    assert!(
        told.contains("stored mine/default in the encrypted file"),
        "{told}"
    );
    assert!(told.contains("mine: it takes this key"), "{told}");
    let (head, _) = provider.request();
    assert!(
        head.starts_with("GET /v1/models ") && head.contains(&format!("Bearer {KEY}")),
        "{head}"
    );
    let list: Value = serde_json::from_str(&user.ok(&["key", "list", "--json"], "")).unwrap();
    let item = &list
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["provider"] == "mine")
        .unwrap();
    assert_eq!(
        (&item["lastFour"], &item["label"]),
        (&"abcd".into(), &"default".into())
    );
    assert_eq!(
        item["hosts"][0],
        provider.address.strip_prefix("http://").unwrap()
    );
    let told = user.ok(&["key", "test", "mine"], "");
    assert!(
        told.contains("key from the encrypted file (label default), ends in abcd"),
        "{told}"
    );
    user.ok(&["key", "remove", "mine"], "");
    let told = user.fails(&["key", "test", "mine"], "");
    assert!(
        told.contains("store one with \"byok-lsp key set mine\""),
        "{told}"
    );
}

#[test]
fn a_key_that_the_provider_does_not_take_is_said_and_rotating_to_it_keeps_the_old_one() {
    let provider = Scripted::start(json("200 OK", "{}"));
    let user = User::of(&provider);
    user.ok(&["key", "set", "mine", "--stdin"], KEY);
    provider.set(json(
        "401 Unauthorized",
        &format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#),
    ));
    let told = user.fails(
        &["key", "rotate", "mine", "--stdin"],
        "sk-canary-other-9876",
    );
    assert!(
        told.contains("does not take the new key; the old one is still in use"),
        "{told}"
    );
    let told = user.fails(&["key", "test", "mine"], "");
    assert!(told.contains("ends in abcd: the key was refused"), "{told}");
    provider.set(json("200 OK", "{}"));
    let told = user.ok(
        &["key", "rotate", "mine", "--stdin", "--json"],
        "sk-canary-other-9876",
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["lastFour"], &told["checked"]["ok"]),
        (&"9876".into(), &true.into())
    );
}

#[test]
fn a_key_that_cannot_be_read_any_more_or_is_only_listed_is_removed() {
    let user = User::new(
        "[providers.mine]\nwire = \"openai-chat\"\nbase_url = \"http://127.0.0.1:9/v1\"\nkey = \"keyring\"\n",
    );
    let texts = r#"{"index": "[\"mine/default\",\"gone/default\"]", "mine/default": "damaged"}"#;
    let passphrase = "correct horse battery staple".to_owned();
    let mut recipient = age::scrypt::Recipient::new(passphrase.into());
    recipient.set_work_factor(4);
    let sealed = age::encrypt(&recipient, texts.as_bytes()).unwrap();
    std::fs::create_dir(user.folder.path().join("keys")).unwrap();
    std::fs::write(user.folder.path().join("keys/keys.age"), sealed).unwrap();
    let told = user.ok(&["key", "list"], "");
    assert!(
        told.contains("mine/default in the encrypted file: "),
        "{told}"
    );
    let told = user.ok(&["key", "remove", "mine"], "");
    assert!(
        told.contains("removed mine/default from the encrypted file"),
        "{told}"
    );
    let told = user.ok(&["key", "remove", "gone"], "");
    assert!(
        told.contains("listed gone/default without having it"),
        "{told}"
    );
    let told = user.ok(&["key", "list"], "");
    assert!(told.contains("no keys are stored"), "{told}");
    let told = user.fails(&["key", "remove", "gone"], "");
    assert!(told.contains("no key gone/default is stored"), "{told}");
}

#[test]
fn a_key_among_the_arguments_is_refused_and_not_repeated() {
    let user = User::new("");
    for arguments in [
        vec!["key", "set", "openai", KEY],
        vec!["key", "set", KEY],
        vec!["key", "set", "mistral", "canary0123456789abcdefABCDEF01234"],
        vec!["key", "rotate", "openai", KEY],
        vec!["key", "set", "openai", "--label", KEY],
        vec!["key", KEY],
        vec![KEY],
        vec!["key", "set", "openai", "--key", KEY],
        vec!["login", KEY],
        vec!["doctor", KEY],
        vec!["complete", KEY],
    ] {
        user.fails(&arguments, "");
    }
    let told = user.fails(&["key", "set", "openai", KEY], "");
    assert!(
        told.contains("--stdin") && told.contains("revoke it"),
        "{told}"
    );
}

#[test]
fn what_is_no_key_of_the_users_own_is_not_stored() {
    let user = User::new("");
    for (key, expected) in [
        ("sk-ant-oat01-canary", "Claude subscription"),
        ("sk-ant-admin01-canary", "administrator"),
        ("", "there is nothing in it"),
        ("sk-canary\nsk-canary", "holds characters that no key has"),
    ] {
        let told = user.fails(&["key", "set", "anthropic", "--stdin"], key);
        assert!(
            told.contains("this is not stored as a key for anthropic") && told.contains(expected),
            "{told}"
        );
    }
}

#[test]
fn a_stored_key_goes_to_its_host_until_its_owner_allows_another() {
    let first = Scripted::start(json("200 OK", "{}"));
    let second = Scripted::start(json("200 OK", "{}"));
    let user = User::of(&first);
    user.ok(&["key", "set", "mine", "--stdin", "--no-check"], KEY);
    let path = user.folder.path().join("config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config.replace(&first.address, &second.address)).unwrap();
    let host = second.address.strip_prefix("http://").unwrap();
    let told = user.fails(&["key", "test", "mine"], "");
    assert!(
        told.contains(&format!("byok-lsp key allow-host mine {host}")),
        "{told}"
    );
    assert!(second.seen.try_recv().is_err());
    user.ok(&["key", "allow-host", "mine", host], "");
    user.ok(&["key", "test", "mine"], "");
    let (head, _) = second.request();
    assert!(head.contains(KEY), "{head}");
    user.ok(&["key", "disable", "mine"], "");
    let told = user.fails(&["key", "test", "mine"], "");
    assert!(told.contains("byok-lsp key enable mine"), "{told}");
}

#[test]
fn a_key_in_the_configuration_is_refused_and_moved_by_the_command_that_is_named() {
    let literal = format!("# mine\n[providers.openai]\nkey = \"{KEY}\" # canary's\n");
    let user = User::new(&literal);
    let path = user.folder.path().join("config.toml");
    let told = user.fails(&["config", "check"], "");
    assert!(told.contains("byok-lsp key import"), "{told}");
    let told = user.ok(&["key", "import"], "");
    assert!(
        told.contains("stored openai/default in the encrypted file"),
        "{told}"
    );
    let config = std::fs::read_to_string(&path).unwrap();
    assert!(
        config.ends_with("# mine\n[providers.openai]\nkey = \"keyring\" # canary's\n"),
        "{config}"
    );
    user.ok(&["config", "check"], "");
    let list = user.ok(&["key", "list"], "");
    assert!(
        list.contains("openai/default") && list.contains("…abcd"),
        "{list}"
    );
}

#[test]
fn a_wrong_passphrase_is_said_and_harms_nothing() {
    let user = User::new("");
    user.ok(&["key", "set", "openai", "--stdin", "--no-check"], KEY);
    let mut other = user.command(&["key", "list"]);
    let output = other.env("BYOK_TEST_PASSPHRASE", "guess").output().unwrap();
    let (_, text) = told(output);
    assert!(text.contains("the passphrase does not open it"), "{text}");
    let list = user.ok(&["key", "list"], "");
    assert!(list.contains("openai/default"), "{list}");
}

/// A sign-in that waits in its process.
struct SignIn {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    page: url::Url,
}

impl SignIn {
    fn start(user: &User, arguments: &[&str]) -> Self {
        let arguments = [&["login", "openrouter", "--no-browser"], arguments].concat();
        let mut child = user.command(&arguments).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("http") {
            line.clear();
            assert!(
                stderr.read_line(&mut line).unwrap() > 0,
                "no page was named"
            );
        }
        let page = line.trim().parse().unwrap();
        Self {
            child,
            stderr,
            page,
        }
    }

    fn query(&self, name: &str) -> String {
        let pair = self.page.query_pairs().find(|(key, _)| key == name);
        pair.unwrap().1.into_owned()
    }

    /// Comes back as the browser does.
    fn come_back(&self, path: Option<&str>, query: &str) -> String {
        let url: url::Url = self.query("callback_url").parse().unwrap();
        let mut connection = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
        let path = path.unwrap_or(url.path());
        write!(
            connection,
            "GET {path}?{query} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn end(mut self) -> (bool, String) {
        let mut text = String::new();
        drop(self.child.stdin.take());
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        self.stderr.read_to_string(&mut text).unwrap();
        assert!(!text.contains("canary"), "{text}");
        (self.child.wait().unwrap().success(), text)
    }
}

fn openrouter(provider: &Scripted) -> User {
    User::new(&format!(
        "[providers.openrouter]\nbase_url = \"{}/api/v1\"\nkey = \"keyring\"\n",
        provider.address
    ))
}

#[test]
fn signing_in_stores_the_key_that_the_provider_hands_over() {
    let handed = format!(
        r#"{{"key":"{KEY}","user_id":"u","data":{{"label":"byok-lsp","limit":5,"limit_remaining":5}}}}"#
    );
    let provider = Scripted::start(json("200 OK", &handed));
    let user = openrouter(&provider);
    let sign_in = SignIn::start(&user, &[]);
    assert_eq!(sign_in.page.path(), "/auth");
    assert_eq!(sign_in.query("code_challenge_method"), "S256");
    let wrong = sign_in.come_back(Some("/callback/guess"), "code=evil");
    assert!(wrong.starts_with("HTTP/1.1 404"), "{wrong}");
    let right = sign_in.come_back(None, "code=canary-code");
    assert!(right.starts_with("HTTP/1.1 200"), "{right}");
    let challenge = sign_in.query("code_challenge");
    let (is_ok, told) = sign_in.end();
    assert!(
        is_ok && told.contains("stored openrouter/default in the encrypted file"),
        "{told}"
    );
    assert!(told.contains("it belongs to byok-lsp, limit $5"), "{told}");
    let (head, body) = provider.request();
    assert!(head.starts_with("POST /api/v1/auth/keys "), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["code"], "canary-code");
    assert!(
        body["code_verifier"].as_str().unwrap().len() >= 43
            && body["code_verifier"] != challenge.as_str()
    );
    let (head, _) = provider.request();
    assert!(
        head.starts_with("GET /api/v1/key ") && head.contains(KEY),
        "{head}"
    );
}

#[test]
fn a_code_that_was_used_before_is_refused_and_nothing_is_stored() {
    let provider = Scripted::start(json(
        "403 Forbidden",
        r#"{"error":{"message":"Invalid code or code_verifier"}}"#,
    ));
    let user = openrouter(&provider);
    let sign_in = SignIn::start(&user, &[]);
    sign_in.come_back(None, "code=canary-code");
    let (is_ok, told) = sign_in.end();
    assert!(
        !is_ok && told.contains("openrouter did not take the code"),
        "{told}"
    );
    assert!(!user.folder.path().join("keys/keys.age").exists());
}

#[test]
fn a_sign_in_without_a_browser_takes_the_code_from_the_pipe() {
    let provider = Scripted::start(json("200 OK", &format!(r#"{{"key":"{KEY}"}}"#)));
    let user = openrouter(&provider);
    let told = user.ok(
        &["login", "openrouter", "--paste", "--label", "laptop"],
        "canary-code\n",
    );
    assert!(
        told.contains("/auth?code_challenge=") && !told.contains("callback_url"),
        "{told}"
    );
    assert!(
        told.contains("stored openrouter/laptop")
            && told.contains("key = { keyring = \"laptop\" }"),
        "{told}"
    );
}

#[test]
fn a_sign_in_that_nobody_finishes_or_whose_port_is_taken_says_so() {
    let provider = Scripted::start(json("200 OK", "{}"));
    let user = openrouter(&provider);
    let (is_ok, told) = SignIn::start(&user, &["--limit-s", "0"]).end();
    assert!(
        !is_ok && told.contains("nobody signed in within 0 s"),
        "{told}"
    );
    let port = provider.address.rsplit(':').next().unwrap();
    let told = user.fails(&["login", "openrouter", "--no-browser", "--port", port], "");
    assert!(told.contains("cannot be listened on"), "{told}");
    let told = user.fails(&["login", "anthropic"], "");
    assert!(told.contains("byok-lsp key set"), "{told}");
}
