//! Several suggestions for one place.

use super::*;

impl Scene {
    /// Asks by hand, where something is known, and then for others.
    fn ask_again(&self) -> tokio::task::JoinHandle<Vec<String>> {
        let (completions, gateway) = (self.completions.clone(), self.gateway.clone());
        let (session, mut ask) = (self.session.clone(), self.ask());
        ask.trigger = Trigger::Explicit;
        let first = completions.reuse(&session, &ask).flatten().unwrap();
        tokio::spawn(async move {
            let others = completions
                .others(&gateway, &session, &ask, &first.suggestion)
                .await;
            let texts = others.into_iter().map(|other| other.suggestion.text);
            texts.collect()
        })
    }
}

const TEXT: &str = "fn main() {\n    let x = ˇ\n}\n";

#[tokio::test(start_paused = true)]
async fn who_asks_again_by_hand_is_offered_others_and_each_is_asked_for_once() {
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    let asking = scene.ask_again();
    for text in ["other(2);", "compute( 1 )"] {
        let running = scene.model.next().await;
        running.text(text);
    }
    // The second says what is shown already.
    assert_eq!(asking.await.unwrap(), ["other(2);"]);
    assert_eq!(scene.ask_again().await.unwrap(), ["other(2);"]);
    // What is shown first stays that, and each can be typed along.
    assert_eq!(scene.now().unwrap(), "compute(1);");
    scene.type_text("oth");
    assert_eq!(scene.now().unwrap(), "er(2);");
    assert!(!scene.model.is_called());
    assert_eq!(scene.outcomes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_editor_that_asks_by_hand_at_every_key_is_offered_what_is_known() {
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    scene.type_text("c");
    assert!(scene.ask_again().await.unwrap().is_empty());
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn others_that_nobody_waits_for_any_more_are_ended() {
    let scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    let asking = scene.ask_again();
    let running = [scene.model.next().await, scene.model.next().await];
    asking.abort();
    for running in running {
        running.dropped().await;
    }
    settle().await;
    let outcomes = scene.outcomes();
    assert_eq!(outcomes[1..], [Outcome::Cancelled, Outcome::Cancelled]);
}

#[tokio::test(start_paused = true)]
async fn others_for_a_text_that_moved_on_are_none() {
    let mut scene = Scene::open(TEXT);
    scene.answered("compute(1);").await;
    let asking = scene.ask_again();
    let running = [scene.model.next().await, scene.model.next().await];
    scene.type_text("k");
    for running in running {
        running.text("other(2);");
    }
    assert!(asking.await.unwrap().is_empty());
}
