//! What an explanation looks like as a document.

use super::run::Job;
use crate::cost::Cost;

/// Makes the document: what it is about, the model's words as they came, then who said it and what that cost.
pub fn document(job: &Job<'_>, answer: &str, cost: Option<&Cost>) -> String {
    let file = job.snapshot.file_name();
    let cost = match cost {
        Some(Cost::Free) => "free".to_owned(),
        Some(Cost::Reported(money) | Cost::Priced(money)) => money.to_string(),
        Some(Cost::Estimated(money)) => format!("about {money}"),
        Some(Cost::Unknown) | None => "cost unknown".into(),
    };
    format!(
        "# {} {} of {file}\n\n{answer}\n\n---\n\n{} · {} · {cost}\n",
        job.action.title,
        job.target.name,
        job.decision.name(),
        job.decision.payer,
    )
}
