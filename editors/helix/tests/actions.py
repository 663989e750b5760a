"""Code actions in a real Helix: offered for nothing, chosen from its menu, run by a command, taken back."""
from pathlib import Path

from fixtures import USAGE, expect, mock

CODE = "fn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n"
FIXED = "fn add(a: i32, b: i32) -> i32 {\n    a + b\n}"
OTHER_SERVER = Path(__file__).resolve().parent / "diagnosing_server.py"


def says(code):
    return [{"text": ["Here you are:\n```rust\n", code, "\n```\n"], "usage": USAGE}]


def ready(hx, script):
    """A file is open beside the user's own server, which complains of its second line; the cursor stands there."""
    hx.settings(mock(hx.serve(script), "openai-chat", 'actions = { model = "mock/small" }'))
    (hx.config / "languages.toml").write_text(
        f'[language-server.other]\ncommand = "{OTHER_SERVER}"\n[[language]]\nname = "rust"\nlanguage-servers = ["other"]\n'
    )
    hx.set_up()
    hx.open("lib.rs", CODE)
    hx.shows("this subtracts")
    hx.keys("2", "G", "g", "s")


def menu_asks_nobody(hx):
    """the menu names model, payer and price, and asks nobody"""
    ready(hx, says(FIXED))
    entries = hx.menu("Simplify function add")
    expect("the fix comes first", "Fix this subtracts · mock/small · you, by a local server · ~$0.00" in entries[0], entries)
    expect("nobody was asked", hx.asked() == [], hx.asked())


def fix(hx):
    """fix: another server's diagnostic is mended, from the menu; one undo takes it back"""
    ready(hx, says(FIXED))
    hx.choose("Fix this subtracts")
    hx.shows("a + b")
    hx.saved("lib.rs", FIXED)
    sent = hx.asked()[0]["body"]["messages"][1]["content"]
    expect("the model is told what is wrong", "Problem at the line `a - b`: this subtracts" in sent, sent)
    hx.keys("u")
    hx.shows("a - b")
    hx.saved("lib.rs", CODE)


def rewrite(hx):
    """refactor: chosen from the menu, or told in words by the command"""
    ready(hx, says("fn add(a: i32, b: i32) -> i32 {\n    a.wrapping_sub(b)\n}"))
    hx.choose("Simplify function add")
    hx.shows("a.wrapping_sub(b)")
    hx.saved("lib.rs", "    a.wrapping_sub(b)\n}")
    hx.answers(says("fn add(a: i32, b: i32) -> i32 {\n    a.saturating_sub(b)\n}"))
    hx.command('lsp-workspace-command byok.action "rewrite" "saturate instead"')
    hx.shows("a.saturating_sub(b)")
    hx.saved("lib.rs", "    a.saturating_sub(b)\n}")
    sent = hx.asked()[-1]["body"]["messages"][1]["content"]
    expect("the model is told the instruction", "The user's instruction: saturate instead" in sent, sent)


def explain(hx):
    """explain: a document with model and cost opens"""
    ready(hx, [{"text": ["It *subtracts*."], "usage": USAGE}])
    hx.choose("Explain function add")
    hx.shows("explanation-")
    hx.shows("It *subtracts*.")
    hx.shows("mock/small · you: through a server on this machine · $0.0032")


def cancelled(hx):
    """cancel: byok.cancel closes the connection and leaves the text; the progress showed tokens and money until then"""
    ready(hx, [{"text": ["```rust\n", *(f"// {number}\n" for number in range(300))], "chunk_ms": 100}])
    hx.choose("Simplify function add")
    hx.shows("Simplify (mock/small)")
    hx.shows("so far")
    hx.command("lsp-workspace-command byok.cancel")
    # The command says so, and then the progress: whichever comes last stands there.
    hx.shows("cancelled")
    hx.logged("byok-lsp: the action is cancelled")
    hx.provider_saw("disconnected")
    hx.saved("lib.rs", CODE)
    hx.command("lsp-workspace-command byok.cancel")
    # What the save says may come after it, in its place.
    hx.logged("byok-lsp: no action runs")


TESTS = [menu_asks_nobody, fix, rewrite, explain, cancelled]
