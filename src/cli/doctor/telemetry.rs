//! Whether a collector is told of calls, and whether it answers.

use super::Finding;
use crate::config::{Settings, is_loopback};
use crate::provider::Http;
use crate::telemetry;

/// Looks at it; the collector is sent a message that tells of no call.
pub(super) async fn look(http: &Http, settings: &Settings, is_offline: bool) -> Finding {
    let Some(traces) = &settings.telemetry.traces else {
        return Finding::good("telemetry", "off: nobody is told of calls");
    };
    if settings.network.is_offline && !is_loopback(traces) {
        let says = format!("on, but offline: {traces} is told nothing");
        return Finding::good("telemetry", says);
    }
    if is_offline && !is_loopback(traces) {
        return Finding::good("telemetry", format!("on; {traces} was not asked"));
    }
    match telemetry::probe(http, traces).await {
        Ok(()) => Finding::good("telemetry", format!("on; {traces} takes spans")),
        Err(error) => Finding::warning(
            "telemetry",
            format!("on, but {traces} takes no spans: {error}"),
            "nothing else suffers; start the collector, or mend [telemetry] endpoint",
        ),
    }
}
