//! Statements of every form, and what comes of comparing them.

#![allow(clippy::unwrap_used)]

use jiff::civil::date;
use proptest::prelude::*;

use super::statement::{Error, read};
use super::*;
use crate::cost::Currency;

fn usd(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn every_form_is_known_by_its_own_words() {
    let table = [
        (
            "generation_id,created_at,cost_total,tokens_prompt,model_permaslug\ngen-1,2026-11-03 18:54:30.040,0.0012,5,openai/gpt-4.1\n",
            ("openrouter", Some("openai/gpt-4.1"), Some("0.0012")),
        ),
        (
            r#"{"data":[{"date":"2026-11-03","model":"openai/gpt-4.1","model_permaslug":"openai/gpt-4.1-2025-04-14","usage":1.2e-3,"requests":5}]}"#,
            ("openrouter", Some("openai/gpt-4.1"), Some("0.0012")),
        ),
        (
            "start_time,start_time_iso,amount_value,amount_currency,line_item\n1762128000,2026-11-03T00:00:00+00:00,0.5617712500000000,usd,\"gpt-4.1-mini-2025-04-14, input\"\n1,2026-11-04T00:00:00+00:00,,,\n",
            (
                "openai",
                Some("gpt-4.1-mini-2025-04-14"),
                Some("0.56177125"),
            ),
        ),
        (
            "start_time_iso,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens\n2026-11-03T00:00:00+00:00,7,gpt-4.1,100,20,60\n",
            ("openai", Some("gpt-4.1"), None),
        ),
        (
            r#"{"object":"page","data":[{"object":"bucket","start_time":1793664000,"results":[{"object":"organization.costs.result","amount":{"value":0.06,"currency":"usd"},"line_item":"gpt-4.1, output"}]}]}"#,
            ("openai", Some("gpt-4.1"), Some("0.06")),
        ),
        (
            r#"{"data":[{"start_time":1793664000,"results":[{"object":"organization.usage.completions.result","num_model_requests":7,"model":"gpt-4.1","input_tokens":100,"input_cached_tokens":60,"output_tokens":20}]}]}"#,
            ("openai", Some("gpt-4.1"), None),
        ),
        (
            "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_read,usage_output_tokens\n2026-11-03,claude-haiku-4-5-20251001,40,60,20\n",
            ("anthropic", Some("claude-haiku-4-5-20251001"), None),
        ),
        (
            "usage_date_utc,model,workspace,token_type,cost_usd\n2026-11-03,Claude Haiku 4.5,Default,input,0.25\n",
            ("anthropic", Some("claude-haiku-4-5"), Some("0.25")),
        ),
        (
            r#"{"data":[{"starting_at":"2026-11-03T00:00:00Z","results":[{"amount":"123.45","currency":"USD","model":"claude-haiku-4-5"}]}]}"#,
            ("anthropic", Some("claude-haiku-4-5"), Some("1.2345")),
        ),
        (
            r#"{"data":[{"starting_at":"2026-11-03T00:00:00Z","results":[{"uncached_input_tokens":40,"cache_read_input_tokens":60,"output_tokens":20,"model":"claude-haiku-4-5"}]}]}"#,
            ("anthropic", Some("claude-haiku-4-5"), None),
        ),
    ];
    for (text, (provider, model, cost)) in table {
        let statement = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(statement.provider, provider, "{text}");
        let [line] = &statement.lines[..] else {
            panic!("{text}: {:?}", statement.lines);
        };
        assert_eq!(line.day, Some(date(2026, 11, 3)), "{text}");
        assert_eq!(line.model.as_deref(), model, "{text}");
        assert_eq!(line.cost, cost.map(usd), "{text}");
        if let Some(tokens) = line.tokens {
            let told = (tokens.input, tokens.cache_read, tokens.output);
            assert_eq!(told, (40, 60, 20), "{text}");
        }
    }
}

#[test]
fn what_is_no_statement_is_refused_with_words() {
    assert_eq!(read("a,b\n1,2\n"), Err(Error::Unknown));
    assert_eq!(read(""), Err(Error::Unknown));
    assert!(matches!(read("{"), Err(Error::Json(_))));
    let wrong = read("generation_id,created_at,cost_total\ngen-1,2026-11-03,much\n");
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "line 2: cost_total is no amount"
    );
}

fn here(model: &str, cost: &str) -> Line {
    Line {
        day: Some(date(2026, 11, 3)),
        model: Some(model.into()),
        calls: Some(1),
        cost: Some(usd(cost)),
        ..Line::default()
    }
}

fn cause(here: &Line, there: &Line) -> Option<Cause> {
    let comparison = compare(std::slice::from_ref(here), std::slice::from_ref(there));
    assert_eq!(
        comparison.matched.len() + comparison.differing.len(),
        1,
        "{comparison:?}"
    );
    comparison
        .differing
        .into_iter()
        .next()
        .and_then(|pair| pair.cause)
}

#[test]
fn a_difference_has_the_cause_that_the_numbers_show() {
    let our = here("m", "1");
    assert_eq!(cause(&our, &here("m", "1")), None);
    assert_eq!(
        cause(&our, &here("m-2026-01-01", "1.00005")),
        None,
        "rounding, and a dated name"
    );
    assert_eq!(cause(&our, &here("m", "1.055")), Some(Cause::Fee(55)));
    assert_eq!(cause(&our, &here("m", "2")), Some(Cause::Price));
    assert_eq!(cause(&our, &here("m", "0.5")), Some(Cause::Price));
    let more = Line {
        calls: Some(3),
        ..here("m", "3")
    };
    assert_eq!(cause(&our, &more), Some(Cause::Calls { here: 1, there: 3 }));
    let estimated = Line {
        estimated: 1,
        ..our.clone()
    };
    assert_eq!(
        cause(&estimated, &here("m", "1.1")),
        Some(Cause::Estimated(1))
    );
    let unpriced = Line {
        cost: None,
        unpriced: 1,
        ..our.clone()
    };
    assert_eq!(cause(&unpriced, &here("m", "1")), Some(Cause::Unpriced(1)));
    let used = |cached: u64| Line {
        tokens: Some(Tokens {
            input: 100 - cached,
            cache_read: cached,
            ..Tokens::default()
        }),
        ..our.clone()
    };
    let cached = Some(Cause::Cached { here: 0, there: 60 });
    assert_eq!(cause(&used(0), &used(60)), cached);
}

#[test]
fn what_one_side_lacks_is_told_unless_the_statement_does_not_cover_it() {
    let outside = Line {
        day: Some(date(2026, 11, 1)),
        ..here("m", "1")
    };
    let ours = [here("m", "1"), here("only here", "1"), outside];
    let comparison = compare(&ours, &[here("m", "1"), here("only there", "2")]);
    let names = |pairs: &[Pair]| {
        pairs
            .iter()
            .map(|pair| pair.what.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&comparison.matched), ["2026-11-03 m"]);
    assert_eq!(names(&comparison.only_here), ["2026-11-03 only here"]);
    assert_eq!(names(&comparison.only_there), ["2026-11-03 only there"]);
}

#[test]
fn calls_that_have_names_are_compared_by_them() {
    let named = |id: &str, cost: &str| Line {
        id: Some(id.into()),
        ..here("m", cost)
    };
    let refused = Line {
        id: None,
        ..here("m", "0")
    };
    let ours = [named("gen-1", "1"), named("gen-2", "1"), refused];
    let comparison = compare(&ours, &[named("gen-1", "1"), named("gen-3", "1")]);
    assert_eq!(comparison.matched[0].what, "gen-1");
    assert_eq!(
        comparison.only_here.len(),
        1,
        "a call that cost nothing misses nobody"
    );
    assert_eq!(comparison.only_here[0].what, "gen-2");
    assert_eq!(
        comparison.only_there[0].there,
        Some(Money::from_nanos(1_000_000_000, Currency::USD))
    );
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(text in ".{0,200}") {
        let _ = read(&text);
        let _ = read(&format!("generation_id,created_at,cost_total\n{text}"));
        let _ = read(&format!("{{\"data\":[{text}]}}"));
    }
}
