#!/usr/bin/env python3
"""Counts the instructions of the server's own thread for a completion in 10,000 lines with an edit just before, by callgrind; prints them.

Between completions the server is let rest, as by somebody who types: otherwise it hangs on the machine whether the parse behind an edit is over before the
next. They are counted in several windows, of which the least counts: what comes by the clock, such as a look whether a suggestion is still there, only adds.

Usage: instructions_session.py BINARY FOLDER      the server's settings are in the environment; FOLDER is for what callgrind writes
"""
import pathlib
import re
import subprocess
import sys

from session import Session, long_file

binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
FUNCTIONS = 2_000
WARM, WINDOWS, WINDOW = 30, 5, 10
SUGGESTED = "let y = a + 1;"


def control(option):
    subprocess.run(["callgrind_control", option, str(session.server.pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


session = Session(
    ["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder}/counted", binary, "serve"], stderr=subprocess.DEVNULL,
)
uri = (folder / "lib.rs").as_uri()
session.begin(folder.as_uri())
session.open(uri, long_file(FUNCTIONS))
for number in range(WARM + WINDOWS * WINDOW):
    if number == WARM:
        control("-z")
    elif number > WARM and (number - WARM) % WINDOW == 0:
        control("-d")  # which begins to count anew
    # Another place each time, since what was suggested is known.
    line = 2 + 5 * (FUNCTIONS // 2 + number)
    start = {"line": line, "character": 0}
    change = {"range": {"start": start, "end": start}, "text": " "}
    session.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": number + 2}, "contentChanges": [change]})
    ghost = session.ghost(uri, line, 5, 1)
    if ghost != SUGGESTED:
        sys.exit(f"suggested was {ghost!r}, not {SUGGESTED!r}")
    session.rest()
control("-d")
dumps = [(folder / f"counted.{window}-01").read_text() for window in range(1, WINDOWS + 1)]
totals = [int(re.search(r"^totals: (\d+)", dump, re.MULTILINE)[1]) for dump in dumps]
print("windows:", *(total // WINDOW for total in totals), file=sys.stderr)
print(min(totals) // WINDOW)
sys.exit(session.end())
