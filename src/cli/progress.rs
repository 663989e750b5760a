//! Waiting, with a word to whoever waits.

use std::time::{Duration, Instant};

use super::style;

/// After how long a person wonders what goes on.
const PATIENCE: Duration = Duration::from_secs(1);

/// Waits, and says so on stderr once a person would wonder.
pub async fn with_progress<F: Future>(what: &str, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let started = Instant::now();
    loop {
        match tokio::time::timeout(PATIENCE, &mut future).await {
            Ok(output) => return output,
            Err(_) => style::complain(&format!(
                "{what} ({} s; stop with Ctrl-C)",
                started.elapsed().as_secs()
            )),
        }
    }
}
