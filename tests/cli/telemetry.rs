//! What the doctor says of telemetry, and what is told of a completion by hand.

use std::path::Path;

use super::scripted::{Scripted, Step, response};
use super::{byok, stderr, stdout, workspace};

/// What the doctor says of it, in one line, and whether it names a fix.
fn told(folder: &Path, more: &[&str]) -> (String, bool) {
    let arguments = [&["doctor", "--json"], more].concat();
    let findings: Vec<serde_json::Value> =
        serde_json::from_str(&stdout(&byok(folder, &arguments))).unwrap();
    let mut named = findings.iter().filter(|it| it["name"] == "telemetry");
    let finding = named.next().unwrap();
    let says = finding["says"].as_str().unwrap().to_owned();
    (says, finding.get("fix").is_some())
}

#[test]
fn the_doctor_says_whether_a_collector_is_told_of_calls_and_whether_it_answers() {
    let folder = workspace();
    let off = told(folder.path(), &[]);
    assert_eq!(off, ("off: nobody is told of calls".to_owned(), false));
    let set = |endpoint: &str| {
        let config = format!("[telemetry]\nendpoint = \"{endpoint}\"\n");
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
    };
    let collector = Scripted::start(vec![Step::Send(response(
        "200 OK",
        "application/x-protobuf",
        "",
    ))]);
    set(&collector.address);
    let says = format!("on; {}/v1/traces takes spans", collector.address);
    assert_eq!(told(folder.path(), &[]), (says, false));
    let (head, body) = collector.request();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    assert_eq!(body, "", "it tells of no call");
    collector.set(vec![Step::Send(response("404 Not Found", "text/html", ""))]);
    let (says, has_fix) = told(folder.path(), &[]);
    assert!(
        says.ends_with("takes no spans: it answers with HTTP status 404") && has_fix,
        "{says}"
    );
    set("https://collector.invalid");
    let (says, _) = told(folder.path(), &["--offline"]);
    assert_eq!(
        says,
        "on; https://collector.invalid/v1/traces was not asked"
    );
    let config =
        "[telemetry]\nendpoint = \"https://collector.invalid\"\n[network]\noffline = true\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let says = "on, but offline: https://collector.invalid/v1/traces is told nothing";
    for more in [&[][..], &["--offline"]] {
        assert_eq!(told(folder.path(), more), (says.to_owned(), false));
    }
}

#[test]
fn a_completion_by_hand_is_told_to_the_collector_and_one_that_is_gone_costs_nothing() {
    let folder = workspace();
    let configured = |endpoint: &str| {
        let config = format!("[telemetry]\nendpoint = \"{endpoint}\"\n");
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let output = byok(
            folder.path(),
            &["complete", "cart.rs:10:12", "--model", "local"],
        );
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let collector = Scripted::start(vec![Step::Send(response(
        "200 OK",
        "application/x-protobuf",
        "",
    ))]);
    let printed = configured(&collector.address);
    let (head, span) = collector.request();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    for said in ["text_completion patterns", "byok.outcome", "completed"] {
        assert!(span.contains(said), "{said}: {span}");
    }
    assert!(!span.contains("compute"), "content: {span}");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let first = |text: &str| text.lines().next().map(str::to_owned);
    assert_eq!(first(&configured(&gone)), first(&printed));
}
