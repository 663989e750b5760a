//! Sources in their order, what is kept of what they gave, and to whom it goes.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::config::{Helper, KeySource, KeysSettings, Settings, StoreOption};

/// A variable that is set wherever these tests run, and too short to be mistaken for a key.
const VARIABLE: &str = "CARGO_PKG_VERSION";

/// Keys in a file in a folder, and a provider with a key from somewhere.
struct Desk {
    keys: Keys,
    provider: ProviderSettings,
}

impl Desk {
    fn of(folder: &Path, source: KeySource) -> Self {
        let mut provider = Settings::default().providers["openai"].clone();
        provider.key = source;
        let settings = KeysSettings {
            store: StoreOption::File,
            ..KeysSettings::default()
        };
        provider.stores = Arc::new(settings);
        Self {
            keys: Keys::new(Vault::in_folder(folder)),
            provider,
        }
    }

    async fn put(&self, key: &str, host: &str) {
        let record = Record::new(Secret::new(key.into()), host.into());
        self.put_record(&record).await;
    }

    async fn put_record(&self, record: &Record) {
        let vault = self.keys.vault();
        vault
            .put(&self.provider.stores, Kind::File, &name(), record)
            .await
            .unwrap();
    }

    /// Returns the header's value, or the error.
    async fn key(&self) -> Result<Option<String>, Error> {
        let held = self
            .keys
            .authorization(&self.provider, Use::QUESTION)
            .await?;
        Ok(held.map(|held| held.header.1.to_str().unwrap().to_owned()))
    }
}

fn name() -> Name {
    Name {
        provider: "openai".into(),
        label: "default".into(),
    }
}

fn default_source() -> KeySource {
    KeySource::Default {
        variable: Some(VARIABLE.into()),
    }
}

fn sh(script: String) -> KeySource {
    KeySource::Command(Helper {
        argv: vec!["sh".into(), "-c".into(), script],
        ttl: Duration::from_mins(5),
    })
}

#[tokio::test]
async fn a_stored_key_comes_before_the_variable_and_the_variable_before_none() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), default_source());
    let version = format!("Bearer {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(desk.key().await, Ok(Some(version)));
    desk.put("sk-canary-stored", "api.openai.com").await;
    assert_eq!(
        desk.key().await.unwrap().unwrap(),
        "Bearer sk-canary-stored"
    );
    let none = Desk::of(
        tempfile::tempdir().unwrap().path(),
        KeySource::Default { variable: None },
    );
    assert_eq!(none.key().await, Ok(None));
}

#[tokio::test]
async fn a_key_does_not_go_to_a_host_that_it_is_not_kept_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::of(folder.path(), KeySource::Default { variable: None });
    desk.put("sk-canary-bound", "api.openai.com").await;
    desk.provider.base_url = "https://api.openai.com:8443/v1".parse().unwrap();
    let told = desk.key().await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @"the key openai/default is kept for api.openai.com and does not go to api.openai.com:8443; if it may, say so: byok-lsp key allow-host openai api.openai.com:8443");
    desk.provider.base_url = "https://api.openai.com/v1".parse().unwrap();
    assert!(desk.key().await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_that_is_switched_off_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(
        folder.path(),
        KeySource::Keyring {
            label: "default".into(),
        },
    );
    let mut record = Record::new(Secret::new("sk-canary-off".into()), "api.openai.com".into());
    record.is_disabled = true;
    desk.put_record(&record).await;
    let told = desk.key().await.unwrap_err().to_string();
    assert!(told.contains("byok-lsp key enable openai"), "{told}");
}

#[tokio::test]
async fn the_variable_is_not_used_in_the_place_of_a_stored_key_that_is_switched_off_or_for_another_host()
 {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), default_source());
    let record = Record::new(
        Secret::new("sk-canary-work".into()),
        "api.openai.com".into(),
    );
    let off = Record {
        is_disabled: true,
        ..record
    };
    desk.put_record(&off).await;
    let told = desk.key().await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @r#"the key openai/default is switched off; switch it on with: byok-lsp key enable openai; CARGO_PKG_VERSION is not used in its place, unless you say so: providers.openai.key = { env = "CARGO_PKG_VERSION" }"#);
    desk.put("sk-canary-bound", "proxy.example.com").await;
    let told = desk.key().await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @r#"the key openai/default is kept for proxy.example.com and does not go to api.openai.com; if it may, say so: byok-lsp key allow-host openai api.openai.com; CARGO_PKG_VERSION is not used in its place, unless you say so: providers.openai.key = { env = "CARGO_PKG_VERSION" }"#);
    // It is the user who says that the variable is to be used: by this setting, or by removing the key.
    let named = Desk::of(folder.path(), KeySource::Env(VARIABLE.into()));
    assert!(named.key().await.unwrap().is_some());
    let vault = desk.keys.vault();
    vault
        .remove(&desk.provider.stores, Kind::File, &name())
        .await
        .unwrap();
    assert!(desk.key().await.unwrap().is_some());
}

#[tokio::test]
async fn the_variable_is_not_used_in_the_place_of_a_key_in_a_store_that_cannot_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), default_source());
    desk.put("sk-canary-work", "api.openai.com").await;
    // To a process that does not know its passphrase, the file is as good as locked.
    let locked = Desk {
        keys: Keys::new(Vault::locked_in_folder(folder.path())),
        provider: desk.provider.clone(),
    };
    let told = locked.key().await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @r#"the key for openai may be in a store that cannot be asked (the encrypted file: its passphrase is not known; say where it comes from: [keys] passphrase = { env = "NAME" } or { command = ["program"] }); CARGO_PKG_VERSION is not used in its place, unless you say so: providers.openai.key = { env = "CARGO_PKG_VERSION" }"#);
    let none = tempfile::tempdir().unwrap();
    let never = Desk {
        keys: Keys::new(Vault::locked_in_folder(none.path())),
        provider: desk.provider.clone(),
    };
    assert!(never.key().await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_that_is_not_there_holds_no_key_and_one_that_is_locked_does_if_that_key_was_stored()
{
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), default_source());
    let vault = desk.keys.vault();
    let (locked, absent) = (Fault::because("it is locked"), Fault::absent("none".into()));
    let own = name();
    let other = Name {
        provider: "other".into(),
        ..name()
    };
    let may = |kind, fault| vault.may_hold(kind, &own, fault);
    assert!(!may(Kind::System, &locked) && !may(Kind::System, &absent));
    // The file may have come from another machine.
    assert!(may(Kind::File, &locked));
    desk.put("sk-canary-work", "api.openai.com").await;
    assert!(may(Kind::System, &locked) && may(Kind::Session, &locked));
    assert!(!may(Kind::System, &absent) && !may(Kind::Session, &absent));
    // Who removes it from one store has it in the other still.
    vault.note(Kind::Session, &own, true);
    vault.note(Kind::Session, &own, false);
    assert!(may(Kind::System, &locked));
    // So did an older version note it.
    let noted = folder.path().join("keys.names");
    std::fs::write(&noted, format!("{own}\n")).unwrap();
    assert!(may(Kind::System, &locked) && !vault.may_hold(Kind::System, &other, &locked));
    vault.note(Kind::System, &own, false);
    assert!(!may(Kind::System, &locked));
    vault.note(Kind::System, &own, true);
    // Another provider's key is none of this one's.
    for kind in [Kind::System, Kind::File] {
        assert!(!vault.may_hold(kind, &other, &locked));
    }
}

#[tokio::test]
async fn a_key_that_is_missing_is_told_with_the_command_that_stores_it() {
    let folder = tempfile::tempdir().unwrap();
    let told = async |source| {
        Desk::of(folder.path(), source)
            .key()
            .await
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(told(KeySource::Keyring { label: "work".into() }).await, @r#"there is no key for openai with the label work; store one with "byok-lsp key set openai --label work""#);
    insta::assert_snapshot!(told(KeySource::Default { variable: Some("BYOK_TEST_UNSET".into()) }).await, @r#"there is no key for openai; store one with "byok-lsp key set openai", or set BYOK_TEST_UNSET in the environment that the editor is started from"#);
}

#[tokio::test]
async fn a_key_that_another_process_rotated_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), default_source());
    desk.put("sk-canary-old", "api.openai.com").await;
    assert_eq!(desk.key().await.unwrap().unwrap(), "Bearer sk-canary-old");
    let other = Desk::of(folder.path(), default_source());
    other.put("sk-canary-new", "api.openai.com").await;
    assert_eq!(desk.key().await.unwrap().unwrap(), "Bearer sk-canary-new");
}

#[tokio::test]
async fn a_subscriptions_token_is_refused_whatever_source_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), sh("echo sk-ant-oat01-canary".into()));
    let told = desk.key().await.unwrap_err().to_string();
    assert!(
        told.contains("Claude subscription") && !told.contains("canary"),
        "{told}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_is_run_once_and_again_when_its_key_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let script = format!("echo x >> {0}; echo canary-$(wc -l < {0})", count.display());
    let desk = Desk::of(folder.path(), sh(script));
    let held = desk
        .keys
        .authorization(&desk.provider, Use::QUESTION)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(held.header.1, "Bearer canary-1");
    assert_eq!(desk.key().await.unwrap().unwrap(), "Bearer canary-1");
    let renewed = desk
        .keys
        .renewed(&desk.provider, &held.header.1, Use::QUESTION)
        .await;
    assert_eq!(renewed.unwrap().header.1, "Bearer canary-2");
    // A refusal of the old key that comes late finds the new one and does not run the program again.
    let renewed = desk
        .keys
        .renewed(&desk.provider, &held.header.1, Use::QUESTION)
        .await;
    assert_eq!(renewed.unwrap().header.1, "Bearer canary-2");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_fails_three_times_is_not_run_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let script = format!("echo x >> {}; echo locked >&2; exit 1", count.display());
    let desk = Desk::of(folder.path(), sh(script));
    for _ in 0..3 {
        let told = desk.key().await.unwrap_err().to_string();
        assert!(
            told.ends_with("sh ended with exit status: 1: locked"),
            "{told}"
        );
    }
    assert!(matches!(desk.key().await, Err(Error::HelperStopped { .. })));
    assert_eq!(std::fs::read_to_string(count).unwrap().lines().count(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_prints_a_refused_key_again_and_again_is_not_run_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), sh("echo canary-bad".into()));
    for _ in 0..3 {
        let held = desk
            .keys
            .authorization(&desk.provider, Use::QUESTION)
            .await
            .unwrap()
            .unwrap();
        assert!(
            desk.keys
                .renewed(&desk.provider, &held.header.1, Use::QUESTION)
                .await
                .is_none()
        );
    }
    let held = desk.keys.authorization(&desk.provider, Use::QUESTION).await;
    assert!(
        held.is_ok(),
        "what was read last holds until it is refused once more"
    );
    let refused = held.unwrap().unwrap().header.1;
    assert!(
        desk.keys
            .renewed(&desk.provider, &refused, Use::QUESTION)
            .await
            .is_none()
    );
    assert!(matches!(desk.key().await, Err(Error::HelperStopped { .. })));
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_look() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let desk = Desk::of(
        folder.path(),
        sh(format!("echo x >> {}; echo canary-key", count.display())),
    );
    let asking = (0..20).map(|_| desk.key());
    let keys = futures_util::future::join_all(asking).await;
    assert!(
        keys.iter()
            .all(|key| key == &Ok(Some("Bearer canary-key".into())))
    );
    assert_eq!(std::fs::read_to_string(count).unwrap().lines().count(), 1);
}

#[test]
fn every_header_with_a_key_is_marked_so_that_no_log_shows_it() {
    let secret = Secret::new("canary".into());
    for (auth, name, value) in [
        (Auth::Bearer, "authorization", "Bearer canary"),
        (Auth::XApiKey, "x-api-key", "canary"),
        (Auth::XGoogApiKey, "x-goog-api-key", "canary"),
        (Auth::ApiKey, "api-key", "canary"),
    ] {
        let (header, content) = header(auth, &secret).expect("a header");
        assert_eq!(
            (header.as_str(), content.as_bytes()),
            (name, value.as_bytes())
        );
        assert!(content.is_sensitive());
    }
}

#[tokio::test]
async fn a_key_that_is_kept_for_one_thing_is_not_used_for_another_and_the_message_says_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::of(folder.path(), KeySource::Default { variable: None });
    let record = Record {
        scope: Scope {
            features: vec!["action".into()],
            ..Scope::default()
        },
        ..Record::new(
            Secret::new("sk-canary-4711".into()),
            "api.openai.com".into(),
        )
    };
    desk.put_record(&record).await;
    let wanted = |feature| Use {
        feature: Some(feature),
        workspace: None,
    };
    let held = desk.keys.authorization(&desk.provider, wanted("action"));
    assert!(held.await.unwrap().is_some());
    let refused = desk
        .keys
        .authorization(&desk.provider, wanted("completion"));
    let told = refused.await.err().unwrap().to_string();
    assert_eq!(
        told,
        "the key openai/default is kept for the feature action and this is completion; to keep it for other things: byok-lsp key scope openai"
    );
    // A question that costs nothing is held to the host alone.
    assert!(desk.key().await.unwrap().is_some());
}
