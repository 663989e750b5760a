//! Languages, syntax trees, and what they say about a place in the text.
//!
//! Entry points: [`Language::detect`] names a document's language, [`SyntaxTree`] keeps its tree through edits. On a tree,
//! [`enclosing_scopes`] says what stands round the cursor, [`outline`] what a stretch of text defines, [`imports`] what
//! it brings in, [`pieces`] what can be parsed in its stead, [`place`] whether the cursor is in code, a comment or a string, [`open_brackets`] what is still open,
//! and [`uses`] where a name stands that means the same thing.
//!
//! Invariants: nothing here does I/O, fails, or panics on any text, offset or stale tree; it returns less. Everything
//! language-specific is data in `grammars/`, so no code here names a language. Offsets are bytes, ranges half open.

mod error;
mod import;
mod language;
mod name;
mod piece;
mod place;
mod query;
mod rows;
mod scope;
mod symbol;
#[cfg(test)]
mod tests;
mod token;
mod tree;

pub use error::{Errors, errors, errors_in};
pub use import::{Import, imports};
pub use language::{Indent, Language, Layout};
pub use name::{is_name, name_at, uses};
pub use piece::pieces;
pub use place::{Place, open_brackets, place};
pub use query::Kind;
pub use scope::{Scope, enclosing_scopes};
pub use symbol::{Symbol, outline};
pub use token::code_tokens;
pub use tree::SyntaxTree;
