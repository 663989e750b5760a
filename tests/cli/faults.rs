//! What commands say and leave behind when something ends them, or what they go by or write to is broken.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::scripted::{Scripted, Step, event, stream_head};
use super::{byok, command, stderr, stdout, workspace};

fn finding(output: &std::process::Output, name: &str) -> Vec<Value> {
    let findings: Vec<Value> = serde_json::from_str(&stdout(output)).unwrap();
    let named = findings.into_iter().filter(|it| it["name"] == name);
    named.collect()
}

#[test]
fn the_doctor_tells_of_a_damaged_ledger_and_that_nothing_is_sent_until_its_loss_is_accepted() {
    let folder = workspace();
    std::fs::write(
        folder.path().join("config.toml"),
        "[budget]\nday = \"2 USD\"\n",
    )
    .unwrap();
    let garbage = "this was never a database. ".repeat(400);
    std::fs::write(folder.path().join("ledger.sqlite3"), garbage).unwrap();
    let look = || byok(folder.path(), &["doctor", "--offline", "--json"]);
    let first = look();
    let told = finding(&first, "ledger");
    assert!(
        told.iter()
            .any(|it| it["says"].as_str().unwrap().contains("--accept-loss")),
        "{told:?}"
    );
    for output in [first, look()] {
        let budget = finding(&output, "budget");
        assert_eq!(budget[0]["ok"], false, "{budget:?}");
        assert!(
            budget[0]["fix"].as_str().unwrap().contains("--accept-loss"),
            "{budget:?}"
        );
        assert!(!output.status.success());
    }
    // A cap that only warns holds nothing back, nor does one under which calls go on.
    for config in [
        "[budget]\nday = \"2 USD\"\nwhen_unsure = \"allow\"\n",
        "[[budget.caps]]\namount = \"2 USD\"\nper = \"day\"\nat = \"soft\"\n",
    ] {
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let budget = finding(&look(), "budget");
        assert_eq!(budget[0]["warning"], true, "{budget:?}");
        assert!(
            budget[0]["says"].as_str().unwrap().ends_with("calls go on"),
            "{budget:?}"
        );
    }
    byok(folder.path(), &["usage", "--accept-loss"]);
    let budget = finding(&look(), "budget");
    assert!(
        budget[0]["ok"] == true && budget[0].get("warning").is_none(),
        "{budget:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_completion_that_ctrl_c_ends_is_booked() {
    for signal in ["-INT", "-TERM"] {
        let folder = workspace();
        let provider = Scripted::start(vec![
            stream_head(),
            event(r#"{"model":"m","choices":[{"text":"al = ","finish_reason":null}]}"#),
            Step::Wait(std::time::Duration::from_mins(5)),
        ]);
        let config = format!(
            "[providers.mine]\nwire = \"openai-completions\"\nbase_url = \"{}/v1\"\nkey = \"none\"\n",
            provider.address
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let arguments = ["complete", "cart.rs:10:12", "--model", "mine/m"];
        let child = command(folder.path(), &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        provider.request();
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("what was sent is booked"),
            "{}",
            stderr(&output)
        );
        let usage: Value =
            serde_json::from_str(&stdout(&byok(folder.path(), &["usage", "--json"]))).unwrap();
        assert_eq!(usage["total"]["calls"], 1, "{usage}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_a_failure_and_whoever_reads_no_more_is_none() {
    let folder = workspace();
    for arguments in [
        &["config", "schema"][..],
        &["completions", "bash"],
        &["usage", "--json"],
    ] {
        let into = |stdout: Stdio| {
            command(folder.path(), arguments)
                .stdout(stdout)
                .stderr(Stdio::piped())
                .output()
                .unwrap()
        };
        let full = into(
            std::fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .unwrap()
                .into(),
        );
        assert_eq!(full.status.code(), Some(1), "{arguments:?}");
        assert!(
            stderr(&full).contains("stdout cannot be written"),
            "{}",
            stderr(&full)
        );
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let gone = into(writer.into());
        assert!(gone.status.success(), "{arguments:?}: {}", stderr(&gone));
        assert_eq!(stderr(&gone), "");
    }
}
