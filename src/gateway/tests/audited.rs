//! The audit log of a gateway that keeps one, line by line.

use std::sync::Mutex;

use serde_json::Value;

use super::*;
use crate::config::{AuditSettings, Policy, PolicyOptions, Source, WhenUnwritable};
use crate::workspace::Rule;

struct Audited {
    desk: Desk,
    folder: tempfile::TempDir,
}

impl Audited {
    fn of(when_unwritable: WhenUnwritable) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Desk::of("openai", "gpt-4.1-mini");
        let (sender, rows) = channel();
        desk.rows = rows;
        desk.gateway = Gateway::with_substitutes(
            Http::new(&desk.settings.network),
            local::Engine::new(local::Limits::default()),
            Ledger::open(&folder.path().join("ledger.sqlite3")),
            Arc::new(move |report: Report| sender.send(report.row).unwrap()),
            HashMap::from([(
                "openai".to_owned(),
                Arc::new(desk.provider.clone()) as Arc<dyn Provider>,
            )]),
        );
        desk.settings.audit = AuditSettings {
            is_on: true,
            when_unwritable,
            keep_days: None,
        };
        Self { desk, folder }
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("ledger.audit.jsonl")
    }

    fn lines(&self) -> Vec<Value> {
        assert!(self.desk.gateway.audit().close(Duration::from_secs(20)));
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let read = |line| serde_json::from_str(line).unwrap();
        text.lines().map(read).collect()
    }
}

#[tokio::test]
async fn what_is_sent_refused_or_kept_here_leaves_a_line_without_its_text() {
    let mut audited = Audited::of(WhenUnwritable::GoOn);
    let mut request = audited.desk.request();
    request.shown = witness::shown([("src/a.rs", 5), ("src/b.rs", 7), ("src/a.rs", 1)]);
    let mut call = audited
        .desk
        .gateway
        .call(&audited.desk.settings, request)
        .await
        .unwrap();
    let id = call.id().to_string();
    call.stop();
    drop(call);
    let mut confined = audited.desk.request();
    confined.confined = Some(Rule::Secret);
    let refused = audited.desk.gateway.call(&audited.desk.settings, confined);
    assert!(matches!(refused.await, Err(Error::Confined(_))));
    let rules = PolicyOptions {
        providers: Some(Vec::new()),
        ..PolicyOptions::default()
    };
    audited.desk.settings.policy = Policy::of(Source::Workspace, rules);
    let kept = audited.desk.request();
    assert!(kept.decision.is_embedded());
    let settings = &audited.desk.settings;
    drop(audited.desk.gateway.call(settings, kept).await.unwrap());
    let lines = audited.lines();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["event"].as_str().unwrap(),
                line["rule"].as_str().unwrap(),
            )
        })
        .collect();
    let secret = Error::Confined(Rule::Secret).to_string();
    assert_eq!(
        told,
        [
            ("sent", "the settings name it"),
            ("refused", &*secret),
            (
                "kept",
                "this workspace's .byok.toml does not allow the provider of the model that is set"
            )
        ]
    );
    assert_eq!(lines[0]["call"], id);
    assert_eq!(lines[0]["host"], "api.openai.com");
    assert_eq!(
        lines[0]["files"],
        serde_json::json!([{"path": "src/a.rs", "bytes": 6}, {"path": "src/b.rs", "bytes": 7}])
    );
    assert!(lines.iter().all(|line| line["provider"] == "openai"));
    let text = std::fs::read_to_string(audited.log()).unwrap();
    assert!(!text.contains(QUESTION), "{text}");
    let verdict = crate::audit::verify(&audited.log(), None, Duration::from_secs(1));
    assert!(verdict.unwrap().unwrap().is_sound);
}

#[tokio::test]
async fn where_no_call_may_go_without_its_line_none_is_sent_that_has_none() {
    let audited = Audited::of(WhenUnwritable::Refuse);
    let desk = &audited.desk;
    let call = desk.gateway.call(&desk.settings, desk.request()).await;
    // The line is on the disk before anybody waited for it.
    assert!(
        std::fs::read_to_string(audited.log())
            .unwrap()
            .contains("\"sent\"")
    );
    drop(call.unwrap());
    std::fs::remove_file(audited.log()).unwrap();
    std::fs::create_dir(audited.log()).unwrap();
    drop(desk.provider.next().now_or_never().expect("it was sent"));
    let refused = desk.gateway.call(&desk.settings, desk.request()).await;
    assert!(matches!(refused, Err(Error::Unaudited(_))));
    assert!(!desk.provider.is_called());
}

#[tokio::test]
async fn where_calls_go_on_without_their_lines_the_user_is_told_once() {
    let audited = Audited::of(WhenUnwritable::GoOn);
    std::fs::create_dir(audited.log()).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = told.clone();
    let desk = &audited.desk;
    desk.gateway.watch(Arc::new(move |notice| {
        if let purse::Notice::Unaudited(why) = notice {
            hears.lock().unwrap().push(why);
        }
    }));
    for _ in 0..4 {
        let call = desk.gateway.call(&desk.settings, desk.request()).await;
        drop(call.unwrap());
        assert!(desk.gateway.audit().close(Duration::from_secs(20)));
    }
    assert_eq!(told.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_model_on_this_machine_leaves_no_line() {
    let mut audited = Audited::of(WhenUnwritable::Refuse);
    audited.desk.settings.model = ModelName::Local;
    let request = audited.desk.request();
    let call = audited.desk.gateway.call(&audited.desk.settings, request);
    drop(call.await.unwrap());
    assert_eq!(audited.lines(), Vec::<Value>::new());
    assert!(!audited.log().exists());
}

#[tokio::test]
async fn a_file_that_a_rule_keeps_from_a_provider_is_not_sent_beside_any_other() {
    let mut audited = Audited::of(WhenUnwritable::GoOn);
    let rule: PolicyOptions = serde_json::from_value(serde_json::json!({
        "paths": [{"match": ["secret/"], "providers": ["ollama"]}]
    }))
    .unwrap();
    audited.desk.settings.policy = Policy::of(Source::Organisation, rule);
    let desk = &audited.desk;
    let mut request = desk.request();
    request.shown = witness::shown([("src/a.rs", 5), ("secret/b.rs", 7)]);
    let refused = desk.gateway.call(&desk.settings, request).await;
    let Err(Error::Governed { file, .. }) = refused else {
        panic!("it was sent");
    };
    assert_eq!(file, "secret/b.rs");
    assert!(!desk.provider.is_called());
    let lines = audited.lines();
    assert_eq!(lines[0]["event"], "refused");
}
