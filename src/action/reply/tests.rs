//! Answers as models give them.

use super::{Fault, read};

const OLD: &str = "fn a() {\n    one();\n    two();\n}";
const NEW: &str = "fn a() {\n    one();\n    three();\n}";

fn check(answer: &str) {
    assert_eq!(read(answer, OLD, "a.rs").as_deref(), Ok(NEW), "{answer}");
}

fn refused(answer: &str, fault: &Fault) {
    assert_eq!(read(answer, OLD, "a.rs").as_ref(), Err(fault), "{answer}");
}

#[test]
fn one_block_is_taken_with_whatever_stands_around_it() {
    check(&format!("```rust\n{NEW}\n```"));
    check(&format!("Sure!\n\n~~~~\n{NEW}\n~~~~\nThis calls `three`."));
    check(&format!("```rust src/a.rs\n{NEW}\n```").replace('\n', "\r\n"));
    check(NEW);
    check(&format!("Input/Output:\n```\n{NEW}\n```"));
}

#[test]
fn the_old_text_shown_first_and_the_new_one_said_twice_do_no_harm() {
    check(&format!(
        "Before:\n```\n{OLD}\n```\nAfter:\n```\n{NEW}\n```\nAgain:\n```\n{NEW}\n```"
    ));
}

#[test]
fn search_and_replace_blocks_are_found_but_for_white_space() {
    let block = |search: &str, replace: &str| {
        format!("<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n")
    };
    check(&block("    two();", "    three();"));
    check(&format!(
        "a.rs\n```rust\n{}```",
        block("two();", "three();")
    ));
    check(&block("\ttwo();  ", "\tthree();").repeat(2));
    refused(
        &block("four();", "five();"),
        &Fault::NotFound("four();".into()),
    );
    refused(
        &format!("~/.ssh/config\n{}", block("two();", "three();")),
        &Fault::Foreign,
    );
    refused(
        "<<<<<<< SEARCH\ntwo();\n=======\nthree();",
        &Fault::Unfinished,
    );
}

#[test]
fn a_diff_is_read_whatever_its_line_numbers_say() {
    check(
        "```diff\n--- a/a.rs\n+++ b/a.rs\n@@ -900,3 +7,3 @@\n     one();\n-    two();\n+    three();\n }\n```",
    );
    refused(
        "```diff\n--- a/b.rs\n+++ b/b.rs\n@@ -1 +1 @@\n-    two();\n+    three();\n```",
        &Fault::Foreign,
    );
}

#[test]
fn line_numbers_before_the_lines_are_taken_off() {
    check("```\n10: fn a() {\n11:     one();\n12:     three();\n13: }\n```");
    check("```\n 9 | fn a() {\n10 |     one();\n11 |     three();\n12 | }\n```");
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    refused("```\nfn a() {}\n```\n```\nfn b() {}\n```", &Fault::Several);
    refused("I would call `three()` instead.", &Fault::Empty);
    refused(&format!("```rust\n{NEW}"), &Fault::Unfinished);
    refused("```\n\n```", &Fault::Empty);
    refused(
        &format!("```sh ~/.ssh/authorized_keys\n{NEW}\n```"),
        &Fault::Foreign,
    );
    refused(
        &format!("File: ../other/a.rs\n```\n{NEW}\n```"),
        &Fault::Foreign,
    );
}

#[test]
fn what_leaves_code_out_is_refused() {
    for line in [
        "// ... existing code ...",
        "// …",
        "/* ... */",
        "    // rest of the function unchanged ...",
    ] {
        let answer = format!("```\nfn a() {{\n{line}\n    three();\n}}\n```");
        refused(&answer, &Fault::Elided(line.trim().into()));
    }
}

#[test]
fn a_text_that_is_there_twice_is_not_replaced() {
    let old = "a();\nb();\na();";
    let answer = "<<<<<<< SEARCH\na();\n=======\nc();\n>>>>>>> REPLACE";
    assert_eq!(
        read(answer, old, "a.rs"),
        Err(Fault::Ambiguous("a();".into()))
    );
}
