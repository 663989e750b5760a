#!/usr/bin/env python3
"""Usage: capture.py BYOK_BINARY OUT.svg
Photographs a real Helix: the suggestion in the completion menu, previewed in the text, with the model and the payer beside it. No key, no network.
"""
import subprocess
import sys
from pathlib import Path

from fixtures import CART
from helix import Helix

ANSI_TO_SVG = Path(__file__).resolve().parents[2] / "neovim/tests/support/ansi_to_svg.py"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    hx = Helix(str(Path(sys.argv[1]).resolve()))
    try:
        hx.set_up()
        # The hint of the first minute is for another picture.
        hx.settings('completion = { model = "local" }\n')
        hx.open("cart.rs", CART, width=100, height=18)
        hx.suggests(10, "    let tot", "total = compute(left, right); text")
        hx.keys("Tab")
        hx.shows("local/patterns")
        screen = hx.tmux("capture-pane", "-e", "-p", "-N")
    finally:
        hx.stop()
    drawn = subprocess.run(
        ["python3", str(ANSI_TO_SVG), "--title", "hx cart.rs"], input=screen, capture_output=True, text=True, check=True,
    )
    Path(sys.argv[2]).write_text(drawn.stdout)
    print(f"wrote {sys.argv[2]}")


main()
