#!/usr/bin/env python3
"""Usage: drive.py BYOK_BINARY [NAME...]      a real Helix, the real server, no network but loopback; the last line counts

Each test has an editor of its own, set up by `byok-lsp setup helix` as a user would. Needs hx and tmux.
"""
import json
import re
import subprocess
import sys
import traceback
from pathlib import Path

import actions
import texts
import troubles
from fixtures import CART, USAGE, expect, mock
from helix import SECRET, Failure, Helix

USER_LANGUAGES = """# my own
[language-server.rust-analyzer.config]
check.command = "clippy"

[[language]]
name = "rust"
auto-format = false

[[language]]
name = "python"
language-servers = ["pylsp"] # one is enough
"""


def servers_of(hx, language):
    """What Helix itself says it would start."""
    told = subprocess.run(["hx", "--health", language], env=hx.environment, cwd=hx.work, capture_output=True, text=True).stdout
    lines = told.split("Configured language servers:")[1].split("Configured debug adapter")[0].splitlines()
    return [line.split(":")[0].split()[-1] for line in lines if line.startswith("  ")]


def setup_keeps_what_is_there(hx):
    """setup helix adds the server to every language and loses nothing"""
    languages = hx.config / "languages.toml"
    languages.write_text(USER_LANGUAGES)
    before = {name: servers_of(hx, name) for name in ("rust", "python", "go", "c-sharp")}
    # Without a terminal and without --yes the change is only shown.
    shown = hx.byok("setup", "helix")
    expect("it asks first", shown.returncode == 1 and "+[language-server.byok]" in shown.stdout, shown.stdout + shown.stderr)
    expect("it writes nothing unasked", languages.read_text() == USER_LANGUAGES)
    hx.set_up()
    text = languages.read_text()
    for line in USER_LANGUAGES.splitlines():
        expect(f"{line!r} is kept", line.replace('"pylsp"]', '"pylsp", "byok"]') in text, text)
    for name, servers in before.items():
        expect(f"{name} has its servers and ours", servers_of(hx, name) == servers + ["byok"], servers_of(hx, name))
    expect("the old file is kept", (hx.config / "languages.toml.before-byok").read_text() == USER_LANGUAGES)
    again = hx.set_up()
    expect("the second time there is nothing to do", languages.read_text() == text and "already" in again, again)
    expect("nothing to do, no backup", not (hx.config / "languages.toml.before-byok-2").exists())


def setup_says_it_as_json(hx):
    """setup helix --json plans, --yes makes, and the server is tried"""
    planned = json.loads(hx.byok("setup", "helix", "--json").stdout)
    expect("a plan", planned["changes"][0]["state"] == "planned" and planned["trial"]["ok"], planned)
    expect("nothing written", not (hx.config / "languages.toml").exists())
    made = json.loads(hx.byok("setup", "helix", "--json", "--yes").stdout)
    expect("made", made["changes"][0]["state"] == "created" and made["changes"][0]["backup"] is None, made)
    printed = hx.byok("setup", "helix", "--print").stdout
    expect("printed as it is", printed == (hx.config / "languages.toml").read_text(), printed)


def first_minute(hx):
    """the first minute, without key or network: a suggestion in the menu, taken"""
    hx.set_up()
    hx.open("cart.rs", CART)
    hx.suggests(10, "    let tot", "total = compute(left, right); text")
    # One hint how to add a key, which takes no keys from the menu.
    hx.logged("byok-lsp key set PROVIDER")
    hx.keys("Tab")
    screen = hx.shows("local/patterns")
    hx.keys("Enter")
    hx.saved("cart.rs", "fn third() {\n    let total = compute(left, right);\n}")
    expect("no complaint", "rror" not in screen, screen)


def model_switched_and_paid(hx):
    """the model is switched without a restart; the menu names it, the summary says what was paid"""
    url = hx.serve([{"text": ["Reader", "::new(", "path)", ";"], "usage": USAGE}])
    hx.settings(mock(url))
    hx.set_up()
    hx.open("lib.rs", "fn open(path: &Path) -> Result<Reader> {\n\n}\n")
    hx.command('lsp-workspace-command byok.setModel "mock/small"')
    hx.shows("mock/small from now on")
    hx.keys("2", "G", "A")
    hx.type("    let reader = Re")
    hx.logged('"byok/usage"')
    hx.command("lsp-workspace-command byok.usageSummary")
    screen = hx.shows("byok-lsp: today")
    expect("it cost something", "today $0 " not in screen and "$0.00" in screen, screen)
    expect("the key is not in the traffic", SECRET not in hx.traffic())


def model_chosen_from_a_menu(hx):
    """without a name byok.setModel opens a menu with price, speed and payer; what is chosen answers the next request"""
    url = hx.serve([{"text": ["Reader", "::new(", "path)", ";"], "usage": USAGE}])
    hx.settings(mock(url))
    hx.set_up()
    hx.open("lib.rs", "fn open(path: &Path) -> Result<Reader> {\n\n}\n")
    hx.command('lsp-workspace-command byok.setModel "mock/small"')
    hx.shows("mock/small from now on")
    hx.keys("2", "G", "A")
    hx.type("    let reader = Re")
    hx.logged('"byok/usage"')
    hx.keys("Escape")
    hx.command("lsp-workspace-command byok.setModel")
    screen = hx.shows("mock/small now; choose another")
    expect("the entry has the payer", "mock/small · " in screen and "through a server on this machine" in screen, screen)
    expect("the entry has the price", "$3.00 in, $20.00 out /M" in screen, screen)
    expect("the entry has the speed", re.search(r"this machine · \d+ ms", screen) is not None, screen)
    hx.keys("Down", "Enter")
    hx.shows("local/patterns from now on")


def model_for_actions_switched(hx):
    """code actions get a model of their own by the same command, and ghost text keeps its own"""
    hx.settings(mock(hx.serve([]), "openai-chat", 'completion = { model = "local" }'))
    hx.set_up()
    hx.open("a.rs", "fn main() {}\n")
    hx.command('lsp-workspace-command byok.setModel "mock/small" "action"')
    hx.shows("mock/small from now on")
    hx.command('lsp-workspace-command byok.setModel "action"')
    screen = hx.shows("mock/small now for code actions")
    expect("what continues code alone is not offered", "local · " not in screen, screen)
    hx.keys("Escape")
    hx.command("lsp-workspace-command byok.setModel")
    hx.shows("local/patterns now")
    hx.keys("Escape")


def paused_and_resumed(hx):
    """paused: no suggestion; resumed: one"""
    hx.set_up()
    hx.open("cart.rs", CART)
    hx.command("lsp-workspace-command byok.pause")
    hx.shows("byok-lsp: paused")
    hx.keys("1", "0", "G", "A")
    hx.type("    let tot")
    hx.logged('"method":"textDocument/completion"')
    hx.logged('"items":[]')
    hx.keys("Escape", "u")
    hx.command("lsp-workspace-command byok.resume")
    hx.shows("byok-lsp: resumed")
    hx.suggests(10, "    let tot", "total = compute(left, right); text")


def one_settings_file(hx):
    """a model in the one settings file holds in Helix, and the editor's config stands above it"""
    hx.settings('completion = { model = "local" }\n')
    hx.set_up()
    languages = hx.config / "languages.toml"
    languages.write_text(languages.read_text().replace(
        'args = ["serve"]\n',
        'args = ["serve"]\nconfig = { completion = { model = "mock/small" }, '
        'providers = { mock = { wire = "openai-chat", base_url = "http://127.0.0.1:9/v1", key = "none" } } }\n',
    ))
    hx.open("a.rs", "fn main() {}\n")
    hx.command("lsp-workspace-command byok.setModel")
    hx.shows("byok-lsp: mock/small now")
    hx.keys("Escape")
    hx.quit()
    languages.write_text(languages.read_text().replace('model = "mock/small"', "max_lines = 3"))
    hx.open("b.rs", "fn main() {}\n")
    hx.command("lsp-workspace-command byok.setModel")
    hx.shows("byok-lsp: local/patterns now")
    hx.keys("Escape")


def asked_in_a_terminal(hx):
    """in a terminal setup asks before it writes, and then where suggestions are to come from"""
    hx.run("sh", 150, 50)
    hx.type("byok-lsp setup helix; echo ended: $?")
    hx.keys("Enter")
    hx.shows("Write this? [y/N]")
    hx.type("n")
    hx.keys("Enter")
    hx.shows("nothing was written")
    expect("nothing is written", not (hx.config / "languages.toml").exists())
    hx.keys("C-l")
    hx.type("clear; byok-lsp setup helix; echo ended: $?")
    hx.keys("Enter")
    hx.shows("Write this? [y/N]")
    hx.type("y")
    hx.keys("Enter")
    hx.shows("OpenRouter, by signing in")
    hx.type("2")
    hx.keys("Enter")
    hx.shows("Provider (such as")
    hx.type("nobody-of-that-name")
    hx.keys("Enter")
    hx.shows("no provider is called so")
    hx.shows("ended: 0")
    expect("written", '"byok"' in (hx.config / "languages.toml").read_text())


TESTS = [
    one_settings_file, asked_in_a_terminal,
    setup_keeps_what_is_there, setup_says_it_as_json, first_minute, model_switched_and_paid, model_chosen_from_a_menu, model_for_actions_switched,
    paused_and_resumed,
    *actions.TESTS, *troubles.TESTS, *texts.TESTS,
]


def main():
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
        sys.exit(__doc__)
    binary, names = str(Path(sys.argv[1]).resolve()), sys.argv[2:]
    passed = failed = 0
    for test in TESTS:
        if names and test.__name__ not in names:
            continue
        hx = Helix(binary)
        try:
            test(hx)
            passed += 1
            print(f"ok   {test.__doc__}")
        except Exception as error:  # Whatever went wrong, the next test has its turn.
            failed += 1
            print(f"FAIL {test.__doc__}")
            print(str(error) if isinstance(error, Failure) else traceback.format_exc())
        finally:
            hx.stop()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
