//! A stronger model is asked once more where an answer cannot be used, and only where the user's rules let it.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::*;
use crate::config::{Layer, Layers};
use crate::cost::{Ledger, Row};
use crate::gateway::{Gateway, Interrupt, Record, Report};
use crate::local;
use crate::provider::fake::Fake;
use crate::provider::{Event, Finish, Http, Provider};
use crate::session::{Session, Snapshot};

const OLD: &str = "fn sum(a: i32, b: i32) -> i32 {\n    a - b\n}\n";
const GOOD: &str = "```rust\nfn sum(a: i32, b: i32) -> i32 {\n    a + b\n}\n```";
const BAD: &str = "I cannot help with that.";
const BROKEN: &str = "```rust\nfn sum(a: i32, b: i32) -> i32 {\n    a + b)\n}\n```";

struct Desk {
    fake: Fake,
    gateway: Gateway,
    snapshot: Snapshot,
    rows: mpsc::Receiver<Row>,
}

/// What came of an action.
struct Came {
    done: Result<Done, Failure>,
    /// Which models were asked, in order.
    asked: Vec<String>,
    /// The model of the last answer.
    by: String,
    /// What was told of another model meanwhile.
    told: Vec<String>,
    rows: Vec<Row>,
}

impl Desk {
    fn with(change: impl FnOnce(&mut serde_json::Value)) -> Self {
        let at = |price: &str| {
            serde_json::json!({
                "wire": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "key": "none",
                "prices": {"m": {"input": price, "output": price}},
            })
        };
        let mut config = serde_json::json!({
            "actions": {"model": "weak/m", "escalate_to": "strong/m"},
            "providers": {"weak": at("0.1 USD"), "strong": at("100 USD"), "openai": {"key": "none"}},
        });
        change(&mut config);
        let mut layers = Layers::default();
        layers.set_json(Layer::UserFile, "test", config).unwrap();
        let mut session = Session::new(layers);
        let uri = "file:///w/a.rs";
        session.open(uri, "rust", OLD);
        session.claim_parse(uri);
        if let Some(job) = session.begin_parse(uri) {
            let _ = session.end_parse(&job, job.run());
        }
        let fake = Fake::default();
        let substitute = Arc::new(fake.clone()) as Arc<dyn Provider>;
        let names = ["weak", "strong", "openai"];
        let (sender, rows) = mpsc::channel();
        Self {
            gateway: Gateway::with_substitutes(
                Http::new(&Arc::default()),
                local::Engine::new(local::Limits::default()),
                Ledger::in_memory(),
                Arc::new(move |report: Report| {
                    let _ = sender.send(report.row);
                }),
                HashMap::from(names.map(|name| (name.to_owned(), substitute.clone()))),
            ),
            fake,
            snapshot: session.snapshot(uri).unwrap(),
            rows,
        }
    }

    /// Runs `simplify` with these answers.
    async fn run(&self, answers: &[&str]) -> Came {
        let action = find(&self.snapshot.settings, "simplify").unwrap();
        let at = OLD.find("a - b").unwrap();
        let mut job = Job {
            snapshot: &self.snapshot,
            action: &action,
            material: &Material::None,
            check: None,
            target: target(&self.snapshot, &action, &(at..at), &[]).unwrap(),
            diagnostics: &[],
            instruction: None,
            decision: decide(&self.gateway, &self.snapshot, &action),
            interrupt: Interrupt::default(),
        };
        let mut told = Vec::new();
        let mut watch = |progress: Progress<'_>| {
            if let Some(Again::Stronger(name, fault)) = progress.again {
                told.push(format!("the answer {fault}; asking {name}"));
            }
        };
        let model = async {
            for answer in answers {
                let running = self.fake.next().await;
                running.text(answer);
                running.event(Event::Finish(Finish::Stop));
            }
            std::future::pending::<()>().await;
        };
        let done = tokio::select! {
            done = super::run(&self.gateway, &mut job, &mut watch) => done,
            () = model => unreachable!("it never ends"),
        };
        let by = job.decision.name();
        self.gateway
            .ledger()
            .totals(Duration::from_secs(20))
            .unwrap();
        let rows: Vec<Row> = self.rows.try_iter().collect();
        let name = |row: &Row| format!("{}/{}", row.provider, row.requested_model);
        let asked = rows.iter().map(name).collect();
        Came {
            done,
            asked,
            by,
            told,
            rows,
        }
    }
}

#[tokio::test]
async fn a_stronger_model_is_asked_once_more_where_an_answer_cannot_be_used() {
    for (bad, why) in [
        (BAD, "holds no code block with the new text"),
        (BROKEN, "is not valid Rust (near \"a + b)\")"),
    ] {
        let desk = Desk::with(|_| ());
        let came = desk.run(&[bad, GOOD]).await;
        assert!(matches!(came.done, Ok(Done::Changes(changes)) if changes.len() == 1));
        assert_eq!(
            (came.by.as_str(), came.asked),
            ("strong/m", vec!["weak/m".into(), "strong/m".into()])
        );
        assert_eq!(came.told, [format!("the answer {why}; asking strong/m")]);
        let attempts: Vec<u32> = came.rows.iter().map(|row| row.attempt).collect();
        assert_eq!(attempts, [1, 2]);
        let kept = came.rows[1].decision.as_deref().unwrap();
        let record: Record = serde_json::from_str(kept).unwrap();
        assert_eq!(record.after.as_deref(), Some("weak/m"));
        assert_eq!(record.reason, crate::routing::ESCALATED);
        let settings = &desk.snapshot.settings;
        assert!(
            record
                .to_text(settings)
                .contains("an answer of weak/m that did not pass its check")
        );
        assert_eq!(record.recompute(settings), Some(record));
    }
}

#[tokio::test]
async fn an_answer_that_will_do_asks_nobody_else_and_two_bad_ones_are_the_end() {
    let came = Desk::with(|_| ()).run(&[GOOD]).await;
    assert_eq!((came.asked, came.told.len()), (vec!["weak/m".into()], 0));
    let came = Desk::with(|_| ()).run(&[BAD, BAD]).await;
    let failure = came.done.unwrap_err().to_string();
    assert!(
        failure.starts_with("nothing was changed: the answer of strong/m holds no"),
        "{failure}"
    );
    assert_eq!(came.asked.len(), 2);
}

#[tokio::test]
async fn where_a_rule_forbids_the_stronger_model_the_same_one_is_asked_again() {
    type Change = fn(&mut serde_json::Value);
    let forbidden: [(&str, Change); 5] = [
        ("none is named", |it| {
            it["actions"]["escalate_to"] = serde_json::Value::Null;
        }),
        ("somebody else would pay", |it| {
            it["actions"]["escalate_to"] = "openai/gpt-4.1".into();
        }),
        ("it costs more than is asked about", |it| {
            it["actions"]["ask_above"] = "0.01 USD".into();
        }),
        ("a hard cap refuses it", |it| {
            it["budget"] = serde_json::json!({"day": "0.10 USD"});
        }),
        ("it is the same", |it| {
            it["actions"]["escalate_to"] = "weak/m".into();
        }),
    ];
    for (case, change) in forbidden {
        let desk = Desk::with(change);
        let came = desk.run(&[BAD, GOOD]).await;
        assert!(came.done.is_ok(), "{case}: {:?}", came.done);
        assert_eq!(came.asked, ["weak/m", "weak/m"], "{case}");
        assert_eq!(came.by, "weak/m", "{case}");
        assert!(
            came.rows
                .iter()
                .all(|row| row.payer == "you: through a server on this machine")
        );
    }
    let desk = Desk::with(|it| {
        it["actions"]["escalate_to"] = "openai/gpt-4.1".into();
        it["fallback"] = serde_json::json!({"may_change_payer": true});
    });
    let came = desk.run(&[BAD, GOOD]).await;
    assert_eq!(came.asked, ["weak/m", "openai/gpt-4.1"]);
}
