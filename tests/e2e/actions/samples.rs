//! One language after the other: code as an action finds it, and as it leaves it.

use serde_json::Value;

/// One language's code for each kind of action.
pub struct Sample {
    pub uri: &'static str,
    pub language: &'static str,
    /// A function with a mistake and the selection in it, and with the mistake mended.
    pub code: (&'static str, &'static str),
    /// A function that is still to be written, and one that is.
    pub stub: (&'static str, &'static str),
    /// A comment, and the text with it.
    pub comment: (&'static str, &'static str),
}

pub const SAMPLES: [Sample; 4] = [
    Sample {
        uri: "file:///w/a.rs",
        language: "rust",
        code: (
            "// é😀\n\nfn add(a: i32, b: i32) -> i32 {\n    «a - b»\n}\n\nfn other() {}\n",
            "// é😀\n\nfn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\nfn other() {}\n",
        ),
        stub: (
            "fn one() -> i32 {\n    «»todo!()\n}\n",
            "fn one() -> i32 {\n    1\n}\n",
        ),
        comment: (
            "/// Adds.",
            "// é😀\n\n/// Adds.\nfn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n\nfn other() {}\n",
        ),
    },
    Sample {
        uri: "file:///w/a.py",
        language: "python",
        code: (
            "class A:\n    def add(self, a, b):\n        «return a - b»\n\n    def other(self):\n        pass\n",
            "class A:\n    def add(self, a, b):\n        return a + b\n\n    def other(self):\n        pass\n",
        ),
        stub: (
            "def one():\n    raise «»NotImplementedError\n",
            "def one():\n    return 1\n",
        ),
        comment: (
            "\"\"\"Adds.\"\"\"",
            "class A:\n    def add(self, a, b):\n        \"\"\"Adds.\"\"\"\n        return a - b\n\n    def other(self):\n        pass\n",
        ),
    },
    Sample {
        uri: "file:///w/a.ts",
        language: "typescript",
        code: (
            "function add(a: number, b: number) {\r\n  «return a - b;»\r\n}\r\n",
            "function add(a: number, b: number) {\r\n  return a + b;\r\n}\r\n",
        ),
        stub: (
            "function one(): number {\n  // «»TODO\n}\n",
            "function one(): number {\n  return 1;\n}\n",
        ),
        comment: (
            "/** Adds. */",
            "/** Adds. */\r\nfunction add(a: number, b: number) {\r\n  return a - b;\r\n}\r\n",
        ),
    },
    Sample {
        uri: "file:///w/a.go",
        language: "go",
        code: (
            "package a\n\nfunc add(a, b int) int {\n\t«return a - b»\n}\n",
            "package a\n\nfunc add(a, b int) int {\n\treturn a + b\n}\n",
        ),
        stub: (
            "package a\n\nfunc one() int {\n\tpanic(\"«»not implemented\")\n}\n",
            "package a\n\nfunc one() int {\n\treturn 1\n}\n",
        ),
        comment: (
            "// add adds.",
            "package a\n\n// add adds.\nfunc add(a, b int) int {\n\treturn a - b\n}\n",
        ),
    },
];

/// Returns the lines that hold the selection, whole, of the text after the change: what a model would answer.
pub fn changed_lines(after: &str, range: &Value) -> String {
    let lines: Vec<&str> = after.lines().collect();
    let at = |name: &str| usize::try_from(range[name]["line"].as_u64().unwrap()).unwrap();
    lines[at("start")..=at("end")].join("\n")
}

/// Returns the code without its selection.
pub fn cursor_only(code: &str) -> String {
    let (before, rest) = code.split_once('«').unwrap();
    format!("{before}«»{}", rest.replace('»', ""))
}
