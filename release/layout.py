#!/usr/bin/env python3
"""How the functions of the released program lie in its file: those that run at the start and for a completion side by side (build/layout.rs says why).

    release/layout.py record            builds the program, has it work under callgrind, writes release/layout.txt; a quarter of an hour, needs valgrind
    release/layout.py fresh             fails if the list was recorded with other crates, another compiler or another profile: then few of its names hold
    release/layout.py check PROGRAM     starts the program; fails if more of its code is resident then than functions that lie side by side take

All three are for Linux on x64: the list holds there, and nowhere else.
"""
import collections
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
from session import Session, long_file  # noqa: E402

LIST = ROOT / "release/layout.txt"
TARGET = "x86_64-unknown-linux-gnu"
SUGGESTED, COMPLETIONS = "let y = a + 1;", 8
FUNCTIONS = 2_000
"""How many functions the document has that is edited: 10,000 lines."""
MOST = 5_500_000
"""Bytes of code that may be resident after the start. Laid out it was 3.5 to 5.0 million, without that 8.8 and more (November 2026)."""


def command(*words):
    return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def recorded_with():
    """What the names hang on: cargo makes a digest of each of these a part of them."""
    crates = command("cargo", "tree", "--locked", "--target", TARGET, "--edges", "normal,build", "--prefix", "none", "--format", "{p} {f}")
    # The project's own folder is another everywhere, and what stands twice was said before.
    crates = sorted({re.sub(r" \((?:/.*?|\*)\)", "", line) for line in crates.splitlines()})
    toolchain = re.search(r'^channel = "(.*)"', (ROOT / "rust-toolchain.toml").read_text(), re.MULTILINE)[1]
    tables = re.split(r"^(?=\[)", (ROOT / "Cargo.toml").read_text(), flags=re.MULTILINE)
    lines = "".join(table for table in tables if table.startswith("[profile.release")).splitlines()
    profile = [line for line in lines if line and not line.startswith("#")]
    digest = hashlib.sha256("\n".join([*crates, toolchain, *profile]).encode()).hexdigest()[:16]
    return f"# With Rust {toolchain} and crates and profile of the digest {digest}."


def build():
    """Builds the program with its names; returns it."""
    # As cargo builds it, but for the names, which neither the profile nor the environment may keep: they would be others then.
    words = ["cargo", "rustc", "--release", "--locked", "--bin", "byok-lsp", "--message-format", "json", "--", "-C", "strip=none"]
    messages = [json.loads(line) for line in command(*words).splitlines()]
    return next(message["executable"] for message in messages if message.get("executable"))


def everything(wire, url):
    """Returns settings in which everything is on, with the provider at `url`, which is told of calls as a collector, too."""
    asked = '[completion]\nmodel = "mock/m"\ndebounce_ms = 0\n'
    rest = (ROOT / "benches/server/everything.toml").read_text()
    return asked + rest.replace("@WIRE@", wire).replace("@URL@", url).replace("@COLLECTOR@", url)


class Recording:
    """A server under callgrind that is had to work. Afterwards `ran` has the functions that ran in it, by what it did."""

    def __init__(self, program, wire, url, folder):
        self.folder, self.ran, self.suggested = folder, {}, []
        folder.mkdir()
        (folder / "config.toml").write_text(everything(wire, url) if wire else "")
        own = {name: str(folder / name.lower()) for name in ("BYOK_LEDGER", "BYOK_CACHE", "BYOK_KEYS")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "BYOK_CONFIG": str(folder / "config.toml"), **own}
        valgrind = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={folder}/counted"]
        self.session = Session([*valgrind, program, "serve"], stderr=subprocess.DEVNULL, env=environment)
        self.session.begin(folder.as_uri())
        self.dump("start")
        self.uri = (folder / "lib.rs").as_uri()
        self.session.open(self.uri, long_file(FUNCTIONS))
        self.dump("open")
        for number in range(COMPLETIONS):
            self.complete(number)
        # What was written along is answered by what is known already, from there on.
        if wire and self.suggested != [SUGGESTED, SUGGESTED[1:]] * COMPLETIONS:
            sys.exit(f"suggested was {self.suggested}")
        self.dump("complete")
        self.act()
        if self.session.end() != 0:
            sys.exit("the server ended with an error")
        self.read("end", folder / "counted")

    def complete(self, number):
        """Writes a character, asks, and asks again as it is written along what was suggested."""
        line, column = 2 + 5 * (FUNCTIONS // 2 + number), 0
        for written in ("    " if number % 2 else " ", SUGGESTED[0]):
            start = {"line": line, "character": column}
            change = {"range": {"start": start, "end": start}, "text": written}
            document = {"uri": self.uri, "version": 2 + len(self.suggested)}
            self.session.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
            column += len(written)
            self.suggested.append(self.session.ghost(self.uri, line, column, 2 - number % 2))
            self.session.rest()

    def act(self):
        """What is asked for now and then: a menu's suggestion, and what can be done at the cursor."""
        place = {"line": 1, "character": 8}
        document = {"textDocument": {"uri": self.uri}}
        self.session.ask("textDocument/completion", {**document, "position": place})
        self.session.ask("textDocument/codeAction", {**document, "range": {"start": place, "end": place}, "context": {"diagnostics": []}})
        self.session.notify("textDocument/didSave", document)
        self.session.rest()

    def dump(self, what):
        self.session.rest()
        number = len(self.ran) + 1
        subprocess.run(["callgrind_control", "-d", str(self.session.server.pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.read(what, self.folder / f"counted.{number}")

    def read(self, what, counted):
        """Reads the names of the program's functions from a file of callgrind's, in which each name stands once, with a number that stands for it later."""
        names, ran, ours = {}, set(), False
        for kind, number, name in re.findall(r"^(c?(?:ob|fn))=\((\d+)\)(?: (.*))?$", counted.read_text(), re.MULTILINE):
            space = "object" if kind.endswith("ob") else "function"
            if name:
                names[space, number] = name
            if kind == "ob":
                ours = names[space, number].endswith("byok-lsp")
            elif kind == "fn" and ours:
                # A function that calls itself has a mark behind its name.
                ran.add(re.sub(r"'\d+$", "", names[space, number]))
        self.ran[what] = ran


def record():
    program = build()
    symbols = [line.split() for line in command("nm", "--print-size", "--numeric-sort", program).splitlines()]
    functions = [(words[3], int(words[1], 16)) for words in symbols if len(words) == 4 and words[2] in "tTwW"]
    sizes = dict(functions)
    # Parsers of different languages have functions of the same name, all of which the linker would put there.
    twice = {name for name, times in collections.Counter(name for name, _ in functions).items() if times > 1}
    ran = {}
    # As a collector it does not understand what it is told, and says so at length.
    scripted = [sys.executable, ROOT / "tests/support/scripted_provider.py", "--script", '[{"text": ["let y = ", "a + ", "1;"]}]']
    with tempfile.TemporaryDirectory() as scratch, subprocess.Popen(scripted, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as provider:
        try:
            url = provider.stdout.readline().strip()
            for number, wire in enumerate((None, "openai-completions", "openai-chat")):
                for what, names in Recording(program, wire, url, pathlib.Path(scratch) / str(number)).ran.items():
                    ran.setdefault(what, set()).update(names)
        finally:
            provider.kill()
    # What a completion takes, then what else the start does: both are needed in each server. Within each as they lay, so that little changes from one recording to the next.
    placed, lines = set(), []
    for what in ("complete", "start", "open", "end"):
        names = [name for name, _ in functions if name in ran[what] and name not in placed and name not in twice]
        placed.update(names)
        lines += [f"# {what}", *names]
        print(f"{what}: {len(names)} functions, {sum(sizes[name] for name in names)} bytes")
    print(f"of {len(functions)} functions, {sum(size for _, size in functions)} bytes")
    head = "# The functions of the released program that lie first in it, one a line: release/layout.py has recorded them, build/layout.rs hands them to the linker."
    LIST.write_text("\n".join([head, recorded_with(), *lines, ""]))


def fresh():
    if recorded_with() not in LIST.read_text().splitlines():
        sys.exit("release/layout.txt was recorded with other crates, another compiler or another profile: release/layout.py record")


def check(program):
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home}
        session = Session([program, "serve"], stderr=subprocess.DEVNULL, env=environment)
        session.begin(pathlib.Path(home).as_uri())
        session.rest()
        maps = pathlib.Path(f"/proc/{session.server.pid}/smaps").read_text()
        resident = sum(int(size) * 1024 for size in re.findall(r"^\S+ r-xp .*" + re.escape(str(pathlib.Path(program).resolve())) + r"\n(?:(?!Rss).*\n)*Rss: *(\d+) kB", maps, re.MULTILINE))
        session.end()
    print(f"{resident} bytes of its code are resident after the start; {MOST} are allowed")
    if not 0 < resident <= MOST:
        sys.exit("the functions that run at the start do not lie side by side: was release/layout.txt recorded with these crates, and does the linker take it?")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["record"]:
            record()
        case ["fresh"]:
            fresh()
        case ["check", program]:
            check(program)
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(64)
