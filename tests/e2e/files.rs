//! Actions that reach beyond the document: tests where they belong, changes of several files, new files, the user's own actions and check.

use std::path::Path;

use byok_lsp::provider::fake::Fake;
use serde_json::{Value, json};

use crate::actions::{ABILITIES, Desk, apply};
use crate::client::{Builder, mock_config};

fn file_uri(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().to_string()
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn abilities(creates: bool) -> Value {
    let mut abilities = ABILITIES();
    let operations = if creates {
        json!(["create"])
    } else {
        json!([])
    };
    abilities["workspace"] = json!({"workspaceEdit": {
        "documentChanges": true, "resourceOperations": operations, "changeAnnotationSupport": {},
    }});
    abilities
}

fn builder(fake: &Fake, folder: &Path) -> Builder {
    Builder::default()
        .fake_chat(fake)
        .capabilities(abilities(true))
        .folder(&file_uri(folder))
}

/// Opens a file of a folder in an editor.
fn open(folder: &Path, path: &str, language: &str, marked: &str) -> (Desk, Value) {
    let fake = Fake::default();
    let uri = file_uri(&folder.join(path));
    Desk::open_in(builder(&fake, folder), fake, &uri, language, marked)
}

/// Takes the edit, and returns for each file that it touches: its uri, whether it is created, and its edits.
fn take(desk: &mut Desk) -> (Value, Vec<(String, bool, Value)>) {
    let request = desk.client.asked("workspace/applyEdit");
    desk.client.reply(&request, json!({"applied": true}));
    let mut files: Vec<(String, bool, Value)> = Vec::new();
    for change in request["params"]["edit"]["documentChanges"]
        .as_array()
        .unwrap()
    {
        if change["kind"] == "create" {
            assert_eq!(
                change["options"],
                json!({"overwrite": false, "ignoreIfExists": false})
            );
            files.push((change["uri"].as_str().unwrap().into(), true, json!([])));
            continue;
        }
        let uri = change["textDocument"]["uri"].as_str().unwrap();
        match files.last_mut() {
            Some((last, true, edits)) if last == uri => *edits = change["edits"].clone(),
            _ => files.push((uri.into(), false, change["edits"].clone())),
        }
    }
    (request, files)
}

struct Case {
    language: &'static str,
    path: &'static str,
    code: &'static str,
    /// The file of the tests, what is in it, what the model answers, and what it is to be.
    tests: &'static str,
    there: Option<&'static str>,
    answer: &'static str,
    expected: &'static str,
}

const CASES: [Case; 6] = [
    Case {
        language: "rust",
        path: "src/a.rs",
        code: "pub fn one() -> u8 {\n    «»1\n}\n",
        tests: "src/a.rs",
        there: None,
        answer: "#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn it_is_one() {\n        assert_eq!(one(), 1);\n    }\n}",
        expected: "pub fn one() -> u8 {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn it_is_one() {\n        assert_eq!(one(), 1);\n    }\n}\n",
    },
    Case {
        language: "rust",
        path: "src/b.rs",
        code: "pub fn one() -> u8 {\n    «»1\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n",
        tests: "src/b.rs",
        there: None,
        answer: "mod tests {\n    use super::*;\n\n    #[test]\n    fn it_is_one() {\n        assert_eq!(one(), 1);\n    }\n}",
        expected: "pub fn one() -> u8 {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn it_is_one() {\n        assert_eq!(one(), 1);\n    }\n}\n",
    },
    Case {
        language: "python",
        path: "pkg/a.py",
        code: "def one():\n    return «»1\n",
        tests: "pkg/tests/test_a.py",
        there: Some("from pkg.a import one\n"),
        answer: "from pkg.a import one\n\n\ndef test_one():\n    assert one() == 1",
        expected: "from pkg.a import one\n\n\ndef test_one():\n    assert one() == 1\n",
    },
    Case {
        language: "python",
        path: "b.py",
        code: "def one():\n    return «»1\n",
        tests: "test_b.py",
        there: None,
        answer: "from b import one\n\n\ndef test_one():\n    assert one() == 1",
        expected: "from b import one\n\n\ndef test_one():\n    assert one() == 1\n",
    },
    Case {
        language: "typescript",
        path: "src/a.ts",
        code: "export function one() {\r\n  return «»1;\r\n}\r\n",
        tests: "src/a.test.ts",
        there: None,
        answer: "import { one } from './a';\n\ntest('one', () => {\n  expect(one()).toBe(1);\n});",
        expected: "import { one } from './a';\r\n\r\ntest('one', () => {\r\n  expect(one()).toBe(1);\r\n});\r\n",
    },
    Case {
        language: "go",
        path: "a.go",
        code: "package a\n\nfunc one() int {\n\treturn «»1\n}\n",
        tests: "a_test.go",
        there: Some("package a\n\nimport \"testing\"\n"),
        answer: "package a\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) {\n\tif one() != 1 {\n\t\tt.Fail()\n\t}\n}",
        expected: "package a\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) {\n\tif one() != 1 {\n\t\tt.Fail()\n\t}\n}\n",
    },
];

#[test]
fn tests_go_into_the_file_where_each_of_four_languages_has_them() {
    for case in &CASES {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), case.path, "");
        if let Some(there) = case.there {
            write(folder.path(), case.tests, there);
        }
        let (mut desk, range) = open(folder.path(), case.path, case.language, case.code);
        let entry = desk.entry("tests", &range, &json!([]));
        let id = desk.choose(&entry, None);
        let prompt = desk.say(&format!("```\n{}\n```", case.answer));
        assert!(prompt.contains(case.tests), "{prompt}");
        let (_, files) = take(&mut desk);
        let [(uri, is_new, edits)] = files.as_slice() else {
            panic!("{files:?}");
        };
        assert_eq!(*uri, file_uri(&folder.path().join(case.tests)));
        let is_own = case.tests == case.path;
        assert_eq!(*is_new, !is_own && case.there.is_none());
        let old = if is_own {
            desk.text.clone()
        } else {
            case.there.unwrap_or("").into()
        };
        assert_eq!(apply(&old, edits), case.expected, "{}", case.path);
        assert_eq!(desk.outcome(id), "edited");
        desk.client.finish();
    }
}

#[test]
fn tests_that_are_open_are_not_shown_where_a_rule_keeps_them_from_the_document() {
    // Who keeps them: an ignore file, a rule about what stands at their head, nobody.
    for (ignored, marked, is_shown) in [
        (true, false, false),
        (false, true, false),
        (false, false, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        if ignored {
            write(folder.path(), ".aiignore", "test_a.py\n");
        }
        write(folder.path(), "pkg/a.py", "");
        let rules = json!({"paths": [{"markers": ["CONFIDENTIAL"], "providers": []}]});
        let fake = Fake::default();
        let builder = builder(&fake, folder.path()).own("policy", rules);
        let uri = file_uri(&folder.path().join("pkg/a.py"));
        let code = "def one():\n    return «»1\n";
        let (mut desk, range) = Desk::open_in(builder, fake, &uri, "python", code);
        let mark = if marked { "# CONFIDENTIAL\n" } else { "" };
        // Nobody has saved it yet, so that the disk has nothing to be judged.
        let tests = file_uri(&folder.path().join("pkg/test_a.py"));
        let text = format!("{mark}def test_zero():\n    assert 0 == 0\n");
        desk.client.open_as(&tests, "python", &text);
        let entry = desk.entry("tests", &range, &json!([]));
        if is_shown {
            let id = desk.choose(&entry, None);
            let prompt = desk.say("```\ndef test_one():\n    assert one() == 1\n```");
            assert!(prompt.contains("test_zero"), "{prompt}");
            take(&mut desk);
            assert_eq!(desk.outcome(id), "edited");
        } else {
            let argument = entry["command"]["arguments"][0].clone();
            let id = desk.client.execute("byok.action", json!([argument]));
            let told = desk.client.notification("window/showMessage");
            let message = told["message"].as_str().unwrap();
            assert!(
                message.contains("pkg/test_a.py") && message.contains("may not be shown"),
                "{message}"
            );
            assert_eq!(desk.outcome(id), "unchanged");
        }
        desk.client.finish();
    }
}

#[test]
fn an_editor_that_creates_no_files_shows_what_it_would_have_to_create() {
    let folder = tempfile::tempdir().unwrap();
    let case = &CASES[4];
    let fake = Fake::default();
    let builder = builder(&fake, folder.path()).capabilities(abilities(false));
    let uri = file_uri(&folder.path().join(case.path));
    let (mut desk, range) = Desk::open_in(builder, fake, &uri, case.language, case.code);
    let entry = desk.entry("tests", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say(&format!("```\n{}\n```", case.answer));
    let request = desk.client.asked("window/showDocument");
    let path = url::Url::parse(request["params"]["uri"].as_str().unwrap()).unwrap();
    let shown = std::fs::read_to_string(path.to_file_path().unwrap()).unwrap();
    assert!(
        shown.contains("does not let us create files") && shown.contains("New file: src/a.test.ts"),
        "{shown}"
    );
    desk.client.reply(&request, json!({"success": true}));
    assert_eq!(desk.outcome(id), "shown");
    desk.client.finish();
}

const BLOCK: &str = "<<<<<<< SEARCH\n    1\n=======\n    2\n>>>>>>> REPLACE\n";

/// Two open files, and the entry of `change`.
fn two_files(folder: &Path) -> (Desk, Value) {
    let (mut desk, range) = open(folder, "src/a.rs", "rust", "fn a() -> u8 {\n    «»1\n}\n");
    let other = file_uri(&folder.join("src/b.rs"));
    desk.client
        .open_as(&other, "rust", "fn b() -> u8 {\n    1\n}\n");
    let entry = desk.entry("change", &range, &json!([]));
    (desk, entry)
}

#[test]
fn a_change_over_several_files_edits_those_that_are_open_and_creates_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (mut desk, entry) = two_files(folder.path());
    let id = desk.choose(&entry, Some("two everywhere"));
    let prompt = desk.say(&format!(
        "File: src/a.rs\n{BLOCK}\nFile: src/b.rs\n```rust\n{BLOCK}```\nNew file: src/c.rs\n```rust\nfn c() {{}}\n```\n"
    ));
    assert!(
        prompt.contains("File: src/a.rs") && prompt.contains("File: src/b.rs"),
        "{prompt}"
    );
    assert!(prompt.contains("two everywhere"));
    let (request, files) = take(&mut desk);
    let shown: Vec<(&str, bool)> = files
        .iter()
        .map(|(uri, is_new, _)| (uri.rsplit('/').next().unwrap(), *is_new))
        .collect();
    assert_eq!(shown, [("a.rs", false), ("b.rs", false), ("c.rs", true)]);
    assert_eq!(apply(&desk.text, &files[0].2), "fn a() -> u8 {\n    2\n}\n");
    assert_eq!(
        apply("fn b() -> u8 {\n    1\n}\n", &files[1].2),
        "fn b() -> u8 {\n    2\n}\n"
    );
    assert_eq!(apply("", &files[2].2), "fn c() {}\n");
    // What reaches beyond the document is for the user to confirm.
    let annotation = &request["params"]["edit"]["changeAnnotations"]["byok"];
    assert_eq!(annotation["needsConfirmation"], true);
    assert_eq!(files[0].2[0]["annotationId"], "byok");
    assert_eq!(desk.outcome(id), "edited");
    desk.client.finish();
}

#[test]
fn a_change_over_several_files_is_not_shown_those_that_a_rule_keeps_from_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::default();
    let rules = json!({"paths": [
        {"markers": ["CONFIDENTIAL"], "providers": ["mock"]},
        {"languages": ["python"], "providers": ["mock"]},
    ]});
    let builder = builder(&fake, folder.path()).own("policy", rules);
    let uri = file_uri(&folder.path().join("src/a.rs"));
    let text = "fn a() -> u8 {\n    «»1\n}\n";
    let (mut desk, range) = Desk::open_in(builder, fake, &uri, "rust", text);
    for (name, language, text) in [
        ("b.rs", "rust", "fn b() -> u8 {\n    1\n}\n"),
        (
            "c.rs",
            "rust",
            "// CONFIDENTIAL\nfn c() -> u8 {\n    1\n}\n",
        ),
        ("d", "python", "def d():\n    return 1\n"),
    ] {
        let uri = file_uri(&folder.path().join("src").join(name));
        desk.client.open_as(&uri, language, text);
    }
    let entry = desk.entry("change", &range, &json!([]));
    let id = desk.choose(&entry, Some("two everywhere"));
    let prompt = desk.say(&format!("File: src/a.rs\n{BLOCK}"));
    assert!(prompt.contains("fn a()") && prompt.contains("fn b()"));
    assert!(
        !prompt.contains("fn c()") && !prompt.contains("def d()"),
        "{prompt}"
    );
    take(&mut desk);
    assert_eq!(desk.outcome(id), "edited");
    desk.client.finish();
}

#[cfg(unix)]
#[test]
fn a_change_over_several_files_is_shown_no_link_to_what_a_rule_keeps_from_the_document() {
    use std::os::unix::fs::symlink;
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = folder.path();
    // Whose links, and whether they may be shown.
    let cases = [
        ("kept/b.rs", true),
        ("ruled/c.rs", false),
        ("closed/d.rs", false),
        ("hidden/e.rs", false),
    ];
    write(root, ".aiignore", "/closed/\n");
    write(root, ".gitignore", "/hidden/\n");
    let open_link = |client: &mut crate::client::Client, to: &Path| {
        let name = to.file_name().unwrap();
        symlink(to, root.join(name)).unwrap();
        let text = format!("fn {}() {{}}\n", to.file_stem().unwrap().to_str().unwrap());
        client.open_as(&file_uri(&root.join(name)), "rust", &text);
    };
    let fake = Fake::default();
    let rules = json!({"paths": [{"match": ["/ruled/"], "providers": ["mock"]}]});
    let builder = builder(&fake, root).own("policy", rules);
    let text = "fn a() -> u8 {\n    «»1\n}\n";
    let uri = file_uri(&root.join("a.rs"));
    let (mut desk, range) = Desk::open_in(builder, fake, &uri, "rust", text);
    for (path, _) in cases {
        write(root, path, "");
        open_link(&mut desk.client, &root.join(path));
    }
    // What lies in another folder is under that folder's rules, which are not known here.
    write(elsewhere.path(), "f.rs", "");
    open_link(&mut desk.client, &elsewhere.path().join("f.rs"));
    let entry = desk.entry("change", &range, &json!([]));
    let id = desk.choose(&entry, Some("two everywhere"));
    let prompt = desk.say(&format!("File: a.rs\n{BLOCK}"));
    for (path, is_shown) in cases.into_iter().chain([("f.rs", false)]) {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        let is = prompt.contains(&format!("fn {name}()"));
        assert_eq!(is, is_shown, "{path}: {prompt}");
    }
    take(&mut desk);
    assert_eq!(desk.outcome(id), "edited");
    desk.client.finish();
}

#[test]
fn a_change_over_several_files_is_made_in_four_languages() {
    // A function, the line that changes, what it becomes, and what a new file holds.
    for (language, end, code, old, new, more) in [
        (
            "rust",
            "rs",
            "fn NAME() -> u8 {\n    «»1\n}\n",
            "    1",
            "    2",
            "fn c() {}\n",
        ),
        (
            "python",
            "py",
            "def NAME():\n    return «»1\n",
            "    return 1",
            "    return 2",
            "def c():\n    pass\n",
        ),
        (
            "typescript",
            "ts",
            "function NAME() {\r\n  return «»1;\r\n}\r\n",
            "  return 1;",
            "  return 2;",
            "function c() {}\r\n",
        ),
        (
            "go",
            "go",
            "package a\n\nfunc NAME() int {\n\treturn «»1\n}\n",
            "\treturn 1",
            "\treturn 2",
            "package a\n\nfunc c() {}\n",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|stem| format!("src/{stem}.{end}"));
        let (mut desk, range) = open(folder.path(), &a, language, &code.replace("NAME", "a"));
        let other = code.replace("NAME", "b").replace("«»", "");
        let uri = file_uri(&folder.path().join(&b));
        desk.client.open_as(&uri, language, &other);
        let entry = desk.entry("change", &range, &json!([]));
        let id = desk.choose(&entry, Some("two everywhere"));
        let block = format!("<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n");
        let fresh = more.replace('\r', "");
        let prompt = desk.say(&format!(
            "File: {a}\n{block}\nFile: {b}\n{block}\nNew file: {c}\n```\n{fresh}```\n"
        ));
        assert!(prompt.contains(&format!("File: {b}")), "{prompt}");
        let (_, files) = take(&mut desk);
        let names: Vec<&str> = files
            .iter()
            .map(|(uri, ..)| uri.rsplit_once("src").unwrap().1)
            .collect();
        assert_eq!(names.join(" "), format!("/a.{end} /b.{end} /c.{end}"));
        let own = desk.text.clone();
        assert_eq!(apply(&own, &files[0].2), own.replace(old, new));
        assert_eq!(apply(&other, &files[1].2), other.replace(old, new));
        assert!(files[2].1, "{c} is created");
        assert_eq!(apply("", &files[2].2), more, "{language}");
        assert_eq!(desk.outcome(id), "edited");
        desk.client.finish();
    }
}

#[test]
fn a_change_of_what_was_not_shown_or_may_not_be_created_changes_nothing() {
    for (answer, reason) in [
        (
            format!("File: src/z.rs\n{BLOCK}"),
            "changes src/z.rs, which it was not shown",
        ),
        (
            format!("File: ../other/a.rs\n{BLOCK}"),
            "which it was not shown",
        ),
        (
            "New file: ~/.ssh/authorized_keys\n```\nssh-rsa AAAA\n```".into(),
            "is no plain path",
        ),
        (
            "New file: ../evil.rs\n```\nfn a() {}\n```".into(),
            "is no plain path",
        ),
        (
            "New file: target/a.rs\n```\nfn a() {}\n```".into(),
            "is ignored in this workspace",
        ),
        (
            "New file: src/there.rs\n```\nfn a() {}\n```".into(),
            "exists already",
        ),
        (
            format!("File: src/a.rs\n{BLOCK}\nNew file: out/a.rs\n```\nfn a() {{}}\n```"),
            "by a link",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        write(folder.path(), ".gitignore", "target/\n");
        write(folder.path(), "src/there.rs", "");
        std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
        let (mut desk, entry) = two_files(folder.path());
        let id = desk.choose(&entry, Some("whatever"));
        desk.say(&answer);
        desk.say(&answer);
        let message = desk.client.notification("window/showMessage");
        let message = message["message"].as_str().unwrap();
        assert!(
            message.contains("nothing was changed") && message.contains(reason),
            "{message}"
        );
        assert_eq!(desk.outcome(id), "unchanged");
        assert!(
            !desk
                .client
                .has_unread(|it| it["method"] == "workspace/applyEdit")
        );
        desk.client.finish();
    }
}

#[test]
fn a_file_that_changed_on_the_disk_meanwhile_is_left_alone() {
    let case = &CASES[2];
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), case.tests, case.there.unwrap());
    let mut abilities = abilities(true);
    abilities["experimental"]["byok"]["preview"] = json!(true);
    let fake = Fake::default();
    let builder = builder(&fake, folder.path()).capabilities(abilities);
    let uri = file_uri(&folder.path().join(case.path));
    let (mut desk, range) = Desk::open_in(builder, fake, &uri, case.language, case.code);
    let entry = desk.entry("tests", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say(&format!("```\n{}\n```", case.answer));
    let preview = desk.client.notification("byok/preview");
    assert_eq!(preview["files"][0]["version"], Value::Null);
    write(folder.path(), case.tests, "# somebody else was here\n");
    let answer = json!({"id": preview["id"], "accepted": true});
    let answer = desk.client.request("byok/answerPreview", answer);
    desk.client.answer(answer);
    let message = desk.client.notification("window/showMessage");
    assert!(
        message["message"]
            .as_str()
            .unwrap()
            .contains("has changed meanwhile"),
        "{message}"
    );
    assert_eq!(desk.outcome(id), "unchanged");
    desk.client.finish();
}

/// A desk with actions of the user's own.
fn own(folder: &Path, custom: &Value, marked: &str) -> (Desk, Value) {
    let fake = Fake::default();
    let mut config = mock_config("http://127.0.0.1:9/v1", "openai-chat");
    config["actions"] = json!({"custom": [custom]});
    let uri = file_uri(&folder.join("src/a.rs"));
    let builder = builder(&fake, folder).config(config);
    Desk::open_in(builder, fake, &uri, "rust", marked)
}

const CODE: &str = "fn a() -> u8 {\n    «»1\n}\n";

#[test]
fn an_action_of_ones_own_edits_inserts_creates_or_answers() {
    for (output, answer, expected) in [
        (
            "edit",
            "fn a() -> u8 {\n    2\n}",
            "fn a() -> u8 {\n    2\n}\n",
        ),
        (
            "insert",
            "fn b() {}",
            "fn a() -> u8 {\n    1\n}\nfn b() {}\n",
        ),
        ("new-file", "fn b() {}", "fn b() {}\n"),
        ("document", "Two.", ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut custom = json!({
            "name": "mine", "title": "Do mine to", "output": output, "languages": ["rust"], "nodes": ["function"],
            "glob": "/src/**", "ask": "How?", "prompt": "In {language}, {path}: {name} {instruction} {{x}}",
        });
        if output == "new-file" {
            custom["file"] = json!("{dir}/{stem}_b.{ext}");
        }
        let (mut desk, range) = own(folder.path(), &custom, CODE);
        let entry = desk.entry("mine", &range, &json!([]));
        assert!(
            entry["title"]
                .as_str()
                .unwrap()
                .starts_with("Do mine to function a… · mock/m · ")
        );
        assert_eq!(entry["command"]["arguments"][0]["question"], "How?");
        let id = desk.choose(&entry, Some("well"));
        let text = if output == "document" {
            answer.to_owned()
        } else {
            format!("```\n{answer}\n```")
        };
        let prompt = desk.say(&text);
        assert!(
            prompt.contains("Task: In Rust, src/a.rs: function a well {x}"),
            "{prompt}"
        );
        if output == "document" {
            let request = desk.client.asked("window/showDocument");
            desk.client.reply(&request, json!({"success": true}));
            assert_eq!(desk.outcome(id), "shown");
        } else {
            let (_, files) = take(&mut desk);
            let is_new = output == "new-file";
            let old = if is_new {
                String::new()
            } else {
                desk.text.clone()
            };
            assert_eq!(files[0].1, is_new);
            assert_eq!(apply(&old, &files[0].2), expected, "{output}");
            assert_eq!(desk.outcome(id), "edited");
        }
        let usage = desk.client.notification("byok/usage");
        assert_eq!(usage["action"], "mine");
        desk.client.finish();
    }
}

#[test]
fn an_action_of_ones_own_is_offered_by_its_rules_and_not_run_above_its_ceiling() {
    let folder = tempfile::tempdir().unwrap();
    let base = json!({"name": "mine", "title": "Mine", "prompt": "Do."});
    for (rule, is_offered) in [
        (json!({}), true),
        (json!({"languages": ["python"]}), false),
        (json!({"nodes": ["type"]}), false),
        (json!({"glob": "*.py"}), false),
        (json!({"diagnostics": "unused"}), false),
        (json!({"ceiling": "0.0000001 USD"}), true),
    ] {
        let mut custom = base.clone();
        custom
            .as_object_mut()
            .unwrap()
            .extend(rule.as_object().unwrap().clone());
        let (mut desk, range) = own(folder.path(), &custom, CODE);
        desk.entry("simplify", &range, &json!([]));
        let entries = desk.client.actions(&desk.uri.clone(), &range, json!([]));
        let entry = entries
            .iter()
            .find(|it| it["command"]["arguments"][0]["action"] == "mine");
        assert_eq!(entry.is_some(), is_offered, "{rule}");
        if let Some(entry) = entry.filter(|_| rule.get("ceiling").is_some()) {
            let id = desk
                .client
                .execute("byok.action", entry["command"]["arguments"].clone());
            let answer = desk.client.answer(id);
            let message = answer["result"]["message"].as_str().unwrap();
            assert!(message.contains("above the ceiling"), "{message}");
            assert!(!desk.fake.is_called());
        }
        desk.client.finish();
    }
}

#[test]
fn the_users_own_check_has_an_answer_mended_and_comes_from_no_editor() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "src/a.rs", "");
    let script = "grep -q evil $1 && { echo no evil here; exit 1; } || exit 0";
    let check = json!({"check": {"rust": ["sh", "-c", script, "sh", "{file}"]}});
    let fake = Fake::default();
    let uri = file_uri(&folder.path().join("src/a.rs"));
    let builder = builder(&fake, folder.path()).own("actions", check);
    let (mut desk, range) = Desk::open_in(builder, fake, &uri, "rust", CODE);
    let entry = desk.entry("simplify", &range, &json!([]));
    let id = desk.choose(&entry, None);
    desk.say("```\nfn a() -> u8 {\n    evil()\n}\n```");
    let prompt = desk.say("```\nfn a() -> u8 {\n    2\n}\n```");
    assert!(
        prompt.contains("does not pass sh, which says: no evil here"),
        "{prompt}"
    );
    assert_eq!(desk.take_edit(), "fn a() -> u8 {\n    2\n}\n");
    assert_eq!(desk.outcome(id), "edited");
    desk.client.finish();

    let mut config = mock_config("http://127.0.0.1:9/v1", "openai-chat");
    config["actions"] = json!({"check": {"rust": ["touch", "/nowhere"]}});
    let mut client = Builder::default().config(config).start();
    let message = client.notification("window/showMessage");
    let message = message["message"].as_str().unwrap();
    assert!(
        message.contains("actions.check") && message.contains("your own file only"),
        "{message}"
    );
    client.finish();
}
