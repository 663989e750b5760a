//! What a choice among the models of a pool was made of: how each of them stood when it was made.
//!
//! A [`Draw`] is all that the [strategies](super::strategy) look at, so that the choice is a pure function of it: it is kept in the record of the decision, and the
//! record recomputes to itself. Whoever knows prices, speeds and failures makes it (`gateway/pool.rs`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::{Settings, Strategy};
use crate::cost::Money;

/// What a choice was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Draw {
    /// The pool's name.
    pub pool: String,
    /// By what one is chosen.
    pub strategy: Strategy,
    /// How many calls the pool had before, where it goes by turns.
    pub turn: u64,
    /// Whether the text must not leave this machine.
    pub is_confined: bool,
    /// How its models stood, in the user's order.
    pub standings: Vec<Standing>,
}

/// How a model stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Standing {
    /// Its full name.
    pub model: String,
    /// What was known of it.
    pub figure: Figure,
}

/// What a strategy goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Figure {
    /// Its place in the list.
    Place,
    /// What the call is estimated to cost.
    Cost(Money),
    /// It costs nothing.
    Free,
    /// Nobody knows what the call costs.
    NoPrice,
    /// How fast it was.
    Speed(Speed),
    /// It was not measured lately.
    Unmeasured,
    /// How many of a thousand calls it answered, of late.
    Answered(u16),
    /// It was not asked lately.
    Unseen,
    /// Its share of the calls.
    Weight(u32),
}

/// How fast a model was, on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Speed {
    /// The time to the first word.
    pub first_ms: u32,
    /// Tokens in a second after that; none if no answer was long enough to tell.
    pub per_second: Option<u32>,
    /// What that comes to for this call.
    pub whole_ms: u32,
}

impl Draw {
    /// Returns what is known of a pool by the settings alone.
    pub fn blind(settings: &Settings, pool: &str) -> Self {
        let of = |figure: fn(u32) -> Figure| {
            let models = settings.routes.pools.get(pool);
            let models = models.into_iter().flat_map(|pool| &pool.models);
            let standing = |model: &crate::config::PoolModel| Standing {
                model: model.name(),
                figure: figure(model.weight),
            };
            models.map(standing).collect()
        };
        let strategy = settings.routes.pools.get(pool).map(|pool| pool.strategy);
        let strategy = strategy.unwrap_or_default();
        Self {
            pool: pool.to_owned(),
            strategy,
            turn: 0,
            is_confined: false,
            standings: match strategy {
                Strategy::Ordered => of(|_| Figure::Place),
                Strategy::Cheapest => of(|_| Figure::NoPrice),
                Strategy::Fastest => of(|_| Figure::Unmeasured),
                Strategy::Available => of(|_| Figure::Unseen),
                Strategy::Weighted => of(Figure::Weight),
            },
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place => formatter.write_str("in the order of the pool"),
            Self::Cost(money) => write!(formatter, "about {money} for this call"),
            Self::Free => formatter.write_str("free"),
            Self::NoPrice => formatter.write_str("nobody knows its price"),
            Self::Speed(speed) => {
                write!(formatter, "{} ms to the first word", speed.first_ms)?;
                if let Some(rate) = speed.per_second {
                    write!(formatter, ", {rate} tokens/s")?;
                }
                write!(formatter, ": about {} ms for this call", speed.whole_ms)
            }
            Self::Unmeasured => formatter.write_str("not measured lately, so it is tried"),
            Self::Answered(permille) => write!(
                formatter,
                "answered {}.{} % of its calls of late",
                permille / 10,
                permille % 10
            ),
            Self::Unseen => formatter.write_str("not asked lately"),
            Self::Weight(weight) => write!(formatter, "weight {weight}"),
        }
    }
}
