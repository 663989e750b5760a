//! The outage drill for code actions: whoever is down is gone round within a second; whoever is silent is waited for once.

use super::*;

/// How long an answer may take to begin (`network.first_byte_s`).
const FIRST_BYTE: Duration = Duration::from_secs(30);

const GROQ: &str = "groq/llama-3.3-70b-versatile";

#[tokio::test(start_paused = true)]
async fn an_action_meets_an_outage_and_the_next_answers_within_a_second_and_the_payer_stays() {
    let drill = Drill::with(chain());
    let mut below = dice();
    let mut recoveries = Vec::new();
    let faults = [
        Fault::Down,
        Fault::Unconnected,
        Fault::Overloaded,
        Fault::Limited,
    ];
    for number in 0..600 {
        drill.break_or_mend(&THREE, &faults, &mut below);
        // Nobody asks so often; that is another guard.
        drill.gateway.resume();
        let start = tokio::time::Instant::now();
        let question = format!("question {number}");
        let (answered, asked) = drill.ask(Feature::Action, &question).await;
        assert!(answered.is_ok(), "{answered:?}");
        assert!(asked <= 4, "{asked}");
        if asked > 1 {
            recoveries.push(start.elapsed());
        }
        tokio::time::advance(Duration::from_millis(below(20_000))).await;
    }
    recovered_within_a_second("actions", recoveries);
    assert_eq!(
        drill.asked("openrouter"),
        0,
        "somebody else would have paid"
    );
    let rows = drill.rows();
    assert!(rows.iter().all(|row| row.payer == "you: your own key"));
}

#[tokio::test(start_paused = true)]
async fn every_way_of_being_down_is_gone_round_within_a_second() {
    for fault in [
        Fault::Down,
        Fault::Unconnected,
        Fault::Overloaded,
        Fault::Limited,
    ] {
        let drill = Drill::with(chain());
        drill.fault("openai", fault);
        let start = tokio::time::Instant::now();
        let answered = drill.ask(Feature::Action, "a").await;
        assert_eq!(answered, (Ok(GROQ.into()), 2), "{fault:?}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(1), "{fault:?}: {took:?}");
        // And by the next at once.
        let answered = drill.ask(Feature::Action, "b").await;
        assert_eq!(answered, (Ok(GROQ.into()), 1), "{fault:?}");
        // Nothing was sent that anybody could bill.
        let rows = drill.rows();
        let refused = rows.iter().find(|row| row.provider == "openai").unwrap();
        assert_eq!(refused.usage.tokens(), &Tokens::default(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_action_waits_for_a_model_that_thinks_and_the_next_goes_round_one_that_was_silent() {
    let drill = Drill::with(chain());
    let own = "openai/gpt-4.1-mini";
    drill.fault("openai", Fault::Late(20_000));
    let answered = drill.ask(Feature::Action, "a").await;
    assert_eq!(answered, (Ok(own.into()), 1), "it would have been billed");
    // Somebody waits for fifteen seconds, takes the action back and tries again.
    drill.fault("openai", Fault::Slow);
    let waited = tokio::time::timeout(FIRST_BYTE / 2, drill.ask(Feature::Action, "b")).await;
    assert!(waited.is_err());
    let start = tokio::time::Instant::now();
    let answered = drill.ask(Feature::Action, "c").await;
    assert_eq!(answered, (Ok(GROQ.into()), 1));
    assert_eq!(start.elapsed(), Duration::ZERO);
    // For a minute nobody waits for it again.
    tokio::time::advance(Duration::from_secs(59)).await;
    let answered = drill.ask(Feature::Action, "d").await;
    assert_eq!(answered, (Ok(GROQ.into()), 1));
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_that_is_given_up_says_nothing_of_a_model() {
    let drill = Drill::with(chain());
    drill.fault("openai", Fault::Slow);
    let brief = Duration::from_secs(4);
    let waited = tokio::time::timeout(brief, drill.ask(Feature::Action, "a")).await;
    assert!(waited.is_err());
    let decided = drill.gateway.decide(&drill.settings, Feature::Action);
    assert_eq!(decided.name(), "openai/gpt-4.1-mini");
}
