//! OpenRouter over HTTP: what a request carries, who served it, and what a call has cost that was left before that was told.

use std::sync::Arc;
use std::time::Duration;

use byok_lsp::config::{Layer, Layers, Patience, Settings, TaskClass};
use byok_lsp::cost::{Cost, Ledger, Money, Outcome, Usage};
use byok_lsp::gateway::{Call, Gateway, Interrupt, Report, Request};
use byok_lsp::local::{Engine, Limits};
use byok_lsp::provider::{Http, Input, Message, Role};
use byok_lsp::routing::Feature;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::client::Builder;
use crate::provider::{Scripted, Seen, Step, event, events, response, stream_head};

/// A variable that is always set here, since cargo sets it: what stands in it serves as the key.
const VARIABLE: &str = "CARGO_PKG_NAME";

const FIRST: &str = r#"{"id":"gen-42","model":"openai/gpt-4o-mini","provider":"Azure","choices":[{"delta":{"content":"1;\n2;\n"}}]}"#;

const GENERATION: &str = r#"{"data":{"id":"gen-42","total_cost":0.00123,"upstream_inference_cost":0.00123,"is_byok":false,
    "model":"openai/gpt-4o-mini-2024-07-18","provider_name":"OpenAI","native_tokens_prompt":100,"native_tokens_completion":7,
    "native_tokens_cached":60,"service_tier":"default","cancelled":true}}"#;

fn found() -> Vec<Step> {
    vec![Step::Send(response(
        "200 OK",
        "application/json",
        GENERATION,
    ))]
}

fn not_found() -> Vec<Step> {
    let body = r#"{"error":{"code":404,"message":"Generation gen-42 not found"}}"#;
    vec![Step::Send(response(
        "404 Not Found",
        "application/json",
        body,
    ))]
}

/// An OpenRouter that begins to answer and then waits, and is asked about costs by these answers, the last of them for ever.
fn openrouter(mut answers: Vec<Vec<Step>>) -> Scripted {
    answers.reverse();
    Scripted::answer(move |head| {
        if head.starts_with("POST ") {
            return vec![stream_head(), event(FIRST), Step::Stall];
        }
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop().unwrap_or_default(),
        }
    })
}

fn config(provider: &Scripted, more: &Value) -> Value {
    let mut openrouter = json!({
        "base_url": format!("{}/api/v1", provider.address), "key": {"env": VARIABLE},
    });
    for (key, value) in more.as_object().unwrap() {
        openrouter[key] = value.clone();
    }
    json!({
        "completion": {"model": "openrouter/openai/gpt-4o-mini:nitro", "debounce_ms": 0, "max_lines": 1},
        "providers": {"openrouter": openrouter},
    })
}

fn patience(adding_up: Duration) -> Patience {
    Patience {
        adding_up,
        ..Patience::default()
    }
}

/// A gateway to it, and the reports.
struct Desk {
    gateway: Gateway,
    settings: Settings,
    reports: UnboundedReceiver<Report>,
}

impl Desk {
    fn at(provider: &Scripted, adding_up: Duration) -> Self {
        Self::keyed(provider, adding_up, &json!({"env": VARIABLE}))
    }

    fn keyed(provider: &Scripted, adding_up: Duration, key: &Value) -> Self {
        let mut layers = Layers::default();
        let written = config(provider, &json!({"key": key}));
        layers
            .set_json(Layer::UserFile, "config.toml", written)
            .unwrap();
        let (sender, reports) = unbounded_channel();
        let reporter = Arc::new(move |report| {
            let _ = sender.send(report);
        });
        let engine = Engine::new(Limits::default());
        let http = Http::with_patience(&Arc::default(), patience(adding_up));
        Self {
            gateway: Gateway::new(http, engine, Ledger::in_memory(), reporter),
            settings: layers.settings(),
            reports,
        }
    }

    /// Makes a call and reads its first piece.
    async fn begin(&self, interrupt: &Interrupt) -> Call {
        let request = Request {
            decision: self.gateway.decide(&self.settings, Feature::Completion),
            input: Input::Chat(vec![Message {
                role: Role::User,
                text: "x".repeat(700),
                cacheable: false,
            }]),
            action: None,
            class: TaskClass::Completion,
            max_tokens: 64,
            expected: None,
            stop: Vec::new(),
            language: None,
            workspace: None,
            confined: None,
            shown: Vec::new(),
            interrupt: interrupt.clone(),
            attempt: 1,
            after: None,
        };
        let mut call = self.gateway.call(&self.settings, request).await.unwrap();
        assert_eq!(call.next().await.unwrap().unwrap(), "1;\n2;\n");
        call
    }

    async fn report(&mut self) -> Report {
        let report = tokio::time::timeout(Duration::from_secs(20), self.reports.recv());
        report.await.expect("a report in time").expect("a report")
    }
}

fn nanos(cost: Cost) -> Option<i64> {
    cost.amount().map(Money::nanos)
}

#[cfg(unix)]
#[tokio::test]
async fn the_cost_of_a_call_whose_key_was_replaced_is_asked_for_with_the_new_one() {
    // The first key makes no call; the second makes it, and asks.
    let provider = Scripted::answer(|head| {
        let is_old = head.to_lowercase().contains("authorization: bearer 1");
        match (is_old, head.starts_with("POST ")) {
            (true, _) => vec![Step::Send(response(
                "401 Unauthorized",
                "application/json",
                r#"{"error":{"code":401,"message":"No auth credentials found"}}"#,
            ))],
            (false, true) => vec![stream_head(), event(FIRST), Step::Stall],
            (false, false) => found(),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    // A program that prints another key each time: 1, then 2.
    let script = format!("echo x >> {0}; wc -l < {0}", count.display());
    let command = json!({"command": ["sh", "-c", script]});
    let mut desk = Desk::keyed(&provider, Duration::from_millis(1), &command);
    let interrupt = Interrupt::default();
    drop(desk.begin(&interrupt).await);
    let first = desk.report().await;
    assert!(!first.is_correction);
    let second = desk.report().await;
    assert!(second.is_correction);
    assert_eq!(nanos(second.row.cost), Some(1_230_000));
    desk.gateway.close();
}

#[tokio::test]
async fn a_call_that_was_left_is_settled_again_by_what_it_truly_cost_however_it_was_left() {
    let provider = openrouter(vec![not_found(), found()]);
    let mut desk = Desk::at(&provider, Duration::from_millis(1));
    let mut calls = 0_u64;
    for outcome in [Outcome::Cancelled, Outcome::Superseded, Outcome::Completed] {
        let interrupt = Interrupt::default();
        let mut call = desk.begin(&interrupt).await;
        match outcome {
            Outcome::Completed => call.stop(),
            Outcome::Superseded => interrupt.supersede(),
            _ => {}
        }
        drop(call);
        let guess = desk.report().await;
        assert!(matches!(guess.row.cost, Cost::Estimated(_)), "{guess:?}");
        assert!(!guess.is_correction);
        assert_eq!(guess.row.upstream.as_deref(), Some("Azure"));
        let truth = desk.report().await;
        assert!(truth.is_correction);
        assert_eq!((&truth.row.id, truth.row.outcome), (&guess.row.id, outcome));
        assert!(matches!(truth.row.cost, Cost::Reported(_)), "{truth:?}");
        assert_eq!(nanos(truth.row.cost), Some(1_230_000));
        let Usage::Reported(tokens) = truth.row.usage else {
            panic!("{truth:?}")
        };
        assert_eq!(
            (tokens.input, tokens.cache_read, tokens.output),
            (40, 60, 7)
        );
        assert_eq!(
            (
                truth.row.served_model.as_deref(),
                truth.row.upstream.as_deref()
            ),
            (Some("openai/gpt-4o-mini-2024-07-18"), Some("OpenAI"))
        );
        // The totals hold the truth instead of the guess, and each call once.
        calls += 1;
        let session = &truth.totals.session;
        assert_eq!(session.calls, calls);
        assert_eq!(
            session.cost[0].nanos(),
            1_230_000 * i64::try_from(calls).unwrap()
        );
    }
    let key = std::env::var(VARIABLE).unwrap();
    let asked: Vec<String> = provider
        .seen
        .try_iter()
        .filter_map(|seen| match seen {
            Seen::Request { head, .. } if head.starts_with("GET ") => Some(head),
            _ => None,
        })
        .collect();
    assert_eq!(asked.len(), 4, "one was not known at first");
    for head in asked {
        assert!(
            head.starts_with("GET /api/v1/generation?id=gen-42 HTTP/1.1"),
            "{head}"
        );
        assert!(
            head.contains(&format!("authorization: Bearer {key}")),
            "{head}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_found_out_stays_an_estimate() {
    let refused = response("401 Unauthorized", "application/json", "{}");
    let nonsense = response(
        "200 OK",
        "application/json",
        r#"{"data":{"total_cost":null}}"#,
    );
    for (answer, attempts) in [
        (not_found(), 3),
        (vec![Step::Send(refused)], 1),
        (vec![Step::Send(nonsense)], 1),
    ] {
        let provider = openrouter(vec![answer]);
        let mut desk = Desk::at(&provider, Duration::from_millis(1));
        drop(desk.begin(&Interrupt::default()).await);
        let guess = desk.report().await;
        assert!(matches!(guess.row.cost, Cost::Estimated(_)), "{guess:?}");
        let asking = async {
            let mut asked = 0;
            while asked < attempts {
                // The runtime is this thread; waiting for the provider must leave it the time to ask.
                tokio::task::yield_now().await;
                asked += provider.seen.try_iter().filter(is_inquiry).count();
            }
            asked
        };
        let asked = tokio::time::timeout(Duration::from_secs(20), asking).await;
        assert_eq!(asked, Ok(attempts));
        // With the gateway goes everything that could still report.
        drop(desk.gateway);
        assert!(desk.reports.recv().await.is_none());
        assert_eq!(provider.seen.try_iter().filter(is_inquiry).count(), 0);
    }
}

fn is_inquiry(seen: &Seen) -> bool {
    matches!(seen, Seen::Request { head, .. } if head.starts_with("GET "))
}

#[tokio::test]
async fn a_gateway_that_is_closed_asks_nothing_more() {
    let provider = openrouter(vec![found()]);
    let mut desk = Desk::at(&provider, Duration::from_hours(1));
    drop(desk.begin(&Interrupt::default()).await);
    desk.report().await;
    let after = desk.begin(&Interrupt::default()).await;
    desk.gateway.close();
    drop(after);
    desk.report().await;
    drop(desk.gateway);
    assert!(desk.reports.recv().await.is_none());
    assert_eq!(provider.seen.try_iter().filter(is_inquiry).count(), 0);
}

#[test]
fn the_editor_is_told_the_true_cost_under_the_same_id() {
    let provider = openrouter(vec![found()]);
    let mut client = Builder::default()
        .config(config(&provider, &json!({})))
        .patience(patience(Duration::from_millis(1)))
        .start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["1;"]);
    let guess = client.notification("byok/usage");
    assert_eq!(
        (&guess["corrected"], &guess["cost"]["source"]),
        (&json!(false), &json!("estimated"))
    );
    let truth = client.notification("byok/usage");
    assert_eq!(
        (&truth["corrected"], &truth["id"]),
        (&json!(true), &guess["id"])
    );
    assert_eq!(
        truth["cost"],
        json!({"nanos": 1_230_000, "currency": "USD", "source": "reported"})
    );
    assert_eq!(truth["totals"]["session"]["nanos"], 1_230_000);
    assert_eq!(truth["totals"]["session"]["calls"], 1);
    assert_eq!(truth["upstream"], "OpenAI");
    let summary = client.request("byok/usageSummary", json!(null));
    assert_eq!(
        client.answer(summary)["result"]["last"]["cost"],
        truth["cost"]
    );
    client.finish();
}

#[test]
fn a_request_carries_the_routing_and_no_name_of_an_app_unless_one_is_given() {
    let whole = r#"{"id":"gen-1","model":"openai/gpt-4o-mini","provider":"Azure","choices":[{"delta":{"content":"1;"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"cost":0.000002,"is_byok":false,"cost_details":{"upstream_inference_cost":0.000002}}}"#;
    let provider = Scripted::start(events(&[whole, "[DONE]"]));
    let routing =
        json!({"zdr": true, "max_price": {"prompt": "1 USD"}, "models": ["mistralai/codestral"]});
    let app = json!({"title": "Mine", "url": "https://example.com"});
    for more in [json!({"routing": routing}), json!({"app": app})] {
        let is_named = more.get("app").is_some();
        let mut client = Builder::default().config(config(&provider, &more)).start();
        let at = client.open("fn main() {\n    let x = ˇ\n}\n");
        let id = client.ask(&at);
        assert_eq!(client.texts(id), ["1;"]);
        let usage = client.notification("byok/usage");
        assert_eq!(usage["cost"]["nanos"], 2_000);
        assert_eq!(
            (&usage["upstream"], &usage["corrected"]),
            (&json!("Azure"), &json!(false))
        );
        let (head, body) = provider.request();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["model"], "openai/gpt-4o-mini:nitro");
        assert_eq!(
            head.contains("http-referer: https://example.com/"),
            is_named,
            "{head}"
        );
        assert_eq!(
            head.contains("x-openrouter-title: Mine"),
            is_named,
            "{head}"
        );
        assert!(is_named || !head.to_lowercase().contains("title"), "{head}");
        let expected = if is_named {
            (Value::Null, Value::Null)
        } else {
            (
                json!({"zdr": true, "max_price": {"prompt": "1"}}),
                json!(["mistralai/codestral"]),
            )
        };
        assert_eq!((body["provider"].clone(), body["models"].clone()), expected);
        client.finish();
    }
}

#[test]
fn where_the_user_did_not_say_who_is_to_pay_the_row_tells_who_did_and_nothing_is_stopped() {
    for (told, payer) in [
        ("true", "you: your own account behind the gateway"),
        ("false", "you: your credits at the gateway"),
        (
            "null",
            "you: your credits or your own account, as the gateway bills",
        ),
    ] {
        let whole = format!(
            r#"{{"id":"gen-1","model":"openai/gpt-4o-mini","provider":"OpenAI","choices":[{{"delta":{{"content":"1;"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,"completion_tokens":2,"cost":0.0001,"is_byok":{told}}}}}"#
        );
        let provider = Scripted::start(events(&[&whole, "[DONE]"]));
        let mut client = Builder::default()
            .config(config(&provider, &json!({})))
            .start();
        let at = client.open("fn main() {\n    let x = ˇ\n}\n");
        let id = client.ask(&at);
        assert_eq!(client.texts(id), ["1;"]);
        assert_eq!(client.notification("byok/usage")["payer"], payer);
        let at = client.type_at(&at, "y + ");
        let id = client.ask(&at);
        assert_eq!(client.texts(id), ["1;"]);
        client.forget("byok/usage");
        client.forget("byok/status");
        client.finish();
    }
}

#[test]
fn where_another_payer_has_paid_the_user_is_told_and_the_model_is_asked_no_more_until_resumed() {
    let whole = r#"{"id":"gen-1","model":"openai/gpt-4o-mini","provider":"OpenAI","choices":[{"delta":{"content":"1;"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"cost":0.0001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.000002}}}"#;
    let provider = Scripted::start(events(&[whole, "[DONE]"]));
    let routing = json!({"routing": {"payer": "credits"}});
    let mut client = Builder::default()
        .config(config(&provider, &routing))
        .start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["1;"]);
    let usage = client.notification("byok/usage");
    assert_eq!(usage["payer"], "you: your own account behind the gateway");
    let shown = client.notification("window/showMessage");
    let shown = shown["message"].as_str().unwrap();
    assert!(
        shown.contains("openai/gpt-4o-mini:nitro is stopped"),
        "{shown}"
    );
    assert!(shown.contains("routing.payer says your credits"), "{shown}");
    provider.request();
    let at = client.type_at(&at, "y + ");
    let id = client.ask(&at);
    assert!(client.texts(id).is_empty());
    let is_request = |seen: &Seen| matches!(seen, Seen::Request { .. });
    assert_eq!(provider.seen.try_iter().filter(is_request).count(), 0);
    // Who paused and goes on has not seen to it.
    for command in ["byok.pause", "byok.resume"] {
        let id = client.execute(command, json!([]));
        client.answer(id);
    }
    let at = client.type_at(&at, "w - ");
    let id = client.ask(&at);
    assert!(client.texts(id).is_empty());
    assert_eq!(provider.seen.try_iter().filter(is_request).count(), 0);
    let resume = client.execute("byok.resume", json!([]));
    client.answer(resume);
    let at = client.type_at(&at, "z * ");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["1;"]);
    provider.request();
    client.forget("byok/usage");
    client.forget("byok/status");
    client.forget("window/showMessage");
    client.finish();
}
