//! Who goes first where a key takes only so many calls: code actions before ghost text, and ghost text before what is asked ahead of it.
//!
//! Entry point: [`Lanes::enter`], before a call is made; the [`Pass`] that it gives is held until the call is over. Where the user set no limits
//! (`routing.limits`) it takes no lock and wakes nobody. Where they did, one of the calls at once and a fifth of those in a minute are kept for actions, so that an action never waits
//! behind a completion. What waits, waits until there is room or its deadline; a completion that waits makes room for a newer one.
//! What is asked ahead never waits, and leaves as much again for completions.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::LimitOptions;
use crate::provider::Error;
use crate::routing::Feature;

/// How long a completion waits for room; later nobody wants it.
const COMPLETION: Duration = Duration::from_secs(1);

/// How long an action does.
const ACTION: Duration = Duration::from_mins(1);

const MINUTE: Duration = Duration::from_mins(1);

/// More keys are not watched; nobody has so many.
const MOST: usize = 64;

/// The lanes, by provider and key. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<HashMap<Key, Arc<Lane>>>>);

/// A provider's name, and the label of one of its keys.
type Key = (String, Option<String>);

/// The lane of one key.
#[derive(Default)]
struct Lane {
    state: Mutex<State>,
    /// Told whenever there may be room.
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// How many calls go on.
    running: u32,
    /// When the calls of the last minute began, the oldest first.
    begun: VecDeque<Instant>,
    /// How many actions wait.
    actions: u32,
    /// The number of the completion that came last and waits.
    newest: u64,
}

/// Leave to make a call. Dropping it makes room for the next.
pub(super) struct Pass(Arc<Lane>);

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running = state.running.saturating_sub(1);
        drop(state);
        self.0.changed.notify_waiters();
    }
}

/// An action that waits.
struct Waiting<'a>(&'a Lane);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.actions = state.actions.saturating_sub(1);
        drop(state);
        self.0.changed.notify_waiters();
    }
}

impl Lanes {
    /// Waits until a call may be made, or says that it may not.
    pub(super) async fn enter(
        &self,
        limit: Option<&LimitOptions>,
        provider: &str,
        key: Option<&str>,
        feature: Feature,
    ) -> Result<Option<Pass>, Error> {
        let Some(limit) = limit else {
            return Ok(None);
        };
        let Some(lane) = self.lane(provider, key) else {
            return Ok(None);
        };
        let start = Instant::now();
        let deadline = match feature {
            Feature::Completion => start + COMPLETION,
            Feature::Speculation => start,
            Feature::Action => start + ACTION,
        };
        if lane.state().admit(*limit, feature, start).is_ok() {
            return Ok(Some(Pass(lane)));
        }
        let (own, _waiting) = match feature {
            // Nobody waits for it, so neither does it.
            Feature::Speculation => return Err(Error::RateLimited { retry_after: None }),
            Feature::Completion => (lane.newer(), None),
            Feature::Action => {
                lane.state().actions += 1;
                (0, Some(Waiting(&lane)))
            }
        };
        loop {
            let mut changed = std::pin::pin!(lane.changed.notified());
            // From here on a change is not missed.
            changed.as_mut().enable();
            let now = Instant::now();
            let admitted = lane.state().admit(*limit, feature, now);
            let until = match admitted {
                Ok(()) => return Ok(Some(Pass(lane.clone()))),
                Err(until) => until.unwrap_or(deadline).min(deadline),
            };
            let is_superseded = feature == Feature::Completion && lane.state().newest != own;
            if now >= deadline || is_superseded {
                return Err(Error::RateLimited { retry_after: None });
            }
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    fn lane(&self, provider: &str, key: Option<&str>) -> Option<Arc<Lane>> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (provider.to_owned(), key.map(str::to_owned));
        if lanes.len() >= MOST && !lanes.contains_key(&name) {
            return None;
        }
        Some(lanes.entry(name).or_default().clone())
    }
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a completion that waits, in the place of one before it.
    fn newer(&self) -> u64 {
        let mut state = self.state();
        state.newest += 1;
        let own = state.newest;
        drop(state);
        self.changed.notify_waiters();
        own
    }
}

impl State {
    /// Lets a call begin, or says when to look again if time alone makes room.
    fn admit(
        &mut self,
        limit: LimitOptions,
        feature: Feature,
        now: Instant,
    ) -> Result<(), Option<Instant>> {
        while self.begun.front().is_some_and(|then| *then + MINUTE <= now) {
            self.begun.pop_front();
        }
        let is_action = feature == Feature::Action;
        if !is_action && self.actions > 0 {
            return Err(None);
        }
        let kept = |share: u32| match feature {
            Feature::Action => 0,
            Feature::Completion => share,
            Feature::Speculation => 2 * share,
        };
        let most = limit.concurrent.map(|most| most - kept(1).min(most));
        if most.is_some_and(|most| self.running >= most) {
            return Err(None);
        }
        let most = limit.requests_per_minute;
        let most = most.map(|most| (most - kept((most / 5).max(1)).min(most)) as usize);
        if let Some(most) = most {
            let over = (self.begun.len() + 1).saturating_sub(most);
            if over > 0 {
                return Err(self.begun.get(over - 1).map(|then| *then + MINUTE));
            }
            self.begun.push_back(now);
        }
        self.running += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    const LIMIT: LimitOptions = LimitOptions {
        concurrent: Some(2),
        requests_per_minute: None,
    };

    async fn enter(lanes: &Lanes, limit: LimitOptions, feature: Feature) -> Option<Pass> {
        let entered = lanes.enter(Some(&limit), "a", None, feature).await;
        entered.ok().flatten()
    }

    #[tokio::test(start_paused = true)]
    async fn where_no_limit_is_known_nobody_waits_and_nothing_is_kept() {
        let lanes = Lanes::default();
        for _ in 0..100 {
            let pass = lanes.enter(None, "a", None, Feature::Completion).await;
            assert!(pass.unwrap().is_none());
        }
        assert!(lanes.0.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_action_never_waits_behind_completions() {
        let lanes = Lanes::default();
        let start = Instant::now();
        let _completion = enter(&lanes, LIMIT, Feature::Completion).await.unwrap();
        let waiting = enter(&lanes, LIMIT, Feature::Completion);
        let mut waiting = std::pin::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        let action = enter(&lanes, LIMIT, Feature::Action).await;
        assert!(action.is_some() && start.elapsed() == Duration::ZERO);
        let minute = LimitOptions {
            concurrent: None,
            requests_per_minute: Some(5),
        };
        let lanes = Lanes::default();
        for _ in 0..4 {
            assert!(enter(&lanes, minute, Feature::Completion).await.is_some());
        }
        assert!(enter(&lanes, minute, Feature::Completion).await.is_none());
        let asked = Instant::now();
        assert!(enter(&lanes, minute, Feature::Action).await.is_some());
        assert_eq!(asked.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_completion_waits_for_room_no_longer_than_it_is_wanted_and_makes_room_for_a_newer() {
        let lanes = Lanes::default();
        let first = enter(&lanes, LIMIT, Feature::Completion).await.unwrap();
        let start = Instant::now();
        assert!(enter(&lanes, LIMIT, Feature::Completion).await.is_none());
        assert_eq!(start.elapsed(), COMPLETION);
        let (older, newer) = (
            enter(&lanes, LIMIT, Feature::Completion),
            enter(&lanes, LIMIT, Feature::Completion),
        );
        let (mut older, mut newer) = (std::pin::pin!(older), std::pin::pin!(newer));
        assert!(futures_util::poll!(&mut older).is_pending());
        assert!(futures_util::poll!(&mut newer).is_pending());
        assert!(older.await.is_none(), "the newer one came");
        drop(first);
        assert!(newer.await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_action_that_waits_goes_before_completions_and_each_key_has_its_own_lane() {
        let lanes = Lanes::default();
        let all = [(); 2].map(|()| enter(&lanes, LIMIT, Feature::Action));
        let mut passes = futures_util::future::join_all(all).await;
        let other = lanes
            .enter(Some(&LIMIT), "a", Some("work"), Feature::Completion)
            .await;
        assert!(other.unwrap().is_some());
        let action = enter(&lanes, LIMIT, Feature::Action);
        let completion = enter(&lanes, LIMIT, Feature::Completion);
        let (mut action, mut completion) = (std::pin::pin!(action), std::pin::pin!(completion));
        assert!(futures_util::poll!(&mut completion).is_pending());
        assert!(futures_util::poll!(&mut action).is_pending());
        passes.clear();
        assert!(
            futures_util::poll!(&mut completion).is_pending(),
            "an action waits"
        );
        let action = action.await;
        assert!(action.is_some());
        drop(action);
        assert!(completion.await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn actions_go_before_completions_and_completions_before_what_is_asked_ahead() {
        // How many of each are let go alone, of so many at once and of so many a minute.
        let limits = [(Some(5), None, [5, 4, 3]), (None, Some(10), [10, 8, 6])];
        for (concurrent, requests_per_minute, most) in limits {
            let limit = LimitOptions {
                concurrent,
                requests_per_minute,
            };
            let features = [Feature::Action, Feature::Completion, Feature::Speculation];
            for (feature, most) in features.into_iter().zip(most) {
                let lanes = Lanes::default();
                let mut passes = Vec::new();
                while let Poll::Ready(Some(pass)) =
                    futures_util::poll!(pin!(enter(&lanes, limit, feature)))
                {
                    passes.push(pass);
                }
                assert_eq!(passes.len(), most, "{feature:?} {limit:?}");
            }
            // The same by turns: what is asked ahead leaves room for a completion, and both leave room for an action.
            let lanes = Lanes::default();
            let mut passes = Vec::new();
            for feature in features.into_iter().rev() {
                while let Poll::Ready(Some(pass)) =
                    futures_util::poll!(pin!(enter(&lanes, limit, feature)))
                {
                    passes.push((feature, pass));
                }
            }
            let count = |of| passes.iter().filter(|(feature, _)| *feature == of).count();
            let counts = features.map(count);
            assert_eq!(counts, [most[0] - most[1], most[1] - most[2], most[2]]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_ahead_never_waits_and_is_not_asked_while_an_action_waits() {
        let lanes = Lanes::default();
        let limit = LimitOptions {
            concurrent: Some(4),
            requests_per_minute: None,
        };
        let mut running = Vec::new();
        for _ in 0..4 {
            running.push(enter(&lanes, limit, Feature::Action).await.unwrap());
        }
        let start = Instant::now();
        assert!(enter(&lanes, limit, Feature::Speculation).await.is_none());
        assert_eq!(start.elapsed(), Duration::ZERO);
        let (action, completion) = (
            enter(&lanes, limit, Feature::Action),
            enter(&lanes, limit, Feature::Completion),
        );
        let (mut action, mut completion) = (pin!(action), pin!(completion));
        assert!(futures_util::poll!(&mut completion).is_pending());
        assert!(futures_util::poll!(&mut action).is_pending());
        // There is room for all three, but not before the action has gone.
        running.truncate(0);
        assert!(enter(&lanes, limit, Feature::Speculation).await.is_none());
        assert!(futures_util::poll!(&mut completion).is_pending());
        let _action = action.await.unwrap();
        let _completion = completion.await.unwrap();
        assert!(enter(&lanes, limit, Feature::Speculation).await.is_none());
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_in_any_minute_are_no_more_than_the_limit() {
        let limit = LimitOptions {
            concurrent: None,
            requests_per_minute: Some(6),
        };
        let lanes = Lanes::default();
        let mut begun: Vec<Instant> = Vec::new();
        for _ in 0..20 {
            enter(&lanes, limit, Feature::Action).await.unwrap();
            begun.push(Instant::now());
            tokio::time::advance(Duration::from_secs(3)).await;
        }
        for window in begun.windows(7) {
            assert!(window[6] - window[0] >= MINUTE);
        }
    }
}
