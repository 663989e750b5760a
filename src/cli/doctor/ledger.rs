//! Whether the ledger can be used, what it has to tell, and how the caps stand by it.

use std::time::Duration;

use super::Finding;
use crate::cli::parts;
use crate::config::Settings;
use crate::cost::budget::{AtCap, Cap, CapState, Per, WhenUnsure};
use crate::cost::{Ledger, State};

/// Looks at the ledger. What is to be told once, such as that a damaged file was moved aside, is told here, since nobody else would say it any more.
pub(super) async fn look(ledger: &Ledger) -> anyhow::Result<Vec<Finding>> {
    let looking = ledger.clone();
    let standing = tokio::task::spawn_blocking(move || standing_of(&looking)).await?;
    let notices = ledger.take_notices().into_iter();
    let told = notices.map(|notice| {
        Finding::warning(
            "ledger",
            notice,
            "keep that file if you want to know what is in it; this is said once",
        )
    });
    Ok(std::iter::once(standing).chain(told).collect())
}

fn standing_of(ledger: &Ledger) -> Finding {
    let place =
        parts::ledger_path().map_or_else(|| "in memory".into(), |path| path.display().to_string());
    let totals = ledger.totals(Duration::from_secs(5));
    match (totals, ledger.state()) {
        (Ok(totals), State::Ready) => {
            let today = totals
                .day
                .cost
                .first()
                .map_or_else(|| "$0".into(), ToString::to_string);
            Finding::good(
                "ledger",
                format!("{place}; today {today}, {} calls", totals.day.calls),
            )
        }
        (_, State::Degraded { reason }) => Finding::bad("ledger", place, reason),
        (Err(error), State::Ready) => Finding::bad("ledger", place, error.to_string()),
    }
}

/// Tells of each cap what is left of it.
pub(super) async fn look_at_caps(ledger: &Ledger, settings: &Settings) -> Vec<Finding> {
    if !settings.budget.has_caps() {
        return vec![Finding {
            fix: Some("to cap what may be spent: [budget] day = \"2 USD\"".into()),
            ..Finding::good("budget", "no caps are set")
        }];
    }
    let standings = ledger.standings(settings.budget.clone()).await;
    let mut findings: Vec<Finding> = standings
        .iter()
        .map(|standing| {
            let Cap {
                name,
                amount,
                per,
                at,
                ..
            } = &standing.cap;
            let says = format!(
                "{name}: {} left of {amount} per {}; {} spent, {} reserved",
                standing.left(),
                per.name(),
                standing.spent,
                standing.reserved
            );
            if let Some(lost) = standing.lost {
                let says = format!("{says}, beside what was in a ledger that was found damaged at {lost}");
                let fix = "wait for the cap's span to end, or count from zero: byok-lsp usage --accept-loss";
                let holds_back = *at != AtCap::Soft && settings.budget.when_unsure == WhenUnsure::Refuse;
                return if holds_back {
                    Finding::bad("budget", format!("{says}; until that is settled the cap lets nothing pass"), fix)
                } else {
                    Finding::warning("budget", format!("{says}; calls go on"), fix)
                };
            }
            match standing.state {
                CapState::Reached => {
                    Finding::bad("budget", says, "raise the cap, or wait for its end")
                }
                CapState::Ok | CapState::Warned | CapState::Asked | CapState::Degraded => {
                    Finding::good("budget", says)
                }
            }
        })
        .collect();
    let of_requests = settings
        .budget
        .caps
        .iter()
        .filter(|cap| cap.per == Per::Request);
    findings.extend(of_requests.map(|cap| {
        let says = format!("{}: {} for each request", cap.name, cap.amount);
        Finding::good("budget", says)
    }));
    if findings.is_empty() {
        findings.push(Finding::bad(
            "budget",
            "the ledger cannot say what was spent, so the caps cannot be measured",
            "see the ledger above; until then nothing is sent that costs money",
        ));
    }
    findings
}
