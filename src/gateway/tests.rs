//! What a call leaves in the ledger, however it ends.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use futures_util::StreamExt as _;

use super::*;
use crate::cost::{Cost, Row, Tokens, Usage};
use crate::provider::fake::Fake;
use crate::provider::{Message, Role};

/// A gateway to a provider that the test plays, under a well-known provider's name, and the rows that it leaves.
struct Desk {
    gateway: Gateway,
    provider: Fake,
    rows: Receiver<Row>,
    settings: Settings,
}

impl Desk {
    fn of(provider: &str, model: &str) -> Self {
        let fake = Fake::default();
        let (sender, rows) = channel();
        let mut settings = Settings {
            model: crate::config::ModelName::Of {
                provider: provider.into(),
                model: model.into(),
            },
            ..Settings::default()
        };
        let own = settings.providers.get_mut(provider).unwrap();
        own.key = crate::config::KeySource::None;
        let gateway = Gateway::with_substitutes(
            Http::new(&settings.network),
            local::Engine::new(local::Limits::default()),
            Ledger::in_memory(),
            Arc::new(move |report: Report| sender.send(report.row).unwrap()),
            HashMap::from([(
                provider.to_owned(),
                Arc::new(fake.clone()) as Arc<dyn Provider>,
            )]),
        );
        Self {
            gateway,
            provider: fake,
            rows,
            settings,
        }
    }

    fn request(&self) -> Request {
        let text = "x".repeat(700);
        Request {
            decision: self.gateway.decide(&self.settings, Feature::Completion),
            input: Input::Chat(vec![Message {
                role: Role::User,
                text,
                cacheable: false,
            }]),
            action: None,
            max_tokens: 64,
            stop: Vec::new(),
            language: None,
            workspace: None,
            confined: None,
            interrupt: Interrupt::default(),
        }
    }

    async fn call(&self) -> Call {
        self.gateway
            .call(&self.settings, self.request())
            .await
            .unwrap()
    }

    /// Lets the provider say this much, reads it, and drops the call.
    async fn leave_after(&self, events: Vec<Event>) -> Row {
        let mut call = self.call().await;
        let running = self.provider.next().await;
        for event in events {
            running.event(event);
        }
        running.text("a + b;!");
        call.next().await.unwrap().unwrap();
        drop(call);
        self.row()
    }

    fn row(&self) -> Row {
        let deadline = Duration::from_secs(10);
        // The row waits for others on the runtime's timer, and the runtime waits here; who asks for totals does not wait for it.
        self.gateway.ledger().totals(deadline).unwrap();
        self.rows.recv_timeout(deadline).unwrap()
    }
}

fn read(input: u64, output: u64, tier: Option<&str>) -> provider::Usage {
    provider::Usage {
        tokens: Tokens {
            input,
            output,
            ..Tokens::default()
        },
        service_tier: tier.map(str::to_owned),
        ..provider::Usage::default()
    }
}

#[tokio::test]
async fn a_cut_answer_is_estimated_from_what_was_told_so_far() {
    let desk = Desk::of("anthropic", "claude-haiku-4-5");
    let row = desk
        .leave_after(vec![Event::UsageSoFar(read(123, 1, None))])
        .await;
    let Usage::Estimated(tokens) = row.usage else {
        panic!("{row:?}")
    };
    // What was read is the provider's word, what was written two tokens for seven bytes.
    assert_eq!((tokens.input, tokens.output), (123, 2));
    assert!(matches!(row.cost, Cost::Estimated(_)), "{row:?}");
    assert_eq!(row.outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn a_provider_that_goes_on_without_us_is_taken_to_bill_the_whole_answer() {
    let row = Desk::of("groq", "llama-3.1-8b-instant")
        .leave_after(Vec::new())
        .await;
    assert_eq!(
        (row.usage.tokens().input, row.usage.tokens().output),
        (200, 64)
    );
    let row = Desk::of("openai", "gpt-4.1-mini")
        .leave_after(Vec::new())
        .await;
    assert_eq!(row.usage.tokens().output, 2);
}

#[tokio::test]
async fn what_was_used_until_the_end_is_all_where_nothing_else_is_told() {
    let desk = Desk::of("perplexity", "sonar");
    let mut call = desk.call().await;
    let running = desk.provider.next().await;
    running.event(Event::UsageSoFar(read(5, 6, None)));
    drop(running);
    assert!(call.next().await.is_none());
    assert_eq!(desk.row().usage, Usage::Reported(read(5, 6, None).tokens));
}

#[tokio::test]
async fn the_price_is_that_of_the_service_tier_that_was_told_and_the_first_name_of_the_call_is_kept()
 {
    let desk = Desk::of("openai", "gpt-5-mini");
    let mut nanos = Vec::new();
    for tier in ["default", "flex", "priority"] {
        let mut call = desk.call().await;
        let running = desk.provider.next().await;
        running.event(Event::RequestId("req_header".into()));
        running.event(Event::RequestId("chatcmpl-body".into()));
        running.event(Event::Usage(read(1_000_000, 0, Some(tier))));
        drop(running);
        assert!(call.next().await.is_none());
        let row = desk.row();
        assert_eq!(row.request_id.as_deref(), Some("req_header"));
        nanos.push(row.cost.amount().unwrap().nanos());
    }
    assert!(nanos[1] < nanos[0] && nanos[0] < nanos[2], "{nanos:?}");
}

#[tokio::test]
async fn a_refusal_costs_nothing_and_a_failure_within_the_answer_is_not_taken_to() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    for (error, is_free) in [(Error::Overloaded, true), (Error::Failed, false)] {
        let mut call = desk.call().await;
        desk.provider.next().await.fail(error.clone());
        assert_eq!(call.next().await, Some(Err(error.clone())));
        let cost = desk.row().cost;
        assert_eq!(cost == Cost::Free, is_free, "{error}: {cost:?}");
    }
}

#[tokio::test]
async fn a_provider_that_limits_the_rate_is_not_asked_again_before_its_time() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let limited = Error::RateLimited {
        retry_after: Some(Duration::from_mins(1)),
    };
    let mut call = desk.call().await;
    desk.provider.next().await.fail(limited.clone());
    assert_eq!(call.next().await, Some(Err(limited.clone())));
    assert_eq!(desk.row().outcome, Outcome::Failed);
    let again = desk.gateway.call(&desk.settings, desk.request()).await;
    assert_eq!(again.err(), Some(limited));
    assert!(!desk.provider.is_called());
}

#[tokio::test]
async fn an_action_is_tried_again_before_its_first_byte_and_each_attempt_is_a_row() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let request = Request {
        decision: desk.gateway.decide(&desk.settings, Feature::Action),
        action: Some("fix".into()),
        ..desk.request()
    };
    let mut call = desk.gateway.call(&desk.settings, request).await.unwrap();
    let soon = Error::RateLimited {
        retry_after: Some(Duration::ZERO),
    };
    let provider = desk.provider.clone();
    let (piece, running) = tokio::join!(call.next(), async {
        provider.next().await.fail(soon);
        let running = provider.next().await;
        running.text("here");
        running
    });
    assert_eq!(piece, Some(Ok("here".to_owned())));
    running.fail(Error::Overloaded);
    assert_eq!(call.next().await, Some(Err(Error::Overloaded)));
    assert!(!desk.provider.is_called(), "text had come");
    let (first, second) = (desk.row(), desk.row());
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_ne!(first.id, second.id);
    assert_eq!(second.action.as_deref(), Some("fix"));
    assert_eq!(second.feature, "action");
}

#[tokio::test]
async fn an_action_that_is_left_while_it_waits_to_be_tried_again_leaves_one_row() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let request = Request {
        decision: desk.gateway.decide(&desk.settings, Feature::Action),
        ..desk.request()
    };
    let mut call = desk.gateway.call(&desk.settings, request).await.unwrap();
    desk.provider.next().await.fail(Error::RateLimited {
        retry_after: Some(Duration::from_secs(15)),
    });
    assert!(futures_util::poll!(call.next()).is_pending());
    drop(call);
    assert_eq!(desk.row().outcome, Outcome::Failed);
    assert!(desk.rows.try_recv().is_err());
}

#[tokio::test]
async fn a_limit_that_an_answer_uses_up_pauses_the_next() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    desk.leave_after(vec![Event::Exhausted(Duration::from_mins(1))])
        .await;
    assert!(
        desk.gateway
            .call(&desk.settings, desk.request())
            .await
            .is_err()
    );
}
