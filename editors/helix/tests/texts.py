"""What is taken in Helix from its menu, Neovim takes as ghost text: the same cases, the same texts, to the last byte."""
import json
from pathlib import Path

from fixtures import mock
from helix import eventually

CASES = json.loads((Path(__file__).resolve().parents[3] / "tests/support/same_texts.json").read_text())
MARK = "‸"


def takes(case):
    def test(hx):
        ends = case.get("ends", "\n")
        hx.settings(mock(hx.serve([{"text": case["answer"]}]), case.get("wire", "openai-completions"), 'completion = { model = "mock/small" }'))
        # What Helix closes by itself would be another text than the one in question.
        hx.configure("auto-pairs = false\n")
        hx.set_up()
        row, line = next((row, line) for row, line in enumerate(case["lines"], 1) if MARK in line)
        column, behind = line.index(MARK), len(line) - line.index(MARK) - 1
        text = "".join(line + ends for line in case["lines"]).replace(MARK, "")
        hx.open(case["file"], text, place=f":{row}:{column + 1}")
        hx.keys("i")
        hx.type(case["typed"])
        # The menu's entry is the word with the rest of its line.
        first = case["result"][row - 1]
        hx.shows(first[column:len(first) - behind])
        hx.keys("Tab", "Enter")
        wanted = "".join(line + ends for line in case["result"])
        hx.command("write!")
        eventually(f"the file holds {wanted!r}", lambda: hx.held(case["file"]), lambda held: held == wanted, hx.screen)

    test.__doc__ = f"the same text as in Neovim: {case['name']}"
    test.__name__ = case["name"].replace(" ", "_")
    return test


TESTS = [takes(case) for case in CASES]
