//! Reservations: what calls under way may cost at most, measured against every cap before they are sent.
//!
//! Entry points: [`Reserving`], [`Store::standings`] and [`Store::book_dead`]. A batch of reservations is in one transaction that alone may
//! write, so no two processes see the same money left. A reservation ends in the transaction that adds its call's row, or when it is given
//! back; if its owner is gone, it becomes a row itself: the provider may have billed the call, so the most it can have cost counts as spent,
//! marked as an estimate, `failed`, and with the tag `ended` = `crash`.
//!
//! Invariant: for each cap that refuses, what is spent and what is reserved are together no more than the cap once a transaction is over, unless
//! they were before.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, TransactionBehavior, params};

use super::failure::Failure;
use super::measure::{self, Measured};
use super::moment::Moment;
use super::owner;
use super::reserving::Asked;
use super::row::{CallId, Row};
use super::store::{Place, Store, json, stored};
use crate::cost::budget::{Budget, Cap, Kind, Per, Refusal, Standing};
use crate::cost::{Currency, Money};

/// The tag of a row whose call was under way when its process ended without booking it.
pub(super) const CRASHED: (&str, &str) = ("ended", "crash");

/// What is to be reserved.
#[derive(Debug, Clone)]
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
    /// Whether some more calls like it are to be reserved for.
    pub(super) in_burst: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is reserved. The soft caps that it breaks go with it.
    Reserved(Vec<Standing>),
    /// It is not.
    Refused(Refusal),
}

/// What this process has spent since it started and has reserved at present: no other has a part in the caps of its session.
#[derive(Debug, Default)]
pub(super) struct SessionSums {
    pub(super) spent: Sums,
    pub(super) reserved: Sums,
}

/// Sums of money, by kind of call.
#[derive(Debug, Default)]
pub(super) struct Sums(HashMap<Kind, BTreeMap<Currency, i64>>);

/// Who reserves.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    pub(super) session: &'a str,
    pub(super) sums: &'a SessionSums,
    pub(super) now: Moment,
}

impl Who<'_> {
    /// Returns the same at another moment.
    fn at(self, now: Moment) -> Self {
        Self { now, ..self }
    }
}

impl Sums {
    /// Counts an amount, or with a negative sign no longer does.
    pub(super) fn add(&mut self, kind: Kind, amount: Money, sign: i64) {
        if amount.nanos() != 0 {
            let sums = self.0.entry(kind).or_default();
            let sum = sums.entry(amount.currency()).or_default();
            *sum = sum.saturating_add(amount.nanos().saturating_mul(sign));
        }
    }

    /// Returns the sum of all calls that a cap covers, in each currency.
    pub(super) fn of(&self, cap: &Cap) -> Vec<Money> {
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

/// Reserves within one transaction, in which nobody else writes.
pub(super) struct Reserving<'a> {
    connection: &'a Connection,
    who: Who<'a>,
    measured: Measured,
}

impl<'a> Reserving<'a> {
    pub(super) fn new(connection: &'a Connection, who: Who<'a>) -> Self {
        Self {
            connection,
            who,
            measured: Measured::default(),
        }
    }

    /// Reserves for a call, if it fits.
    pub(super) fn one(&mut self, wanted: &Wanted) -> Result<Verdict, Failure> {
        let who = self.who.at(wanted.moment);
        let verdict = self.measured.verdict(self.connection, &who, wanted)?;
        if matches!(verdict, Verdict::Reserved(_)) {
            self.add(wanted)?;
        }
        Ok(verdict)
    }

    /// Reserves what fits.
    fn add(&mut self, wanted: &Wanted) -> Result<(), Failure> {
        insert(self.connection, &self.who.at(wanted.moment), wanted)?;
        self.measured.add(wanted);
        Ok(())
    }

    /// Returns for how many calls like this one there may be reserved ahead.
    fn room_ahead(&mut self, like: &Wanted) -> Result<usize, Failure> {
        let who = self.who.at(like.moment);
        self.measured.spare(self.connection, &who, like)
    }
}

/// What is to be reserved ahead of its calls in a transaction, and then what was.
pub(super) struct More<'a> {
    /// For how many calls of a kind.
    most: usize,
    /// Kinds of which few are left, by a call each, and how many are missing.
    refills: Vec<(Wanted, usize)>,
    next_id: &'a dyn Fn() -> CallId,
    /// What was reserved.
    pub(super) reserved: Vec<Wanted>,
}

impl<'a> More<'a> {
    pub(super) fn of(
        most: usize,
        refills: Vec<(Wanted, usize)>,
        next_id: &'a dyn Fn() -> CallId,
    ) -> Self {
        Self {
            most,
            refills,
            next_id,
            reserved: Vec::new(),
        }
    }

    /// Reserves, behind the calls that waited, for more like them; for none where one of them was refused.
    pub(super) fn reserve(
        &mut self,
        reserving: &mut Reserving<'_>,
        asked: &[Asked],
        verdicts: &[Verdict],
    ) -> Result<(), Failure> {
        if verdicts.iter().any(|it| matches!(it, Verdict::Refused(_))) {
            return Ok(());
        }
        let mut likes = std::mem::take(&mut self.refills);
        for Asked { wanted, .. } in asked {
            let kind = kind_of(&wanted.row);
            let is_known = likes.iter().any(|(like, _)| kind_of(&like.row) == kind);
            if wanted.in_burst && !is_known {
                likes.push((wanted.clone(), self.most));
            }
        }
        for (like, count) in likes {
            let count = reserving.room_ahead(&like)?.min(count);
            for _ in 0..count {
                let mut one = like.clone();
                one.row.id = (self.next_id)();
                self.reserved.push(one.clone());
                reserving.add(&one)?;
            }
        }
        Ok(())
    }
}

/// Says of each what came of it, if it were reserved alone.
pub(super) fn look<'a>(
    connection: &Connection,
    who: &Who<'_>,
    wanted: impl Iterator<Item = &'a Wanted>,
) -> Result<Vec<Verdict>, Failure> {
    let mut measured = Measured::default();
    let verdicts =
        wanted.map(|wanted| measured.verdict(connection, &who.at(wanted.moment), wanted));
    verdicts.collect()
}

impl Store {
    /// Returns how each cap stands, but for those of single requests.
    pub(super) fn standings(
        &self,
        who: &Who<'_>,
        budget: &Budget,
    ) -> Result<Vec<Standing>, Failure> {
        let lasting = budget.caps.iter().filter(|cap| cap.per != Per::Request);
        lasting
            .map(|cap| measure::standing(&self.connection, who, budget, cap))
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
