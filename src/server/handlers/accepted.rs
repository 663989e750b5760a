//! What editors say of accepted suggestions: `byok.didAccept`, `textDocument/didPartiallyAcceptCompletion`.

use serde_json::Value;

use super::super::backend::Shared;

/// Notes a suggestion that was accepted whole: the command's argument is the call's name.
pub fn note(shared: &Shared, argument: Option<&Value>) {
    shared.count_accepted();
    if let Some(id) = argument.and_then(Value::as_str) {
        shared.completions.accepted(id, None);
    }
}

/// Notes a suggestion of which a part was accepted: `{item, acceptedLength}`, the length in UTF-16 units from the inserted text's start.
pub fn note_part(shared: &Shared, params: &Value) {
    let id = params.pointer("/item/command/arguments/0");
    let text = params.pointer("/item/insertText").and_then(Value::as_str);
    let units = params.get("acceptedLength").and_then(Value::as_u64);
    if let (Some(id), Some(units)) = (id.and_then(Value::as_str), units) {
        let chars = text.map_or(units, |text| chars_in(text, units));
        shared.completions.accepted(id, Some(chars));
    }
}

/// Returns how many characters the first so many UTF-16 units of a text are.
fn chars_in(text: &str, units: u64) -> u64 {
    let mut left = units;
    let is_within = |c: &char| {
        let length = c.len_utf16() as u64;
        let is_within = length <= left;
        left = left.saturating_sub(length);
        is_within
    };
    text.chars().take_while(is_within).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_come_in_utf_16_units() {
        assert_eq!(chars_in("a😀b", 3), 2);
        assert_eq!(chars_in("abc", 99), 3);
    }
}
