//! Money: what a call costs, how that is known, and the ledger that remembers it.
//!
//! Entry points: [`Catalogue::price`] before or after a call, [`Cost::known`] after it, [`Ledger::settle`] to record it,
//! [`Ledger::report`] to sum it up.
//! Invariants: amounts are integers of 10^-9 units and know their currency; a cost that is not known is never counted as
//! nothing; the price used is stored with the row; no text of documents, prompts or replies gets here.

mod billing;
pub mod budget;
mod call_cost;
mod catalogue;
mod decimal;
mod error;
pub mod estimate;
pub mod ledger;
mod money;
mod price;
mod raw_usage;
pub mod reconcile;
pub mod report;
pub mod spreadsheet;
mod tokens;

pub use billing::{Billing, Discount, Power};
pub use budget::{Budget, Refusal};
pub use call_cost::{Cost, CostSource};
pub use catalogue::{
    Catalogue, Change, Conditions, Kept, LARGEST as LARGEST_CATALOGUE, PRICE_DATA, Update,
};
pub use error::Error;
pub use ledger::{CallId, Fate, Ledger, Outcome, Row, State, Totals};
pub use money::{Currency, Money, NANOS};
pub use price::{Origin, PerMillion, Price, Rate, Rates};
pub use raw_usage::RawUsage;
pub use tokens::{Tokens, Usage};
