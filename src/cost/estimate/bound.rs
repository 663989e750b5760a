//! How many tokens a prompt has at most.

/// What wires, chat templates and the marks of a hole add to a prompt, at most.
const AROUND: u64 = 64;

/// What a chat template adds to each message, at most.
const AROUND_MESSAGE: u64 = 16;

/// Returns how many tokens a prompt has at most: today's tokenizers fall back to bytes, so that none makes more tokens than the text has bytes.
pub fn most_tokens(bytes: usize, messages: usize) -> u64 {
    let around_messages = AROUND_MESSAGE.saturating_mul(messages as u64);
    (bytes as u64)
        .saturating_add(AROUND)
        .saturating_add(around_messages)
}
