"""Values told apart by eye: what differs is marked, what cannot be seen is named, and each value says its type."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from reconciler.app.ports import StoredField
from reconciler.core.model import DiffKind, Sensitivity

NAMED = {"\t": "⇥ tab", "\n": "⏎ line feed", "\r": "␍ carriage return", " ": "·"}
UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"})
MOST_CODE_POINTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bit:
    """A stretch of a value: it `differs` from the other side, or is `named` because it cannot be seen."""

    text: str
    differs: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One side of a field: its type in a word, its bits, and the code points of what differs where letters deceive."""

    type: str
    bits: tuple[Bit, ...]
    code_points: str = ""
    hollow: bool = False


def both_sides(field: StoredField) -> tuple[Shown, Shown]:
    """What the source and the target hold, marked against each other."""
    if field.redacted == Sensitivity.SECRET:
        secret = _hollow("secret", "compared in memory, never stored")
        return secret, secret
    source_absent, target_absent = field.kind is DiffKind.EXTRA_FIELD, field.kind is DiffKind.MISSING_FIELD
    source, target = _text(field.source), _text(field.target)
    comparable = field.source is not None and field.target is not None and not field.redacted
    head, tail = _common(source, target) if comparable else (0, 0)
    masked = field.redacted is not None
    return (
        _side(field.source, absent=source_absent, masked=masked, edges=(head, tail), marked=comparable),
        _side(field.target, absent=target_absent, masked=masked, edges=(head, tail), marked=comparable),
    )


def _side(value: object, *, absent: bool, masked: bool, edges: tuple[int, int], marked: bool) -> Shown:
    """One side's value; `edges` are the lengths of what both sides have in common at the start and at the end."""
    if value is None:
        return _hollow("absent", "⌀ absent") if absent else _hollow("null", "∅ null")
    text = _text(value)
    if masked:
        return Shown(type="masked", bits=(Bit(text=text),))
    head, tail = edges
    middle = text[head : len(text) - tail]
    named = _unseen_places(text, spaces=isinstance(value, str))
    bits = [*_bits(text, named, (0, head)), *_bits(text, named, (head, len(text) - tail), differs=marked)]
    bits += _bits(text, named, (len(text) - tail, len(text)))
    return Shown(type=_type(value), bits=tuple(bits), code_points=_code_points(middle) if marked else "")


def _hollow(kind: str, text: str) -> Shown:
    """A side that holds no value to show."""
    return Shown(type=kind, bits=(Bit(text=text),), hollow=True)


def _text(value: object) -> str:
    """A value as text: strings as they are, anything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict | list) else None)


def _type(value: object) -> str:
    """A JSON value's type in a word."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "array"
        case _:
            return "object"


def _common(source: str, target: str) -> tuple[int, int]:
    """How many characters both have in common at the start, and after those at the end."""
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(source, target, strict=False)))
    left = min(len(source), len(target)) - head
    ends = zip(reversed(source), reversed(target), strict=False)
    return head, min(left, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends)))


def _bits(text: str, named: frozenset[int], stretch: tuple[int, int], *, differs: bool = False) -> Iterator[Bit]:
    """A stretch of a text, cut at the characters that have to be named."""
    start, end = stretch
    for place in sorted(one for one in named if start <= one < end):
        if place > start:
            yield Bit(text=text[start:place], differs=differs)
        yield Bit(text=NAMED.get(text[place], f"U+{ord(text[place]):04X}"), differs=differs, named=True)
        start = place + 1
    if start < end:
        yield Bit(text=text[start:end], differs=differs)


def _unseen_places(text: str, *, spaces: bool) -> frozenset[int]:
    """Where a character cannot be seen; of spaces (and line feeds) those at an edge or side by side, if asked."""
    unseen = {at for at, one in enumerate(text) if one not in " \n" and unicodedata.category(one) in UNSEEN}
    if spaces:
        edges = {at for at, one in enumerate(text) if one == " " and (at in (0, len(text) - 1) or _beside(text, at))}
        unseen |= edges | {at for at, one in enumerate(text) if one == "\n"}
    return frozenset(unseen)


def _beside(text: str, at: int) -> bool:
    """Whether the space at that place has another one beside it."""
    return " " in text[at - 1 : at] + text[at + 1 : at + 2]


def _code_points(text: str) -> str:
    """`U+0410` of each differing character where one is beyond ASCII and they are few."""
    if not text or text.isascii() or len(text) > MOST_CODE_POINTS:
        return ""
    return " ".join(f"U+{ord(letter):04X}" for letter in text)
