//! The audit log as somebody checks it who was not there.

use byok_lsp::audit::{Audit, Entry, Event, Shown};
use serde_json::Value;

use crate::{byok, stderr, stdout};

fn entry(number: u32) -> Entry {
    Entry {
        at: "2026-08-01T12:00:00Z".parse().unwrap(),
        event: Event::Sent,
        call: Some(format!("c-{number}")),
        feature: "completion".into(),
        action: None,
        provider: "openai".into(),
        model: "m".into(),
        key: Some("work".into()),
        payer: "you: your own key".into(),
        host: Some("api.openai.com".into()),
        rule: "the settings name it".into(),
        policy: "0a".into(),
        workspace: None,
        files: vec![Shown {
            path: format!("src/{number}.rs"),
            bytes: 9,
        }],
        more_files: 0,
        bytes: 12,
        lost: 0,
    }
}

#[test]
fn a_log_is_shown_and_checked_and_what_was_done_to_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| byok(folder.path(), arguments);
    let none = run(&["audit", "verify"]);
    assert!(none.status.success() && stdout(&none).contains("There is no audit log"));
    let path = folder.path().join("ledger.audit.jsonl");
    let audit = Audit::at(Some(path.clone()));
    (1..=3).for_each(|number| audit.note(entry(number), None));
    assert!(audit.close(std::time::Duration::from_secs(20)));
    let sound = run(&["audit", "verify", "--json"]);
    assert!(sound.status.success(), "{}", stderr(&sound));
    let told: Value = serde_json::from_str(&stdout(&sound)).unwrap();
    assert_eq!(
        (&told["lines"], &told["isSound"]),
        (&3.into(), &true.into())
    );
    let end = told["end"].as_str().unwrap().to_owned();
    assert!(run(&["audit", "verify", "--expect", &end]).status.success());
    let shown = stdout(&run(&["audit", "show", "--since", "all"]));
    assert!(
        shown.contains("completion to openai/m at api.openai.com"),
        "{shown}"
    );
    assert!(shown.contains("src/2.rs (9)"), "{shown}");
    let lines = stdout(&run(&["audit", "show", "--since", "all", "--json"]));
    assert_eq!(lines, std::fs::read_to_string(&path).unwrap());
    std::fs::write(&path, lines.replace("src/2.rs", "src/9.rs")).unwrap();
    let bad = run(&["audit", "verify"]);
    assert_eq!(bad.status.code(), Some(1));
    let told = stdout(&bad);
    assert!(told.contains("line 2 is not as it was written"), "{told}");
    let bad = run(&["audit", "verify", "--expect", &end, "--json"]);
    let told: Value = serde_json::from_str(&stdout(&bad)).unwrap();
    assert_eq!(told["findings"][0]["line"], 2);
    assert_eq!(told["findings"][0]["fault"], "changed");
}
