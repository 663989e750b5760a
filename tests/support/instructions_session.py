#!/usr/bin/env python3
"""Counts the instructions of the server's own thread for a completion in 10,000 lines with an edit just before, by callgrind; prints them.

Usage: instructions_session.py BINARY FOLDER      the server's settings are in the environment; FOLDER is for what callgrind writes
"""
import pathlib
import re
import subprocess
import sys

from session import Session

binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
FUNCTIONS = 2_000
WARM, COUNTED = 30, 50
SUGGESTED = "let y = a + 1;"


def control(option):
    subprocess.run(["callgrind_control", option, str(session.server.pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


session = Session(
    ["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder}/counted", binary, "serve"], stderr=subprocess.DEVNULL,
)
uri = (folder / "lib.rs").as_uri()
session.begin(folder.as_uri())
one = "fn f{0}(a: u32) -> u32 {{\n    let x{0} = a + {0};\n    \n    x{0}\n}}\n"
session.open(uri, "".join(one.format(number) for number in range(FUNCTIONS)))
for number in range(WARM + COUNTED):
    if number == WARM:
        control("-z")
    # Another place each time, since what was suggested is known.
    line = 2 + 5 * (FUNCTIONS // 2 + number)
    start = {"line": line, "character": 0}
    change = {"range": {"start": start, "end": start}, "text": " "}
    session.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": number + 2}, "contentChanges": [change]})
    ghost = session.ghost(uri, line, 5, 1)
    if ghost != SUGGESTED:
        sys.exit(f"suggested was {ghost!r}, not {SUGGESTED!r}")
control("-d")
(counted,) = folder.glob("counted.1-01")
total = int(re.search(r"^totals: (\d+)", counted.read_text(), re.MULTILINE)[1])
print(total // COUNTED)
sys.exit(session.end())
