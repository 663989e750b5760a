//! The beginnings of what encloses the cursor, where they are above the window.

use std::sync::Arc;

use crate::context::fragment::{Fragment, Source};
use crate::context::prepare::Inputs;
use crate::context::shown_path;
use crate::syntax::{self, Kind};

/// The most lines of a signature that are shown.
const LINES: usize = 6;

/// The longest that is shown of one, in bytes.
const BYTES: usize = 400;

/// Anything nearer to the cursor than this is within every window.
const WINDOW: usize = 1_200;

/// Returns the headers of the functions, types and modules round the cursor, outermost first.
pub(super) fn fragments(inputs: &Inputs<'_>) -> Vec<Fragment> {
    let text = inputs.text;
    let file: Arc<str> = shown_path(inputs.path, inputs.folder).into();
    let scopes = syntax::enclosing_scopes(inputs.tree, text, inputs.cursor);
    let above = scopes
        .into_iter()
        .filter(|scope| scope.kind != Kind::Block && scope.header.start + WINDOW < inputs.cursor);
    let fragments = above.filter_map(|scope| {
        let first = text.byte_to_line(scope.header.start.min(text.len_bytes()));
        let last = text.byte_to_line(scope.header.end.min(text.len_bytes()));
        let last = last.min(first + LINES);
        let start = text.line_to_byte(first);
        let end = text.line_to_byte((last + 1).min(text.len_lines()));
        let lines = text
            .get_byte_slice(start..end)
            .filter(|_| end - start <= BYTES)?;
        Some(Fragment {
            file: file.clone(),
            line: u32::try_from(first).unwrap_or(u32::MAX),
            text: String::from(lines).trim_end().into(),
            source: Source::Scope,
        })
    });
    fragments.collect()
}
