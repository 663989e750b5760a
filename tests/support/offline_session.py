#!/usr/bin/env python3
"""A session of an editor with byok-lsp: ghost text at the last `let reader = `, the route, the list of models; prints what came of each.

Usage: offline_session.py BINARY FILE [once | MODEL]      (once: the ghost text need not come; MODEL: it is asked for once this is who answers)
"""
import pathlib
import sys

from session import Session

binary, file = sys.argv[1], pathlib.Path(sys.argv[2])
once = sys.argv[3:] == ["once"]
model = "" if once else "".join(sys.argv[3:])
session, uri, text = Session([binary, "serve"]), file.as_uri(), file.read_text()
line = next(number for number, line in enumerate(text.split("\n")) if line.endswith("let reader = "))
session.begin(file.parent.as_uri())
session.open(uri, text)
# A server on this machine is looked for behind the answer, too.
while model and session.ask("byok/explainRoute", {"uri": uri})["model"] != model and session.number < 1000:
    pass
# The engine reads the document behind the answer, so the first question may come too early.
ghost = ""
while not ghost and session.number < 2000:
    ghost = session.ghost(uri, line, len("    let reader = "), 1)
    if once:
        break
route = session.ask("byok/explainRoute", {"uri": uri})
models = session.ask("byok/models", {})
print(f"ghost {ghost}")
print(f"route {route['model']}: {route['reason']}")
print(f"models {len(models['models'])}")
sys.exit(session.end())
