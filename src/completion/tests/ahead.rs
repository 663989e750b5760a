//! What follows a suggestion, asked for before that is accepted.

use super::*;

const TEXT: &str = "fn main() {\n    ˇ\n}\n";

impl Scene {
    /// Opens a document of somebody who set a budget for it, who sees `one();` and has the next asked for.
    pub(super) async fn ahead() -> Self {
        Self::ahead_by("mock/m", "1 USD").await
    }

    /// The same with a model and a budget of its own.
    async fn ahead_by(model: &str, budget: &str) -> Self {
        let options = json!({"debounce_ms": 0, "speculation": budget, "model": model});
        let scene = Self::with(&options, TEXT);
        scene.answered("one();").await;
        scene.look_ahead();
        scene
    }

    /// Does what is done once an answer went out.
    fn look_ahead(&self) {
        let ask = self.ask();
        let shown = self.completions.reuse(&self.session, &ask);
        let shown = shown.flatten().unwrap();
        self.completions
            .look_ahead(&self.gateway, &self.session, &ask, &shown);
    }

    /// Accepts a text at once.
    fn accept(&mut self, text: &str) {
        let at = self.cursor;
        self.edit(at, at, text);
        self.cursor += text.len();
    }

    fn calls(&self) -> Vec<(String, Outcome)> {
        // Until what was settled is written down.
        self.gateway
            .ledger()
            .totals(Duration::from_secs(10))
            .unwrap();
        let rows = self.rows.try_iter();
        rows.map(|row| (row.feature, row.outcome)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_suggestion_is_there_when_all_of_it_is_accepted() {
    let mut scene = Scene::ahead().await;
    let running = scene.model.next().await;
    running.text("\n    two();");
    drop(running);
    settle().await;
    // Until then what is on the screen stays, and is not asked about again.
    assert_eq!(scene.now().unwrap(), "one();");
    scene.look_ahead();
    scene.type_text("on");
    assert_eq!(scene.now().unwrap(), "e();");
    scene.accept("e();");
    assert_eq!(scene.now().unwrap(), "\n    two();");
    assert!(!scene.model.is_called());
    let names: Vec<String> = scene.calls().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["completion", "speculation"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_still_on_its_way_when_the_suggestion_is_accepted_is_waited_for() {
    let mut scene = Scene::ahead().await;
    let running = scene.model.next().await;
    scene.accept("one();");
    let request = scene.request();
    settle().await;
    assert!(!scene.model.is_called());
    running.text("\n    two();");
    drop(running);
    assert_eq!(request.await.unwrap().unwrap(), "\n    two();");
}

#[tokio::test(start_paused = true)]
async fn it_ends_as_soon_as_something_else_is_typed() {
    let mut scene = Scene::ahead().await;
    let running = scene.model.next().await;
    scene.type_text("other");
    settle().await;
    let spoken: Vec<_> = scene.calls();
    assert!(
        spoken.contains(&("speculation".into(), Outcome::Cancelled)),
        "{spoken:?}"
    );
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn it_ends_where_more_is_typed_than_it_waits_for_and_nobody_asks() {
    let mut scene = Scene::ahead().await;
    let running = scene.model.next().await;
    scene.accept("one();x");
    tokio::time::sleep(Duration::from_secs(1)).await;
    settle().await;
    assert!(running.is_dropped());
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_where_a_slip_behind_what_it_waits_for_is_taken_back() {
    let mut scene = Scene::ahead().await;
    let running = scene.model.next().await;
    // Brackets and blanks may be the editor's.
    scene.accept("one(); ");
    scene.accept("x");
    scene.edit(scene.cursor - 1, scene.cursor, "");
    tokio::time::sleep(Duration::from_secs(1)).await;
    settle().await;
    assert!(!running.is_dropped());
}

#[tokio::test(start_paused = true)]
async fn what_it_brought_is_kept_for_who_types_along_it_and_asks_later() {
    let mut scene = Scene::ahead().await;
    let running = scene.model.next().await;
    running.text("\n    two();");
    drop(running);
    settle().await;
    scene.accept("one();\n    tw");
    tokio::time::sleep(Duration::from_secs(1)).await;
    settle().await;
    assert_eq!(scene.now().unwrap(), "o();");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_nobody_is_asked_ahead() {
    let scene = Scene::open(TEXT);
    scene.answered("one();").await;
    scene.look_ahead();
    settle().await;
    assert!(!scene.model.is_called());
}

/// With a clock that goes: whether there is money is asked of the ledger's own thread.
#[tokio::test]
async fn a_budget_that_is_spent_ends_it_and_nothing_else() {
    let scene = Scene::ahead_by("paid/m", "100 USD").await;
    drop(scene.model.next().await);
    let mut scene = Scene::ahead_by("paid/m", "0.0000001 USD").await;
    scene.completions.settled().await;
    assert!(!scene.model.is_called());
    assert_eq!(scene.now().unwrap(), "one();");
    scene.accept("one();");
    let answered = scene.answered("\n    two();").await;
    assert_eq!(answered.unwrap(), "\n    two();");
}

#[tokio::test(start_paused = true)]
async fn what_is_known_to_follow_is_not_asked_for() {
    let options = json!({"debounce_ms": 0, "speculation": "1 USD"});
    let scene = Scene::with(&options, "fn main() {\n    let x = ˇ\n}\n");
    scene.answered("one();\n    two();\n    three();").await;
    assert_eq!(scene.now().unwrap(), "one();");
    scene.look_ahead();
    settle().await;
    assert!(!scene.model.is_called());
}
