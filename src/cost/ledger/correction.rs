//! A row that is settled anew, because its provider told afterwards what the call has cost.
//!
//! Entry point: [`Correction::apply`]. The sums of days follow by the table's own triggers.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::row::Row;
use super::store::stored;
use crate::cost::{Cost, Money, RawUsage};

/// What is to be known of a row that is settled anew.
#[derive(Debug)]
pub(super) struct Correction {
    /// The cost that was counted before.
    pub(super) before: Cost,
    /// When it was found out.
    pub(super) at: Timestamp,
}

/// Only what a provider can know better afterwards. Done twice, it changes nothing.
const UPDATE: &str = "
UPDATE calls SET served_model = ?2, upstream = ?3, service_tier = ?4, input_tokens = ?5, cache_read_tokens = ?6,
    cache_write_5m_tokens = ?7, cache_write_1h_tokens = ?8, output_tokens = ?9, reasoning_tokens = ?10, tokens_estimated = ?11,
    raw_usage = ?12, cost_source = ?13, cost_nanos = ?14, cost_currency = ?15, corrected_us = ?16
WHERE id = ?1";

impl Correction {
    /// Puts a row right; one that is not there, because its file is gone, stays gone.
    pub(super) fn apply(&self, transaction: &Connection, row: &Row) -> rusqlite::Result<()> {
        let tokens = row.usage.tokens();
        let amount = row.cost.amount();
        let mut update = transaction.prepare_cached(UPDATE)?;
        update.execute(params![
            row.id.0,
            row.served_model,
            row.upstream,
            row.service_tier,
            stored(tokens.input),
            stored(tokens.cache_read),
            stored(tokens.cache_write_5m),
            stored(tokens.cache_write_1h),
            stored(tokens.output),
            stored(tokens.reasoning),
            row.usage.is_estimated(),
            row.raw_usage.as_ref().map(RawUsage::as_str),
            row.cost.source().name(),
            amount.map(Money::nanos),
            amount.map(|amount| amount.currency().to_string()),
            self.at.as_microsecond(),
        ])?;
        Ok(())
    }
}
