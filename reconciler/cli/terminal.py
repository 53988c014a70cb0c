"""What the terminal can take: its width, and whether colours are wanted; texts are fitted to it as they are printed."""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from typing import Final

import click

LEAST: Final = 8
GAP: Final = "  "
COLOURS: Final = {"✔": "green", "✖": "red", "▲": "yellow", "!": "yellow", "⧗": "blue", "☺": "cyan", "⚑": "green"}
MARK: Final = re.compile(rf"^(\s*)([{''.join(COLOURS)}])(?= )", re.MULTILINE)
HEAD: Final = re.compile(r"^[A-Z][A-Z ()]*(?: {2,}[A-Z][A-Z ()]*)+$", re.MULTILINE)
ESCAPE: Final = re.compile(r"\x1b\[[0-9;]*m")
NEXT: Final = re.compile(r"^(\s*)Next( \([^)]*\))?:", re.MULTILINE)
PIECE: Final = re.compile(r"[^\s_./]+[_./]*\s*|[_./]+\s*|\s+")
COPIED: Final = re.compile(r"reconciler \w|sha256:[0-9a-f]{64}")
COLUMN: Final = re.compile(r"^ +(?=\S)| {2,}(?=\S)")


def columns() -> int | None:
    """How many characters a line has; None where standard output is no terminal and lines may be of any length."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def colours() -> bool:
    """Whether to colour: NO_COLOR forbids it, FORCE_COLOR asks for it, else a terminal that is not dumb decides."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def say(text: str) -> None:
    """Prints a text for people: long lines go on under their last column, marks and heads are coloured."""
    room = columns()
    fitted = text if room is None else "\n".join(_wrapped(line, room) for line in text.split("\n"))
    click.echo(painted(fitted) if colours() else fitted, color=True)


def painted(text: str) -> str:
    """The text with marks in their colours; every mark stands beside its word, so that nothing rests on colour."""
    marked = MARK.sub(lambda found: found[1] + click.style(found[2], fg=COLOURS[found[2]], bold=True), text)
    headed = HEAD.sub(lambda found: click.style(found[0], bold=True), marked)
    return NEXT.sub(lambda found: found[1] + click.style(found[0].strip(), bold=True), headed)


def _wrapped(line: str, room: int) -> str:
    """A line that is too long as several, the later ones indented to the last column that starts in its first half.

    What people copy is left as it is: a terminal that breaks it by itself joins it again.
    """
    if len(line) <= room or COPIED.search(line):
        return line
    starts = (found.end() for found in COLUMN.finditer(line))
    start = max((one for one in starts if one <= room // 2), default=0)
    return line[:start] + f"\n{' ' * start}".join(_cell(line[start:], room - start))


def table(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Columns as wide as their widest cell, the last not padded; on a terminal the widest are wrapped until all fit."""
    if not rows:
        return ""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    room = columns()
    if room is not None:
        words = [
            max(len(piece) for row in rows for piece in _pieces(row[place]) or [""]) for place in range(len(widths))
        ]
        widths = _narrowed(widths, words, room - len(indent) - len(GAP) * (len(widths) - 1))
    return "\n".join(line for row in rows for line in _lines(row, widths, indent))


def _narrowed(widths: Sequence[int], words: Sequence[int], room: int) -> list[int]:
    """The widths, the widest cut down to their longest word, and below that only where they still do not fit."""
    fitted = list(widths)
    for least in (words, [min(LEAST, word) for word in words]):
        while sum(fitted) > room and (open_ := [n for n, width in enumerate(fitted) if width > least[n]]):
            fitted[max(open_, key=lambda place: fitted[place])] -= 1
    return fitted


def _lines(row: Sequence[str], widths: Sequence[int], indent: str) -> list[str]:
    """A row as one line, or as many as its longest cell takes."""
    cells = [_cell(cell, width) for cell, width in zip(row, widths, strict=True)]
    height = max(len(cell) for cell in cells)
    return [
        indent + GAP.join(_at(cell, number).ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for number in range(height)
    ]


def _cell(text: str, width: int) -> list[str]:
    """A cell's lines, broken between words and behind `_`, `.` and `/`, and inside a word only where it must be."""
    if len(text) <= width:
        return [text]
    lines = [""]
    for word in _pieces(text):
        if len(lines[-1]) + len(word) > width and lines[-1].strip():
            lines.append("")
        lines[-1] += word
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.strip() for line in lines]


def _pieces(text: str) -> list[str]:
    """What may not be broken, each with the space behind it."""
    return PIECE.findall(text)


def _at(lines: Sequence[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""
