//! A call under way: the model's answer as a stream, made again where that may help, settled however it ends: booked when it is dropped, so that
//! whoever has its answer to give can do so first.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream, StreamExt as _};

use super::begin::Begin;
use super::lanes::Pass;
use super::pause::Pauses;
use super::report::CallId;
use super::settle::Settlement;
use super::{renew, retry};
use crate::cost::{Cost, Money, Outcome};
use crate::provider::{self, Error, Event, Finish, Provider};

/// A model's answer while it comes in: a stream of pieces of text.
pub struct Call {
    /// Gone once it has ended.
    stream: Option<provider::Stream>,
    /// In a box like all that is large, since a call goes through the hands of several futures, each of which moves it.
    settlement: Box<Settlement>,
    /// Why the model stopped, once that was told.
    finish: Option<Finish>,
    /// How to make the call again, if it may be.
    again: Option<Box<Again>>,
    pauses: Pauses,
    /// The place in its key's lane, while the call goes on.
    pass: Option<Pass>,
}

/// What is needed to make a call again that brought nothing.
struct Again {
    provider: Arc<dyn Provider>,
    call: provider::Call,
    renewal: Option<renew::Renewal>,
    begin: Box<Begin>,
    policy: retry::Policy,
    /// The wait before the next attempt.
    wait: Option<Pin<Box<tokio::time::Sleep>>>,
    /// The account of the next attempt, while its money is reserved.
    opening: Option<BoxFuture<'static, Result<Box<Settlement>, Error>>>,
}

/// What a call begins with.
pub(super) struct Start {
    pub provider: Arc<dyn Provider>,
    pub call: provider::Call,
    pub renewal: Option<renew::Renewal>,
    pub begin: Box<Begin>,
    pub policy: retry::Policy,
    pub pauses: Pauses,
    pub pass: Option<Pass>,
}

impl Call {
    /// Reserves what the call may cost and sends it.
    pub(super) async fn begin(start: Start) -> Result<Self, Error> {
        let again = start.policy.may_repeat().then(|| {
            Box::new(Again {
                provider: start.provider.clone(),
                call: start.call.clone(),
                renewal: start.renewal.clone(),
                begin: start.begin.clone(),
                policy: start.policy,
                wait: None,
                opening: None,
            })
        });
        let settlement = Settlement::begin(start.begin).await?;
        let stream = renew::stream(start.provider, start.call, start.renewal);
        Ok(Self {
            stream: Some(stream),
            settlement,
            finish: None,
            again,
            pauses: start.pauses,
            pass: start.pass,
        })
    }

    /// Returns the call's name in the ledger and in notifications.
    pub fn id(&self) -> &CallId {
        self.settlement.id()
    }

    /// Returns why the model stopped, once it told.
    pub fn finish(&self) -> Option<Finish> {
        self.finish
    }

    /// Returns how many tokens came so far, by our estimate, and what they and the prompt cost.
    pub fn so_far(&self) -> (u64, Option<Money>) {
        self.settlement.so_far()
    }

    /// Returns what the call cost, once it has ended.
    pub fn cost(&self) -> Option<&Cost> {
        self.settlement.cost()
    }

    /// Waits for the next attempt, if there is to be one, and makes it. It is refused where its money is no longer there.
    fn poll_again(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(again) = &mut self.again else {
            return Poll::Ready(Ok(()));
        };
        if let Some(wait) = &mut again.wait {
            std::task::ready!(wait.as_mut().poll(context));
            again.wait = None;
            again.begin.attempt += 1;
            again.opening = Some(Settlement::begin(again.begin.clone()).boxed());
        }
        if let Some(opening) = &mut again.opening {
            let opened = std::task::ready!(opening.as_mut().poll(context));
            again.opening = None;
            self.settlement = opened.inspect_err(|error| again.begin.witness.refused(error))?;
            let (provider, call) = (again.provider.clone(), again.call.clone());
            self.stream = Some(renew::stream(provider, call, again.renewal.clone()));
        }
        Poll::Ready(Ok(()))
    }

    /// Returns whether the call is made again after this error, which ended an attempt.
    fn repeats(&mut self, error: &Error) -> bool {
        let has_begun = self.settlement.has_text();
        let Some(again) = self.again.as_mut().filter(|_| !has_begun) else {
            return false;
        };
        let attempt = again.begin.attempt;
        let wait = again.policy.wait(attempt, error, retry::jitter());
        again.wait = wait.map(|wait| Box::pin(tokio::time::sleep(wait)));
        again.wait.is_some()
    }

    /// Ends the call because what came is enough. The rest is neither waited for nor generated.
    pub fn stop(&mut self) {
        self.end(Outcome::Completed);
    }

    /// Closes the provider's socket. The account is booked when the call is dropped.
    fn end(&mut self, outcome: Outcome) {
        self.stream = None;
        self.pass = None;
        self.settlement.end(outcome);
    }

    /// Ends the call because it failed in its caller's eyes.
    pub fn fail(mut self, error: &Error) {
        self.settlement.fail(error);
    }
}

impl Stream for Call {
    type Item = Result<String, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let call = &mut *self;
        loop {
            if let Err(error) = std::task::ready!(call.poll_again(context)) {
                return Poll::Ready(Some(Err(error)));
            }
            let Some(stream) = &mut call.stream else {
                return Poll::Ready(None);
            };
            let event = match stream.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(event) => event,
            };
            match event {
                Some(Ok(Event::Text(text))) => {
                    call.settlement.text(&text);
                    return Poll::Ready(Some(Ok(text)));
                }
                Some(Ok(Event::Model(model))) => call.settlement.served_by(&model),
                Some(Ok(Event::Upstream(name))) => call.settlement.upstream(&name),
                Some(Ok(Event::RequestId(id))) => call.settlement.request_id(&id),
                Some(Ok(Event::Exhausted(wait))) => {
                    call.settlement.exhausted(&call.pauses, wait);
                }
                Some(Ok(Event::Left(left))) => call.settlement.left(left),
                Some(Ok(Event::UsageSoFar(usage))) => call.settlement.usage_so_far(usage),
                Some(Ok(Event::Usage(usage))) => call.settlement.usage(usage),
                Some(Ok(Event::Finish(finish))) => {
                    call.finish = Some(finish);
                    call.settlement.finish(finish);
                }
                Some(Err(error)) => {
                    // The socket closes before the row is written, so that nothing is billed behind it.
                    call.stream = None;
                    call.settlement.paused(&call.pauses, &error);
                    call.settlement.fail(&error);
                    if call.repeats(&error) {
                        continue;
                    }
                    call.pass = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    call.settlement.ended();
                    call.end(Outcome::Completed);
                    return Poll::Ready(None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;

    /// Returns the size of the future that a function makes, in bytes.
    fn future<A, F>(_: fn(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_call_is_small_since_each_future_that_it_goes_through_moves_it() {
        assert!(size_of::<Call>() <= 64, "{}", size_of::<Call>());
        assert!(future(Settlement::begin) <= 1_024);
        assert!(future(Call::begin) <= 2_048);
    }
}
