//! What is off by default, on: `-- --everything`. Caps that are never reached, the audit log, telemetry to a collector on loopback, rows that are not kept for
//! ever, tags, rules of routing and a fallback, all of which a completion passes through.

use std::sync::OnceLock;

use crate::scripted::{Scripted, Step, response};

/// The user's own file, where everything is on.
static CONFIG: OnceLock<String> = OnceLock::new();

/// Switches it on for all servers that are started from now on.
pub fn switch_on() {
    CONFIG.get_or_init(|| {
        let taken = response("200 OK", "application/x-protobuf", "");
        let collector = Scripted::start(vec![Step::Send(taken)]);
        let config = config(&collector.address);
        // What it is sent is none of the bench's, and it lasts as long as the bench.
        std::thread::spawn(move || collector.seen.iter().for_each(drop));
        config
    });
}

/// Returns what a server's own file is to say, if anything.
pub fn own_file() -> Option<&'static str> {
    CONFIG.get().map(String::as_str)
}

fn config(collector: &str) -> String {
    format!(
        r#"
[budget]
request = "10 USD"
session = "1000000 USD"
day = "1000000 USD"
month = "1000000 USD"

[audit]
enabled = true
when_unwritable = "refuse"

[telemetry]
endpoint = "{collector}"

[ledger]
tags = {{ client = "acme" }}
keep = "400 days"

[log]
level = "debug"

[policy]
deny_providers = ["deepseek"]
max_output_price = "1000 USD"

[routing]
rules = [{{ tasks = ["explain"], model = "other/m" }}]

[routing.limits.mock]
concurrent = 1000
requests_per_minute = 1000000

[fallback]
completion = ["local"]
"#
    )
}
