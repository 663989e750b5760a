//! Suggestions that the user takes off the screen.

use super::*;

const TEXT: &str = "fn main() {\n    let x = ˇ\n}\n";

impl Scene {
    /// Does what the editor tells once its user dismissed what is suggested now.
    fn dismiss(&self) {
        let id = self.shown_id();
        self.completions.dismissed(&id);
    }

    fn shown_id(&self) -> String {
        let known = self.completions.reuse(&self.session, &self.ask());
        known.flatten().unwrap().suggestion.id.to_string()
    }

    /// Returns what is known for somebody who asks by hand.
    fn by_hand(&self) -> Option<String> {
        let mut ask = self.ask();
        ask.trigger = Trigger::Explicit;
        let known = self.completions.reuse(&self.session, &ask)?;
        known.map(|shown| shown.suggestion.text)
    }

    async fn is_asked(&self) -> bool {
        let request = self.request();
        settle().await;
        let is_asked = self.model.is_called();
        request.abort();
        is_asked
    }
}

#[tokio::test(start_paused = true)]
async fn a_dismissed_suggestion_is_not_offered_again_as_it_is_typed_along_but_by_hand() {
    let mut scene = Scene::open(TEXT);
    scene.answered("compute_all_of_it(1);").await;
    scene.dismiss();
    assert_eq!(scene.now().unwrap(), "");
    // Also when it is no longer quiet for the dismissal's own sake.
    for key in "compute_all_of_it".chars() {
        scene.type_text(&key.to_string());
        assert_eq!(scene.now().unwrap(), "", "{key}");
    }
    assert_eq!(scene.by_hand().unwrap(), "(1);");
    // And then it is on the screen again.
    scene.type_text("(");
    assert_eq!(scene.now().unwrap(), "1);");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn after_a_dismissal_nobody_is_asked_for_some_keys() {
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    scene.dismiss();
    for key in 1..12 {
        scene.type_text("z");
        assert!(!scene.is_asked().await, "after {key} keys");
    }
    scene.type_text("z");
    assert!(scene.is_asked().await);
}

#[tokio::test(start_paused = true)]
async fn after_a_dismissal_the_next_line_and_other_places_are_suggested_at() {
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    scene.dismiss();
    scene.type_text("z;\n    ");
    assert!(scene.is_asked().await);
    // The cursor goes elsewhere, without a key.
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    scene.dismiss();
    scene.cursor = "fn main() {".len();
    assert!(scene.is_asked().await);
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_first_line_is_dismissed_is_closed() {
    let scene = Scene::open("fn main() {\n    ˇ\n}\n");
    let request = scene.request();
    let running = streaming(&scene, "let a = 1;\n    le").await;
    assert_eq!(request.await.unwrap().unwrap(), "let a = 1;");
    assert!(!running.is_dropped());
    scene.dismiss();
    running.dropped().await;
    assert_eq!(scene.now().unwrap(), "");
    settle().await;
    assert_eq!(scene.outcomes(), [Outcome::Cancelled]);
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_ahead_of_a_dismissed_suggestion_is_called_off() {
    let scene = Scene::ahead().await;
    let running = scene.model.next().await;
    scene.dismiss();
    running.dropped().await;
}

#[tokio::test(start_paused = true)]
async fn a_dismissed_suggestion_counts_as_rejected_and_an_unknown_one_as_nothing() {
    let scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    let id = scene.shown_id();
    scene.completions.dismissed("nobody-knows");
    assert_eq!(scene.now().unwrap(), "compute(1);");
    let before = scene.odds();
    scene.completions.dismissed(&id);
    assert!(scene.odds() < before);
    scene.completions.dismissed(&id);
    let after = scene.odds();
    assert!(after < before && after > before * 0.7, "counted once");
}

#[tokio::test(start_paused = true)]
async fn the_embedded_engine_is_quiet_after_a_dismissal_too() {
    let mut scene = Scene::with(&json!({"model": "local"}), "fn c() {\n    let totˇ\n}\n");
    let other = "fn c() {\n    let total = compute(left, right);\n}\n".repeat(9);
    scene.engine.update("file:///w/b.rs", other.into());
    assert!(scene.engine.wait_until_idle(Duration::from_mins(1)));
    let suggested = scene.request().await.unwrap();
    assert_eq!(suggested.as_deref(), Some("al = compute(left, right);"));
    scene.dismiss();
    assert_eq!(scene.now().unwrap(), "");
    scene.type_text("a");
    assert_eq!(scene.now().unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn where_suggestions_are_never_taken_nobody_is_held_back_to_ask_but_once_in_ten_times() {
    let mut scene = Scene::open(TEXT);
    for _ in 0..13 {
        let shown = scene.answered("compute(1);").await;
        assert!(shown.is_some());
        // Something else on the next line of its kind.
        scene.type_text("z;\n    let y = ");
    }
    let mut asked = Vec::new();
    for moment in 1..=25 {
        // A moment at which it is silent anyway is none.
        scene.type_text("z ");
        scene.backspace();
        assert!(!scene.would_ask().await);
        scene.type_text("= ");
        if scene.would_ask().await {
            asked.push(moment);
            scene.answered("compute(1);").await;
        }
    }
    assert_eq!(asked, [10, 20]);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_on_behind_a_dismissed_suggestion_is_offered_to_who_typed_that_by_hand() {
    let mut scene = Scene::open("fn a() {\n    ˇ\n");
    let answer = "done();\n}\n\nfn b() {\n    more();\n";
    let seen = scene.answered(answer).await.unwrap();
    assert_eq!(seen, "done();");
    scene.dismiss();
    for key in ["done", "();"] {
        scene.type_text(key);
        assert_eq!(scene.now().unwrap(), "");
    }
    scene.type_text("\n}");
    assert_eq!(scene.now().unwrap(), "\n\nfn b() {\n    more();");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn it_is_quiet_after_a_dismissal_whatever_was_edited_before_and_whatever_is_looked_at_since()
{
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    // What the language's own server adds.
    scene.edit(0, 0, "use a;\n");
    scene.cursor += 7;
    scene.dismiss();
    scene.type_text("z");
    assert_eq!(scene.now().unwrap(), "");
    // More is deleted than was typed since.
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    scene.dismiss();
    scene.backspace();
    scene.type_text(" y");
    assert_eq!(scene.now().unwrap(), "");
    // Something is suggested elsewhere meanwhile.
    let here = std::mem::replace(&mut scene.cursor, "fn main() {".len());
    assert!(scene.answered("\n    let z = 3;").await.is_some());
    scene.cursor = here;
    assert_eq!(scene.now().unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn where_what_stood_before_a_dismissed_suggestion_is_deleted_others_may_be_asked_for() {
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    scene.dismiss();
    for _ in 0.."let x = ".len() {
        scene.backspace();
    }
    // Until some keys later it is quiet there too.
    for key in "yyyyyyyyyyyy".chars() {
        scene.type_text(&key.to_string());
        scene.backspace();
    }
    assert!(scene.is_asked().await);
}

#[tokio::test(start_paused = true)]
async fn of_several_that_were_dismissed_each_is_offered_again_by_hand_and_then_typed_along() {
    let mut scene = Scene::open(TEXT);
    scene.answered("first();").await;
    let (first, others) = scene.all_by_hand(["second();", "third();"]).await;
    let ids = [vec![first], others].concat();
    for id in ids {
        scene.completions.dismissed(&id);
    }
    assert_eq!(scene.now().unwrap(), "");
    scene.all_by_hand([]).await;
    scene.type_text("sec");
    assert_eq!(scene.now().unwrap(), "ond();");
}

impl Scene {
    async fn would_ask(&self) -> bool {
        let ask = self.ask();
        let asks = self
            .completions
            .hold_back(&self.gateway, &self.session, &ask);
        asks.await
    }

    /// Asks twice by hand, as who wants to choose does; returns the ids of what is offered then.
    async fn all_by_hand<const N: usize>(&self, answers: [&str; N]) -> (String, Vec<String>) {
        let mut ask = self.ask();
        ask.trigger = Trigger::Explicit;
        let first = self.completions.reuse(&self.session, &ask);
        self.completions.reuse(&self.session, &ask);
        let first = first.flatten().unwrap().suggestion;
        let others = self
            .completions
            .others(&self.gateway, &self.session, &ask, &first);
        let answering = async {
            for answer in answers {
                self.model.next().await.text(answer);
            }
        };
        let (others, ()) = tokio::join!(others, answering);
        let ids = others.iter().map(|shown| shown.suggestion.id.to_string());
        (first.id.to_string(), ids.collect())
    }
}
