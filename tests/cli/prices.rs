//! What models cost, newer prices, and the user's own terms: from the file they write to the row in the ledger.

use byok_lsp::cost::{Price, Tokens};
use serde_json::{Value, json};

use super::{byok, scripted, stderr, stdout, workspace};

/// The public data set's form, with one model.
fn data(input: &str) -> String {
    format!(
        r#"[{{"id":"openai","name":"OpenAI","models":[{{"id":"gpt-4.1-mini","match":{{"starts_with":"gpt-4.1-mini"}},
            "prices":{{"input_mtok":{input},"output_mtok":1.6}},"prices_checked":"2026-11-24"}}]}}]"#
    )
}

fn prices(folder: &std::path::Path, arguments: &[&str]) -> Value {
    let mut all = vec!["prices", "--json"];
    all.extend(arguments);
    let output = byok(folder, &all);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_models_price_is_told_with_its_source_and_an_unknown_one_is_no_success() {
    let folder = workspace();
    let output = byok(folder.path(), &["prices", "openai/gpt-4.1-mini"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", stderr(&output));
    for part in [
        "0.4 USD  a million tokens read\n",
        "by the price catalogue (genai-prices ",
        "built into this program; MIT, © Pydantic.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let told = prices(folder.path(), &["sonnet-4"]);
    assert!(told["models"].as_array().unwrap().len() > 1, "{told}");
    assert_eq!(told["catalogue"]["embedded"], true);
    assert!(
        !byok(folder.path(), &["prices", "openai/unheard-of"])
            .status
            .success()
    );
}

#[test]
fn newer_prices_are_looked_at_before_they_are_taken_and_can_be_taken_back() {
    let folder = workspace();
    let file = folder.path().join("data.json");
    let take = |text: &str, more: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let mut arguments = vec!["prices", "update", "--from", "data.json"];
        arguments.extend(more);
        byok(folder.path(), &arguments)
    };
    let used = || prices(folder.path(), &["openai/gpt-4.1-mini"]);
    let before = used();
    // Far fewer models, and a price that jumps: nobody is there to be asked.
    let doubted = take(&data("4"), &[]);
    assert!(!doubted.status.success());
    let told = stderr(&doubted);
    assert!(
        told.contains(
            "openai/gpt-4.1-mini: a million tokens read would cost 4 USD instead of 0.4 USD"
        ),
        "{told}"
    );
    assert!(told.contains("of the") && told.contains("--yes"), "{told}");
    for broken in ["", "[{}]", "<html>", &data("-1").replace("openai", "o\\\"")] {
        let refused = take(broken, &["--yes"]);
        assert!(!refused.status.success(), "{broken}");
    }
    assert_eq!(used(), before, "nothing was changed");
    let taken = take(&data("0.5"), &["--yes"]);
    assert!(taken.status.success(), "{}", stderr(&taken));
    let now = used();
    assert_eq!(now["catalogue"]["embedded"], false);
    assert_eq!(now["models"][0]["price"]["rates"]["input"], 500_000_000);
    let origin = now["models"][0]["origin"].as_str().unwrap();
    assert!(origin.ends_with(" of 2026-11-24)"), "{origin}");
    let again = take(&data("0.5"), &[]);
    assert!(
        stdout(&again).contains("in use already"),
        "{}",
        stdout(&again)
    );
    let back = byok(folder.path(), &["prices", "update", "--undo"]);
    assert!(back.status.success(), "{}", stderr(&back));
    assert_eq!(used(), before);
}

#[test]
fn newer_prices_are_fetched_from_an_address_that_is_named_and_nobody_may_change_them_on_the_way() {
    let folder = workspace();
    let answer = scripted::response("200 OK", "application/json", &data("0.5"));
    let server = scripted::Scripted::start(vec![scripted::Step::Send(answer)]);
    let address = format!("{}/data.json", server.address);
    let taken = byok(
        folder.path(),
        &["prices", "update", "--yes", "--from", &address],
    );
    assert!(taken.status.success(), "{}", stderr(&taken));
    let plain = "http://prices.example/data.json";
    let refused = byok(folder.path(), &["prices", "update", "--from", plain]);
    assert!(
        stderr(&refused).contains("is not https"),
        "{}",
        stderr(&refused)
    );
}

/// Asks a model at a server that bills nothing by itself, and returns the ledger's row: cost, currency, payer, and the price with what it gives again.
fn row_of(provider: &str, model: &str) -> (Value, tempfile::TempDir) {
    let events = [
        json!({"model": "gpt-4.1-mini", "choices": [{"index": 0, "text": "al", "delta": {"content": "al"}, "finish_reason": null}]}),
        json!({"model": "gpt-4.1-mini", "choices": [{"index": 0, "text": "", "delta": {}, "finish_reason": "stop"}]}),
        json!({"model": "gpt-4.1-mini", "choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}}),
    ];
    let events = events.map(|event| format!("data: {event}\n\n")).concat();
    let body = format!("{events}data: [DONE]\n\n");
    let answer = scripted::response("200 OK", "text/event-stream", &body);
    let server = scripted::Scripted::start(vec![scripted::Step::Send(answer)]);
    let folder = workspace();
    let config = provider.replace("ADDRESS", &server.address);
    let config = format!("[budget]\nday = \"5 USD\"\nexchange = {{ EUR = \"1.1 USD\" }}\n{config}");
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let output = byok(
        folder.path(),
        &["complete", "cart.rs:10:12", "--model", model],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let connection = rusqlite::Connection::open(folder.path().join("ledger.sqlite3")).unwrap();
    let row = connection.query_row(
        "SELECT cost_nanos, cost_currency, cost_source, payer, price, input_tokens, output_tokens FROM calls",
        [],
        |row| {
            let price: String = row.get(4)?;
            let tokens = Tokens {
                input: row.get::<_, i64>(5)?.unsigned_abs(),
                output: row.get::<_, i64>(6)?.unsigned_abs(),
                ..Tokens::default()
            };
            let again = serde_json::from_str::<Price>(&price).unwrap().cost(&tokens);
            let price: Value = serde_json::from_str(&price).unwrap();
            Ok(json!({
                "nanos": row.get::<_, i64>(0)?,
                "currency": row.get::<_, String>(1)?,
                "source": row.get::<_, String>(2)?,
                "payer": row.get::<_, String>(3)?,
                "origin": price["origin"],
                "again": again.nanos(),
            }))
        },
    );
    let row = row.unwrap();
    assert_eq!(
        row["nanos"], row["again"],
        "the row gives its cost again: {row}"
    );
    let reserved: i64 = connection
        .query_row("SELECT count(*) FROM reservations", [], |row| row.get(0))
        .unwrap();
    assert_eq!(reserved, 0);
    (row, folder)
}

const OPENAI: &str = "[providers.openai]\nwire = \"openai-chat\"\nbase_url = \"ADDRESS/v1\"\nkey = { command = [\"echo\", \"k\"] }\n";

#[cfg(unix)]
#[test]
fn a_discount_is_in_the_row_and_the_row_says_so() {
    let (list, _folder) = row_of(OPENAI, "openai/gpt-4.1-mini");
    // A thousand tokens at 0.40 and five hundred at 1.60 for a million.
    assert_eq!(list["nanos"], 1_200_000);
    let discounted = format!("{OPENAI}discount = \"25%\"\n");
    let (row, folder) = row_of(&discounted, "openai/gpt-4.1-mini");
    assert_eq!(row["nanos"], 900_000);
    assert_eq!(row["origin"]["discounted"]["discount"], "25%");
    let shown = stdout(&byok(folder.path(), &["prices", "openai/gpt-4.1-mini"]));
    assert!(shown.contains("0.3 USD  a million tokens read"), "{shown}");
    assert!(
        shown.contains("Your terms with openai: 25% less."),
        "{shown}"
    );
    let single = format!("{discounted}discounts = {{ \"gpt-4.1-mini\" = \"50%\" }}\n");
    assert_eq!(row_of(&single, "openai/gpt-4.1-mini").0["nanos"], 600_000);
}

#[cfg(unix)]
#[test]
fn on_a_subscription_a_call_costs_nothing_and_its_fee_stands_beside_the_sums() {
    let flat = format!("{OPENAI}subscription = \"20 USD/month\"\n");
    let (row, folder) = row_of(&flat, "openai/gpt-4.1-mini");
    assert_eq!(
        (&row["nanos"], &row["source"]),
        (&json!(0), &json!("priced"))
    );
    assert_eq!(row["origin"]["subscription"]["fee"], "$20.00");
    let usage = stdout(&byok(folder.path(), &["usage"]));
    assert!(
        usage.contains("$20.00  openai: a month with 1 calls"),
        "{usage}"
    );
    assert!(
        usage.lines().all(|line| line.chars().count() <= 80),
        "{usage}"
    );
    let usage: Value =
        serde_json::from_slice(&byok(folder.path(), &["usage", "--json"]).stdout).unwrap();
    assert_eq!(usage["fees"][0]["nanos"], 20_000_000_000_i64);
    assert_eq!(usage["total"]["cost"][0]["nanos"], 0);
}

#[test]
fn the_power_of_this_machine_is_reserved_and_paid_by_the_time_a_call_took() {
    let local = "[providers.mine]\nwire = \"openai-completions\"\nbase_url = \"ADDRESS/v1\"\nkey = \"none\"\npower = { watts = 300, kwh = \"0.30 EUR\" }\n";
    let (row, _folder) = row_of(local, "mine/m");
    assert_eq!(
        (&row["currency"], &row["source"]),
        (&json!("EUR"), &json!("priced"))
    );
    assert_eq!(row["payer"], "you: for the power of this machine");
    assert_eq!(
        row["origin"],
        json!({"power": {"watts": 300, "kwh": "€0.30"}})
    );
    // 25 nano-euros a millisecond; no call takes none, and none takes a minute here.
    let nanos = row["nanos"].as_i64().unwrap();
    assert!((1..25 * 60_000).contains(&nanos), "{nanos}");
}
