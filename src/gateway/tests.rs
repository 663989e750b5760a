//! What a call leaves in the ledger, however it ends.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;

mod audited;

use super::*;
use crate::config::TaskClass;
use crate::cost::{Catalogue, Cost, Money, Outcome, Row, Tokens, Usage};
use crate::provider::fake::Fake;
use crate::provider::{Event, Input, Message, Role};

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
        let text = QUESTION.repeat(70);
        Request {
            decision: self.gateway.decide(&self.settings, Feature::Completion),
            input: Input::Chat(vec![Message {
                role: Role::User,
                text,
                cacheable: false,
            }]),
            action: None,
            class: TaskClass::Completion,
            max_tokens: 64,
            expected: Some(40),
            stop: Vec::new(),
            language: None,
            workspace: None,
            confined: None,
            shown: Vec::new(),
            interrupt: Interrupt::default(),
            attempt: 1,
            after: None,
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
    // What was read is the provider's word, what was written is estimated.
    assert_eq!((tokens.input, tokens.output), (123, 5));
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
        (379, 64)
    );
    let row = Desk::of("openai", "gpt-4.1-mini")
        .leave_after(Vec::new())
        .await;
    assert_eq!(row.usage.tokens().output, 4);
}

#[tokio::test]
async fn what_was_used_until_the_end_is_all_where_nothing_else_is_told() {
    let desk = Desk::of("perplexity", "sonar");
    let mut call = desk.call().await;
    let running = desk.provider.next().await;
    running.event(Event::UsageSoFar(read(5, 6, None)));
    drop(running);
    assert!(call.next().await.is_none());
    drop(call);
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
        drop(call);
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

/// A budget of one cap, in nano-dollars a day.
fn capped(nanos: i64) -> crate::cost::Budget {
    use crate::cost::budget::{AtCap, Cap, Per, Scope};
    let cap = Cap {
        name: "day".into(),
        amount: Money::from_nanos(nanos, crate::cost::Currency::USD),
        per: Per::Day,
        scope: Scope::default(),
        at: AtCap::Hard,
    };
    crate::cost::Budget {
        caps: vec![cap],
        ..crate::cost::Budget::default()
    }
}

/// What is asked, ten bytes of it; the question is seventy of them.
const QUESTION: &str = "let x = 1;";

const DOLLAR: i64 = 1_000_000_000;

#[tokio::test]
async fn the_worst_case_is_reserved_before_a_call_is_sent_and_what_it_cost_takes_its_place() {
    let mut desk = Desk::of("openai", "gpt-4.1-mini");
    desk.settings.budget = Arc::new(capped(DOLLAR));
    let mut call = desk.call().await;
    let running = desk.provider.next().await;
    let budget = desk.settings.budget.clone();
    let standing = |desk: &Desk| {
        let (ledger, budget) = (desk.gateway.ledger().clone(), budget.clone());
        async move { ledger.standings(budget).await.remove(0) }
    };
    let price = Catalogue::embedded()
        .price("openai", "gpt-4.1-mini", Timestamp::now())
        .unwrap();
    // A token for each byte, what wraps a message, and the longest answer.
    let worst = price.worst(700 + 64 + 16, 64);
    assert_eq!(standing(&desk).await.reserved, worst);
    running.text("7");
    running.event(Event::Usage(read(200, 1, None)));
    drop(running);
    while call.next().await.is_some() {}
    drop(call);
    let spent = desk.row().cost.amount().unwrap();
    let after = standing(&desk).await;
    assert_eq!((after.spent, after.reserved.nanos()), (spent, 0));
    assert!(spent.nanos() < worst.nanos());
}

#[tokio::test]
async fn a_call_that_could_break_a_cap_is_not_sent_and_leaves_no_row() {
    let mut desk = Desk::of("openai", "gpt-4.1-mini");
    desk.settings.budget = Arc::new(capped(1));
    let refused = desk.gateway.call(&desk.settings, desk.request()).await;
    let Some(Error::Budget(refusal)) = refused.err() else {
        panic!("it does not fit");
    };
    assert!(refusal.to_string().contains("the cap \"day\""), "{refusal}");
    assert!(!desk.provider.is_called());
    let totals = desk.gateway.ledger().totals(Duration::from_secs(10));
    assert_eq!(totals.unwrap().session.calls, 0);
}

#[tokio::test]
async fn a_further_attempt_needs_money_of_its_own() {
    let mut desk = Desk::of("openai", "gpt-4.1-mini");
    desk.settings.budget = Arc::new(capped(DOLLAR));
    let request = Request {
        decision: desk.gateway.decide(&desk.settings, Feature::Action),
        ..desk.request()
    };
    let mut call = desk.gateway.call(&desk.settings, request).await.unwrap();
    let first = desk.provider.next().await;
    // Meanwhile all the rest is spent elsewhere.
    let row = Row {
        id: desk.gateway.ledger().next_id(),
        cost: Cost::Priced(Money::from_nanos(DOLLAR, crate::cost::Currency::USD)),
        ..Desk::of("openai", "gpt-4.1-mini")
            .leave_after(Vec::new())
            .await
    };
    desk.gateway.ledger().settle(row, |_| {});
    first.fail(Error::RateLimited {
        retry_after: Some(Duration::ZERO),
    });
    let answer = call.next().await;
    assert!(matches!(answer, Some(Err(Error::Budget(_)))), "{answer:?}");
    assert!(call.next().await.is_none());
    assert!(!desk.provider.is_called());
}

#[tokio::test]
async fn a_model_of_unknown_price_is_taken_for_the_dearest_of_its_provider_or_refused() {
    let mut desk = Desk::of("openai", "gpt-of-the-future");
    desk.settings.budget = Arc::new(capped(1_000 * DOLLAR));
    let row = desk.leave_after(Vec::new()).await;
    let Cost::Estimated(assumed) = row.cost else {
        panic!("{row:?}");
    };
    assert_eq!(row.price.unwrap().origin, crate::cost::Origin::Assumed);
    let usual = Desk::of("openai", "gpt-4.1").leave_after(Vec::new()).await;
    assert!(assumed.nanos() > usual.cost.amount().unwrap().nanos());
    desk.settings.budget = Arc::new(crate::cost::Budget {
        unknown_price: crate::cost::budget::UnknownPrice::Refuse,
        ..capped(1_000 * DOLLAR)
    });
    let refused = desk.gateway.call(&desk.settings, desk.request()).await;
    let Some(Error::Budget(refusal)) = refused.err() else {
        panic!("nobody knows its price");
    };
    assert!(
        refusal.to_string().contains("gpt-of-the-future"),
        "{refusal}"
    );
}

#[tokio::test]
async fn without_caps_nothing_is_asked_of_the_ledger_before_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let gateway = Gateway::with_substitutes(
        Http::new(&desk.settings.network),
        local::Engine::new(local::Limits::default()),
        Ledger::open(&path),
        Arc::new(|_| ()),
        HashMap::from([(
            "openai".to_owned(),
            Arc::new(desk.provider.clone()) as Arc<dyn Provider>,
        )]),
    );
    let call = gateway.call(&desk.settings, desk.request()).await.unwrap();
    desk.provider.next().await;
    assert!(!path.exists());
    drop(call);
    gateway.ledger().totals(Duration::from_secs(10)).unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn the_same_question_in_a_loop_is_halted_also_without_caps() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let mut sent = 0;
    let halted = loop {
        match desk.gateway.call(&desk.settings, desk.request()).await {
            Ok(call) => drop(call),
            Err(error) => break error,
        }
        sent += 1;
    };
    assert!(matches!(halted, Error::Budget(_)), "{halted}");
    assert!(sent < 50, "{sent}");
    assert!(desk.gateway.halted().unwrap().contains("byok.resume"));
    desk.gateway.resume();
    assert!(
        desk.gateway
            .call(&desk.settings, desk.request())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_a_provider_reports_is_what_the_next_call_is_expected_to_cost() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let expected = crate::cost::estimate::Expected {
        task: "completion",
        prompt: crate::cost::estimate::Rough::of(QUESTION.repeat(70).as_str()),
        output: 40,
        most: 64,
    };
    let decision = desk.request().decision;
    let estimate = || desk.gateway.estimate(&decision, &expected);
    assert_eq!(estimate().miss, None);
    let mut costs = Vec::new();
    for number in 0..6 {
        let mut call = desk.call().await;
        let running = desk.provider.next().await;
        running.text(&format!("{number};"));
        running.event(Event::Usage(read(350, 20, None)));
        drop(running);
        while call.next().await.is_some() {}
        drop(call);
        costs.push(desk.row().cost.amount().unwrap().nanos());
    }
    let expected = estimate().cost.amount().unwrap().nanos();
    assert!(
        expected.abs_diff(costs[5]) * 10 < costs[5].unsigned_abs(),
        "{expected} {costs:?}"
    );
    assert!(estimate().miss.is_some_and(|percent| percent < 40));
    // The worst case stays what it is.
    assert_eq!(crate::cost::estimate::most_tokens(700, 1), 780);
}

#[tokio::test]
async fn every_call_leaves_what_was_decided_and_it_recomputes_to_itself() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let row = desk.leave_after(Vec::new()).await;
    let record: Record = serde_json::from_str(&row.decision.unwrap()).unwrap();
    assert_eq!(record.model, "openai/gpt-4.1-mini");
    assert_eq!(record.payer, row.payer);
    assert_eq!(record.class, Some(TaskClass::Completion));
    let (expected, worst) = (record.expected.unwrap(), record.worst.unwrap());
    assert!(expected.nanos() > 0 && worst.nanos() > expected.nanos());
    assert_eq!(record.recompute(&desk.settings), Some(record));
}

/// A token that looks real, put together so that this file holds none.
fn token() -> String {
    format!("ghp{}{}", "_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
}

fn shown(call: &provider::Call) -> String {
    match &call.input {
        Input::Fill(fill) => format!("{}{}", fill.prefix, fill.suffix),
        Input::Chat(messages) => messages.iter().map(|message| &*message.text).collect(),
    }
}

#[tokio::test]
async fn a_credential_is_not_sent_and_stands_in_the_answer_again_however_it_is_cut() {
    let text = format!("push(\"{}\") // done", token());
    for cut in 1..text.len() {
        // The same question again and again would be halted.
        let desk = Desk::of("openai", "gpt-4.1-mini");
        let mut request = desk.request();
        if let Input::Chat(messages) = &mut request.input {
            messages[0].text.clone_from(&text);
        }
        let mut call = desk.gateway.call(&desk.settings, request).await.unwrap();
        assert!(call.next().now_or_never().is_none());
        let running = desk.provider.next().await;
        let sent = shown(&running.call);
        assert!(!sent.contains(&token()), "{sent}");
        let (a, b) = sent.split_at(cut.min(sent.len()));
        running.text(a);
        running.text(b);
        drop(running);
        let mut whole = String::new();
        while let Some(piece) = call.next().await {
            whole += &piece.unwrap();
        }
        assert_eq!(whole, text, "cut at {cut}");
    }
}

#[tokio::test]
async fn where_credentials_are_refused_nothing_is_sent_and_where_they_may_go_all_is() {
    let mut desk = Desk::of("openai", "gpt-4.1-mini");
    let request = |desk: &Desk| {
        let mut request = desk.request();
        if let Input::Chat(messages) = &mut request.input {
            messages[0].text = token();
        }
        request
    };
    desk.settings.credentials = crate::config::Credentials::Refuse;
    let refused = desk.gateway.call(&desk.settings, request(&desk)).await;
    let error = refused.err().unwrap().to_string();
    assert!(
        error.contains("GitHub token") && !error.contains(&token()),
        "{error}"
    );
    desk.settings.credentials = crate::config::Credentials::Send;
    let mut call = desk
        .gateway
        .call(&desk.settings, request(&desk))
        .await
        .unwrap();
    assert!(call.next().now_or_never().is_none());
    assert_eq!(shown(&desk.provider.next().await.call), token());
    assert!(!desk.provider.is_called());
}

#[tokio::test]
async fn the_end_of_an_answer_that_looks_like_a_stand_in_comes_before_the_news_that_it_is_over() {
    let desk = Desk::of("openai", "gpt-4.1-mini");
    let mut request = desk.request();
    if let Input::Chat(messages) = &mut request.input {
        messages[0].text = token();
    }
    let mut call = desk.gateway.call(&desk.settings, request).await.unwrap();
    assert!(call.next().now_or_never().is_none());
    let running = desk.provider.next().await;
    running.text("a SECRET_1");
    assert_eq!(call.next().await.unwrap().unwrap(), "a ");
    running.event(Event::Finish(provider::Finish::Stop));
    assert_eq!(call.next().await.unwrap().unwrap(), "SECRET_1");
    assert!(call.finish().is_none(), "the text came first");
    drop(running);
    assert!(call.next().await.is_none());
    assert_eq!(call.finish(), Some(provider::Finish::Stop));
}
