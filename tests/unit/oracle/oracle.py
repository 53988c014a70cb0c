"""A second opinion: equality as DOMAINS.md words it, in plain Python that shares no code with the product.

Values: None, ABSENT, bool, int, float, Decimal, str, bytes, list, dict, and tuples with a tag for what Python has no type for:
("oid", hex), ("date", milliseconds), ("time", microseconds), ("infinite", text), ("json", text), ("ref", legacy id), ("lost",),
("rows", [(position, {path: value})]).
"""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

ABSENT = ("absent",)
UNREADABLE = "unreadable"
NUMBERS = (int, float, Decimal)


def verdict(kind: str, source: Any, target: Any, *, scale: int = 0, items: str = "text") -> str:  # noqa: ANN401 - any value
    """`equal`, `unreadable`, or the kind of the difference of the whole field: `inside` where it lies further down."""
    if kind == "children":
        return _children(source, target)
    if kind == "json":
        return _json(source, target)
    if kind == "array":
        return _array(source, target, items, scale)
    if source in (None, ABSENT) and target is None:
        return "equal"
    if source not in (None, ABSENT) and not _named(kind, source):
        return "type"
    if target == ("lost",):
        return "dangling_reference"
    if source in (None, ABSENT):
        return "extra_field"
    if kind == "decimal" and isinstance(source, str) and _fraction(source) is None:
        return UNREADABLE
    if target is None:
        return "missing_field"
    return "equal" if _same(kind, source, target, scale) else "value"


def _named(kind: str, source: Any) -> bool:  # noqa: ANN401
    """Whether the rule names the value's type."""
    number = isinstance(source, int | float) and not isinstance(source, bool)
    return {
        "text": isinstance(source, str), "char": isinstance(source, str), "ci": isinstance(source, str), "lower": isinstance(source, str),
        "integer": number, "double": number, "decimal": number or isinstance(source, Decimal | str), "boolean": isinstance(source, bool),
        "bytes": isinstance(source, bytes), "instant": _tagged(source, "date"), "reference": _tagged(source, "oid"),
    }[kind]  # fmt: skip


def _tagged(value: Any, tag: str) -> bool:  # noqa: ANN401
    return isinstance(value, tuple) and value[0] == tag


def _same(kind: str, source: Any, target: Any, scale: int) -> bool:  # noqa: ANN401, PLR0911 - a line a kind
    """Whether two values of the right types are equal."""
    match kind:
        case "char":
            return bool(source.rstrip(" ") == target.rstrip(" "))
        case "ci":
            return bool(source.lower() == target.lower())
        case "lower":
            return bool(source.lower() == target)
        case "integer":
            return _number(source) == _number(target)
        case "double":
            return _number(float(source)) == _number(target)
        case "decimal":
            return _rounded(source, scale) == _number(target)
        case "instant":
            return _tagged(target, "time") and target[1] // 1000 == source[1]
        case "reference":
            return bool(source[1] == target[1])
    return bool(source == target)


def _number(value: Any) -> Fraction | str:  # noqa: ANN401
    """The number itself; NaN and the infinities by name."""
    try:
        return Fraction(value)
    except (ValueError, OverflowError):
        return "nan" if value != value else "inf" if value > 0 else "-inf"  # noqa: PLR0124 - only NaN differs from itself


def _rounded(value: Any, scale: int) -> Fraction | str | None:  # noqa: ANN401
    """The number at a scale, half away from zero; a double as it prints."""
    number = _fraction(value) if isinstance(value, str) else _number(repr(value) if _finite(value) else value)
    if not isinstance(number, Fraction):
        return number
    units = abs(number) * 10**scale
    whole = int(units) + (units - int(units) >= Fraction(1, 2))
    return Fraction(-whole if number < 0 else whole, 10**scale)


def _finite(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, float) and value - value == 0


def _fraction(text: str) -> Fraction | str | None:
    """The number that a text spells; None where it spells none."""
    name = text.strip().lower()
    if name.lstrip("+-") in ("inf", "infinity", "nan"):
        return None if name[1:] == "nan" else {"n": "nan", "-": "-inf"}.get(name[0], "inf")
    if "/" in text or "_" in text or not name.isascii():
        return None
    try:
        return Fraction(name)
    except ValueError:
        return None


# -- nested ------------------------------------------------------------------------------------------------------------


def _written(value: Any) -> Any:  # noqa: ANN401
    """A document's value as the backfill writes it into json."""
    if isinstance(value, bool | str) or value is None:
        return (type(value).__name__, value)
    if isinstance(value, list):
        return ("list", tuple(map(_written, value)))
    if isinstance(value, dict):
        return ("dict", frozenset((name, _written(item)) for name, item in value.items()))
    if isinstance(value, int | float):
        return ("number", _number(repr(value) if _finite(value) else value))
    return ("str", value[1])


def _parsed(text: str) -> Any:  # noqa: ANN401
    """A column's json in the same form."""
    return _stored(json.loads(text, parse_float=lambda digits: Decimal(digits)))


def _stored(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return ("list", tuple(map(_stored, value)))
    if isinstance(value, dict):
        return ("dict", frozenset((name, _stored(item)) for name, item in value.items()))
    return (
        ("number", Fraction(value))
        if isinstance(value, NUMBERS) and not isinstance(value, bool)
        else (type(value).__name__, value)
    )


def _json(source: Any, target: Any) -> str:  # noqa: ANN401
    left = _written(None if source == ABSENT else source)
    return _nested(left, ("NoneType", None) if target is None else _parsed(target[1]))


def _array(source: Any, target: Any, items: str, scale: int) -> str:  # noqa: ANN401
    if source in (None, ABSENT) or target is None:
        return (
            "equal"
            if source in (None, ABSENT) and target is None
            else "extra_field"
            if target is not None
            else "missing_field"
        )
    if not isinstance(source, list):
        return "type"
    same = len(source) == len(target) and all(
        verdict(items, *pair, scale=scale) == "equal" for pair in zip(source, target, strict=True)
    )
    return "equal" if same else "inside"


def _children(source: Any, target: Any) -> str:  # noqa: ANN401
    """Rows sorted by position are the array; positions are exactly 0, 1, 2 …"""
    elements = [] if source in (None, ABSENT) else source
    rows = sorted(target[1], key=lambda row: -1 if row[0] is None else row[0])
    if [position for position, _ in rows] != list(range(len(elements))):
        return "inside"
    pairs = (
        (element.get(path), value)
        for element, (_, row) in zip(elements, rows, strict=True)
        for path, value in row.items()
    )
    return "equal" if all(verdict("text", *pair) == "equal" for pair in pairs) else "inside"


def _nested(left: Any, right: Any) -> str:  # noqa: ANN401
    """How two json values differ as a whole."""
    if left == right:
        return "equal"
    for one, other, kind in ((left, right, "extra_field"), (right, left, "missing_field")):
        if one[1] is None and other[1] is not None:
            return kind
    if left[0] != right[0]:
        return "type"
    if left[0] == "list" and Counter(left[1]) == Counter(right[1]):
        return "order"
    return "inside" if left[0] in ("list", "dict") else "value"
