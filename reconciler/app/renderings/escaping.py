"""Text from data made harmless in what surrounds it: Markdown, XML, GitHub's workflow commands, spreadsheets."""

import json
import re
import unicodedata
from typing import Final

BREAKS: Final = {"\n": "⏎", "\r": "␍", "\t": "⇥"}
HIDDEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
STRUCTURE: Final = re.compile(r"[&<>|`*_~\[\]\\#:/$^{}\"']|(?<=[wW]{3})\.")
CALLED: Final = re.compile(r"(@|&#35;)")
FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")  # noqa: RUF001 - spreadsheets take the wide forms too
EDGE: Final = (" ", "\t", "\r", "\n", "\ufeff", "\u00a0")
ZERO_WIDTH: Final = "&#8203;"


def visible(text: str) -> str:
    """One line without anything that hides, turns the writing direction, or is no character of XML."""
    return "".join(_shown(one) for one in text)


def _shown(one: str) -> str:
    if one in BREAKS:
        return BREAKS[one]
    if unicodedata.category(one) in HIDDEN:
        return f"\\u{{{ord(one):x}}}"
    return one


def prose(text: str) -> str:
    """A sentence inside Markdown: no markup, no link, no HTML, no table cell, and nobody is mentioned by it."""
    plain = STRUCTURE.sub(lambda found: f"&#{ord(found[0])};", visible(text))
    return CALLED.sub(rf"\1{ZERO_WIDTH}", plain)


def code(text: str) -> str:
    """A value or name inside Markdown, as code; safe in a table as well."""
    return f"<code>{STRUCTURE.sub(lambda found: f'&#{ord(found[0])};', visible(text))}</code>"


def command_data(text: str) -> str:
    """The message of a workflow command: it stays on its line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """A property of a workflow command: it ends neither itself nor the list."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")


def cell(value: object) -> str:
    """A cell of CSV: a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return shown_value(value)
    risky = value.startswith(("\t", "\r", "\n")) or value.lstrip("".join(EDGE)).startswith(FORMULA)
    return f"'{value}" if risky else value


def shown_value(value: object) -> str:
    """A stored value, masked long before, as JSON text."""
    return json.dumps(value, ensure_ascii=False)
