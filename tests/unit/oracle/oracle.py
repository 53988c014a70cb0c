"""A second opinion: equality as DOMAINS.md words it, in plain Python that shares no code with the product.

Values: None, ABSENT, bool, int, float, Decimal, str, bytes, list, dict, and tuples with a tag for what Python has no
type for: ("oid", hex), ("date", milliseconds), ("time", microseconds), ("infinite", text), ("json", text),
("ref", legacy id), ("lost",).
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

ABSENT = ("absent",)
UNREADABLE = "unreadable"


def verdict(kind: str, source: Any, target: Any, *, scale: int = 0) -> str:  # noqa: ANN401 - any value
    """`equal`, `unreadable`, or the kind of the difference between the values of a field that holds a single one."""
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
        "integer": number, "double": number, "decimal": number or isinstance(source, Decimal | str),
        "boolean": isinstance(source, bool), "bytes": isinstance(source, bytes), "instant": _tagged(source, "date"),
        "reference": _tagged(source, "oid"),
    }.get(kind, isinstance(source, str))  # fmt: skip


def _tagged(value: Any, tag: str) -> bool:  # noqa: ANN401
    return isinstance(value, tuple) and value[0] == tag


def _same(kind: str, source: Any, target: Any, scale: int) -> bool:  # noqa: ANN401
    """Whether two values of the right types are equal."""
    match kind:
        case "char":
            return bool(source.rstrip(" ") == target.rstrip(" "))
        case "ci":
            return bool(source.lower() == target.lower())
        case "lower":
            return bool(source.lower() == target)
        case "integer":
            return number(source) == number(target)
        case "double":
            return number(float(source)) == number(target)
        case "decimal":
            return _rounded(source, scale) == number(target)
        case "instant":
            return _tagged(target, "time") and target[1] // 1000 == source[1]
        case "reference":
            return bool(source[1] == target[1])
    return bool(source == target)


def number(value: Any) -> Fraction | str:  # noqa: ANN401
    """The number itself; NaN and the infinities by name."""
    try:
        return Fraction(value)
    except (ValueError, OverflowError):
        return "nan" if value != value else "inf" if value > 0 else "-inf"  # noqa: PLR0124 - only NaN differs from itself


def _rounded(value: Any, scale: int) -> Fraction | str | None:  # noqa: ANN401
    """The number at a scale, half away from zero; a double as it prints."""
    found = _fraction(value) if isinstance(value, str) else number(repr(value) if finite(value) else value)
    if not isinstance(found, Fraction):
        return found
    units = abs(found) * 10**scale
    whole = int(units) + (units - int(units) >= Fraction(1, 2))
    return Fraction(-whole if found < 0 else whole, 10**scale)


def finite(value: Any) -> bool:  # noqa: ANN401
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
