//! What a span says, and how calls come to the collector; no test waits, since the clock stands still.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::outlet::Verdict;
use super::worker::{ATTEMPTS, BATCH, GATHERING};
use super::*;
use crate::cost::{Cost, Currency, Money, Outcome, Tokens};
use crate::provider::Finish;

fn call(id: &str) -> Finished {
    Finished {
        id: id.into(),
        attempt: 1,
        started: 1_795_000_000_000_000_000,
        took: Duration::from_millis(1500),
        first_text: Some(Duration::from_millis(250)),
        operation: Operation::Chat,
        provider: "mistral".into(),
        requested: "m-latest".into(),
        served: Some("m-2026".into()),
        response: Some("cmpl-1".into()),
        finish: Some(Finish::Stop),
        fault: None,
        server: Some(("api.example".into(), 443)),
        max_tokens: 128,
        tokens: Tokens {
            input: 6,
            cache_read: 4,
            cache_write_5m: 2,
            cache_write_1h: 1,
            output: 9,
            reasoning: 5,
        },
        is_estimated: false,
        feature: "completion".into(),
        payer: "you".into(),
        key: Some("work".into()),
        outcome: Outcome::Completed,
        cost: Cost::Priced(Money::from_nanos(1_250_000, Currency::USD)),
    }
}

fn spans(message: &ExportTraceServiceRequest) -> Vec<Span> {
    let resources = message.resource_spans.iter();
    let scopes = resources.flat_map(|resource| &resource.scope_spans);
    scopes.flat_map(|scope| scope.spans.clone()).collect()
}

fn span_of(call: Finished) -> Span {
    spans(&span::export(&[call])).remove(0)
}

/// A span's attributes, as text.
fn attributes(span: &Span) -> BTreeMap<String, String> {
    let shown = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::BoolValue(flag) => flag.to_string(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => format!("{number:?}"),
        other => format!("{other:?}"),
    };
    let pair = |it: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        let value = it.value.as_ref().unwrap().value.as_ref().unwrap();
        (it.key.clone(), shown(value))
    };
    let all: BTreeMap<_, _> = span.attributes.iter().map(pair).collect();
    assert_eq!(all.len(), span.attributes.len(), "each name once");
    all
}

#[test]
fn a_span_says_what_the_ledger_says_in_the_words_of_the_conventions() {
    let span = span_of(call("5f-1-0"));
    assert_eq!((span.name.as_str(), span.kind), ("chat m-latest", 3));
    assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
    let took = span.end_time_unix_nano - span.start_time_unix_nano;
    assert_eq!((took, span.status.clone()), (1_500_000_000, None));
    let mut all = attributes(&span);
    let reasons = all.remove("gen_ai.response.finish_reasons").unwrap();
    assert!(reasons.contains("StringValue(\"stop\")"), "{reasons}");
    let all: Vec<String> = all
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    byok.call.attempt 1
    byok.call.id 5f-1-0
    byok.cost.source priced
    byok.cost.usd 0.00125
    byok.feature completion
    byok.key work
    byok.outcome completed
    byok.payer you
    byok.usage.estimated false
    gen_ai.operation.name chat
    gen_ai.provider.name mistral_ai
    gen_ai.request.max_tokens 128
    gen_ai.request.model m-latest
    gen_ai.request.stream true
    gen_ai.response.id cmpl-1
    gen_ai.response.model m-2026
    gen_ai.response.time_to_first_chunk 0.25
    gen_ai.usage.cache_creation.input_tokens 3
    gen_ai.usage.cache_read.input_tokens 4
    gen_ai.usage.input_tokens 13
    gen_ai.usage.output_tokens 9
    gen_ai.usage.reasoning.output_tokens 5
    server.address api.example
    server.port 443
    ");
}

#[test]
fn a_failed_call_is_an_error_by_its_kind_and_a_cancelled_one_is_none() {
    let failed = Finished {
        outcome: Outcome::Failed,
        fault: Some("overloaded"),
        cost: Cost::Unknown,
        ..call("a")
    };
    let span = span_of(failed);
    let status = span.status.clone().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, ""));
    let all = attributes(&span);
    assert_eq!(all["error.type"], "overloaded");
    assert_eq!(all["byok.cost.source"], "unknown");
    assert!(!all.contains_key("byok.cost.usd"), "unknown is not nothing");
    let cancelled = Finished {
        outcome: Outcome::Cancelled,
        ..call("b")
    };
    let span = span_of(cancelled);
    assert_eq!(span.status, None);
    assert_eq!(attributes(&span)["byok.outcome"], "cancelled");
    let embedded = Finished {
        server: None,
        ..call("c")
    };
    assert_eq!(span_of(embedded).kind, 1, "it runs in this process");
}

#[test]
fn what_a_provider_made_up_is_taken_over_only_if_it_looks_like_a_name() {
    for (made_up, is_taken) in [
        ("accounts/fireworks/models/m-1:free", true),
        ("let secret = 1;", false),
        ("line\nline", false),
        ("größe", false),
        (&"x".repeat(129), false),
    ] {
        let span = span_of(Finished {
            served: Some(made_up.into()),
            response: Some(made_up.into()),
            ..call("a")
        });
        let all = attributes(&span);
        assert_eq!(
            all.contains_key("gen_ai.response.model"),
            is_taken,
            "{made_up}"
        );
        assert_eq!(
            all.contains_key("gen_ai.response.id"),
            is_taken,
            "{made_up}"
        );
    }
}

/// A collector that answers as it is told, then takes everything, and says when it was sent how many spans.
struct Fake {
    verdicts: Mutex<VecDeque<Verdict>>,
    seen: UnboundedSender<(Instant, usize)>,
    /// Whether it answers at all.
    answers: bool,
}

impl Collector for Fake {
    async fn post(&self, message: Vec<u8>) -> Verdict {
        let message = ExportTraceServiceRequest::decode(message.as_slice()).unwrap();
        let count = spans(&message).len();
        self.seen.send((Instant::now(), count)).unwrap();
        if !self.answers {
            pending::<()>().await;
        }
        let next = self.verdicts.lock().unwrap().pop_front();
        next.unwrap_or(Verdict::Taken { rejected: 0 })
    }
}

pub(super) type Seen = UnboundedReceiver<(Instant, usize)>;

pub(super) fn start(
    verdicts: impl IntoIterator<Item = Verdict>,
    answers: bool,
) -> (Telemetry, Seen) {
    let (seen, received) = unbounded_channel();
    let verdicts = Mutex::new(verdicts.into_iter().collect());
    let fake = Fake {
        verdicts,
        seen,
        answers,
    };
    (Telemetry::into_outlet(fake), received)
}

pub(super) fn tell(telemetry: &Telemetry, count: usize) {
    for number in 0..count {
        telemetry.tell(|| call(&number.to_string()));
    }
}

/// How many calls are on their way, and how many are lost.
fn counts(telemetry: &Telemetry) -> (u64, u64) {
    let counts = &telemetry.0.as_ref().unwrap().toll.0;
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    (read(&counts.open), read(&counts.lost))
}

fn lost(telemetry: &Telemetry) -> u64 {
    counts(telemetry).1
}

pub(super) const CLOSING: Duration = Duration::from_millis(500);

#[tokio::test(start_paused = true)]
async fn calls_of_a_second_go_in_one_message_and_many_go_at_once() {
    let (telemetry, mut seen) = start([], true);
    let begun = Instant::now();
    tell(&telemetry, 3);
    let (at, count) = seen.recv().await.unwrap();
    assert_eq!((at - begun, count), (GATHERING, 3));
    let begun = Instant::now();
    tell(&telemetry, BATCH + 1);
    let (at, count) = seen.recv().await.unwrap();
    assert_eq!((at - begun, count), (Duration::ZERO, BATCH));
    assert_eq!(seen.recv().await.unwrap().1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_is_down_is_asked_ever_less_often_and_a_batch_is_given_up() {
    let down = Verdict::Later("unreachable", None);
    let (telemetry, mut seen) = start([down; 6], true);
    tell(&telemetry, 1);
    let (mut before, _) = seen.recv().await.unwrap();
    // More come meanwhile, and wait behind it.
    tell(&telemetry, 2);
    let mut waits = Vec::new();
    let mut counts = Vec::new();
    for _ in 0..6 {
        assert_eq!(lost(&telemetry), u64::from(counts.len() >= 3), "{waits:?}");
        let (at, count) = seen.recv().await.unwrap();
        waits.push((at - before).as_secs());
        counts.push(count);
        before = at;
    }
    // The wait of the given-up batch, and a second of gathering, lie before the next one's first attempt.
    assert_eq!(waits, [5, 10, 20, 40 + 1, 80, 160]);
    assert_eq!(counts, [1, 1, 1, 2, 2, 2]);
    assert_eq!(
        (ATTEMPTS, lost(&telemetry)),
        (4, 0),
        "what was lost is said once it works again"
    );
    telemetry.close(CLOSING).await;
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_says_when_is_asked_then_and_one_that_refuses_only_for_what_comes_later() {
    let minute = Duration::from_mins(1);
    let refused = Verdict::Refused("refused");
    let verdicts = [Verdict::Later("busy", Some(minute)), refused, refused];
    let (telemetry, mut seen) = start(verdicts, true);
    tell(&telemetry, 1);
    let (first, _) = seen.recv().await.unwrap();
    let (second, _) = seen.recv().await.unwrap();
    assert_eq!(second - first, minute);
    tell(&telemetry, 2);
    assert_eq!(lost(&telemetry), 1);
    let (third, count) = seen.recv().await.unwrap();
    assert_eq!(
        ((third - second).as_secs(), count),
        (10 + 1, 2),
        "the next ones are tried, but not at once"
    );
    tell(&telemetry, 3);
    let (fourth, count) = seen.recv().await.unwrap();
    assert_eq!(((fourth - third).as_secs(), count), (20 + 1, 3));
    assert_eq!(counts(&telemetry), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn spans_that_a_collector_rejects_are_counted_until_it_takes_all() {
    let choosy = Verdict::Taken { rejected: 2 };
    let (telemetry, mut seen) = start([choosy, choosy], true);
    tell(&telemetry, 3);
    seen.recv().await.unwrap();
    assert_eq!(counts(&telemetry), (0, 2));
    tell(&telemetry, 1);
    seen.recv().await.unwrap();
    assert_eq!(counts(&telemetry), (0, 3), "never more than were sent");
    tell(&telemetry, 1);
    seen.recv().await.unwrap();
    assert_eq!(counts(&telemetry), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn once_closing_has_begun_no_batch_is_sent_twice() {
    let busy = Verdict::Later("busy", Some(Duration::from_mins(1)));
    // It is still being gathered when closing begins.
    let (telemetry, mut seen) = start([busy; 9], true);
    tell(&telemetry, 1);
    tokio::task::yield_now().await;
    telemetry.close(CLOSING).await;
    assert_eq!(seen.recv().await.unwrap().1, 1);
    assert_eq!(seen.recv().await, None);
    // It waits for its second attempt, which closing makes the last.
    let (telemetry, mut seen) = start([busy; 9], true);
    tell(&telemetry, 1);
    seen.recv().await.unwrap();
    telemetry.close(CLOSING).await;
    assert_eq!(seen.recv().await.unwrap().1, 1);
    assert_eq!(seen.recv().await, None);
    // It was given up, and the wait after that goes on.
    let (telemetry, mut seen) = start([busy; 9], true);
    tell(&telemetry, 1);
    for _ in 0..ATTEMPTS {
        seen.recv().await.unwrap();
    }
    assert_eq!(counts(&telemetry), (0, 1));
    telemetry.close(CLOSING).await;
    assert_eq!(seen.recv().await, None);
    assert_eq!(counts(&telemetry), (0, 0), "it was said at the end");
}

#[tokio::test(start_paused = true)]
async fn whoever_tells_never_waits_and_what_is_too_much_is_counted() {
    let (telemetry, mut seen) = start([], false);
    tell(&telemetry, QUEUE + 10);
    assert_eq!(lost(&telemetry), 10);
    assert_eq!(seen.recv().await.unwrap().1, BATCH);
}

#[tokio::test(start_paused = true)]
async fn closing_sends_what_is_left_without_waiting_for_more() {
    let (telemetry, mut seen) = start([], true);
    tell(&telemetry, 2 * BATCH + 3);
    let begun = Instant::now();
    telemetry.close(CLOSING).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let mut all = 0;
    while let Ok((_, count)) = seen.try_recv() {
        all += count;
    }
    assert_eq!(all, 2 * BATCH + 3);
    // Whoever still tells disturbs nobody, and no queue is full.
    tell(&telemetry, 1);
    assert_eq!(counts(&telemetry), (0, 1));
    assert!(telemetry.0.as_ref().unwrap().toll.overflows());
    telemetry.close(CLOSING).await;
}

#[tokio::test(start_paused = true)]
async fn closing_ends_in_time_whatever_the_collector_does() {
    let (telemetry, mut seen) = start([], false);
    tell(&telemetry, 1);
    seen.recv().await.unwrap();
    tell(&telemetry, 2);
    assert_eq!(counts(&telemetry), (3, 0));
    let begun = Instant::now();
    telemetry.close(CLOSING).await;
    assert_eq!(begun.elapsed(), CLOSING);
    assert_eq!(counts(&telemetry), (0, 0), "all three are said to be lost");
    assert_eq!(seen.recv().await, None, "the task is gone");
}

#[tokio::test]
async fn without_a_collector_not_even_the_facts_are_put_together() {
    let telemetry = Telemetry::start(&TelemetrySettings::default(), &Http::new(&Arc::default()));
    telemetry.tell(|| unreachable!("nobody is to be told"));
    telemetry.close(CLOSING).await;
}
