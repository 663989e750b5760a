//! Every fault over every wire: its error is told, nothing hangs, one row is left, nothing is asked twice, and no key leaves for another host.

use std::time::Duration;

use byok_lsp::config::Patience;
use serde_json::{Value, json};

use crate::client::{Builder, Client};
use crate::provider::{Scripted, Step, chunk, event, events, response, stream_head};
use crate::spoken::{Spoken, over_each_wire};

/// Waits that a test can afford, and that a machine which is busy with other things does not overrun while nothing is wrong.
fn impatient() -> Patience {
    let wait = Duration::from_secs(2);
    Patience {
        connect: wait,
        first_byte: wait,
        idle: wait,
        ..Patience::default()
    }
}

/// What is wrong, what the provider does, and what is told.
type Fault = (&'static str, Vec<Step>, &'static str);

/// Refusals by status, whose bodies have the shape that most providers use.
fn refusals() -> Vec<Fault> {
    let error =
        |status: &str, body: &str| vec![Step::Send(response(status, "application/json", body))];
    let not_ended = "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    vec![
        (
            "401",
            error("401 Unauthorized", "{}"),
            "the key was refused",
        ),
        ("402", error("402 Payment Required", "{}"), "no credit left"),
        (
            "403",
            error("403 Forbidden", r#"{"error":{"message":"not yours"}}"#),
            "may not do this: not yours",
        ),
        (
            "404",
            error("404 Not Found", r#"{"error":{"message":"no m"}}"#),
            "does not know the model: no m",
        ),
        (
            "500",
            error("500 Internal Server Error", "<html>"),
            "overloaded",
        ),
        ("529", error("529 Overloaded", "{}"), "overloaded"),
        (
            "500 with a body that stalls",
            vec![Step::Send(not_ended.into()), Step::Stall],
            "overloaded",
        ),
        (
            "400 with a body of 10 MB",
            error("400 Bad Request", &"x".repeat(10 << 20)),
            "refused the request",
        ),
    ]
}

/// Redirects, of which none is followed.
fn redirects(other: &Scripted) -> Vec<Fault> {
    let to = |status: &str| {
        let location = &other.address;
        format!(
            "HTTP/1.1 {status}\r\nlocation: {location}/v1/elsewhere\r\ncontent-length: 0\r\n\r\n"
        )
    };
    [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ]
    .map(|status| {
        let steps = vec![Step::Send(to(status).into())];
        ("redirect to another host", steps, "redirects elsewhere")
    })
    .into()
}

/// What goes wrong with the connection or with what comes over it.
fn broken(spoken: &Spoken) -> Vec<Fault> {
    let first = spoken.first.as_bytes();
    let of = |message: &str| spoken.stream(&[spoken.message(message).as_bytes()], None);
    let page = "<!doctype html><html><title>Sign in to the network</title></html>";
    let whole = |kind: &str| vec![Step::Send(response("200 OK", kind, page))];
    vec![
        (
            "stall before the first byte",
            vec![Step::Stall],
            "did not begin to answer",
        ),
        (
            "stall within the head",
            vec![Step::Send(b"HTTP/1.1 200 OK\r\ncont".to_vec()), Step::Stall],
            "did not begin to answer",
        ),
        (
            "stall in the stream",
            spoken.stream(&[first], Some(Step::Stall)),
            "did not go on with its answer",
        ),
        (
            "reset before the first byte",
            vec![Step::Reset],
            "broke off",
        ),
        (
            "reset in the stream",
            spoken.stream(&[first], Some(Step::Reset)),
            "broke off",
        ),
        (
            "an end without the last chunk",
            spoken.stream(&[first], Some(Step::Close)),
            "broke off",
        ),
        (
            "an end before the answer's",
            spoken.stream(&[first], None),
            "broke off",
        ),
        (
            "a character cut at the end",
            spoken.stream(&[&spoken.cut_in_a_character()], None),
            "broke off",
        ),
        (
            "a character cut at a reset",
            spoken.stream(&[&spoken.cut_in_a_character()], Some(Step::Reset)),
            "broke off",
        ),
        ("garbage in a message", of("{nonsense"), "no JSON"),
        (
            "JSON of another shape",
            of("[[[1]]]"),
            "not what was expected",
        ),
        (
            "a message of 10 MB",
            of(&"x".repeat(10 << 20)),
            "more than 4 MiB",
        ),
        ("a web page", whole("text/html"), "a web page"),
        (
            "a web page that calls itself JSON",
            whole("application/json"),
            "no JSON",
        ),
        (
            "no HTTP at all",
            vec![Step::Send(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), Step::Close],
            "broke off",
        ),
    ]
}

#[test]
fn every_fault_over_every_wire_is_told_leaves_one_row_and_is_not_asked_again() {
    over_each_wire(|spoken| {
        let other = Scripted::start(events(&["[DONE]"]));
        let provider = Scripted::start(Vec::new());
        let mut client = Builder::default()
            .config(spoken.config(&provider.address))
            .patience(impatient())
            .start();
        let at = client.open("fn main() {\n    let x = ˇ\n}\n");
        let faults = [refusals(), redirects(&other), broken(spoken)].concat();
        let limited =
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
        // The last one, since the provider is left alone after it.
        let last = ("429", vec![Step::Send(limited.into())], "try again in 7 s");
        let mut calls = 0;
        for (name, script, told) in faults.into_iter().chain([last]) {
            calls += 1;
            provider.set(script);
            let failed = fail(&mut client);
            assert!(failed.message.contains(told), "{name}: {}", failed.message);
            assert_eq!(failed.calls, calls, "{name}: one row");
            assert_eq!(provider.requests(), 1, "{name}: asked once");
            if name != "429" {
                calls += 1;
                provider.set(spoken.answer());
                works(&mut client);
                assert_eq!(provider.requests(), 1, "{name}: and once thereafter");
            }
        }
        let id = client.ask(&at);
        assert_eq!(client.texts(id), Vec::<String>::new());
        assert_eq!(provider.requests(), 0, "a limited provider is left alone");
        let summary = client.request("byok/usageSummary", json!({}));
        let summary = client.answer(summary);
        let session = &summary["result"]["session"]["calls"];
        assert_eq!(session, &json!(calls), "{summary}");
        assert_eq!(other.connections(), 0, "nothing goes to another host");
        client.finish();
    });
}

/// What became of a call that failed.
struct Failed {
    message: String,
    /// How many rows the session has left so far.
    calls: u64,
}

/// Opens the document anew, so that nothing is known for it, and returns the cursor.
fn fresh(client: &mut Client) -> Value {
    client.open("fn main() {\n    let x = ˇ\n}\n")
}

/// Asks once and reads what is told of the failure. A call that hangs fails the test by the client's deadline.
fn fail(client: &mut Client) -> Failed {
    go_on(client);
    let at = fresh(client);
    let id = client.ask(&at);
    assert_eq!(client.texts(id), Vec::<String>::new());
    let usage = client.notification("byok/usage");
    assert_eq!(usage["outcome"], "failed", "{usage}");
    let status = status(client, "error");
    Failed {
        message: status["message"].as_str().unwrap().to_owned(),
        calls: usage["totals"]["session"]["calls"].as_u64().unwrap(),
    }
}

/// Says that the same question again and again is no loop.
fn go_on(client: &mut Client) {
    let resume = client.request("byok/resume", json!({}));
    client.answer(resume);
}

/// Asks once more, which works as if nothing had been.
fn works(client: &mut Client) {
    go_on(client);
    let at = fresh(client);
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["42;"]);
    assert_eq!(client.notification("byok/usage")["outcome"], "completed");
    // The next error is told even if its words are the same as before.
    status(client, "idle");
}

/// Reads what is told of the server's state, in order, until it is this one.
fn status(client: &mut Client, state: &str) -> Value {
    loop {
        let status = client.notification("byok/status");
        if status["state"] == state {
            return status;
        }
    }
}

#[test]
fn an_error_inside_an_answer_counts_though_the_status_was_good() {
    let provider = Scripted::start(events(&[r#"{"error":{"code":429,"message":"slow"}}"#]));
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .start();
    let failed = fail(&mut client);
    assert!(
        failed.message.contains("limits the rate"),
        "{}",
        failed.message
    );
    client.finish();
}

/// How much an answer may be does not count once it is whole.
#[test]
fn a_flood_behind_a_whole_answer_is_no_fault() {
    let text = json!({"choices": [{"text": "42;", "finish_reason": "stop"}]}).to_string();
    let flood = chunk(&b": a comment\n\n".repeat(500_000));
    let script = vec![stream_head(), event(&text), event("[DONE]"), flood];
    let provider = Scripted::start(script);
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .start();
    let at = fresh(&mut client);
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["42;"]);
    assert_eq!(client.notification("byok/usage")["outcome"], "completed");
    client.finish();
}

#[test]
fn a_fault_behind_a_whole_answer_is_no_fault() {
    over_each_wire(|spoken| {
        let provider = Scripted::start(Vec::new());
        let mut client = Builder::default()
            .config(spoken.config(&provider.address))
            .patience(impatient())
            .start();

        let whole = [spoken.first.as_bytes(), spoken.rest.as_bytes()];
        for last in [Step::Stall, Step::Reset, Step::Close] {
            provider.set(spoken.stream(&whole, Some(last)));
            let at = fresh(&mut client);
            let id = client.ask(&at);
            assert_eq!(client.texts(id), ["42;"]);
            let usage = client.notification("byok/usage");
            assert_eq!(usage["outcome"], "completed", "{usage}");
        }
        // A last line without its break is a whole one.
        let unended = spoken.first.to_owned() + spoken.rest.trim_end();
        provider.set(spoken.stream(&[unended.as_bytes()], None));
        let at = fresh(&mut client);
        let id = client.ask(&at);
        assert_eq!(client.texts(id), ["42;"]);
        client.finish();
    });
}
