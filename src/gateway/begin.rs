//! What is known when a call begins.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::correct::{Corrections, Inquiry};
use super::interrupt::Interrupt;
use super::purse::Purse;
use super::record::Record;
use super::report::Reporter;
use super::witness::Witness;
use crate::cost::Ledger;
use crate::cost::estimate::{Estimates, Rough};
use crate::routing::Decision;

/// What is known when a call begins.
#[derive(Clone)]
pub(super) struct Begin {
    pub ledger: Ledger,
    pub reporter: Reporter,
    pub decision: Decision,
    /// The same as it is kept.
    pub record: Record,
    /// The label of the key that is used.
    pub key: Option<String>,
    pub action: Option<Cow<'static, str>>,
    /// 1 for the first attempt.
    pub attempt: u32,
    pub language: Option<&'static str>,
    pub workspace: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub prompt_bytes: usize,
    /// About how many tokens a usual tokenizer makes of it.
    pub rough: Rough,
    /// Of how many messages the prompt is.
    pub messages: usize,
    /// What tells the prompt from others.
    pub prompt: u64,
    pub max_tokens: u32,
    /// How many tokens of an answer are reckoned with, if that is known.
    pub expected: Option<u64>,
    pub interrupt: Interrupt,
    /// Where to ask what the call has cost, if the answer ends before that is told.
    pub inquiry: Option<Inquiry>,
    pub corrections: Corrections,
    pub estimates: Estimates,
    /// What may be spent.
    pub purse: Purse,
    /// What the audit log is told.
    pub witness: Witness,
}
