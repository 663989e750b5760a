//! How the models of a pool stand for a call that is about to be made: what it costs, how fast they were, how many calls they answered, whose turn it is.
//!
//! Entry point: [`Gateway::draw`]. Only what the pool's strategy goes by is looked up. Nothing is asked and nothing is used up, so that who explains a decision
//! is told what the next call does; [`Turns::taken`] counts the calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::Gateway;
use crate::config::{ModelName, PoolModel, Settings, Strategy};
use crate::cost::Cost;
use crate::routing::{self, Decision, Draw, Feature, Figure, Need, Standing};

/// How many calls each pool had. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, u64>>>);

impl Turns {
    /// Counts a call.
    pub(super) fn taken(&self, decision: &Decision) {
        let Some(draw) = &decision.draw else {
            return;
        };
        if draw.strategy != Strategy::Weighted {
            return;
        }
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(draw.pool.clone()).or_default();
        *turn = turn.wrapping_add(1);
    }

    fn of(&self, pool: &str) -> u64 {
        let turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.get(pool).copied().unwrap_or_default()
    }
}

impl Gateway {
    /// Decides for what was asked for: one model, or one of a pool as it stands now.
    pub(super) fn first(
        &self,
        settings: &Settings,
        wanted: &ModelName,
        need: &Need<'_>,
    ) -> Decision {
        match wanted {
            ModelName::Pool(pool) => {
                let draw = self.draw(settings, pool, need);
                routing::drawn(settings, need.feature, &draw)
            }
            _ => routing::decide_on(settings, need.feature, wanted, &self.0.answering.known()),
        }
    }

    /// Decides once more what was decided, as things stood then.
    pub(super) fn first_of(&self, settings: &Settings, decision: &Decision) -> Decision {
        if let Some(draw) = &decision.draw {
            return routing::drawn(settings, decision.feature, draw);
        }
        let answering = self.0.answering.known();
        routing::decide_on(settings, decision.feature, &decision.wanted, &answering)
    }

    /// Returns how the models of a pool stand.
    fn draw(&self, settings: &Settings, pool: &str, need: &Need<'_>) -> Draw {
        let mut draw = Draw {
            is_confined: need.is_confined,
            turn: self.0.turns.of(pool),
            ..Draw::blind(settings, pool)
        };
        let Some(known) = settings.routes.pools.get(pool) else {
            return draw;
        };
        draw.standings = match draw.strategy {
            Strategy::Ordered | Strategy::Weighted => return draw,
            Strategy::Cheapest => standings(&known.models, |model| {
                self.cost_figure(settings, model, need)
            }),
            Strategy::Fastest => {
                let now = Instant::now();
                let tokens = need.output.min(need.most);
                standings(&known.models, |model| {
                    let speed = self.0.speeds.of(&model.name(), tokens, now);
                    speed.map_or(Figure::Unmeasured, Figure::Speed)
                })
            }
            Strategy::Available => {
                let now = Instant::now().into_std();
                standings(&known.models, |model| {
                    let answered = self.0.health.answered(&model.name(), now);
                    answered.map_or(Figure::Unseen, Figure::Answered)
                })
            }
        };
        draw
    }

    fn cost_figure(&self, settings: &Settings, model: &PoolModel, need: &Need<'_>) -> Figure {
        let wanted = ModelName::Of {
            provider: model.provider.clone(),
            model: model.model.clone(),
        };
        let alone = routing::decide_on(settings, Feature::Completion, &wanted, &[]);
        if alone.is_embedded() {
            return Figure::NoPrice;
        }
        match self.estimate(&alone, &need.expected()).cost {
            Cost::Free => Figure::Free,
            known => known.amount().map_or(Figure::NoPrice, Figure::Cost),
        }
    }
}

fn standings(models: &[PoolModel], figure: impl Fn(&PoolModel) -> Figure) -> Vec<Standing> {
    let standing = |model: &PoolModel| Standing {
        model: model.name(),
        figure: figure(model),
    };
    models.iter().map(standing).collect()
}
