//! The replay: keys in, figures out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byok_lsp::completion::{Completions, Shown};
use byok_lsp::cost::{CallId, Row};

use super::desk::Desk;
use super::model::{Asked, Model};
use super::targets::{Bound, Targets};
use super::trace::{Stroke, Trace};

/// When an editor asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editor {
    /// At every key, taking the older request back.
    EveryKey,
    /// When no key came for 200 ms.
    AfterPause,
    /// At every key, of a server that remembers nothing.
    WithoutReuse,
}

/// When something was typed, and what.
type Typed = (tokio::time::Instant, String);

/// What came of it.
#[derive(Default)]
pub struct Figures {
    keys: usize,
    right: usize,
    shown: usize,
    calls: usize,
    unseen: usize,
    prompt: u64,
    billed: u64,
    wasted: u64,
    reused: Vec<Duration>,
    to_screen: Vec<Duration>,
    /// Bytes of prompts that were the beginning of the one before.
    shared: usize,
    /// Bytes that were not: since the fragments changed, since the window moved or its text did, and from the last cursor on.
    lost: [usize; 3],
    says_unseen: bool,
}

/// Types all traces and sums up.
pub fn replay(
    traces: &[Trace],
    editor: Editor,
    options: &serde_json::Value,
    wrong: usize,
    says_unseen: bool,
) -> Figures {
    let mut figures = Figures {
        says_unseen,
        ..Figures::default()
    };
    for (number, trace) in traces.iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(type_piece(
            trace,
            number as u64,
            editor,
            options,
            wrong,
            &mut figures,
        ));
    }
    figures
}

async fn type_piece(
    trace: &Trace,
    number: u64,
    editor: Editor,
    options: &serde_json::Value,
    wrong: usize,
    figures: &mut Figures,
) {
    let truth = format!("{}{}{}", trace.before, trace.piece, trace.after);
    let model = Arc::new(Model::new(truth.clone(), trace.after.len(), wrong, number));
    let text = format!("{}{}", trace.before, trace.after);
    let uri = format!("file://{}", trace.path.display());
    let mut desk = Desk::open(
        model.clone(),
        options,
        &uri,
        trace.language,
        &text,
        trace.before.len(),
    )
    .with_project(&trace.folder);
    let mut typed = Vec::<Typed>::new();
    let mut seen = HashSet::<CallId>::new();
    let mut pending = None::<(tokio::task::JoinHandle<Option<Shown>>, tokio::time::Instant)>;
    let mut screen = None::<Shown>;
    let mut asks_at = None::<tokio::time::Instant>;
    let mut correct = String::new();
    for key in &trace.keys {
        let pressed = tokio::time::Instant::now() + key.pause;
        loop {
            // Until the key: the editor's own wait, then the answer.
            let now = tokio::time::Instant::now();
            if let Some(at) = asks_at.filter(|at| *at < pressed) {
                tokio::time::sleep_until(at).await;
                asks_at = None;
                ask(&desk, editor, &mut pending, &mut screen, figures);
            } else if let Some((task, asked)) = &mut pending {
                let Ok(answer) = tokio::time::timeout_at(pressed, task).await else {
                    break;
                };
                screen = answer.expect("no panic");
                if screen.is_some() {
                    figures.to_screen.push(tokio::time::Instant::now() - *asked);
                }
                pending = None;
            } else {
                tokio::time::sleep_until(pressed).await;
                break;
            }
            debug_assert!(now <= pressed);
        }
        figures.keys += 1;
        if let Some(shown) = &screen {
            figures.shown += 1;
            seen.insert(shown.suggestion.id.clone());
            let typed = trace.piece.starts_with(&correct);
            let rest = trace.piece.get(correct.len()..).unwrap_or_default();
            let text = shown.suggestion.text.as_str();
            let is_right = typed
                && (rest.starts_with(text) || format!("{rest}{}", trace.after).starts_with(text));
            figures.right += usize::from(is_right);
        }
        if figures.says_unseen {
            typed.push((tokio::time::Instant::now(), stroke_text(&key.stroke)));
        }
        match &key.stroke {
            Stroke::Insert(text) => {
                desk.edit(0, text);
                correct.push_str(text);
            }
            Stroke::Backspace => {
                desk.edit(1, "");
                correct.pop();
            }
        }
        screen = None;
        if let Some((task, _)) = pending.take() {
            if editor == Editor::AfterPause {
                // It is not taken back; the next request takes its place, and its answer is dropped unless it still fits.
                drop(task);
            } else {
                task.abort();
            }
        }
        if editor == Editor::AfterPause {
            asks_at = Some(tokio::time::Instant::now() + Duration::from_millis(200));
            // What is on the screen and is typed along stays there.
            if let Some(Some(known)) = desk.completions.reuse(&desk.session, &desk.ask()) {
                screen = Some(known);
            }
        } else {
            ask(&desk, editor, &mut pending, &mut screen, figures);
        }
    }
    drop(pending);
    desk.completions.end_all();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let _ = desk.gateway.ledger().totals(Duration::from_secs(10));
    figures.account(&desk, &model.asked(), &seen, &typed);
}

fn stroke_text(stroke: &Stroke) -> String {
    match stroke {
        Stroke::Insert(text) => text.clone(),
        Stroke::Backspace => "\u{232b}".into(),
    }
}

/// Prints what was asked, answered and typed after it, of a call whose answer nobody saw.
fn say_unseen(row: &Row, asked: &[Asked], typed: &[Typed]) {
    let number = row.id.to_string();
    let number = number.rsplit('-').next().and_then(|it| it.parse().ok());
    let Some(asked) = number.and_then(|number: usize| asked.get(number.wrapping_sub(1))) else {
        return;
    };
    let after = typed.iter().skip_while(|(begun, ..)| *begun < asked.begun);
    let after: String = after.take(12).map(|(_, text)| text.as_str()).collect();
    let answer: String = asked.answer.chars().take(60).collect();
    println!(
        "  {:?}: {:?} | {answer:?}, typed {after:?}",
        row.outcome, asked.before
    );
}

fn ask(
    desk: &Desk,
    editor: Editor,
    pending: &mut Option<(tokio::task::JoinHandle<Option<Shown>>, tokio::time::Instant)>,
    screen: &mut Option<Shown>,
    figures: &mut Figures,
) {
    let asked = tokio::time::Instant::now();
    if editor == Editor::WithoutReuse {
        desk.choose();
        *pending = Some((
            desk.request(Completions::new(
                desk.gateway.ledger().clone(),
                desk.engine.clone(),
            )),
            asked,
        ));
        return;
    }
    let request = desk.ask();
    let clock = Instant::now();
    let known = desk.completions.reuse(&desk.session, &request);
    let took = clock.elapsed();
    if let Some(known) = known {
        if known.is_some() {
            figures.reused.push(took);
            figures.to_screen.push(Duration::ZERO);
        }
        *screen = known;
    } else {
        desk.choose();
        *pending = Some((desk.request(desk.completions.clone()), asked));
    }
}

impl Figures {
    /// Adds what the calls of one document came to.
    fn account(&mut self, desk: &Desk, asked: &[Asked], seen: &HashSet<CallId>, typed: &[Typed]) {
        for pair in asked.windows(2) {
            let same = |(a, b): &(u8, u8)| a == b;
            let common = pair[0].prompt.bytes().zip(pair[1].prompt.bytes());
            let common = common.take_while(same).count();
            let (start, cursor) = pair[0].window;
            let cause = usize::from(common >= start) + usize::from(common >= cursor);
            self.shared += common;
            self.lost[cause] += pair[1].prompt.len() - common;
        }
        for row in desk.rows.lock().expect("unpoisoned").iter() {
            let tokens = row.usage.tokens();
            self.calls += 1;
            self.prompt += tokens.input_total();
            self.billed += tokens.input_total() + tokens.output;
            if !seen.contains(&row.id) {
                self.unseen += 1;
                self.wasted += tokens.input_total() + tokens.output;
                if self.says_unseen {
                    say_unseen(row, asked, typed);
                }
            }
        }
    }

    /// Prints the table's head.
    pub fn print_head() {
        println!(
            "{:<50} {:>7} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7} {:>8} {:>9} {:>7}",
            "per 1,000 keys",
            "calls",
            "prompt",
            "billed",
            "wasted",
            "right",
            "shown",
            "unseen",
            "p95",
            "reuse",
            "shared"
        );
    }

    /// Prints a row.
    pub fn print(&mut self, name: &str) {
        self.reused.sort_unstable();
        self.to_screen.sort_unstable();
        let at = |times: &[Duration], percent: usize| {
            times
                .get(times.len() * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        println!(
            "{name:<50} {:>7.1} {:>8.0} {:>8.0} {:>8.0} {:>6.1}% {:>6.1}% {:>6.1}% {:>5} ms {:>6} µs {:>6.1}%",
            self.per_thousand(self.calls as u64),
            self.per_thousand(self.prompt),
            self.per_thousand(self.billed),
            self.per_thousand(self.wasted),
            share(self.right, self.keys),
            share(self.shown, self.keys),
            share(self.unseen, self.calls),
            at(&self.to_screen, 95).as_millis(),
            at(&self.reused, 50).as_micros(),
            self.kept(),
        );
        if self.says_unseen {
            println!(
                "  not shared, in bytes: {:?} by changed fragments, a moved window, what stands behind the last cursor",
                self.lost
            );
        }
    }

    /// Holds what typing costs and shows against what is wanted of it.
    pub fn hold(&self, targets: &mut Targets) {
        let calls = self.per_thousand(self.calls as u64);
        targets.hold(
            "provider calls per 1,000 keys",
            calls,
            "",
            Bound::Most(25.0),
        );
        let prompt = self.per_thousand(self.prompt);
        targets.hold(
            "prompt tokens per 1,000 keys",
            prompt,
            "",
            Bound::Most(30_000.0),
        );
        let right = share(self.right, self.keys);
        targets.hold(
            "keys with a right suggestion",
            right,
            " %",
            Bound::Least(85.0),
        );
        let unseen = share(self.unseen, self.calls);
        targets.hold(
            "calls whose answer nobody saw",
            unseen,
            " %",
            Bound::Most(30.0),
        );
        targets.hold(
            "prompt shared with the one before",
            self.kept(),
            " %",
            Bound::Least(80.0),
        );
    }

    fn per_thousand(&self, count: u64) -> f64 {
        count as f64 * 1000.0 / self.keys.max(1) as f64
    }

    /// How much of the prompts was the beginning of the one before.
    fn kept(&self) -> f64 {
        share(self.shared, self.shared + self.lost.iter().sum::<usize>())
    }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}
