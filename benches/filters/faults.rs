//! What models do wrong.

use byok_lsp::provider::Finish;

use super::spans::{Span, indent};

/// All of it; the first is an answer without a fault.
pub const FAULTS: [&str; 12] = [
    "none",
    "overrun",
    "prefix echo",
    "suffix echo",
    "fence",
    "preamble",
    "repetition",
    "extra indentation",
    "swapped indentation",
    "special token",
    "trailing blanks",
    "cut mid-token",
];

/// A model's answer.
pub struct Faulty {
    /// What it says.
    pub answer: String,
    /// What should be inserted.
    pub expected: String,
    /// Why it ended.
    pub finish: Finish,
}

/// Puts a fault into the right answer. `None` where it makes no sense at the span.
pub fn inject(fault: &str, span: &Span, number: usize) -> Option<Faulty> {
    let hidden = span.hidden.as_str();
    let blanks = &span.line_before()[..indent(span.line_before())];
    let is_line_start = span.line_before().trim().is_empty();
    let is_line_end = span.line_after().trim().is_empty();
    let is_several = hidden.contains('\n');
    let answer = match fault {
        "none" => hidden.to_owned(),
        "overrun" => {
            let more: String = span.after.chars().take(160).collect();
            (!more.trim().is_empty()).then(|| format!("{hidden}{more}"))?
        }
        "prefix echo" if span.line_before().trim().len() >= 4 => {
            format!("{}{hidden}", span.line_before().trim_start())
        }
        "prefix echo" if is_line_start => {
            let above: Vec<&str> = span.before.trim_end().rsplit('\n').take(2).collect();
            let [last, before] = above[..] else {
                return None;
            };
            if last.trim().is_empty() || before.trim().is_empty() {
                return None;
            }
            format!(
                "{}\n{last}\n{}{hidden}",
                before.trim_start(),
                span.line_before()
            )
        }
        "suffix echo" if !is_line_end => format!("{hidden}{}", span.line_after()),
        "suffix echo" => {
            let next = span
                .after
                .lines()
                .skip(1)
                .find(|line| !line.trim().is_empty())?;
            (next.trim().len() >= 3).then(|| format!("{hidden}\n{next}"))?
        }
        "fence" => format!("```\n{hidden}\n```"),
        "preamble" => format!(
            "Here is the completed code:\n\n```{}\n{hidden}\n```\n\nThis completes the statement.",
            span.language
        ),
        "repetition" if is_line_start && is_line_end && hidden.len() >= 4 => {
            format!("{hidden}\n{blanks}{hidden}\n{blanks}{hidden}\n{blanks}{hidden}")
        }
        "extra indentation" if is_several && is_line_start && !blanks.is_empty() => {
            let unit = if blanks.contains('\t') { "\t" } else { "    " };
            format!(
                "{blanks}{unit}{}",
                hidden.replace('\n', &format!("\n{unit}"))
            )
        }
        "swapped indentation" if is_several && is_line_start && !blanks.is_empty() => {
            swapped(span, blanks)?
        }
        "special token" => {
            let token = [
                "<|endoftext|>",
                "<|fim_suffix|>",
                "<|im_end|>",
                "<fim_middle>",
            ][number % 4];
            format!("{hidden}{token}import something")
        }
        "trailing blanks" => format!("{}   \n\n  \n", hidden.replace('\n', "   \n")),
        "cut mid-token" => return cut(hidden),
        _ => return None,
    };
    Some(Faulty {
        answer,
        expected: hidden.to_owned(),
        finish: Finish::Stop,
    })
}

/// Writes tabs for blanks, a level each, or blanks for tabs.
fn swapped(span: &Span, blanks: &str) -> Option<String> {
    let has_tabs = blanks.contains('\t');
    let width = width(&span.before)?;
    if !has_tabs && !blanks.len().is_multiple_of(width) {
        return None;
    }
    let mut lines = span.hidden.split('\n');
    let first = lines.next()?.to_owned();
    let swap = |line: &str| {
        let (lead, content) = line.split_at(indent(line));
        if has_tabs {
            format!("{}{content}", "    ".repeat(lead.matches('\t').count()))
        } else if lead.len().is_multiple_of(width) {
            format!("{}{content}", "\t".repeat(lead.len() / width))
        } else {
            line.to_owned()
        }
    };
    let swapped = std::iter::once(first)
        .chain(lines.map(swap))
        .collect::<Vec<_>>()
        .join("\n");
    (swapped != span.hidden).then_some(swapped)
}

/// Returns how many blanks a level has in a file.
fn width(text: &str) -> Option<usize> {
    let depths: Vec<usize> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indent)
        .collect();
    let mut counts = [0_usize; 9];
    for step in depths.windows(2).map(|pair| pair[0].abs_diff(pair[1])) {
        if let 2 | 4 | 8 = step {
            counts[step] += 1;
        }
    }
    (2..9)
        .max_by_key(|step| counts[*step])
        .filter(|step| counts[*step] > 0)
}

/// Ends in the middle of a word because the tokens ran out. What is whole of it are the lines before the last; of a single line that is nothing.
fn cut(hidden: &str) -> Option<Faulty> {
    let end = hidden.trim_end().len().checked_sub(2)?;
    let answer = hidden[..end].to_owned();
    let whole = answer
        .rfind('\n')
        .map_or(String::new(), |at| answer[..at].to_owned());
    Some(Faulty {
        answer,
        expected: whole,
        finish: Finish::Length,
    })
}
