#!/usr/bin/env python3
"""Usage: ansi_to_svg.py [--title TEXT] < CAPTURE > OUT.svg      draws a terminal's screen, as `tmux capture-pane -e -p` prints it.

Understands SGR sequences (16, 256 and 24-bit colours, bold, dim, italic, underline, reverse) and nothing else, since a capture holds
nothing else. The picture has its own dark background, so it reads the same on a light and on a dark page.
"""
import argparse
import re
import sys
import unicodedata
from html import escape

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, MARGIN, BAR = 8.4, 18, 14, 14, 30
FOREGROUND, BACKGROUND, FRAME = "#e0e2ea", "#14161b", "#2c2e33"
FONT = "ui-monospace, 'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace"
BASE = [
    "#1d1f26", "#ffc0b9", "#b3f6c0", "#fce094", "#a6dbff", "#ffcaff", "#8cf8f7", "#c4c6cd",
    "#4f5258", "#ffc0b9", "#b3f6c0", "#fce094", "#a6dbff", "#ffcaff", "#8cf8f7", "#eef1f8",
]
SGR = re.compile(r"\x1b\[([0-9;:]*)m")
OTHER_ESCAPE = re.compile(r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[\x0e\x0f])|[\x0e\x0f]")


def palette(number):
    if number < 16:
        return BASE[number]
    if number < 232:
        levels = (0, 95, 135, 175, 215, 255)
        number -= 16
        return "#%02x%02x%02x" % (levels[number // 36], levels[number // 6 % 6], levels[number % 6])
    grey = 8 + 10 * (number - 232)
    return "#%02x%02x%02x" % (grey, grey, grey)


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = False

    def apply(self, codes):
        codes = [int(code or 0) for code in re.split("[;:]", codes)]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 3, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (23, 24, 27):
                setattr(self, {23: "italic", 24: "underline", 27: "reverse"}[code], False)
            elif code in (38, 48):
                colour = None
                if codes[:1] == [5]:
                    colour = palette(codes[1])
                    del codes[:2]
                elif codes[:1] == [2]:
                    colour = "#%02x%02x%02x" % tuple(codes[1:4])
                    del codes[:4]
                setattr(self, "fg" if code == 38 else "bg", colour)
            elif code in (39, 49):
                setattr(self, "fg" if code == 39 else "bg", None)
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.fg = palette(code - 30 if code < 90 else code - 82)
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.bg = palette(code - 40 if code < 100 else code - 92)

    def key(self):
        fg, bg = self.fg or FOREGROUND, self.bg or BACKGROUND
        if self.reverse:
            fg, bg = bg, fg
        return fg, bg, self.bold, self.dim, self.italic, self.underline


def width_of(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line, style):
    """Splits a line into (column, width, text, style key)."""
    out, column = [], 0
    for number, part in enumerate(SGR.split(OTHER_ESCAPE.sub("", line))):
        if number % 2:
            style.apply(part)
        elif part:
            width = sum(width_of(character) for character in part)
            out.append((column, width, part, style.key()))
            column += width
    return out, column


def draw(text, title):
    style = Style()
    lines = [runs(line, style) for line in text.rstrip("\n").split("\n")]
    columns = max(80, max(width for _, width in lines))
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + BAR + 2 * MARGIN
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="9" fill="{BACKGROUND}" stroke="{FRAME}"/>',
        *(f'<circle cx="{20 + 18 * i}" cy="{BAR / 2 + 3}" r="5.5" fill="{FRAME}"/>' for i in range(3)),
        f'<g font-family="{FONT}" font-size="{FONT_SIZE}">',
        f'<text x="{width / 2:.0f}" y="{BAR / 2 + 8}" text-anchor="middle" fill="#9b9ea4">{escape(title)}</text>',
    ]
    for row, (parts, _) in enumerate(lines):
        top = BAR + MARGIN + row * CELL_HEIGHT
        for column, cells, part, (fg, bg, bold, dim, italic, underline) in parts:
            x, size = MARGIN + column * CELL_WIDTH, cells * CELL_WIDTH
            if bg != BACKGROUND:
                svg.append(f'<rect x="{x:.1f}" y="{top}" width="{size:.1f}" height="{CELL_HEIGHT}" fill="{bg}"/>')
            # Spaces at a run's ends would be dropped and the rest stretched over their cells.
            x += CELL_WIDTH * (len(part) - len(part.lstrip(" ")))
            size -= CELL_WIDTH * (len(part) - len(part.strip(" ")))
            part = part.strip(" ")
            if not part:
                continue
            extra = ' font-weight="bold"' * bold + ' font-style="italic"' * italic + ' opacity="0.6"' * dim
            extra += ' text-decoration="underline"' * underline
            svg.append(
                f'<text x="{x:.1f}" y="{top + 13.5}" fill="{fg}"{extra} xml:space="preserve" textLength="{size:.1f}"'
                f' lengthAdjust="spacingAndGlyphs">{escape(part, quote=False)}</text>'
            )
    return "\n".join([*svg, "</g>", "</svg>", ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draws a terminal's screen as an SVG.")
    parser.add_argument("--title", default="nvim")
    options = parser.parse_args()
    sys.stdout.write(draw(sys.stdin.read(), options.title))
