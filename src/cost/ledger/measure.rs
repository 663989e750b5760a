//! Measuring a call against the caps that cover it.
//!
//! Entry points: [`Measured::verdict`] and [`standing`]. What the file says of a cap is asked once in a transaction, in which nobody else writes, and
//! what is reserved in it is added: of a hundred calls at the same moment the last would else wait for eight hundred questions. Invariant: within one
//! transaction [`Measured::add`] is told of everything that is reserved.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::ahead::SHARE;
use super::damage;
use super::failure::Failure;
use super::reserve::{Verdict, Wanted, Who, kind_of};
use crate::cost::Money;
use crate::cost::budget::{AtCap, Budget, Cap, CapState, Per, Refusal, Standing, WhenUnsure};

/// How caps stand within one transaction.
#[derive(Default)]
pub(super) struct Measured(Vec<Entry>);

/// How one cap of a budget stands in one span.
struct Entry {
    budget: Arc<Budget>,
    /// Which of its caps.
    cap: usize,
    spans: (i64, i64),
    standing: Standing,
}

impl Measured {
    /// Says whether what is wanted fits every cap that covers it.
    pub(super) fn verdict(
        &mut self,
        connection: &Connection,
        who: &Who<'_>,
        wanted: &Wanted,
    ) -> Result<Verdict, Failure> {
        let kind = kind_of(&wanted.row);
        let budget = &wanted.budget;
        let mut soft = Vec::new();
        let mut broken = Vec::new();
        for (number, cap) in budget.caps.iter().enumerate() {
            if !cap.covers(&kind) {
                continue;
            }
            let Some(worst) = budget.exchanged(wanted.amount, cap.amount.currency()) else {
                return Ok(Verdict::Refused(Refusal::Currency {
                    cap: cap.name.to_string(),
                    capped: cap.amount.currency(),
                    priced: wanted.amount.currency(),
                }));
            };
            let entry = self.entry(connection, who, budget, number)?;
            if cap.holds_back(&kind)
                && budget.when_unsure == WhenUnsure::Refuse
                && let Some(at) = entry.standing.lost
            {
                return Ok(Verdict::Refused(Refusal::Unsure(format!(
                    "the ledger was damaged at {}, and what the cap \"{}\" counted before is lost; wait until {}",
                    at.strftime("%F %H:%M UTC"),
                    cap.name,
                    damage::FIX
                ))));
            }
            let standing = &entry.standing;
            if worst.nanos() <= standing.left().nanos() {
                continue;
            }
            if cap.at == AtCap::Soft {
                soft.push(standing.clone());
            } else if cap.holds_back(&kind) && !(wanted.has_consent && cap.at == AtCap::Ask) {
                broken.push((standing.clone(), worst));
            }
        }
        // What can be done without refusing comes first; a call by another model is measured anew.
        broken.sort_by_key(|(standing, _)| match standing.cap.at {
            AtCap::Degrade { .. } => 0,
            AtCap::Hard => 1,
            AtCap::Ask | AtCap::Soft => 2,
        });
        Ok(match broken.into_iter().next() {
            Some((standing, worst)) => Verdict::Refused(Refusal::Cap {
                standing: Box::new(standing),
                worst,
            }),
            None => Verdict::Reserved(soft),
        })
    }

    /// Returns for how many more calls like this one there may be reserved before they are made: [`SHARE`] of what any cap has left.
    pub(super) fn spare(
        &mut self,
        connection: &Connection,
        who: &Who<'_>,
        like: &Wanted,
    ) -> Result<usize, Failure> {
        let kind = kind_of(&like.row);
        let budget = &like.budget;
        let mut most = i64::MAX;
        for (number, cap) in budget.caps.iter().enumerate() {
            if cap.per == Per::Request || !cap.covers(&kind) {
                continue;
            }
            let Some(each) = budget.exchanged(like.amount, cap.amount.currency()) else {
                return Ok(0);
            };
            let entry = self.entry(connection, who, budget, number)?;
            let part = entry.standing.left().nanos() / SHARE;
            most = most.min(if entry.standing.lost.is_some() {
                0
            } else {
                part / each.nanos().max(1)
            });
        }
        Ok(usize::try_from(most).unwrap_or(0))
    }

    /// Counts what was reserved.
    pub(super) fn add(&mut self, wanted: &Wanted) {
        let kind = kind_of(&wanted.row);
        for entry in &mut self.0 {
            let cap = &entry.budget.caps[entry.cap];
            let counts = cap.per != Per::Request
                && cap.covers(&kind)
                && wanted.moment.spans(cap.per) == entry.spans;
            let currency = cap.amount.currency();
            if let (true, Some(more)) = (counts, entry.budget.exchanged(wanted.amount, currency)) {
                let nanos = entry.standing.reserved.nanos();
                let nanos = nanos.saturating_add(more.nanos());
                entry.standing.reserved = Money::from_nanos(nanos, currency);
                entry.standing.state = state(&entry.standing);
            }
        }
    }

    fn entry(
        &mut self,
        connection: &Connection,
        who: &Who<'_>,
        budget: &Arc<Budget>,
        number: usize,
    ) -> Result<&Entry, Failure> {
        let cap = &budget.caps[number];
        let spans = who.now.spans(cap.per);
        let known = self.0.iter().position(|entry| {
            Arc::ptr_eq(&entry.budget, budget) && entry.cap == number && entry.spans == spans
        });
        let place = if let Some(place) = known {
            place
        } else {
            self.0.push(Entry {
                budget: Arc::clone(budget),
                cap: number,
                spans,
                standing: standing(connection, who, budget, cap)?,
            });
            self.0.len() - 1
        };
        Ok(&self.0[place])
    }
}

fn state(standing: &Standing) -> CapState {
    if standing.left().nanos() > 0 {
        CapState::Ok
    } else {
        CapState::of_broken(&standing.cap.at)
    }
}

/// Returns how a cap stands, by the file.
pub(super) fn standing(
    connection: &Connection,
    who: &Who<'_>,
    budget: &Budget,
    cap: &Cap,
) -> Result<Standing, Failure> {
    let currency = cap.amount.currency();
    // What was spent in a currency without a rate cannot be counted; since there was a cap, nothing more of it was let through.
    let sum = |amounts: Vec<Money>| {
        let counted = amounts
            .into_iter()
            .filter_map(|amount| budget.exchanged(amount, currency));
        let nanos = counted.fold(0_i64, |sum, amount| sum.saturating_add(amount.nanos()));
        Money::from_nanos(nanos, currency)
    };
    let (spent, reserved) = match cap.per {
        Per::Request => (Vec::new(), Vec::new()),
        Per::Session => (who.sums.spent.of(cap), who.sums.reserved.of(cap)),
        Per::Hour | Per::Day | Per::Month => (
            summed(connection, SPENT, who, cap)?,
            summed(connection, RESERVED, who, cap)?,
        ),
    };
    let (spent, reserved) = (sum(spent), sum(reserved));
    let mut standing = Standing {
        cap: cap.clone(),
        spent,
        reserved,
        state: CapState::Ok,
        lost: damage::lost_in(connection, cap, who.now)?,
    };
    standing.state = state(&standing);
    Ok(standing)
}

/// The sums of what both statements have in common: a span and a scope.
macro_rules! sum_of {
    ($table:literal) => {
        concat!(
            "SELECT currency, sum(nanos) FROM ",
            $table,
            " WHERE span BETWEEN ?1 AND ?2
    AND (?3 IS NULL OR provider = ?3) AND (?4 IS NULL OR model = ?4) AND (?5 IS NULL OR key_label = ?5)
    AND (?6 IS NULL OR feature = ?6) AND (?7 IS NULL OR workspace = ?7) AND (?8 IS NULL OR environment = ?8)
GROUP BY currency"
        )
    };
}

const SPENT: &str = sum_of!("tallies");
const RESERVED: &str = sum_of!("pledges");

fn summed(
    connection: &Connection,
    select: &str,
    who: &Who<'_>,
    cap: &Cap,
) -> Result<Vec<Money>, Failure> {
    let (first, last) = who.now.spans(cap.per);
    let scope = &cap.scope;
    let mut select = connection.prepare_cached(select)?;
    let rows = select.query_map(
        params![
            first,
            last,
            scope.provider,
            scope.model,
            scope.key,
            scope.feature,
            scope.workspace,
            scope.environment,
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    amounts(rows)
}

fn amounts(
    rows: impl Iterator<Item = rusqlite::Result<(String, i64)>>,
) -> Result<Vec<Money>, Failure> {
    let mut amounts = Vec::new();
    for row in rows {
        let (code, nanos) = row?;
        if let Ok(currency) = code.parse() {
            amounts.push(Money::from_nanos(nanos, currency));
        }
    }
    Ok(amounts)
}
