//! Reservations: what calls under way may cost at most, measured against every cap before they are sent.
//!
//! Entry points: [`Store::reserve`], [`Store::standings`] and [`Store::book_dead`]. A batch of reservations is one transaction that alone may
//! write, so no two processes see the same money left. A reservation ends in the transaction that adds its call's row, or when it is given
//! back; if its owner is gone, it becomes a row itself: the provider may have billed the call, so the most it can have cost counts as spent,
//! marked as an estimate, `failed`, and with the tag `ended` = `crash`.
//!
//! Invariant: for each cap that refuses, what is spent and what is reserved are together no more than the cap when this returns, unless they
//! were before.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, TransactionBehavior, params};

use super::damage;
use super::failure::Failure;
use super::moment::Moment;
use super::owner;
use super::row::Row;
use super::store::{Place, Store, json, stored};
use crate::cost::budget::{AtCap, Budget, Cap, CapState, Kind, Per, Refusal, Standing, WhenUnsure};
use crate::cost::{Currency, Money};

/// The tag of a row whose call was under way when its process ended without booking it.
pub(super) const CRASHED: (&str, &str) = ("ended", "crash");

/// What is to be reserved.
pub(super) struct Wanted {
    /// The row that is booked if nobody lives to book another: with the most that the call can cost.
    pub(super) row: Row,
    /// When its call begins, and so which spans it counts towards.
    pub(super) moment: Moment,
    /// What is reserved.
    pub(super) amount: Money,
    /// What it is measured against.
    pub(super) budget: std::sync::Arc<Budget>,
    /// Whether the user said that it may pass the caps that ask.
    pub(super) has_consent: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is reserved. The soft caps that it breaks go with it.
    Reserved(Vec<Standing>),
    /// It is not.
    Refused(Refusal),
}

/// What this process has spent since it started, by kind of call.
#[derive(Debug, Default)]
pub(super) struct SessionSums(HashMap<Kind, BTreeMap<Currency, i64>>);

/// Who reserves.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    pub(super) session: &'a str,
    pub(super) sums: &'a SessionSums,
    pub(super) now: Moment,
}

impl SessionSums {
    /// Counts what a call cost, or with a negative sign no longer does.
    pub(super) fn add(&mut self, kind: Kind, amount: Money, sign: i64) {
        if amount.nanos() != 0 {
            let sums = self.0.entry(kind).or_default();
            let sum = sums.entry(amount.currency()).or_default();
            *sum = sum.saturating_add(amount.nanos().saturating_mul(sign));
        }
    }

    fn of(&self, cap: &Cap) -> Vec<Money> {
        let covered = self.0.iter().filter(|(kind, _)| cap.covers(kind));
        let sums = covered.flat_map(|(_, sums)| sums);
        sums.map(|(currency, nanos)| Money::from_nanos(*nanos, *currency))
            .collect()
    }
}

/// What kind of call a row is of.
pub(super) fn kind_of(row: &Row) -> Kind {
    Kind {
        provider: row.provider.clone(),
        model: row.requested_model.clone(),
        key: row.key.clone(),
        feature: row.feature.clone(),
        workspace: row.workspace.clone(),
        environment: row.tags.get("environment").cloned(),
    }
}

impl Store {
    /// Reserves what fits, each on its own and in order, all of it or nothing on the disk.
    pub(super) fn reserve<'a>(
        &mut self,
        who: &Who<'_>,
        wanted: impl Iterator<Item = &'a Wanted>,
    ) -> Result<Vec<Verdict>, Failure> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let verdicts = wanted.map(|wanted| {
            let who = Who {
                now: wanted.moment,
                ..*who
            };
            let verdict = measure(&transaction, &who, wanted)?;
            if matches!(verdict, Verdict::Reserved(_)) {
                insert(&transaction, &who, wanted)?;
            }
            Ok(verdict)
        });
        let verdicts: Result<Vec<_>, Failure> = verdicts.collect();
        let verdicts = verdicts?;
        transaction.commit()?;
        Ok(verdicts)
    }

    /// Returns how each cap stands, but for those of single requests.
    pub(super) fn standings(
        &self,
        who: &Who<'_>,
        budget: &Budget,
    ) -> Result<Vec<Standing>, Failure> {
        let lasting = budget.caps.iter().filter(|cap| cap.per != Per::Request);
        lasting
            .map(|cap| standing(&self.connection, who, budget, cap))
            .collect()
    }

    /// Books what owners that are gone had reserved; returns how many calls that were.
    pub(super) fn book_dead(&mut self, place: &Place, own: &str) -> Result<usize, Failure> {
        let Place::File(path) = place else {
            return Ok(0);
        };
        let reserving: Vec<String> = {
            let mut select = self
                .connection
                .prepare("SELECT DISTINCT owner FROM reservations")?;
            let names = select.query_map([], |row| row.get(0))?;
            names.collect::<Result<_, _>>()?
        };
        let dead = owner::dead(path, own, reserving);
        if dead.is_empty() {
            return Ok(0);
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut booked = 0;
        for owner in &dead {
            transaction.execute(BOOK, [&owner.name])?;
            booked +=
                transaction.execute("DELETE FROM reservations WHERE owner = ?1", [&owner.name])?;
        }
        transaction.commit()?;
        for owner in dead {
            owner.bury();
        }
        Ok(booked)
    }
}

fn measure(connection: &Connection, who: &Who<'_>, wanted: &Wanted) -> Result<Verdict, Failure> {
    let kind = kind_of(&wanted.row);
    let budget = &wanted.budget;
    let mut soft = Vec::new();
    let mut broken = Vec::new();
    for cap in budget.caps_of(&kind) {
        let Some(worst) = budget.exchanged(wanted.amount, cap.amount.currency()) else {
            return Ok(Verdict::Refused(Refusal::Currency {
                cap: cap.name.to_string(),
                capped: cap.amount.currency(),
                priced: wanted.amount.currency(),
            }));
        };
        if cap.holds_back(&kind)
            && budget.when_unsure == WhenUnsure::Refuse
            && let Some(at) = damage::lost_in(connection, cap, who.now)?
        {
            return Ok(Verdict::Refused(Refusal::Unsure(format!(
                "the ledger was damaged at {}, and what the cap \"{}\" counted before is lost; wait until {}",
                at.strftime("%F %H:%M UTC"),
                cap.name,
                damage::FIX
            ))));
        }
        let standing = standing(connection, who, budget, cap)?;
        if worst.nanos() <= standing.left().nanos() {
            continue;
        }
        if cap.at == AtCap::Soft {
            soft.push(standing);
        } else if cap.holds_back(&kind) && !(wanted.has_consent && cap.at == AtCap::Ask) {
            broken.push((standing, worst));
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

fn standing(
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
        Per::Session => (who.sums.of(cap), reserved(connection, who, cap)?),
        Per::Hour | Per::Day | Per::Month => (
            spent(connection, who, cap)?,
            reserved(connection, who, cap)?,
        ),
    };
    let (spent, reserved) = (sum(spent), sum(reserved));
    let mut standing = Standing {
        cap: cap.clone(),
        spent,
        reserved,
        state: CapState::Ok,
    };
    if standing.left().nanos() <= 0 {
        standing.state = CapState::of_broken(&cap.at);
    }
    Ok(standing)
}

const SPENT: &str = "
SELECT currency, sum(nanos) FROM tallies WHERE span BETWEEN ?1 AND ?2
    AND (?3 IS NULL OR provider = ?3) AND (?4 IS NULL OR model = ?4) AND (?5 IS NULL OR key_label = ?5)
    AND (?6 IS NULL OR feature = ?6) AND (?7 IS NULL OR workspace = ?7) AND (?8 IS NULL OR environment = ?8)
GROUP BY currency";

fn spent(connection: &Connection, who: &Who<'_>, cap: &Cap) -> Result<Vec<Money>, Failure> {
    let (first, last) = who.now.spans(cap.per);
    let scope = &cap.scope;
    let mut select = connection.prepare_cached(SPENT)?;
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

/// The span of a session's cap is the session's name, of which other processes' reservations have none.
const RESERVED: &str = "
SELECT cost_currency, sum(cost_nanos) FROM reservations
WHERE CASE ?9 WHEN 'session' THEN session = ?10 WHEN 'hour' THEN started_us / 3600000000 BETWEEN ?1 AND ?2
        ELSE day BETWEEN ?1 AND ?2 END
    AND (?3 IS NULL OR provider = ?3) AND (?4 IS NULL OR requested_model = ?4) AND (?5 IS NULL OR key_label = ?5)
    AND (?6 IS NULL OR feature = ?6) AND (?7 IS NULL OR workspace = ?7)
    AND (?8 IS NULL OR json_extract(tags, '$.environment') = ?8)
GROUP BY cost_currency";

fn reserved(connection: &Connection, who: &Who<'_>, cap: &Cap) -> Result<Vec<Money>, Failure> {
    let (first, last) = who.now.spans(cap.per);
    let scope = &cap.scope;
    let mut select = connection.prepare_cached(RESERVED)?;
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
            cap.per.name(),
            who.session,
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

const INSERT: &str = "
INSERT INTO reservations (id, owner, session, attempt, started_us, day, feature, action, language, workspace, branch, provider,
    requested_model, key_label, payer, input_tokens, output_tokens, price, cost_nanos, cost_currency, tags)
VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
ON CONFLICT DO NOTHING";

fn insert(connection: &Connection, who: &Who<'_>, wanted: &Wanted) -> Result<(), Failure> {
    let Wanted { row, amount, .. } = wanted;
    let tokens = row.usage.tokens();
    let mut tags = row.tags.clone();
    tags.insert(CRASHED.0.to_owned(), CRASHED.1.to_owned());
    let mut insert = connection.prepare_cached(INSERT)?;
    insert.execute(params![
        row.id.0,
        who.session,
        row.attempt,
        row.started.as_microsecond(),
        who.now.day.0,
        row.feature,
        row.action,
        row.language,
        row.workspace,
        row.branch,
        row.provider,
        row.requested_model,
        row.key,
        row.payer,
        stored(tokens.input),
        stored(tokens.output),
        row.price.as_ref().map(json),
        amount.nanos(),
        amount.currency().to_string(),
        json(&tags),
    ])?;
    Ok(())
}

/// Makes rows of reservations. What is there already was booked by its owner.
const BOOK: &str = "
INSERT INTO calls (id, session, attempt, started_us, day, feature, action, language, workspace, branch, provider, requested_model,
    key_label, payer, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
    tokens_estimated, price, cost_source, cost_nanos, cost_currency, outcome, total_us, tags)
SELECT id, session, attempt, started_us, day, feature, action, language, workspace, branch, provider, requested_model,
    key_label, payer, input_tokens, 0, 0, 0, output_tokens, 0, 1, price, 'estimated', cost_nanos, cost_currency, 'failed', 0, tags
FROM reservations WHERE owner = ?1
ON CONFLICT (id) DO NOTHING";

/// Ends a reservation whose call is booked or was never sent. If somebody took its owner for gone, what they booked for it goes too.
pub(super) fn release(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM reservations WHERE id = ?1")?;
    if delete.execute([id])? == 0 {
        let mut delete = connection.prepare_cached(
            "DELETE FROM calls WHERE id = ?1 AND json_extract(tags, '$.ended') = 'crash'",
        )?;
        delete.execute([id])?;
    }
    Ok(())
}
